//! What the two ends of a channel share.

use core::task::Waker;

use crate::form::{Aligned, Ending, Form, LineOf};
use crate::item::Handle;
use crate::queue::Queue;
use crate::queue_ref::AnyQueue;
use crate::sealed::Internal;
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::waking::{Handover, WakeTarget, WakerSlot, WakingQueue};

pub(super) type Messages<H, F> = WakingQueue<H, SleeperWaker, Ending<F>>;

/// The queue, and the number of senders. It never moves, since it is created in an `Arc`.
pub(super) struct Shared<H: Handle, F: Form> {
    pub(super) queue: Messages<H, F>,
    senders: Aligned<AtomicUsize, LineOf<F>>,
}

impl<H: Handle, F: Form> Shared<H, F> {
    /// Creates a channel with one sender.
    pub(super) fn new(form: F) -> Arc<Self> {
        Arc::new(Self {
            queue: WakingQueue::from_parts(
                Queue::with_form(Ending(form)),
                SleeperWaker(WakerSlot::new()),
            ),
            senders: Aligned::new(AtomicUsize::new(1)),
        })
    }

    /// Counts a new sender. The caller has one.
    pub(super) fn add_sender(&self) {
        // Relaxed: the new sender comes from one that exists, which orders everything.
        // (It cannot overflow: each sender has cloned the `Arc`, which limits their number.)
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a sender that goes. The last one pushes the end mark.
    pub(super) fn remove_sender(&self) {
        // Acquire pairs with the releases of the senders that went before: what each of them did
        // happens before the push of the mark, and so before the pop that finds it. (That no item
        // comes after the mark in the modification order of `back` follows from the orderings of
        // a push alone: `loom-tests/c11`.)
        if self.senders.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: the number of senders becomes zero once, since a sender is made from another
        // one; all other pushes are over. The queue is in an `Arc`.
        let taken = unsafe {
            self.queue
                .bare_queue()
                .push_mark(|| self.queue.take_waker())
        };
        self.queue.wake(taken);
    }
}

/// The thread or task that waits for a message.
pub(super) enum Sleeper {
    #[cfg(feature = "std")]
    Thread(crate::sync::Thread),
    Task(Waker),
}

/// Wakes the thread or the task that waits.
pub(super) struct SleeperWaker(pub(super) WakerSlot<Sleeper>);

impl WakeTarget for SleeperWaker {
    type Taken = Option<Sleeper>;

    unsafe fn take(&self, handover: Handover, _: Internal) -> Option<Sleeper> {
        // SAFETY: the caller is the push that replaced `PARKED`, as `handover` says.
        unsafe { self.0.take(handover) }
    }

    fn wake_taken(&self, sleeper: Option<Sleeper>, _: Internal) {
        match sleeper {
            #[cfg(feature = "std")]
            Some(Sleeper::Thread(thread)) => thread.unpark(),
            Some(Sleeper::Task(task)) => task.wake(),
            None => {}
        }
    }

    unsafe fn clear(&self, handover: Handover, _: Internal) {
        // SAFETY: the caller is the consumer of a queue that was empty and not parked.
        unsafe { self.0.clear(handover) }
    }
}

impl<H: Handle, F: Form> AnyQueue for Shared<H, F> {
    type Handle = H;
    type Form = Ending<F>;
    type Waker = SleeperWaker;

    fn bare(&self, _: Internal) -> &Queue<H, Ending<F>> {
        self.queue.bare_queue()
    }

    fn own_waker(&self, _: Internal) -> &SleeperWaker {
        self.queue.waker()
    }
}
