//! Mistakes that were made elsewhere, or could have been made here, as patches.

use std::error::Error;

use crate::Mutant;
use crate::copy::Copy;

struct Mistake {
    file: &'static str,
    place: &'static str,
    what: &'static str,
    /// What is replaced, and by what. Each must occur exactly once.
    patch: &'static [(&'static str, &'static str)],
}

pub(crate) fn all(copy: &Copy) -> Result<Vec<Mutant>, Box<dyn Error>> {
    MISTAKES.iter().map(|mistake| make(copy, mistake)).collect()
}

fn make(copy: &Copy, mistake: &Mistake) -> Result<Mutant, Box<dyn Error>> {
    let mut text = copy.read(mistake.file)?;
    for (old, new) in mistake.patch {
        if text.matches(old).count() != 1 {
            let what = mistake.what;
            return Err(format!("{what}: the patch does not fit any more: {old}").into());
        }
        text = text.replace(old, new);
    }
    Ok(Mutant {
        file: mistake.file.to_owned(),
        place: mistake.place.to_owned(),
        change: mistake.what.to_owned(),
        text,
    })
}

const RAW: &str = "mpsc/src/raw.rs";
const RESUME_QUEUE: &str = "http-resume/src/resume/queue.rs";
const RESUME_CELL: &str = "http-resume/src/resume/cell.rs";

