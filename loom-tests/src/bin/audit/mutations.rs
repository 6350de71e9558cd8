//! Mistakes that other projects made, or that are easy to make here.

use crate::mutant::Mutant;
use crate::sources::Source;

/// A mistake, as a patch of one source file.
struct Mutation {
    what: &'static str,
    /// Pieces of code and their replacements. The first piece occurs exactly once
    /// in all sources, which determines the file; the others once in that file.
    /// [`Source::find`] says what is equal.
    patch: &'static [(&'static str, &'static str)],
}

/// Returns the mutants, and a complaint for each mutation that does not apply.
pub(crate) fn all(sources: &[Source]) -> (Vec<Mutant>, Vec<String>) {
    let (mut mutants, mut complaints) = (Vec::new(), Vec::new());
    for mutation in MUTATIONS {
        match apply(sources, mutation) {
            Ok(mutant) => mutants.push(mutant),
            Err(complaint) => complaints.push(complaint),
        }
    }
    (mutants, complaints)
}

fn apply(sources: &[Source], mutation: &Mutation) -> Result<Mutant, String> {
    let complaint = |piece: &str, files: &[&str]| {
        let what = mutation.what;
        format!("mutation \"{what}\": in {files:?}, not in exactly one place: {piece}")
    };
    let (anchor, _) = mutation.patch[0];
    let places: Vec<_> = sources
        .iter()
        .flat_map(|source| source.find(anchor).into_iter().map(move |at| (source, at)))
        .collect();
    let [(source, place)] = &places[..] else {
        let files: Vec<_> = places.iter().map(|(source, _)| &*source.file).collect();
        return Err(complaint(anchor, &files));
    };
    let mut mutated = Source::new(source.file.clone(), source.text.clone());
    for (piece, replacement) in mutation.patch {
        let places = mutated.find(piece);
        let [place] = &places[..] else {
            return Err(complaint(piece, &[&source.file]));
        };
        let text = mutated.replaced(place.clone(), replacement);
        mutated = Source::new(mutated.file, text);
    }
    Ok(Mutant {
        file: source.file.clone(),
        place: format!("`{}`", source.function_at(place.start)),
        change: mutation.what.to_owned(),
        text: mutated.text,
    })
}

