//! Combining: the pushes of several threads are applied by one of them.
//!
//! P. Fatourou and N. D. Kallimanis, *Revisiting the Combining Synchronization Technique*,
//! PPoPP 2012, as in the authors' framework (`ccsynch.c`, `ccqueue.c`). A push announces its
//! request: it exchanges the tail for a fresh announcement, and writes the request into the
//! one that it got, as in [`clh`](crate::clh). Then it waits. The push whose announcement is
//! first in the list is the combiner: it applies the requests that follow, its own included,
//! and tells each push that its request is done, up to a bound `H`. Then the next push
//! combines. The requests append to a sequential list, which only the combiner accesses.
//!
//! ```text
//! announcements:  [push a] ──► [push b] ──► [ ] ◄── tail      a combines: a and b
//! list:           dummy ──► x ──► a ──► b                     pops are not combined
//! ```
//!
//! The list begins with a dummy, so the consumer and the combiner share nothing but the link
//! of the last node, as in the two-lock queue of Michael and Scott (PODC 1996).
//!
//! | | |
//! |---|---|
//! | push | blocking: waits for the combiner. One read-modify-write, one allocation |
//! | pop | wait-free if the allocator is. No read-modify-write, one deallocation |
//! | order | FIFO in the order of the exchanges |
//! | [`Empty`](Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](Pop::Stalled) | never: an item is in the queue when the combiner has linked it |
//! | memory | a node (a value and a word) per item, and one more; an announcement per thread and one per queue |
//! | a frozen producer | between its exchange and its link, and while it has the right to combine, blocks every later push |
//!
//! *Simplified.* One word of an announcement stands for the two flags of the paper. A thread
//! has one spare announcement, which serves all queues. Nodes come from the allocator, not
//! from a pool of the thread. A waiting thread yields after a while. The second combiner, of
//! the pops, is not needed for one consumer. The framework's bound is ten times the number
//! of threads.

use std::cell::Cell;
use std::fmt;
use std::ptr;

use crossbeam_utils::CachePadded;
use mpsc_queue::{ConsumerTaken, Pop};

use crate::consumer_cell::{Consumer, ConsumerCell, PopWith, drop_items};
use crate::list_node::ListNode;
use crate::queue::{Full, Mpsc};
use crate::sync::{
    AtomicPtr, AtomicU8, Backoff, Ordering, UnsafeCell, allocate, free, thread_local,
};

/// A queue whose combiner applies at most `H` pushes. See the [module](self).
pub struct CcSynch<T, const H: usize = 64> {
    /// The announcement that the next push gets.
    tail: CachePadded<AtomicPtr<Announcement>>,
    /// The newest node of the list. The combiner's.
    newest: CachePadded<UnsafeCell<*mut ListNode<T>>>,
    dummy: CachePadded<ConsumerCell<Dummy<T>>>,
}

/// The node before the oldest item.
pub struct Dummy<T>(*mut ListNode<T>);

struct Announcement {
    /// The node to append. The type is that of the queue, though the announcement wanders
    /// between queues.
    request: UnsafeCell<*mut ()>,
    next: AtomicPtr<Announcement>,
    state: AtomicU8,
}

/// The request is announced, or will be. Set by the push that makes the announcement the
/// tail.
const WAITING: u8 = 0;
/// The push with this announcement combines. Set by the previous combiner.
const COMBINING: u8 = 1;
/// The request is applied. Set by the combiner, which does not access the announcement
/// afterwards.
const DONE: u8 = 2;

// SAFETY: moving the queue moves the values in it.
unsafe impl<T: Send, const H: usize> Send for CcSynch<T, H> {}
// SAFETY: `&CcSynch` moves values from one thread to another. One combiner at a time accesses
// `newest`.
unsafe impl<T: Send, const H: usize> Sync for CcSynch<T, H> {}
// SAFETY: the consumer owns the nodes that it reaches, and moves values out of them.
unsafe impl<T: Send> Send for Dummy<T> {}

/// The announcement that a thread has left from its last push.
struct Spare(Cell<*mut Announcement>);

thread_local! {
    #[allow(
        clippy::missing_const_for_thread_local,
        reason = "loom's macro accepts no const block"
    )]
    static SPARE: Spare = Spare(Cell::new(ptr::null_mut()));
}

impl Drop for Spare {
    fn drop(&mut self) {
        let spare = self.0.get();
        if !spare.is_null() {
            // SAFETY: the announcement comes from `allocate`, and belongs to the thread.
            unsafe { free(spare) };
        }
    }
}

impl Announcement {
    fn allocate(state: u8) -> *mut Self {
        allocate(Self {
            request: UnsafeCell::new(ptr::null_mut()),
            next: AtomicPtr::new(ptr::null_mut()),
            state: AtomicU8::new(state),
        })
    }

    /// Returns the spare announcement of the thread, or a new one.
    #[inline]
    fn fresh() -> *mut Self {
        // At the end of a thread, the spare announcement may have been freed.
        let spare = SPARE.try_with(|spare| spare.0.replace(ptr::null_mut()));
        let spare = spare.unwrap_or(ptr::null_mut());
        if spare.is_null() {
            return Self::allocate(WAITING);
        }
        // SAFETY: the announcement belongs to the thread. Relaxed: the exchange in `push`
        // publishes it.
        unsafe {
            (*spare).next.store(ptr::null_mut(), Ordering::Relaxed);
            (*spare).state.store(WAITING, Ordering::Relaxed);
        }
        spare
    }
}

