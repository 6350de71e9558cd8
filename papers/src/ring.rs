//! A bounded ring with a sequence number in each slot.
//!
//! D. Vyukov, *Bounded MPMC queue*, 1024cores, specialised for one consumer: only
//! the producers reserve with a compare-exchange; the consumer's index is its own.
//!
//! ```text
//!                 head = 5 (the consumer's)       tail = 8 (the producers')
//!                 │                               │
//! slot       0    1    2    3              sequence = n     free for push n
//! sequence [ 8 ][ 6 ][ 7 ][ 7 ]                     = n + 1 holds item n
//!            │    │    │    └ 7: reserved by push 7, not published yet
//!            │    └────┴ hold items 5 and 6
//!            └ free for push 8
//! ```
//!
//! | | |
//! |---|---|
//! | push | lock-free: the compare-exchange fails only if another succeeded. One read-modify-write when undisturbed, no allocation |
//! | [`Full`] | exact: the ring had as many items, reserved ones included, as it has slots |
//! | pop | wait-free, no read-modify-write |
//! | order | linearizable, FIFO in the order of the reservations |
//! | [`Empty`](Pop::Empty) | exact: nothing was reserved at the moment `tail` was read |
//! | [`Stalled`](Pop::Stalled) | the oldest slot is reserved and was not published when last looked at |
//! | memory | one slot (a value and a word) for each place, used or not, from the beginning |
//! | a frozen producer | after its reservation: everything behind it waits, and soon the ring is full for all |
//!
//! Sequence numbers wrap around. A producer could be fooled if it slept through
//! exactly 2^64 pushes (2^32 where `usize` is that narrow).

use std::fmt;
use std::mem::MaybeUninit;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::family::{Consume, Full, Mpsc};
use crate::place::{Place, Taken};
use crate::sync::{AtomicUsize, Ordering, UnsafeCell};

/// The queue. See the [module](self).
pub struct Ring<T> {
    /// The number of the next push.
    tail: CachePadded<AtomicUsize>,
    /// The number of the next pop.
    consumer: CachePadded<Place<usize>>,
    slots: Box<[Slot<T>]>,
}

struct Slot<T> {
    /// `n`: free for push `n`. `n + 1`: holds the item of push `n`.
    sequence: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: to move the ring is to move the values in it.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: through `&Ring` values are moved in on one thread and out on another. The
// sequence number gives each slot to one thread at a time.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// An empty ring with this many slots.
    ///
    /// # Panics
    ///
    /// If the capacity is not a power of two of at least 2. (With one slot "free
    /// for the next push" and "holds an item" would be the same number.)
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(
            capacity.is_power_of_two() && capacity >= 2,
            "the capacity must be a power of two of at least 2, not {capacity}"
        );
        Self {
            tail: CachePadded::new(AtomicUsize::new(0)),
            consumer: CachePadded::new(Place::new(0)),
            slots: (0..capacity)
                .map(|number| Slot {
                    sequence: AtomicUsize::new(number),
                    value: UnsafeCell::new(MaybeUninit::uninit()),
                })
                .collect(),
        }
    }

    /// How many items fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn slot(&self, number: usize) -> &Slot<T> {
        &self.slots[number & (self.slots.len() - 1)]
    }

    /// Reserves a slot: its number, or `None` if the ring is full.
    fn reserve(&self) -> Option<usize> {
        // Relaxed: the number is settled by the compare-exchange.
        let mut number = self.tail.load(Ordering::Relaxed);
        loop {
            // Acquire pairs with the release in `take`: the consumer has moved the
            // value of the lap before out.
            let sequence = self.slot(number).sequence.load(Ordering::Acquire);
            let ahead = sequence.wrapping_sub(number).cast_signed();
            if ahead < 0 {
                // The item a lap before is still there: it and all reserved since
                // fill the ring.
                return None;
            }
            if ahead > 0 {
                // Somebody else has had this number.
                number = self.tail.load(Ordering::Relaxed);
                continue;
            }
            // Relaxed: reserving publishes nothing; the sequence number does.
            match self.tail.compare_exchange_weak(
                number,
                number.wrapping_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(number),
                Err(now) => number = now,
            }
        }
    }

    /// Takes out the item with this number, if it is published.
    fn take(&self, number: usize) -> Option<T> {
        let slot = self.slot(number);
        // Acquire pairs with the release in `push`: the value is written.
        if slot.sequence.load(Ordering::Acquire) != number.wrapping_add(1) {
            return None;
        }
        // SAFETY: the slot holds the item, and is the consumer's until the store
        // below. It is read once: the number is never asked for again.
        let value = slot
            .value
            .with_mut(|value| unsafe { value.read().assume_init() });
        // Release pairs with the acquire in `reserve`, a lap later.
        slot.sequence
            .store(number.wrapping_add(self.slots.len()), Ordering::Release);
        Some(value)
    }

    /// Takes out the oldest item, and steps `head` on.
    fn pop(&self, head: &mut usize) -> Pop<T> {
        let mut taken = self.take(*head);
        if taken.is_none() {
            // Relaxed: only the value counts; by coherence it is not older than any
            // push that happened before.
            if self.tail.load(Ordering::Relaxed) == *head {
                return Pop::Empty;
            }
            // A push was under way between the two loads, or still is.
            taken = self.take(*head);
        }
        match taken {
            Some(value) => {
                *head = head.wrapping_add(1);
                Pop::Item(value)
            }
            None => Pop::Stalled,
        }
    }
}

impl<T: Send> Mpsc for Ring<T> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, T>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let Some(number) = self.reserve() else {
            return Err(Full(item));
        };
        let slot = self.slot(number);
        // SAFETY: the slot is free for this push alone, until the store below.
        slot.value.with_mut(|value| unsafe {
            (*value).write(item);
        });
        // Release pairs with the acquire in `take`.
        slot.sequence
            .store(number.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, T>, ConsumerTaken> {
        let head = self.consumer.take()?;
        Ok(Consumer { ring: self, head })
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        let mut head = *self.consumer.own_mut();
        // No push is under way, so this ends with `Empty`, not before.
        while let Pop::Item(value) = self.pop(&mut head) {
            drop(value);
        }
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// The one consumer of a [`Ring`].
#[derive(Debug)]
pub struct Consumer<'q, T> {
    ring: &'q Ring<T>,
    head: Taken<'q, usize>,
}

impl<T> Consume for Consumer<'_, T> {
    type Item = T;

    fn pop(&mut self) -> Pop<T> {
        let ring = self.ring;
        self.head.with(|head| ring.pop(head))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Everything behind a push that has reserved waits for it; `Empty` is not said,
    /// and the reserved slot counts when the ring is full.
    #[test]
    fn a_reserved_slot_stalls() {
        let ring = Ring::new(2);
        let mut consumer = ring.consumer().unwrap();
        assert_eq!(ring.reserve(), Some(0));
        assert_eq!(consumer.pop(), Pop::Stalled);
        ring.push(1).unwrap();
        assert_eq!(consumer.pop(), Pop::Stalled);
        assert_eq!(ring.push(2), Err(Full(2)));
    }

    #[test]
    #[should_panic(expected = "power of two")]
    fn one_slot_is_too_few() {
        let _ = Ring::<u32>::new(1);
    }
}