const MUTATIONS: &[Mutation] = &[
    Mutation {
        what: "the link is stored before the exchange",
        patch: &[
            (
                "let prev = queue.back.word.swap(last.as_ptr(), Ordering::AcqRel);",
                "let prev = queue.back.word.load(Ordering::Acquire);",
            ),
            (
                "prev.store(first.as_ptr(), Ordering::Release);",
                "prev.store(first.as_ptr(), Ordering::Release);
                queue.back.word.swap(last.as_ptr(), Ordering::AcqRel);",
            ),
            (
                "wake }",
                "queue.back.word.swap(last.as_ptr(), Ordering::AcqRel); wake }",
            ),
        ],
    },
    Mutation {
        what: "the push that ends a park does not report it",
        patch: &[("(prev == PARKED).then(on_parked)", "false.then(on_parked)")],
    },
    Mutation {
        what: "every push into an empty queue reports that it ended a park",
        patch: &[(
            "(prev == PARKED).then(on_parked)",
            "(!is_link(prev)).then(on_parked)",
        )],
    },
    Mutation {
        what: "`Empty` without a load of `back` (cordyceps)",
        patch: &[(
            "if queue.back.is_empty() { return RawPop::Empty; }",
            "if true { return RawPop::Empty; }",
        )],
    },
    Mutation {
        what: "`Empty` for an empty and for a stalled queue (the Odin original)",
        patch: &[
            (
                "else { return RawPop::Stalled; };",
                "else { return RawPop::Empty; };",
            ),
            ("RawPop::Stalled }", "RawPop::Empty }"),
        ],
    },
    Mutation {
        what: "`front` is not restored on a stall",
        patch: &[(
            "queue.front().store(first.as_ptr(), Ordering::Relaxed); RawPop::Stalled",
            "RawPop::Stalled",
        )],
    },
    Mutation {
        what: "`front` is cleared after `back`, not before",
        patch: &[
            (
                "queue.front().store(ptr::null_mut(), Ordering::Relaxed);",
                "",
            ),
            (
                ".is_ok() { return RawPop::Item(first); }",
                ".is_ok() {
                    queue.front().store(ptr::null_mut(), Ordering::Release);
                    return RawPop::Item(first);
                }",
            ),
        ],
    },
    Mutation {
        what: "the last item is popped without a compare-exchange",
        patch: &[(
            "if queue.back.word
                .compare_exchange(first.as_ptr(), EMPTY, Ordering::Release, Ordering::Relaxed)
                .is_ok() {",
            "if queue.back.word.load(Ordering::Acquire) == first.as_ptr() {
                queue.back.word.store(EMPTY, Ordering::Release);",
        )],
    },
    Mutation {
        what: "park: a load and a store in place of the compare-exchange",
        patch: &[(
            "match mark(EMPTY) {
                Ok(_) => true,
                Err(back) => back == PARKED && mark(PARKED).is_ok(),
            }",
            "{
                let _ = mark;
                let is_empty = !is_link(self.word.load(Ordering::Acquire));
                if is_empty {
                    self.word.store(PARKED, Ordering::Release);
                }
                is_empty
            }",
        )],
    },
    Mutation {
        what: "a second park publishes nothing",
        patch: &[("back == PARKED && mark(PARKED).is_ok()", "back == PARKED")],
    },
    Mutation {
        what: "unpark: a load and a store in place of the compare-exchange",
        patch: &[(
            "match self.word
                .compare_exchange(PARKED, EMPTY, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => true,
                Err(back) => back == EMPTY,
            }",
            "{
                let is_empty = !is_link(self.word.load(Ordering::Acquire));
                if is_empty {
                    self.word.store(EMPTY, Ordering::Release);
                }
                is_empty
            }",
        )],
    },
    Mutation {
        what: "a consumer is acquired by a load and a store",
        patch: &[(
            "self.consumer.has_consumer
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()",
            "{
                let is_free = !self.consumer.has_consumer.load(Ordering::Acquire);
                self.consumer.has_consumer.store(true, Ordering::Relaxed);
                is_free
            }",
        )],
    },
    Mutation {
        what: "the wake-up precedes the link",
        patch: &[(
            "let taken = self.queue.push_unique_with(handle, || self.take_waker());
            self.wake(taken);",
            "self.queue.push_unique_with(handle, || {
                self.waker.wake_taken(self.take_waker(), INTERNAL)
            });",
        )],
    },
    Mutation {
        what: "the waker is stored without unparking first",
        patch: &[("if !unsafe { raw.unpark() } { return false; }", "")],
    },
    Mutation {
        what: "the queued flag is set by a load and a store",
        patch: &[(
            "!self.queued.swap(true, Ordering::AcqRel)",
            "let is_free = !self.queued.load(Ordering::Acquire);
            self.queued.store(true, Ordering::Release);
            is_free",
        )],
    },
    Mutation {
        what: "the queued flag is cleared by a store",
        patch: &[(
            "self.queued.swap(false, Ordering::AcqRel);",
            "self.queued.store(false, Ordering::Release);",
        )],
    },
    Mutation {
        what: "an item is counted after it is published (the Odin original)",
        patch: &[
            ("self.length.pushed(count, INTERNAL);", ""),
            (
                "unsafe { Form::push(&self.raw, first, last, on_parked) }",
                "{
                let parked = unsafe { Form::push(&self.raw, first, last, on_parked) };
                self.length.pushed(count, INTERNAL);
                parked
            }",
            ),
        ],
    },
    Mutation {
        what: "a queue drops its oldest item only",
        patch: &[(
            "while let RawPop::Item(link) = unsafe { self.pop() } {",
            "if let RawPop::Item(link) = unsafe { self.pop() } {",
        )],
    },
    Mutation {
        what: "a drain continues until the queue is empty",
        patch: &[
            (
                "let is_newest = self.newest == Some(link.addr().get());",
                "let is_newest = false; let _ = link;",
            ),
            ("RawPop::Empty => unreachable!(…)", "RawPop::Empty => None"),
        ],
    },
    Mutation {
        what: "the loop is woken before the push",
        patch: &[(
            "if !self.queue.push(item).is_needed() { return; }",
            "(self.wake)();
            if !self.queue.push(item).is_needed() || !self.is_closed.load(Ordering::Relaxed) {
                return;
            }",
        )],
    },
    Mutation {
        what: "every resume wakes the loop (the Odin original)",
        patch: &[(
            "if !self.queue.push(item).is_needed() { return; }",
            "let _ = self.queue.push(item);",
        )],
    },
    Mutation {
        what: "a resume does not notice that the loop has ended (the Odin original)",
        patch: &[("if self.is_closed.load(Ordering::Relaxed) {", "if false {")],
    },
    Mutation {
        what: "the queue is marked closed after the park",
        patch: &[(
            "self.is_closed.store(true, Ordering::Relaxed);
            let drained = drain_and_park(consumer);
            drop(lock);",
            "let drained = drain_and_park(consumer);
            drop(lock);
            self.is_closed.store(true, Ordering::Relaxed);",
        )],
    },
    Mutation {
        what: "drained requests are dropped under the mutex",
        patch: &[(
            "consumer.expect(…); let drained = drain_and_park(consumer); drop(lock);",
            "consumer.unwrap(); drop(drain_and_park(consumer)); let drained = lock;",
        )],
    },
    Mutation {
        what: "the queue is left empty, but not parked",
        patch: &[("mem::forget(parked);", "drop(parked);")],
    },
    Mutation {
        what: "the resume queue stays in the cell while the cell is queued",
        patch: &[(
            "(*cell.as_ptr()).queue.take()",
            "(*cell.as_ptr()).queue.clone()",
        )],
    },
];