impl<T, const H: usize> CcSynch<T, H> {
    /// Creates an empty queue.
    #[must_use]
    pub fn new() -> Self {
        const { assert!(H > 0, "a combiner applies its own request") };
        let dummy = ListNode::allocate_empty();
        Self {
            tail: CachePadded::new(AtomicPtr::new(Announcement::allocate(COMBINING))),
            newest: CachePadded::new(UnsafeCell::new(dummy)),
            dummy: CachePadded::new(ConsumerCell::new(Dummy(dummy))),
        }
    }

    /// Announces a node, and waits until it is appended.
    fn announce(&self, node: *mut ListNode<T>) {
        let fresh = Announcement::fresh();
        // Release and acquire pair with each other in successive pushes: the announcement is
        // reset.
        let mine = self.tail.swap(fresh, Ordering::AcqRel);
        // SAFETY: the announcement belongs to this push until the next push of the thread
        // that uses it, and a combiner accesses it only after the link and before `DONE`.
        let announcement = unsafe { &*mine };
        // SAFETY: no combiner accesses the request before the link below.
        announcement
            .request
            .with_mut(|request| unsafe { request.write(node.cast()) });
        // Release pairs with the acquire in `combine`: the request and the reset of `fresh`.
        announcement.next.store(fresh, Ordering::Release);

        let backoff = Backoff::new();
        // Acquire pairs with the releases in `combine`: the accesses of the last combiner.
        let state = loop {
            match announcement.state.load(Ordering::Acquire) {
                WAITING => backoff.snooze(),
                state => break state,
            }
        };
        if state == COMBINING {
            // SAFETY: the previous combiner has passed the right to this push.
            unsafe { self.combine(mine) };
        }
        if SPARE.try_with(|spare| spare.0.set(mine)).is_err() {
            // SAFETY: the announcement comes from `allocate`, and belongs to the thread.
            unsafe { free(mine) };
        }
    }

    /// Applies at most `H` requests, and passes the right to combine on.
    ///
    /// # Safety
    ///
    /// The caller has the right to combine, and `first` is its announcement.
    unsafe fn combine(&self, first: *mut Announcement) {
        let mut at = first;
        for _ in 0..H {
            // SAFETY: the push of the announcement waits, or there is none yet.
            let announcement = unsafe { &*at };
            // Acquire pairs with the release in `announce`.
            let next = announcement.next.load(Ordering::Acquire);
            if next.is_null() {
                break;
            }
            // SAFETY: the link tells that the request is written.
            let node = announcement.request.with(|request| unsafe { *request });
            // SAFETY: the caller has the right to combine. A push of this queue announced
            // the node, so it has this type.
            unsafe { self.append(node.cast()) };
            // Release pairs with the acquire in `announce`.
            announcement.state.store(DONE, Ordering::Release);
            at = next;
        }
        // SAFETY: as above. Release pairs with the acquire in `announce`: the list.
        unsafe { (*at).state.store(COMBINING, Ordering::Release) };
    }

    /// Appends a node.
    ///
    /// # Safety
    ///
    /// The caller has the right to combine, and owns the node.
    unsafe fn append(&self, node: *mut ListNode<T>) {
        // SAFETY: only the combiner accesses the newest node, which the consumer keeps until
        // it is linked. Release pairs with the acquire in `pop_with`: the value.
        self.newest.with_mut(|newest| unsafe {
            (**newest).next.store(node, Ordering::Release);
            *newest = node;
        });
    }
}

impl<T: Send, const H: usize> Mpsc for CcSynch<T, H> {
    type Item = T;
    type Consumer<'q>
        = Consumer<'q, Self>
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let node = ListNode::allocate_empty();
        // SAFETY: the push owns the node.
        unsafe { (*node).value.put(item) };
        self.announce(node);
        Ok(())
    }

    fn consumer(&self) -> Result<Consumer<'_, Self>, ConsumerTaken> {
        Consumer::new(self, &self.dummy)
    }
}

impl<T, const H: usize> PopWith for CcSynch<T, H> {
    type Item = T;
    type State = Dummy<T>;

    #[inline]
    fn pop_with(&self, dummy: &mut Dummy<T>) -> Pop<T> {
        // SAFETY: the consumer has not freed its dummy. Acquire pairs with the release in
        // `append`.
        let oldest = unsafe { (*dummy.0).next.load(Ordering::Acquire) };
        if oldest.is_null() {
            return Pop::Empty;
        }
        // SAFETY: the node is linked, so its value is written. It becomes the dummy, so the
        // value is moved out once. The old dummy comes from `allocate`, and the combiner
        // does not access it any more, because it is linked.
        unsafe {
            let value = (*oldest).value.take();
            free(dummy.0);
            dummy.0 = oldest;
            Pop::Item(value)
        }
    }
}

impl<T, const H: usize> Default for CcSynch<T, H> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const H: usize> Drop for CcSynch<T, H> {
    fn drop(&mut self) {
        let mut dummy = Dummy(self.dummy.get_mut().0);
        drop_items(self, &mut dummy);
        // SAFETY: both come from `allocate`. No push is in flight, so no thread uses the
        // announcement at the tail. Relaxed: `&mut self` orders all pushes before.
        unsafe {
            free(dummy.0);
            free(self.tail.load(Ordering::Relaxed));
        }
    }
}

impl<T, const H: usize> fmt::Debug for CcSynch<T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CcSynch").finish_non_exhaustive()
    }
}
