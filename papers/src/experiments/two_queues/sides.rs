//! The sides of the litmus tests: two words, two rings without a read-modify-write, two queues.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use crossbeam_utils::CachePadded;
use mpsc_queue::{Consumer, Form, Pop, Stall};
use papers::Consume;

use super::litmus::{Found, Side};
use crate::experiments::contestants::{Contestant, InForm, Job};

/// Stores to one word and loads the other, with a fence in between or without.
pub(super) struct Words<'a> {
    pub(super) mine: &'a CachePadded<AtomicU64>,
    pub(super) other: &'a CachePadded<AtomicU64>,
    pub(super) is_fenced: bool,
    pub(super) time: u64,
}

impl Side for Words<'_> {
    #[inline]
    fn write_and_look(&mut self) -> Found {
        // The orderings of the queues' links. Release pairs with the acquire below.
        self.mine.store(self.time, Ordering::Release);
        if self.is_fenced {
            fence(Ordering::SeqCst); // pairs with that of the other thread
        }
        match self.other.load(Ordering::Acquire) == self.time {
            true => Found::Other,
            false => Found::Nothing,
        }
    }

    fn prepare(&mut self) {
        self.time += 1;
    }
}

/// A ring with one slot for one producer and one consumer, after L. Lamport: each side stores to
/// an index of its own, so neither a push nor a pop needs a read-modify-write.
#[derive(Default)]
pub(super) struct Ring {
    pushed: CachePadded<AtomicUsize>,
    popped: CachePadded<AtomicUsize>,
    slot: AtomicU64,
}

impl Ring {
    fn push(&self, value: u64) -> bool {
        // Relaxed: only the producer stores it. Acquire pairs with the release in `pop`.
        let pushed = self.pushed.load(Ordering::Relaxed);
        if pushed != self.popped.load(Ordering::Acquire) {
            return false;
        }
        // Relaxed: published by the store below, which pairs with the acquire in `pop`.
        self.slot.store(value, Ordering::Relaxed);
        self.pushed.store(pushed + 1, Ordering::Release);
        true
    }

    fn pop(&self) -> Option<u64> {
        // Relaxed: only the consumer stores it. Acquire pairs with the release in `push`.
        let popped = self.popped.load(Ordering::Relaxed);
        if popped == self.pushed.load(Ordering::Acquire) {
            return None;
        }
        let value = self.slot.load(Ordering::Relaxed);
        // Release pairs with the acquire in `push`: the slot has been read.
        self.popped.store(popped + 1, Ordering::Release);
        Some(value)
    }
}

pub(super) struct Rings<'a> {
    pub(super) mine: &'a Ring,
    pub(super) other: &'a Ring,
    /// Set if the last pop took the item.
    pub(super) is_empty: bool,
}

impl Side for Rings<'_> {
    #[inline]
    fn write_and_look(&mut self) -> Found {
        assert!(self.mine.push(1), "the other side has popped");
        self.is_empty = self.other.pop().is_some();
        match self.is_empty {
            true => Found::Other,
            false => Found::Nothing,
        }
    }

    fn prepare(&mut self) {
        while !self.is_empty {
            self.is_empty = self.other.pop().is_some();
        }
    }
}

/// A queue, the consumer of another one, and how it pops.
pub(super) struct Queues<'a, Q: Contestant, P> {
    mine: &'a Q,
    other: Q::Consumer<'a>,
    pop: P,
    item: Option<Q::Item>,
}

impl<'a, Q: Contestant, P> Queues<'a, Q, P> {
    pub(super) fn new(mine: &'a Q, other: &'a Q, pop: P) -> Self {
        Self {
            mine,
            other: other.consumer().expect("the other queue has no consumer"),
            pop,
            item: Some(Q::item(0)),
        }
    }
}

impl<'a, Q: Contestant, P> Side for Queues<'a, Q, P>
where
    P: FnMut(&mut Q::Consumer<'a>) -> Pop<Q::Item>,
{
    #[inline]
    fn write_and_look(&mut self) -> Found {
        if let Some(item) = self.item.take() {
            let _ = self.mine.push(item);
        }
        match (self.pop)(&mut self.other) {
            Pop::Item(item) => {
                self.item = Some(item);
                Found::Other
            }
            Pop::Stalled(_) => Found::Stall,
            Pop::Empty | Pop::Closed => Found::Nothing,
        }
    }

    /// Takes the item that the other side has pushed, which is the next one to push.
    fn prepare(&mut self) {
        while self.item.is_none() {
            self.item = self.other.pop().into_item();
        }
    }
}

/// Pops with a sequentially consistent fence before `Empty`.
#[inline]
pub(super) fn fenced<F: Form>(consumer: &mut Consumer<&InForm<F>>) -> Pop<Box<Job>> {
    match consumer.pop_fenced() {
        Pop::Item(item) => Pop::Item(item),
        Pop::Empty => Pop::Empty,
        Pop::Stalled(_) => Pop::Stalled(Stall),
        Pop::Closed => Pop::Closed,
    }
}
