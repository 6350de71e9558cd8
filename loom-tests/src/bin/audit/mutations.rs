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
                "let prev = queue.back.word.swap(links.newest.as_ptr(), Ordering::AcqRel);
                #[cfg(mpsc_fail_point)]
                crate::fail_point::gap();
                if is_link(prev) { let prev =",
                "let prev = queue.back.word.load(Ordering::Acquire);
                if is_link(prev) { let prev =",
            ),
            (
                "prev.store(links.oldest.as_ptr(), Ordering::Release);",
                "prev.store(links.oldest.as_ptr(), Ordering::Release);
                queue.back.word.swap(links.newest.as_ptr(), Ordering::AcqRel);",
            ),
            (
                "queue.front().store(links.oldest.as_ptr(), Ordering::Release); pushed",
                "queue.front().store(links.oldest.as_ptr(), Ordering::Release);
                queue.back.word.swap(links.newest.as_ptr(), Ordering::AcqRel); pushed",
            ),
        ],
    },
    Mutation {
        what: "a gap-free push writes its link after the compare-exchange",
        patch: &[
            (
                "own.store(if is_link(prev) { prev } else { BOTTOM }, Ordering::Relaxed); match",
                "match",
            ),
            (
                "Ok(_) => break,",
                "Ok(_) => {
                    own.store(if is_link(prev) { prev } else { BOTTOM }, Ordering::Release);
                    break;
                }",
            ),
        ],
    },
    Mutation {
        what: "the push that ends a park does not report it, forward-linked",
        patch: &[(
            "_ => Pushed::Parked(on_parked()), }; queue.front().store(links.oldest.as_ptr(), Ordering::Release);",
            "_ => {
                    on_parked();
                    Pushed::Quiet
                }
            };
            queue.front().store(links.oldest.as_ptr(), Ordering::Release);",
        )],
    },
    Mutation {
        what: "the push that ends a park does not report it, back-linked",
        patch: &[(
            "_ => Pushed::Parked(on_parked()), }; own.store(BOTTOM, Ordering::Release);",
            "_ => {
                    on_parked();
                    Pushed::Quiet
                }
            };
            own.store(BOTTOM, Ordering::Release);",
        )],
    },
    Mutation {
        what: "the push that ends a park does not report it, gap-free",
        patch: &[(
            "if prev == PARKED { return Pushed::Parked(on_parked()); }",
            "let _ = (PARKED, on_parked);",
        )],
    },
    Mutation {
        what: "every push into an empty queue reports that it ended a park, forward-linked",
        patch: &[(
            "EMPTY => Pushed::Quiet, CLOSED => return Pushed::Closed, _ => Pushed::Parked(on_parked()), }; queue.front().store(links.oldest.as_ptr(), Ordering::Release);",
            "CLOSED => return Pushed::Closed,
                _ => Pushed::Parked(on_parked()),
            };
            let _ = EMPTY;
            queue.front().store(links.oldest.as_ptr(), Ordering::Release);",
        )],
    },
    Mutation {
        what: "every push into an empty queue reports that it ended a park, back-linked",
        patch: &[(
            "EMPTY => Pushed::Quiet, CLOSED => return Pushed::Closed, _ => Pushed::Parked(on_parked()), }; own.store(BOTTOM, Ordering::Release);",
            "CLOSED => return Pushed::Closed,
                _ => Pushed::Parked(on_parked()),
            };
            let _ = EMPTY;
            own.store(BOTTOM, Ordering::Release);",
        )],
    },
    Mutation {
        what: "every push into an empty queue reports that it ended a park, gap-free",
        patch: &[(
            "if prev == PARKED { return Pushed::Parked(on_parked()); }",
            "let _ = PARKED; if !is_link(prev) { return Pushed::Parked(on_parked()); }",
        )],
    },
    Mutation {
        what: "`Empty` without a load of `back` (cordyceps)",
        patch: &[(
            "if front.is_null() { if is_empty(queue.back.word.load(Ordering::Relaxed)) { return RawPop::Empty; }",
            "if front.is_null() { if true { return RawPop::Empty; }",
        )],
    },
    Mutation {
        what: "`Empty` for an empty and for a stalled queue (the Odin original)",
        patch: &[
            (
                "_ => RawPop::Stalled(Stall), } }",
                "_ => RawPop::Empty, } }",
            ),
            (
                "self.front().store(first.as_ptr(), Ordering::Relaxed); RawPop::Stalled(Stall)",
                "self.front().store(first.as_ptr(), Ordering::Relaxed); RawPop::Empty",
            ),
        ],
    },
    Mutation {
        what: "`Empty` where the walk over a batch is stalled",
        patch: &[(
            "return RawPop::Stalled(stall);",
            "let _ = stall; return RawPop::Empty;",
        )],
    },
    Mutation {
        what: "the walk over a batch loses its place at a stall",
        patch: &[(
            "let result = unsafe { turn(&mut walk, F::STALL) };",
            "let result = unsafe { turn(&mut walk, F::STALL) };
            if let RawPop::Stalled(_) = result {
                return result;
            }",
        )],
    },
    Mutation {
        what: "`front` is not restored on a stall",
        patch: &[(
            "self.front().store(first.as_ptr(), Ordering::Relaxed); RawPop::Stalled",
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
                Ok(_) => Mark::Removed,
                Err(back) if back == EMPTY => Mark::Absent,
                Err(_) => Mark::Replaced,
            }",
            "{
                let back = self.word.load(Ordering::Acquire);
                if is_empty(back) {
                    self.word.store(EMPTY, Ordering::Release);
                }
                match back {
                    PARKED => Mark::Removed,
                    EMPTY => Mark::Absent,
                    _ => Mark::Replaced,
                }
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
            "let taken = self.queue.push_unique_with(handle, || self.take_waker())?; self.wake(taken);",
            "self.queue.push_unique_with(handle, || {
                self.waker.wake_taken(self.take_waker(), INTERNAL)
            })?;",
        )],
    },
    Mutation {
        what: "the waker is stored without unparking first",
        patch: &[("if !unsafe { raw.unpark() } { return false; }", "")],
    },
    Mutation {
        what: "the queued flag is set by a load and a store",
        patch: &[(
            "self.state.fetch_or(QUEUED, Ordering::AcqRel) & QUEUED == 0",
            "let is_free = self.state.load(Ordering::Acquire) == IDLE;
            self.state.store(QUEUED, Ordering::Release);
            is_free",
        )],
    },
    Mutation {
        what: "the queued flag is cleared by a store",
        patch: &[(
            "let _ = self.state.compare_exchange(QUEUED, IDLE, Ordering::AcqRel, Ordering::Acquire);",
            "self.state.store(IDLE, Ordering::Release);",
        )],
    },
    Mutation {
        what: "an item is counted after it is published (the Odin original)",
        patch: &[(
            "self.length.pushed(count); unsafe { F::Raw::push(&self.raw, links, on_parked) }",
            "let pushed = unsafe { F::Raw::push(&self.raw, links, on_parked) };
            self.length.pushed(count);
            pushed",
        )],
    },
    Mutation {
        what: "a queue drops its oldest item only",
        patch: &[(
            "drop_all(links.map(|link| unsafe { link_to_handle::<H>(link) }));",
            "drop_all(links.take(1).map(|link| unsafe { link_to_handle::<H>(link) }));",
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
        what: "park ignores the batch",
        patch: &[(
            "F::newest_held(self).is_null() && self.back.park()",
            "self.back.park()",
        )],
    },
    Mutation {
        what: "unpark ignores the batch",
        patch: &[(
            "Mark::Absent => unsafe { F::newest_held(self).is_null() },",
            "Mark::Absent => true,",
        )],
    },
    Mutation {
        what: "`is_empty` ignores what the consumer holds",
        patch: &[(
            "!is_link(back) && !self.consumer.held.load(Ordering::Relaxed)",
            "!is_link(back)",
        )],
    },
    Mutation {
        what: "the consumer notes its batch after it has taken it",
        patch: &[(
            "queue.set_held(true); let back = queue.back.word.swap(EMPTY, Ordering::AcqRel);",
            "let back = queue.back.word.swap(EMPTY, Ordering::AcqRel);
            queue.set_held(true);",
        )],
    },
    Mutation {
        what: "a close notes what it found after the exchange",
        patch: &[(
            "self.set_held(true); let back = self.back.word.swap(CLOSED, Ordering::Release);",
            "let back = self.back.word.swap(CLOSED, Ordering::Release);
            self.set_held(true);",
        )],
    },
    Mutation {
        what: "the end of a batch hides what a close found",
        patch: &[(
            "if !matches!(unsafe { queue.closing() }, Closing::Closed { newest } if !newest.is_null()) {",
            "if true {",
        )],
    },
    Mutation {
        what: "a close hides the batch",
        patch: &[(
            "if newest.is_null() && !held {",
            "if let (true, _) = (newest.is_null(), held) {",
        )],
    },
    Mutation {
        what: "a close does not keep the link that it found",
        patch: &[(
            "let newest = if is_link(back) { back } else { ptr::null_mut() };",
            "let newest = ptr::null_mut::<Link>(); let _ = is_link(back);",
        )],
    },
    Mutation {
        what: "a close drains instead: it closes an empty queue only",
        patch: &[(
            "let back = self.back.word.swap(CLOSED, Ordering::Release);",
            "let back = self.back.word.load(Ordering::Acquire);
            if !is_link(back) {
                self.back.word.store(CLOSED, Ordering::Release);
            }",
        )],
    },
    Mutation {
        what: "a second close exchanges `back` again",
        patch: &[(
            "if let Closing::Closed { .. } = unsafe { self.closing() } { return; }",
            "",
        )],
    },
    Mutation {
        what: "a pop of a closed queue takes from `back`, batch",
        patch: &[(
            "if let Closing::Closed { newest } = unsafe { queue.closing() } { unsafe { queue.set_drained() };",
            "if let (Closing::Closed { newest }, false) = (
                unsafe { queue.closing() },
                is_link(queue.back.word.load(Ordering::Relaxed)),
            ) {
                unsafe { queue.set_drained() };",
        )],
    },
    Mutation {
        what: "a pop of a closed queue looks at `back`, forward-linked",
        patch: &[(
            "Closing::Closed { newest } if newest.is_null() => RawPop::Closed",
            "Closing::Closed { newest }
                if newest.is_null() && self.back.word.load(Ordering::Relaxed) == CLOSED =>
            {
                RawPop::Closed
            }",
        )],
    },
    Mutation {
        what: "a gap-free push replaces `CLOSED`",
        patch: &[(
            "if prev == CLOSED { return Pushed::Closed; } own.store(",
            "let _ = CLOSED; own.store(",
        )],
    },
    Mutation {
        what: "a refused push does not restore `CLOSED`, forward-linked",
        patch: &[(
            "queue.back.word.swap(CLOSED, Ordering::Relaxed)",
            "queue.back.word.load(Ordering::Acquire)",
        )],
    },
    Mutation {
        what: "a refused push does not restore `CLOSED`, back-linked",
        patch: &[(
            "let newest = queue.back.word.swap(CLOSED, Ordering::Acquire); let mut walk",
            "let newest = queue.back.word.load(Ordering::Acquire); let mut walk",
        )],
    },
    Mutation {
        what: "a sweep ends at null, and not at the newest link",
        patch: &[(
            "(link.as_ptr() != newest).then(|| unsafe { wait_for_next(link) })",
            "(link.as_ptr() != newest)
                .then(|| NonNull::new(unsafe { link.as_ref() }.next.load(Ordering::Acquire)))
                .flatten()",
        )],
    },
    Mutation {
        what: "a refused item is returned before its link is written",
        patch: &[(
            "iter::successors(next(own.newest), move |link| next(*link))",
            "let first = unsafe { own.newest.as_ref() }.next.load(Ordering::Acquire);
            iter::successors(NonNull::new(first), move |link| next(*link))",
        )],
    },
    Mutation {
        what: "a swept item is dropped before its link is read, forward-linked",
        patch: &[(
            "iter::successors(next(own.newest), move |link| next(*link))",
            "let mut last = own.newest;
            iter::from_fn(move || {
                last = next(last)?;
                Some(last)
            })",
        )],
    },
    Mutation {
        what: "a swept item is dropped before its link is read, back-linked",
        patch: &[
            (
                "let mut walk = newest;",
                "let (mut walk, mut given) = (newest, None);",
            ),
            (
                "let link = NonNull::new(walk).filter(|link| *link != own.newest)?; walk = unsafe { wait_for_own_link(link) };",
                "if let Some(given) = given {
                    walk = unsafe { wait_for_own_link(given) };
                }
                let link = NonNull::new(walk).filter(|link| *link != own.newest)?;
                given = Some(link);",
            ),
        ],
    },
    Mutation {
        what: "a refused push leaves the swept items alone",
        patch: &[("self.discard(swept); own", "drop(swept); own")],
    },
    Mutation {
        what: "a chain is pushed without its newer items",
        patch: &[(
            "F::Raw::push(&self.raw, links, on_parked)",
            "F::Raw::push(&self.raw, Links { newest: links.oldest, ..links }, on_parked)",
        )],
    },
    Mutation {
        what: "a refused chain keeps the direction of its form",
        patch: &[(
            "let own = if F::Raw::NEWEST_FIRST { own.oldest_first() } else { own };",
            "",
        )],
    },
    Mutation {
        what: "a refused item stays counted",
        patch: &[("self.length.refused(count); let own", "let own")],
    },
    Mutation {
        what: "a swept item stays counted",
        patch: &[(".inspect(|_| self.length.refused(1))", "")],
    },
    Mutation {
        what: "the end mark becomes an item",
        patch: &[("if self.gate.is_mark(link) {", "if false {")],
    },
    Mutation {
        what: "a pop forgets that it has met the end mark",
        patch: &[(
            "unsafe { self.raw.close() }; return RawPop::Closed;",
            "return RawPop::Closed;",
        )],
    },
    Mutation {
        what: "the last sender pushes no mark",
        patch: &[(
            "if self.senders.fetch_sub(1, Ordering::AcqRel) != 1 { return; }",
            "self.senders.fetch_sub(1, Ordering::AcqRel);
            if true {
                return;
            }",
        )],
    },
    Mutation {
        what: "every sender that goes pushes the mark",
        patch: &[(
            "if self.senders.fetch_sub(1, Ordering::AcqRel) != 1 { return; }",
            "self.senders.fetch_sub(1, Ordering::AcqRel);",
        )],
    },
    Mutation {
        what: "senders are counted by a load and a store",
        patch: &[(
            "if self.senders.fetch_sub(1, Ordering::AcqRel) != 1 { return; }",
            "let before = self.senders.load(Ordering::Acquire);
            self.senders.store(before - 1, Ordering::Release);
            if before != 1 {
                return;
            }",
        )],
    },
    Mutation {
        what: "a clone of a sender is not counted",
        patch: &[("self.senders.fetch_add(1, Ordering::Relaxed);", "")],
    },
    Mutation {
        what: "the last sender does not wake the receiver",
        patch: &[("self.queue.wake(taken);", "drop(taken);")],
    },
    Mutation {
        what: "the flag that stops senders is set after the exchange",
        patch: &[(
            "self.gate.shut(); unsafe { self.raw.close() };",
            "unsafe { self.raw.close() }; self.gate.shut();",
        )],
    },
    Mutation {
        what: "a send does not look at the flag",
        patch: &[(
            "if self.gate.is_shut() { return Err(Closed(handle)); }
            match handle_to_link(handle) { Ok(link) => self.push_link(link, on_parked),",
            "match handle_to_link(handle) { Ok(link) => self.push_link(link, on_parked),",
        )],
    },
    Mutation {
        what: "a receiver that goes does not close the channel",
        patch: &[(
            "self.close(); } self.try_recv().ok()",
            "} self.try_recv().ok()",
        )],
    },
    Mutation {
        what: "a gap-free push takes the waker as in a gap",
        patch: &[("None => Self::Late", "None => Self::InGap")],
    },
    Mutation {
        what: "a push takes the waker that was left for it, and does not say so",
        patch: &[(
            "if self.state.compare_exchange(REPLACED | index, TAKING | other, Ordering::AcqRel, Ordering::Relaxed).is_ok() { index = other; }",
            "let waker = unsafe { self.take_from(other) };
                self.state.store(FREE | index, Ordering::Release);
                index = other;
                if index < 2 {
                    return waker;
                }",
        )],
    },
    Mutation {
        what: "a push in the slot does not look for another waker",
        patch: &[(
            "let waker = unsafe { self.take_from(index) };",
            "let waker = unsafe { self.take_from(index) };
                if self.state.swap(FREE | index, Ordering::AcqRel) != FREE {
                    return waker;
                }",
        )],
    },
    Mutation {
        what: "the consumer leaves no waker for the push in the slot",
        patch: &[(
            "Err(index) => match self.replace(index, waker) { Ok(()) => return false, Err(unused) => waker = unused }",
            "Err(index) => {
                    let _ = (Self::replace, index);
                    drop(waker);
                    return false;
                }",
        )],
    },
    Mutation {
        what: "the consumer does not take back the waker that it left",
        patch: &[
            (
                "if state == TAKING | index || self.recall(index) {",
                "let _ = Self::recall; if true {",
            ),
            (
                "Err(unused) => waker = unused }",
                "Err(_) => return false }",
            ),
        ],
    },
    Mutation {
        what: "the consumer sleeps on without storing its waker anew",
        patch: &[(
            "if park_thread(receiver) { park(); } receiver.waiter_mut().slept(now); }",
            "if park_thread(receiver) {
                    loop {
                        park();
                        match receiver.pop() {
                            crate::consumer::Pop::Item(handle) => return Ok(handle),
                            crate::consumer::Pop::Empty => {}
                            _ => break,
                        }
                    }
                } }",
        )],
    },
    Mutation {
        what: "a task keeps the first waker that it stored",
        patch: &[(
            "slot.fill(Self::HANDOVER, is_current, waker)",
            "slot.fill(Self::HANDOVER, |stored| { let _ = is_current(stored); true }, waker)",
        )],
    },
    Mutation {
        what: "the loop is woken before the push",
        patch: &[
            (
                "match self.queue.push(item) {",
                "(self.wake)(); match self.queue.push(item) {",
            ),
            (
                "Ok(wakeup) if wakeup.is_needed() => (self.wake)(),",
                "Ok(wakeup) if wakeup.is_needed() => {}",
            ),
        ],
    },
    Mutation {
        what: "every resume wakes the loop (the Odin original)",
        patch: &[(
            "Ok(wakeup) if wakeup.is_needed() => (self.wake)(), Ok(_) => {}",
            "Ok(_) => (self.wake)(),",
        )],
    },
    Mutation {
        what: "the loop ends without closing its queue (the Odin original)",
        patch: &[("self.consumer.close(); while let", "while let")],
    },
    Mutation {
        what: "the loop ends without popping what was queued before",
        patch: &[(
            "while let Pop::Item(late) = self.consumer.pop() { self.queue.drop_late(late); }",
            "let _ = |late| { let Pop::Item(_) = self.consumer.pop() else { return }; self.queue.drop_late(late); };",
        )],
    },
    Mutation {
        what: "the resume queue stays in the cell while the cell is queued",
        patch: &[(
            "(*cell.as_ptr()).queue.take()",
            "(*cell.as_ptr()).queue.clone()",
        )],
    },
    Mutation {
        what: "a quiet push overtakes the items of producers",
        patch: &[(
            "if is_walking || !is_empty(queue.back.word.load(Ordering::Relaxed)) {",
            "if is_walking || is_empty(queue.back.word.load(Ordering::Relaxed)) && false {",
        )],
    },
    Mutation {
        what: "a quiet push goes through `back`",
        patch: &[(
            "if is_walking || !is_empty(queue.back.word.load(Ordering::Relaxed)) {",
            "let _ = is_empty(queue.back.word.load(Ordering::Relaxed)); if is_walking || true {",
        )],
    },
    Mutation {
        what: "a quiet push is not the newest of its batch",
        patch: &[(
            "batch.with_mut(|batch| unsafe { (*batch).newest = link.as_ptr() }); true",
            "true",
        )],
    },
    Mutation {
        what: "a park of several queues that fails leaves the others parked",
        patch: &[(
            "if !consumer.mark(INTERNAL) { return None; }",
            "if !consumer.mark(INTERNAL) { parked.count = 0; return None; }",
        )],
    },
    Mutation {
        what: "a park of several queues parks the first",
        patch: &[(
            "while let Some(consumer) = parked.consumers.get_mut(parked.count) {",
            "if let Some(consumer) = parked.consumers.get_mut(parked.count) {",
        )],
    },
    Mutation {
        what: "a retired item can be queued again after its pop",
        patch: &[(
            "let _ = self.state.compare_exchange(QUEUED, IDLE, Ordering::AcqRel, Ordering::Acquire);",
            "self.state.swap(IDLE, Ordering::AcqRel);",
        )],
    },
    Mutation {
        what: "an item is retired by a load and a store",
        patch: &[(
            "self.state.swap(RETIRED, Ordering::Release) == IDLE",
            "let before = self.state.load(Ordering::Relaxed);
            self.state.store(RETIRED, Ordering::Release);
            before == IDLE",
        )],
    },
    Mutation {
        what: "the first send to a parked shard does not announce it",
        patch: &[("self.ready.try_send_by_ref(&self.shard).is_ok()", "true")],
    },
    Mutation {
        what: "the receiver sleeps beside shards that are not parked",
        patch: &[(
            "self.others.retain_mut(|active| !Shard::park(&mut active.consumer)); self.others.is_empty()",
            "self.others.retain_mut(|active| !Shard::park(&mut active.consumer)); true",
        )],
    },
    Mutation {
        what: "a shard whose sender is gone ends without a second look",
        patch: &[(
            "Pop::Empty if self.consumer.queue().has_ended() => match self.consumer.pop() {
                Pop::Empty => Pop::Closed,
                pop => pop,
            },",
            "Pop::Empty if self.consumer.queue().has_ended() => Pop::Closed,",
        )],
    },
    Mutation {
        what: "a sharded channel is closed without its active shards",
        patch: &[("active.consumer.close();", "let _ = active;")],
    },
    Mutation {
        what: "a shard that announces itself too late returns no item",
        patch: &[("refused.map_or(Ok(()), Err)", "drop(refused); Ok(())")],
    },
    Mutation {
        what: "the loop sleeps although its park has failed",
        patch: &[(
            "None => Some(Duration::ZERO), }; let result = poll(timeout);",
            "None => deadline.map(|when| when.saturating_sub(now())), };
            let result = poll(timeout);",
        )],
    },
    Mutation {
        what: "the loop sleeps unparked",
        patch: &[(
            "let parked = self.park(); let timeout = match parked {",
            "let parked = self.park().map(drop); let timeout = match parked {",
        )],
    },
    Mutation {
        what: "the loop stays parked when it wakes",
        patch: &[(
            "let result = poll(timeout); drop(parked); result",
            "let result = poll(timeout); std::mem::forget(parked); result",
        )],
    },
    Mutation {
        what: "the loop is woken before the stop is stored",
        patch: &[(
            "self.is_stopping.store(true, Ordering::Release); (self.wake)();",
            "(self.wake)(); self.is_stopping.store(true, Ordering::Release);",
        )],
    },
    Mutation {
        what: "a stop reaches one event loop",
        patch: &[(
            "self.queues.iter().for_each(|queue| queue.stop());",
            "self.queues.iter().take(1).for_each(|queue| queue.stop());",
        )],
    },
    Mutation {
        what: "an event loop that fails stops no other",
        patch: &[(
            "if !self.own.is_stopping() { self.all.stop(); }",
            "if self.own.is_stopping() { self.all.stop(); }",
        )],
    },
    Mutation {
        what: "each event loop that ends wakes all others",
        patch: &[(
            "if !self.own.is_stopping() { self.all.stop(); }",
            "let _ = &self.own; self.all.stop();",
        )],
    },
    Mutation {
        what: "a receive whose time is over looks at no item",
        patch: &[(
            "let mut backoff = Backoff::new(); loop { match receiver.pop() { Pop::Item(handle) => return Ok(handle), Pop::Closed",
            "let mut backoff = Backoff::new();
            loop {
                if Instant::now() >= deadline {
                    return Err(RecvTimeoutError::Timeout);
                }
                match receiver.pop() {
                Pop::Item(handle) => return Ok(handle),
                Pop::Closed",
        )],
    },
    Mutation {
        what: "a shard that comes before the time limit is not received from",
        patch: &[(
            "let shard = self.ready.recv_deadline(deadline)?; self.activate(&shard);",
            "drop(self.ready.recv_deadline(deadline)?);",
        )],
    },
    Mutation {
        what: "the timer ends at its first deadline",
        patch: &[(
            "Err(RecvTimeoutError::Timeout) => {} Err(RecvTimeoutError::Disconnected) => return",
            "Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return",
        )],
    },
    Mutation {
        what: "a worker ends when it has no work",
        patch: &[(
            "let received = receiver.recv();",
            "let received = receiver.try_recv();",
        )],
    },
    Mutation {
        what: "a refresh loads its node by a plain load",
        patch: &[(
            "let old = word.fetch_add(0, Ordering::AcqRel);",
            "let old = word.load(Ordering::Acquire);",
        )],
    },
    Mutation {
        what: "a refresh that fails is not repeated",
        patch: &[(
            "if !self.refresh(node, &first) { self.refresh(node, &first); }",
            "self.refresh(node, &first);",
        )],
    },
    Mutation {
        what: "a replacement does not change the version",
        patch: &[(
            "let version = (old >> LANE_BITS).wrapping_add(1);",
            "let version = old >> LANE_BITS;",
        )],
    },
    Mutation {
        what: "a push looks at its lane by a plain load",
        patch: &[(
            "let first = self.first.fetch_add(0, Ordering::Release);",
            "let first = self.first.load(Ordering::Acquire);",
        )],
    },
    Mutation {
        what: "a push sets the timestamp of an item that is popped",
        patch: &[(
            "if !is_empty(first) || first > new {",
            "if !is_empty(first) {",
        )],
    },
    Mutation {
        what: "a pop stores the next timestamp without a read-modify-write",
        patch: &[(
            "self.first.swap(first, Ordering::Acquire);",
            "self.first.store(first, Ordering::Release);",
        )],
    },
    Mutation {
        what: "a pop looks for the next item once",
        patch: &[(
            "if next.is_some() { return; }",
            "if next.is_none() || next.is_some() { return; }",
        )],
    },
    Mutation {
        what: "a pop refreshes no node",
        patch: &[(
            "self.refresh_above(index); Pop::Item(value)",
            "Pop::Item(value)",
        )],
    },
];
