//! The LTQueue of Jayanti and Petrovic: a lane per producer, and a tree of minima.
//!
//! P. Jayanti and S. Petrovic, *Logarithmic-time single deleter, multiple inserter wait-free
//! queues and stacks*, FSTTCS 2005, in a form for compare-exchange: the nodes of the tree name
//! lanes instead of timestamps, which is the idea of *dLTQueue* (the report of MPiSC, 2025).
//!
//! ```text
//!              1: lane 2           push:  1. take a timestamp by a fetch-and-add
//!            ┌─────┴─────┐                2. link the item into the producer's lane
//!        2: lane 0   3: lane 2            3. if the lane was empty, refresh the nodes above
//!        ┌───┴──┐    ┌───┴──┐             it, each at most twice
//! lanes  0      1    2      3
//!        7      -    4      9      pop:   1. the root names the lane with the oldest item
//!        8           11                   2. move the first item of that lane out
//!                                         3. refresh the nodes above it
//! ```
//!
//! | | |
//! |---|---|
//! | push | wait-free and bounded: see [Steps](#steps). A [`Producer`] never fails; [`Mpsc::push`] takes a lane for one push |
//! | [`Full`] | [`Mpsc::push`] found no free lane. It finds one if the pushes and producers at the same time are no more than the lanes: see [below](#what-the-paper-leaves-out) |
//! | pop | wait-free and bounded |
//! | order | FIFO. Of pushes that overlap, the one that counts as later may have the earlier timestamp |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed. Pushes in flight may be in the queue |
//! | [`Stalled`](Pop::Stalled) | never |
//! | memory | a node of 24 bytes for each `u64`, allocated by the push. For each producer, a dummy, two padded cache lines (of 128 bytes on x86-64) in its lane, and one in the tree |
//! | a frozen producer | delays no other item |
//!
//! # Linearizability
//!
//! First under sequential consistency. A pop *is below* a node if its lane is, and *passes* the
//! node when its refreshes of the node end; so does a push. Pops do not overlap.
//!
//! **Invariant.** *While no pop below a node is between its change of the lane and its passing
//! of the node: if a push below the node has passed it, and its item `a` is not popped, the node
//! names a lane whose first timestamp is at most that of `a`.* By induction from the lanes up.
//!
//! - For a lane, as if it named itself: its timestamps grow, and a push passes it when the word
//!   `first` counts its item in. That no item is overlooked is shown in `lane`.
//! - For a node, let `R` be the refresh that wrote its present value, and `P` the last pop below
//!   the node. By the argument in `minima`, `R` read the children after `a` had passed the child
//!   that leads to it, and after `P` had passed the child that leads to its lane. From
//!   then on no pop is below the node, so a timestamp that is the first of its lane stays.
//!   So `R` read, from the child that leads to `a`, a lane with a timestamp of at most
//!   that of `a`, or from the other child a lane with a smaller one, and that is still so.
//!
//! A push into a lane that is not empty refreshes nothing, and counts as having passed all nodes.
//! The pushes of the earlier items of the lane have returned, so the invariant holds with their
//! smaller timestamps, and the pop of the item before it passes every node with the new timestamp.
//! So does a pop that has set the timestamp before the push could.
//!
//! With the invariant for the root, none of the four violations of
//! [Henzinger, Sezgin and Vafeiadis] is possible, which is linearizability:
//!
//! - *An item that was not pushed, or is popped twice:* a value is moved out of a node once.
//! - *A pop returns `b` before `a`, although the push of `a` had returned before that of `b`
//!   began:* then `a` has the smaller timestamp, and when the pop loads the root, the root names a
//!   lane whose first timestamp is at most that of `a`, which is not that of `b`.
//! - *A pop returns [`Empty`](Pop::Empty), although at each moment there was an item whose push
//!   had returned:* not at the moment of the load of the root, which then named a lane.
//!
//! So a pop takes effect when it loads the root. A push takes effect between its call and its
//! return, but not at a fixed step. Let a push with timestamp 5 return before a push with
//! timestamp 3 has linked its item: the latter counts as earlier, if the next pop comes after the
//! link, and as later, if that pop comes before.
//!
//! A pop that finds a lane at the root finds an item in the lane: the refresh that named the
//! lane read a timestamp after the last pop had passed the child, and only pops remove items.
//!
//! [Henzinger, Sezgin and Vafeiadis]: https://doi.org/10.1007/978-3-642-40184-8_18
//!
//! # Memory ordering
//!
//! In C11 the above holds with "happens before" in place of "before", as for the other queues
//! here. The argument needs three facts. The operations on a node that matter are
//! read-modify-writes of one word that acquire and release, so "after the refresh of another
//! thread" means that what this thread had seen is seen (`minima`). Reading a lane from a node
//! acquires what the refresh read, so the first timestamp of the lane is no older than it was
//! then. And an item is linked before its timestamp is in `first`. Each operation names its
//! partner.
//!
//! # Steps
//!
//! Without allocation, with `h` levels of nodes, log2 of the number of producers, rounded up, and
//! at least 1. A refresh takes 2 read-modify-writes and at most 4 loads.
//!
//! | | read-modify-writes | loads and stores of atomics |
//! |---|--:|--:|
//! | push into a lane that is not empty | 2 | 1 |
//! | push into an empty lane | 3, and 2 to 4 for each level | 1, and at most 8 for each level |
//! | pop of an item | 1 or 2, and 2 to 4 for each level | at most 4, and at most 8 for each level |
//! | pop that returns `Empty` | 0 | 1 |
//! | [`LtQueue::producer`] and its drop, or a push through [`Mpsc`] in addition | 1 to the number of lanes | 1 |
//!
//! There is no loop but those over levels and lanes. So push and pop are wait-free if the
//! allocator is, and if a read-modify-write is (it is one instruction on x86-64; on processors with
//! load-linked and store-conditional it is a loop).
//!
//! # What the paper leaves out
//!
//! We have not seen the paper, only the algorithm as the report of MPiSC renders it, and that
//! report (commit 9e43a34).
//!
//! - *Load-linked and store-conditional.* A word with timestamp, lane and version has no
//!   room for long timestamps and versions. dLTQueue names lanes in the nodes, and keeps the
//!   timestamps in a word of each lane. There, timestamps and versions have 32 bits, so timestamps
//!   wrap around after 2^32 pushes. Here a lane's word needs no version, because it grows (`lane`),
//!   and a timestamp has 63 bits: at one push per nanosecond, 292 years. A version has 48
//!   (`minima`).
//! - *The counter* is taken by load-linked and store-conditional in the paper, once, so two
//!   producers may have the same timestamp, and the lane decides. Here, and in dLTQueue, it is a
//!   fetch-and-add.
//! - *The memory model.* The algorithm is stated for sequential consistency. In C11, its loads of
//!   nodes and lanes could miss a change; here, those on which an operation relies are
//!   read-modify-writes.
//! - *Reclamation.* In the paper, a producer reads the first item of its list, so the
//!   consumer keeps a node that the producer has announced, and leaves a copy of the item for it.
//!   Here the first timestamp is in a word of the lane, and only the consumer reads the items.
//! - *Empty lanes.* In the paper, as rendered, each push refreshes all nodes above it. Here
//!   a push into a lane that is not empty does not.
//! - *Allocation* is part of a push, and has no bound.
//! - *Which thread has which lane.* The paper numbers the processes. Here a producer acquires a
//!   lane: it tries them in order, by swaps. When `k` threads look for or have lanes, at most
//!   `k - i` of them are at lane `i` or beyond it, by induction, because a thread goes on from lane
//!   `i` only while another thread has that lane. So none goes on from the last of `k` lanes. This
//!   holds under sequential consistency and on x86-64. In C11, the accesses to different lanes
//!   have no common order, and a thread might miss a lane that another one freed just before.

