//! The queue of Linux' io_uring, whose stub node is put back by a compare-exchange.
//!
//! J. Axboe, `io_uring/mpscq.h`, commit `50cb44bd0d5f` of Linux (June 2026, for version 7.2).
//! It replaced the `llist` ([`treiber`](crate::treiber)) of deferred task work, because a
//! list in reverse order must be reversed before it is run. It is Vyukov's
//! [queue](crate::vyukov) with one change: the consumer puts the stub back only in place of
//! the last item.
//!
//! ```text
//! pop of b, the last:   newest: b ──► stub        one compare-exchange, by the consumer
//! then:                 stub ◄── newest           b is no longer in the list
//! failed:               b      c ◄── newest       a push is in the gap: stalled
//! ```
//!
//! So the stub never stands behind an item, and the newest element is the stub only if the
//! queue is empty, which any thread may check. The consumer's position is not in the cache
//! line of the producers, as here.
//!
//! | | |
//! |---|---|
//! | push | wait-free where the exchange is one instruction. One read-modify-write, no allocation |
//! | pop | wait-free. No read-modify-write, except one compare-exchange for the last item |
//! | order | FIFO in the order of the exchanges |
//! | [`Empty`](mpsc_queue::Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](mpsc_queue::Pop::Stalled) | a push that follows the oldest element had not stored its link when last read |
//! | memory | one word per item, in the item, and the stub, which has the size of an item |
//! | a frozen producer | between its exchange and its link, delays its own and every later item, and the last item before |
//!
//! *Simplified.* `mpscq_pop` returns null both if the queue is empty and if it is stalled,
//! and `mpscq_empty` tells them apart; here the pop calls it. The link of the stub is
//! cleared before the compare-exchange, in the original when the stub leaves the list. The
//! push does not report that the queue was empty. The stub is allocated with the queue.

use std::ptr;

use crate::next::{HasNext, next_of};
use crate::stub_queue::{ReplaceLast, StubList, StubQueue, successor};
use crate::sync::Ordering;

/// A queue of boxed items that embed a link. See the [module](self).
pub type IoUring<N> = StubQueue<N, ExchangeStub>;

/// Compare-exchanges the last item for the stub.
pub struct ExchangeStub;

impl ReplaceLast for ExchangeStub {
    #[inline]
    unsafe fn replace_last<N: HasNext>(list: &StubList<N>, item: *mut N) -> *mut N {
        let stub = list.stub();
        // SAFETY: the stub was the oldest element when it left the list, so no push has
        // access to it. Relaxed: the compare-exchange publishes the link.
        unsafe { next_of(stub) }.store(ptr::null_mut(), Ordering::Relaxed);
        // Release pairs with the acquire of the next exchange in `append`: the link of the
        // stub is null before that push stores it. Relaxed on failure: no access follows.
        let replaced =
            list.newest()
                .compare_exchange(item, stub, Ordering::Release, Ordering::Relaxed);
        match replaced {
            Ok(_) => stub,
            // A push follows the item. It may have stored its link since.
            // SAFETY: the caller guarantees that the item is in the list.
            Err(_) => unsafe { successor(item) },
        }
    }
}
