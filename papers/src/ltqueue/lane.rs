//! A lane: the items of one producer at a time, and the timestamp of the first of them.
//!
//! The items are a list that begins with a dummy, between one producer and the consumer. One
//! word states the timestamp of the first item, for the [tree of minima](super::minima), whose
//! threads do not access the list:
//!
//! | `first` | meaning | set by |
//! |---|---|---|
//! | `2t` | the first item has timestamp `t` | the push of this item, if it finds the lane empty; or the pop of the item before |
//! | `2t + 1` | the lane is empty, and its last item had timestamp `t` | the pop of that item |
//!
//! The timestamps of a lane grow, so the word grows with each change, and a compare-exchange
//! that is late fails. No version is needed.
//!
//! # No item is overlooked
//!
//! A push links its item and then performs a read-modify-write on `first`. A pop that sees no
//! next item performs a read-modify-write on `first`, after which the lane counts as empty, and
//! then looks for the next item again. One of the two comes first:
//!
//! - If the push does, the pop synchronizes with it, finds the item, and sets its timestamp.
//! - If the pop does, the push reads that the lane is empty, and sets the timestamp. If the pop
//!   has found the item after all, one of the two compare-exchanges fails.
//!
//! The push may also come so late that its item is popped. Then the word is larger than the
//! item's, and the push leaves it alone.
//!
//! A load in place of the read-modify-write of the push could return an older value (store
//! buffering), and an item that the pop does not see either would be lost.

use std::mem;
use std::ptr;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, Ordering, UnsafeCell, allocate, free};
use crate::value_cell::ValueCell;

/// The timestamp of the dummy with which a lane begins. Items have later ones.
pub(super) const BEFORE_ALL: u64 = 0;

/// A timestamp after those of all items: a lane without an item has this one.
pub(super) const AFTER_ALL: u64 = u64::MAX;

/// A lane, without its dummy, which belongs to the consumer.
pub(super) struct Lane<T> {
    /// See the [module](self).
    first: CachePadded<AtomicU64>,
    /// Set while a producer has the lane.
    is_taken: AtomicBool,
    /// The newest node, which is the dummy if the lane is empty. Only the producer accesses it.
    newest: UnsafeCell<*mut LaneNode<T>>,
}

/// A node of the list: the dummy, or an item.
pub(super) struct LaneNode<T> {
    next: AtomicPtr<Self>,
    timestamp: u64,
    /// Empty in the dummy.
    value: ValueCell<T>,
}

// SAFETY: moving the lane moves the values in it.
unsafe impl<T: Send> Send for Lane<T> {}
// SAFETY: `&Lane` moves values from the producer to the consumer. The methods that access
// `newest` require that the caller is the only producer.
unsafe impl<T: Send> Sync for Lane<T> {}

impl<T> Lane<T> {
    /// Creates an empty lane that no producer has, and its dummy.
    pub(super) fn new() -> (Self, *mut LaneNode<T>) {
        let dummy = LaneNode::allocate(BEFORE_ALL, ValueCell::empty());
        let lane = Self {
            first: CachePadded::new(AtomicU64::new(empty_after(BEFORE_ALL))),
            is_taken: AtomicBool::new(false),
            newest: UnsafeCell::new(dummy),
        };
        (lane, dummy)
    }

    /// Makes the caller the producer of the lane. Returns `false` if there is one.
    pub(super) fn acquire(&self) -> bool {
        // A swap, because a load could return an older value, and make the caller pass by a
        // free lane. Acquire pairs with the release in `release`: the accesses of the previous
        // producer happen before.
        !self.is_taken.swap(true, Ordering::Acquire)
    }

    /// Lets another producer acquire the lane.
    ///
    /// # Safety
    ///
    /// The caller is the producer. It does not access the lane as such afterwards.
    pub(super) unsafe fn release(&self) {
        // Release pairs with the acquire in `acquire`.
        self.is_taken.store(false, Ordering::Release);
    }

    /// Appends an item. Returns `true` if the lane was empty, so that its first item is another
    /// now, unless a pop has noticed this.
    ///
    /// # Safety
    ///
    /// The caller is the producer, and `timestamp` is later than those before.
    #[inline]
    pub(super) unsafe fn push(&self, timestamp: u64, value: T) -> bool {
        let cell = ValueCell::empty();
        // SAFETY: no other thread has access to the cell.
        unsafe { cell.put(value) };
        let node = LaneNode::allocate(timestamp, cell);
        // SAFETY: only the producer accesses `newest`. The consumer frees a node only after it
        // has found the next one, so the newest node exists until the store.
        unsafe {
            let newest = self
                .newest
                .with_mut(|newest| mem::replace(&mut *newest, node));
            // Release pairs with the acquire in `LaneNode::after`: timestamp and value.
            (*newest).next.store(node, Ordering::Release);
        }
        self.announce_if_empty(timestamp)
    }