mod lane;
mod minima;

use std::fmt;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith};
use crate::queue::{Full, Mpsc};
use crate::sync::{AtomicU64, Ordering};
use lane::{BEFORE_ALL, Lane, LaneNode};
use minima::{MAX_LANES, Minima};

/// A queue for a fixed number of producers at a time. See the [module](self).
///
/// ```
/// use mpsc_queue::Pop;
/// use papers::ltqueue::LtQueue;
/// use papers::{Consume, Mpsc};
///
/// let queue = LtQueue::new(2);
/// let mut producer = queue.producer().unwrap();
/// producer.push("from its own lane");
/// queue.push("from a lane for one push").unwrap();
///
/// let mut consumer = queue.consumer().unwrap();
/// assert_eq!(consumer.pop(), Pop::Item("from its own lane"));
/// assert_eq!(consumer.pop(), Pop::Item("from a lane for one push"));
/// ```
pub struct LtQueue<T> {
    /// The latest timestamp.
    clock: CachePadded<AtomicU64>,
    lanes: Box<[Lane<T>]>,
    minima: Minima,
    dummies: CachePadded<ConsumerCell<Dummies<T>>>,
}

/// The dummy of each lane.
pub struct Dummies<T>(Box<[*mut LaneNode<T>]>);

// SAFETY: the dummies own no values; they give access to those of the queue, which are `Send`.
// One thread at a time has them.
unsafe impl<T: Send> Send for Dummies<T> {}

/// A producer with a lane of its own. Dropping it frees the lane for another producer.
pub struct Producer<'q, T> {
    queue: &'q LtQueue<T>,
    lane: &'q Lane<T>,
    index: usize,
}

impl<T> LtQueue<T> {
    /// Creates an empty queue with a lane for each of so many producers.
    ///
    /// # Panics
    ///
    /// If the number is zero, or larger than 65,535.
    #[must_use]
    pub fn new(producers: usize) -> Self {
        assert!(
            (1..=MAX_LANES).contains(&producers),
            "the number of producers must be from 1 to {MAX_LANES}, not {producers}"
        );
        let (lanes, dummies): (Vec<_>, Vec<_>) = (0..producers).map(|_| Lane::new()).unzip();
        Self {
            clock: CachePadded::new(AtomicU64::new(BEFORE_ALL)),
            lanes: lanes.into(),
            minima: Minima::new(producers),
            dummies: CachePadded::new(ConsumerCell::new(Dummies(dummies.into()))),
        }
    }

