//! A bounded ring with a sequence number in each slot.
//!
//! D. Vyukov, *Bounded MPMC queue*, 1024cores, specialised for one consumer: only the
//! producers reserve by compare-exchange, and the consumer's index is private.
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
//! | push | lock-free: the compare-exchange fails only if another push succeeded. One read-modify-write without contention, no allocation |
//! | [`Full`] | the ring held as many items, reserved slots included, as it has slots |
//! | pop | wait-free, no read-modify-write |
//! | order | FIFO in the order of the reservations |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | the oldest slot is reserved, and was not published when last read |
//! | memory | all slots (a value and a word each), from the beginning |
//! | a frozen producer | after its reservation, delays every later item until the ring is full |
//!
//! Sequence numbers wrap around. A push would mistake an old number for a new one if it
//! slept through exactly 2^64 other pushes (2^32 where `usize` has 32 bits).

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop, Stall};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith, drop_items};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicUsize, Ordering};
use crate::value_cell::ValueCell;

/// A bounded queue. See the [module](self).
pub struct Ring<T> {
    /// The number of the next push.
    tail: CachePadded<AtomicUsize>,
    /// The number of the next pop.
    head: CachePadded<ConsumerCell<usize>>,
    slots: Box<[Slot<T>]>,
}

struct Slot<T> {
    /// `n`: free for push `n`. `n + 1`: holds the item of push `n`.
    sequence: AtomicUsize,
    value: ValueCell<T>,
}

// SAFETY: moving the ring moves the values in it.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: `&Ring` moves values from one thread to another. The sequence number gives
// each slot to one thread at a time.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// Creates an empty ring with `capacity` slots.
    ///
    /// # Panics
    ///
    /// If the capacity is not a power of two of at least 2. With one slot, "free for the
    /// next push" and "holds an item" would be the same sequence number.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(
            capacity.is_power_of_two() && capacity >= 2,
            "the capacity must be a power of two of at least 2, not {capacity}"
        );
        Self {
            tail: CachePadded::new(AtomicUsize::new(0)),
            head: CachePadded::new(ConsumerCell::new(0)),
            slots: (0..capacity)
                .map(|number| Slot {
                    sequence: AtomicUsize::new(number),
                    value: ValueCell::empty(),
                })
                .collect(),
        }
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn slot(&self, number: usize) -> &Slot<T> {
        &self.slots[number & (self.slots.len() - 1)]
    }

    /// Reserves a slot. Returns its number, or `None` if the ring is full.
    fn reserve(&self) -> Option<usize> {
        // Relaxed: the compare-exchange confirms the number.
        let mut number = self.tail.load(Ordering::Relaxed);
        loop {
            // Acquire pairs with the release in `take`: the consumer has moved out the
            // value of the previous lap.
            let sequence = self.slot(number).sequence.load(Ordering::Acquire);
            let ahead = sequence.wrapping_sub(number).cast_signed();
            if ahead < 0 {
                // The item of the previous lap is still there.
                return None;
            }
            if ahead > 0 {
                // Another push has reserved this number.
                number = self.tail.load(Ordering::Relaxed);
                continue;
            }
            // Relaxed: only the sequence number publishes.
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

    /// Takes the item with this number, if it is published.
    fn take(&self, number: usize) -> Option<T> {
        let slot = self.slot(number);
        // Acquire pairs with the release in `push`: the value is written.
        if slot.sequence.load(Ordering::Acquire) != number.wrapping_add(1) {
            return None;
        }
        // SAFETY: the slot holds the item and belongs to the consumer until the store
        // below. The consumer then advances, so it reads the item once.
        let value = unsafe { slot.value.take() };
        // Release pairs with the acquire in `reserve`, one lap later.
        slot.sequence
            .store(number.wrapping_add(self.slots.len()), Ordering::Release);
        Some(value)
    }
}

impl<T: Send> Mpsc for Ring<T> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let Some(number) = self.reserve() else {
            return Err(Full(item));
        };
        let slot = self.slot(number);
        // SAFETY: the slot belongs to this push until the store below.
        unsafe { slot.value.put(item) };
        // Release pairs with the acquire in `take`: the value is written.
        slot.sequence
            .store(number.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.head)
    }
}

impl<T> PopWith for Ring<T> {
    type Item = T;
    type State = usize;

    #[inline]
    fn pop_with(&self, head: &mut usize) -> Pop<T> {
        let mut taken = self.take(*head);
        if taken.is_none() {
            // Relaxed: only the value is used, and coherence makes it no older than any
            // push that happens before.
            if self.tail.load(Ordering::Relaxed) == *head {
                return Pop::Empty;
            }
            // A push was in flight between the two loads, or still is.
            taken = self.take(*head);
        }
        match taken {
            Some(value) => {
                *head = head.wrapping_add(1);
                Pop::Item(value)
            }
            None => Pop::Stalled(Stall),
        }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        let mut head = *self.head.get_mut();
        // No push is in flight, so this ends when the ring is empty.
        drop_items(self, &mut head);
    }
}

impl<T> fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Consume;

    #[test]
    fn reserved_slot_stalls_and_counts_as_full() {
        let ring = Ring::new(2);
        let mut consumer = ring.consumer().unwrap();
        assert_eq!(ring.reserve(), Some(0));
        assert_eq!(consumer.pop(), Pop::Stalled(Stall));
        ring.push(1).unwrap();
        assert_eq!(consumer.pop(), Pop::Stalled(Stall));
        assert_eq!(ring.push(2), Err(Full(2)));
    }

    #[test]
    #[should_panic(expected = "power of two")]
    fn new_panics_with_one_slot() {
        let _ = Ring::<u32>::new(1);
    }
}