const MISTAKES: &[Mistake] = &[
    Mistake {
        file: RAW,
        place: "`push`",
        what: "the link is stored before the exchange",
        patch: &[
            (
                "let prev = self.back.swap(last.as_ptr(), Ordering::AcqRel);",
                "let prev = self.back.load(Ordering::Acquire);",
            ),
            (
                "        wake\n    }",
                "        self.back.swap(last.as_ptr(), Ordering::AcqRel);\n        wake\n    }",
            ),
        ],
    },
    Mistake {
        file: RAW,
        place: "`push`",
        what: "the push that ends a park is not told so",
        patch: &[("(prev == PARKED).then(on_parked)", "false.then(on_parked)")],
    },
    Mistake {
        file: RAW,
        place: "`push`",
        what: "every push into an empty queue is told to wake",
        patch: &[(
            "(prev == PARKED).then(on_parked)",
            "(!is_link(prev)).then(on_parked)",
        )],
    },
    Mistake {
        file: RAW,
        place: "`pop`",
        what: "`Empty` without looking at the producers' end (cordyceps)",
        patch: &[("if self.is_empty() {", "if true {")],
    },
    Mistake {
        file: RAW,
        place: "`pop`",
        what: "one answer for empty and for stalled (the Odin original)",
        patch: &[
            (
                "            return RawPop::Stalled;\n        };",
                "            return RawPop::Empty;\n        };",
            ),
            (
                "Ordering::Relaxed);\n        RawPop::Stalled",
                "Ordering::Relaxed);\n        RawPop::Empty",
            ),
        ],
    },
    Mistake {
        file: RAW,
        place: "`pop`",
        what: "`front` is not restored on a stall",
        patch: &[(
            "        self.consumer.front.store(first.as_ptr(), Ordering::Relaxed);\n        RawPop::Stalled",
            "        RawPop::Stalled",
        )],
    },
    Mistake {
        file: RAW,
        place: "`pop`",
        what: "`front` is cleared after `back`, not before",
        patch: &[
            (
                "        self.consumer\n            .front\n            .store(ptr::null_mut(), Ordering::Relaxed);\n        // Release",
                "        // Release",
            ),
            (
                "            return RawPop::Item(first);\n        }\n\n        // Not the last",
                "            self.consumer.front.store(ptr::null_mut(), Ordering::Release);\n            return RawPop::Item(first);\n        }\n\n        // Not the last",
            ),
        ],
    },
    Mistake {
        file: RAW,
        place: "`pop`",
        what: "the last item is taken without a compare-exchange",
        patch: &[(
            "        if self\n            .back\n            .compare_exchange(\n                first.as_ptr(),\n                ptr::null_mut(),\n                Ordering::Release,\n                Ordering::Relaxed,\n            )\n            .is_ok()\n        {",
            "        if self.back.load(Ordering::Acquire) == first.as_ptr() {\n            self.back.store(ptr::null_mut(), Ordering::Release);",
        )],
    },
    Mistake {
        file: RAW,
        place: "`park`",
        what: "no compare-exchange: a load and a store",
        patch: &[(
            "        match mark(ptr::null_mut()) {\n            Ok(_) => true,\n            // Marked already: a guard was leaked. Marked anew, since something else\n            // may have been left for the waker by now.\n            Err(back) => back == PARKED && mark(PARKED).is_ok(),\n        }",
            "        let _ = mark;\n        let is_empty = !is_link(self.back.load(Ordering::Acquire));\n        if is_empty {\n            self.back.store(PARKED, Ordering::Release);\n        }\n        is_empty",
        )],
    },
    Mistake {
        file: RAW,
        place: "`park`",
        what: "a second park publishes nothing",
        patch: &[("back == PARKED && mark(PARKED).is_ok()", "back == PARKED")],
    },
    Mistake {
        file: RAW,
        place: "`unpark`",
        what: "no compare-exchange: a load and a store",
        patch: &[(
            "        match self.back.compare_exchange(\n            PARKED,\n            ptr::null_mut(),\n            Ordering::Relaxed,\n            Ordering::Relaxed,\n        ) {\n            Ok(_) => true,\n            Err(back) => back.is_null(),\n        }",
            "        let is_empty = !is_link(self.back.load(Ordering::Acquire));\n        if is_empty {\n            self.back.store(ptr::null_mut(), Ordering::Release);\n        }\n        is_empty",
        )],
    },
    Mistake {
        file: RAW,
        place: "`claim`",
        what: "no compare-exchange: a load and a store",
        patch: &[(
            "        self.consumer\n            .taken\n            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)\n            .is_ok()",
            "        let is_free = !self.consumer.taken.load(Ordering::Acquire);\n        self.consumer.taken.store(true, Ordering::Relaxed);\n        is_free",
        )],
    },
    Mistake {
        file: "mpsc/src/waking.rs",
        place: "`push`",
        what: "the wake-up comes before the link",
        patch: &[(
            "        let signal = self.queue.push_unique(handle, || self.take_signal());\n        self.wake(signal);",
            "        self.queue.push_unique(handle, || self.waker.signal(self.take_signal(), Seal::BROKEN));",
        )],
    },
    Mistake {
        file: "mpsc/src/waking.rs",
        place: "`park_with`",
        what: "the waker is left behind without unparking first",
        patch: &[(
            "        if !unsafe { raw.unpark() } {\n            return false;\n        }\n        // `back`",
            "        // `back`",
        )],
    },
    Mistake {
        file: "mpsc/src/link.rs",
        place: "`claim`",
        what: "the flag is claimed by a load and a store",
        patch: &[(
            "!self.queued.swap(true, Ordering::AcqRel)",
            "let is_free = !self.queued.load(Ordering::Acquire);\n        self.queued.store(true, Ordering::Release);\n        is_free",
        )],
    },
    Mistake {
        file: "mpsc/src/link.rs",
        place: "`release`",
        what: "the flag is given back by a store",
        patch: &[(
            "self.queued.swap(false, Ordering::AcqRel);",
            "self.queued.store(false, Ordering::Release);",
        )],
    },
    Mistake {
        file: "mpsc/src/queue.rs",
        place: "`push_link`",
        what: "the item is counted after it is published (the Odin original)",
        patch: &[(
            "        self.length.pushed(1, Seal::BROKEN);\n        // SAFETY: the link is checked in, `next` null. `on_parked` as above.\n        unsafe { self.raw.push(link, link, on_parked) }",
            "        // SAFETY: as it was.\n        let parked = unsafe { self.raw.push(link, link, on_parked) };\n        self.length.pushed(1, Seal::BROKEN);\n        parked",
        )],
    },
    Mistake {
        file: "mpsc/src/queue.rs",
        place: "`drop`",
        what: "a queue drops its oldest item, not all",
        patch: &[(
            "while let Pop::Item(handle) = unsafe { self.pop() } {",
            "if let Pop::Item(handle) = unsafe { self.pop() } {",
        )],
    },
    Mistake {
        file: "mpsc/src/drain.rs",
        place: "`next`",
        what: "a sweep goes on as long as there is something",
        patch: &[
            (
                "            RawPop::Empty => unreachable!(\"the newest item of the beginning is still to come\"),",
                "            RawPop::Empty => None,",
            ),
            (
                "if link.addr().get() == self.newest {",
                "if self.newest == 0 {",
            ),
        ],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`push`",
        what: "the wake-up comes before the push",
        patch: &[(
            "        if !self.queue.push(item).is_needed() {\n            return;\n        }",
            "        (self.wake)();\n        if !self.queue.push(item).is_needed() || !self.is_closed.load(Ordering::Relaxed) {\n            return;\n        }",
        )],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`push`",
        what: "every resume wakes (the Odin original)",
        patch: &[(
            "        if !self.queue.push(item).is_needed() {\n            return;\n        }",
            "        let _ = self.queue.push(item);",
        )],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`push`",
        what: "nothing looks whether the loop is gone (the Odin original)",
        patch: &[("if self.is_closed.load(Ordering::Relaxed) {", "if false {")],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`close`",
        what: "the mark is made after the park",
        patch: &[
            (
                "        self.is_closed.store(true, Ordering::Relaxed);\n",
                "",
            ),
            (
                "        drop(drained); // may run user code, hence after the lock\n    }\n}",
                "        self.is_closed.store(true, Ordering::Relaxed);\n        drop(drained);\n    }\n}",
            ),
        ],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`drain_closed`",
        what: "what was drained is dropped under the mutex",
        patch: &[(
            "is released\");\n        let drained = drain_and_park(consumer);\n        drop(lock);",
            "is released\");\n        drop(drain_and_park(consumer));\n        let drained = lock;",
        )],
    },
    Mistake {
        file: RESUME_QUEUE,
        place: "`drain_and_park`",
        what: "the queue is left empty, but not parked",
        patch: &[(
            "            mem::forget(parked); // leaves the queue parked: the next push must drain it",
            "            drop(parked);",
        )],
    },
    Mistake {
        file: RESUME_CELL,
        place: "`return_to_loop`",
        what: "the resume queue stays in the cell while that is queued",
        patch: &[(
            "(*cell.as_ptr()).queue.take()",
            "(*cell.as_ptr()).queue.clone()",
        )],
    },
];
