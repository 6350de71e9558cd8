//! Vyukov's intrusive queue, whose stub node is pushed again when the last item is popped.
//!
//! D. Vyukov, *Intrusive MPSC node-based queue*, 1024cores, about 2010. The queue contains a
//! stub node of its own. The consumer cannot take the newest element, because a push may be
//! about to write its link. So it pushes the stub behind the last item, as a producer
//! would.
//!
//! ```text
//! pop of b, the last:   b ──► stub ◄── newest      one exchange, by the consumer
//! then:                 stub ◄── newest            the stub is the oldest and the newest
//! ```
//!
//! | | |
//! |---|---|
//! | push | wait-free where the exchange is one instruction. One read-modify-write, no allocation |
//! | pop | wait-free. No read-modify-write, except one exchange for the last item |
//! | order | FIFO in the order of the exchanges |
//! | [`Empty`](mpsc_queue::Pop::Empty) | no push that happens before the pop is missed |
//! | [`Stalled`](mpsc_queue::Pop::Stalled) | a push that follows the oldest element had not stored its link when last read |
//! | memory | one word per item, in the item, and the stub, which has the size of an item |
//! | a frozen producer | between its exchange and its link, delays its own and every later item, and the last item before |
//!
//! *Simplified.* The original returns null both if the queue is empty and if it is stalled.
//! Here a pop that finds only the stub also reads the newest element, to tell them apart.
//! The original embeds the stub in the queue, which then cannot be moved. Here it is
//! allocated with the queue.

use crate::next::HasNext;
use crate::stub_queue::{ReplaceLast, StubList, StubQueue, successor};
use crate::sync::Ordering;

/// A queue of boxed items that embed a link. See the [module](self).
pub type Vyukov<N> = StubQueue<N, PushStub>;

/// Pushes the stub behind the last item.
pub struct PushStub;

impl ReplaceLast for PushStub {
    #[inline]
    unsafe fn replace_last<N: HasNext>(list: &StubList<N>, item: *mut N) -> *mut N {
        // Relaxed: only the address is compared. If a push follows the item, the stub may
        // be in the list already.
        if list.newest().load(Ordering::Relaxed) == item {
            // SAFETY: the newest element is the oldest one, so the stub is not in the list.
            unsafe { list.append(list.stub()) };
        }
        // A push that came before the stub may be in the gap: then this is null.
        // SAFETY: the caller guarantees that this is the consumer, and the item in the list.
        unsafe { successor(item) }
    }
}