    /// Returns a producer with a lane of its own, or `None` if all lanes are taken. The operations
    /// of the lane's earlier producers happen before.
    ///
    /// The search tries one lane after the other, with a read-modify-write for each.
    #[must_use]
    pub fn producer(&self) -> Option<Producer<'_, T>> {
        let (index, lane) = (self.lanes.iter().enumerate()).find(|(_, lane)| lane.acquire())?;
        Some(Producer {
            queue: self,
            lane,
            index,
        })
    }

    fn refresh_above(&self, lane: usize) {
        let first = |lane: usize| self.lanes[lane].first();
        self.minima.refresh_above(lane, first);
    }
}

impl<T: Send> Producer<'_, T> {
    /// Pushes an item.
    ///
    /// The producer's earlier operations happen before the pop returns the item.
    #[inline]
    pub fn push(&mut self, item: T) {
        // Relaxed: coherence gives a push a later timestamp than those that happen before.
        let timestamp = self.queue.clock.fetch_add(1, Ordering::Relaxed) + 1;
        // SAFETY: this is the producer of the lane, and is borrowed mutably. The clock grows.
        if unsafe { self.lane.push(timestamp, item) } {
            self.queue.refresh_above(self.index);
        }
    }
}

impl<T> Drop for Producer<'_, T> {
    fn drop(&mut self) {
        // SAFETY: this is the producer of the lane, and ends.
        unsafe { self.lane.release() }
    }
}

impl<T: Send> Mpsc for LtQueue<T> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    /// Pushes an item into a free lane.
    ///
    /// # Errors
    ///
    /// [`Full`] if all lanes are taken.
    fn push(&self, item: T) -> Result<(), Full<T>> {
        match self.producer() {
            Some(mut producer) => {
                producer.push(item);
                Ok(())
            }
            None => Err(Full(item)),
        }
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.dummies)
    }
}

impl<T> PopWith for LtQueue<T> {
    type Item = T;
    type State = Dummies<T>;

    #[inline]
    fn pop_with(&self, dummies: &mut Dummies<T>) -> Pop<T> {
        let Some(index) = self.minima.lane_of_root() else {
            return Pop::Empty;
        };
        // SAFETY: this is the consumer, and the dummy is the lane's. A refresh has read that the
        // lane has a first item, after the last pop of the lane, and happens before. So the item's
        // link does, too, unless the consumer has found it.
        let value = unsafe { self.lanes[index].pop(&mut dummies.0[index]) };
        self.refresh_above(index);
        Pop::Item(value)
    }
}

impl<T> Drop for LtQueue<T> {
    fn drop(&mut self) {
        let dummies = &self.dummies.get_mut().0;
        for (lane, &dummy) in self.lanes.iter().zip(dummies) {
            // SAFETY: `&mut self` excludes other threads, and the lane is not used afterwards.
            unsafe { lane.free(dummy) }
        }
    }
}

impl<T> fmt::Debug for LtQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LtQueue")
            .field("producers", &self.lanes.len())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Producer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::Consume;

    #[test]
    fn dropped_producer_frees_its_lane() {
        let queue = LtQueue::new(2);
        let first = queue.producer().unwrap();
        let mut second = queue.producer().unwrap();
        assert!(queue.producer().is_none());
        assert_eq!(queue.push(1), Err(Full(1)));
        drop(first);
        assert_eq!(queue.push(1), Ok(()));
        second.push(2);
        let mut consumer = queue.consumer().unwrap();
        assert_eq!(consumer.pop(), Pop::Item(1));
        assert_eq!(consumer.pop(), Pop::Item(2));
        assert_eq!(consumer.pop(), Pop::Empty);
    }

    #[test]
    fn items_of_several_lanes_are_popped_in_order() {
        for lanes in [1, 2, 3, 5, 8] {
            let queue = LtQueue::new(lanes);
            let mut producers: Vec<_> = (0..lanes).map(|_| queue.producer().unwrap()).collect();
            let mut consumer = queue.consumer().unwrap();
            // A number that is prime to all of these visits the lanes in another order than
            // theirs.
            for number in 0..1000 {
                producers[number * 7 % lanes].push(number);
            }
            for number in 0..1000 {
                assert_eq!(consumer.pop(), Pop::Item(number));
            }
            assert_eq!(consumer.pop(), Pop::Empty);
        }
    }

    #[test]
    fn as_many_threads_as_lanes_always_find_a_lane() {
        let threads = 4;
        let queue = LtQueue::new(threads);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for number in 0..2_000 {
                        assert_eq!(queue.push(number), Ok(()));
                    }
                });
            }
        });
    }

    #[test]
    #[should_panic(expected = "from 1 to 65535, not 0")]
    fn new_panics_without_producers() {
        let _ = LtQueue::<u32>::new(0);
    }

    #[test]
    #[should_panic(expected = "not 65536")]
    fn new_panics_with_too_many_producers() {
        let _ = LtQueue::<u32>::new(65_536);
    }
}