    /// Sets the timestamp of the first item, if the lane is empty. Returns `true` if this call has
    /// changed it.
    #[inline]
    fn announce_if_empty(&self, timestamp: u64) -> bool {
        // A read-modify-write that changes nothing. Release pairs with the acquire of the swap in
        // `announce_next`, and with that in `first`: the item is linked.
        let first = self.first.fetch_add(0, Ordering::Release);
        let new = first_is(timestamp);
        // If the word is larger, the consumer has found the link, and popped the item already.
        if !is_empty(first) || first > new {
            return false;
        }
        // Relaxed: if it succeeds, it continues the release sequence of the `fetch_add`.
        self.first
            .compare_exchange(first, new, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Returns the timestamp of the first item, or [`AFTER_ALL`]. The link of the item happens
    /// before, unless the consumer has found it.
    #[inline]
    pub(super) fn first(&self) -> u64 {
        // Acquire pairs with the release of the `fetch_add` in `announce_if_empty`.
        let first = self.first.load(Ordering::Acquire);
        if is_empty(first) {
            AFTER_ALL
        } else {
            first >> 1
        }
    }

    /// Moves the first item out. Its node replaces the dummy.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, `dummy` is the lane's, and the link of the first item happens
    /// before.
    #[inline]
    pub(super) unsafe fn pop(&self, dummy: &mut *mut LaneNode<T>) -> T {
        // SAFETY: the dummy and the node after it are not freed yet. The value is written,
        // and moved out once, because the node becomes the dummy. The producer does not access
        // the former dummy after its link.
        unsafe {
            let former = *dummy;
            // Relaxed: the caller guarantees that the link happens before.
            *dummy = (*former).next.load(Ordering::Relaxed);
            free(former);
            let value = (**dummy).value.take();
            self.announce_next(*dummy);
            value
        }
    }

    /// Sets the timestamp of the first item, after the item of `dummy` was moved out.
    ///
    /// # Safety
    ///
    /// The caller is the consumer, and `dummy` is the lane's.
    #[inline]
    unsafe fn announce_next(&self, dummy: *mut LaneNode<T>) {
        // SAFETY: the dummy exists until the consumer frees it, and a node behind it, too.
        // A node was written before the link.
        let (popped, next) = unsafe { ((*dummy).timestamp, LaneNode::after(dummy)) };
        let first = next.map_or(empty_after(popped), first_is);
        // Acquire pairs with the release of the `fetch_add` in `announce_if_empty`: an item whose
        // push has read an older value is linked. A store would not synchronize with it, nor let
        // a later swap do so. Release is not needed: the caller publishes the change when it
        // refreshes the tree.
        self.first.swap(first, Ordering::Acquire);
        if next.is_some() {
            return;
        }
        // SAFETY: as above.
        if let Some(timestamp) = unsafe { LaneNode::after(dummy) } {
            // It fails if the push has done the same. Relaxed: as above.
            let _ = self.first.compare_exchange(
                first,
                first_is(timestamp),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
        }
    }

    /// Drops the items and frees the list.
    ///
    /// # Safety
    ///
    /// `dummy` is the lane's. No other thread has access, and the lane is not used afterwards.
    pub(super) unsafe fn free(&self, dummy: *mut LaneNode<T>) {
        let mut node = dummy;
        // SAFETY: the caller guarantees exclusive access. Every node but the dummy has a value.
        unsafe {
            loop {
                // Relaxed: there is no other thread.
                let next = (*node).next.load(Ordering::Relaxed);
                free(node);
                if next.is_null() {
                    return;
                }
                drop((*next).value.take());
                node = next;
            }
        }
    }
}

impl<T> LaneNode<T> {
    fn allocate(timestamp: u64, value: ValueCell<T>) -> *mut Self {
        allocate(Self {
            next: AtomicPtr::new(ptr::null_mut()),
            timestamp,
            value,
        })
    }

    /// Returns the timestamp of the next node, if there is one. Its link happens before.
    ///
    /// # Safety
    ///
    /// The node and the next one are not freed.
    unsafe fn after(node: *mut Self) -> Option<u64> {
        // Acquire pairs with the release in `Lane::push`.
        // SAFETY: the caller guarantees that the nodes exist. The next one was written before
        // its link.
        unsafe {
            let next = (*node).next.load(Ordering::Acquire);
            (!next.is_null()).then(|| (*next).timestamp)
        }
    }
}

fn first_is(timestamp: u64) -> u64 {
    timestamp << 1
}

fn empty_after(timestamp: u64) -> u64 {
    timestamp << 1 | 1
}

fn is_empty(first: u64) -> bool {
    first & 1 == 1
}
