//! A queue whose consumer never sleeps.

use core::fmt;

use super::queue::WakingQueue;
use super::slot::Handover;
use super::wake::WakeTarget;
use crate::form::{Form, ForwardLinked};
use crate::item::Handle;
use crate::queue::Queue;
use crate::sealed::Internal;
use crate::sync::const_fn_unless_loom;

/// A queue whose consumer polls it and never parks: an executor that is woken by other means, a loop
/// with a fixed period, a core that spins. A push reports no wake-up.
///
/// ```
/// use mpsc_queue::{Link, PolledQueue, linked};
///
/// struct Frame { link: Link }
/// linked!(Frame => link: Link);
///
/// let queue = PolledQueue::new();
/// let mut frames = queue.receiver().unwrap();
/// queue.push(Box::new(Frame { link: Link::new() })).unwrap();
/// assert_eq!(frames.drain(64).count(), 1);
/// ```
pub type PolledQueue<H, F = ForwardLinked> = WakingQueue<H, NoWaker, F>;

/// The waker of a consumer that never parks. See [`PolledQueue`].
pub struct NoWaker(());

impl<H: Handle> PolledQueue<H> {
    const_fn_unless_loom! {
        /// Creates an empty queue.
        #[must_use]
        pub fn new() -> Self {
            Self::with_form(ForwardLinked)
        }
    }
}

impl<H: Handle, F: Form> PolledQueue<H, F> {
    const_fn_unless_loom! {
        /// Creates an empty queue of this form.
        #[must_use]
        pub fn with_form(form: F) -> Self {
            Self::from_parts(Queue::with_form(form), NoWaker(()))
        }
    }
}

/// Nothing is called, because the receiver has no method that parks.
impl WakeTarget for NoWaker {
    type Taken = ();

    unsafe fn take(&self, _: Handover, _: Internal) {}

    fn wake_taken(&self, (): (), _: Internal) {}

    unsafe fn clear(&self, _: Handover, _: Internal) {}
}

impl<H: Handle, F: Form> Default for PolledQueue<H, F> {
    fn default() -> Self {
        Self::with_form(F::default())
    }
}

impl fmt::Debug for NoWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoWaker")
    }
}
