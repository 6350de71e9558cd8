//! Receivers as [`Stream`]s.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::Stream;

use crate::form::Form;
use crate::queue_ref::QueueRef;
use crate::waking::{Receiver, TaskWaker};
#[cfg(feature = "alloc")]
use crate::{channel, item::Handle};

/// The items of a queue that is never stalled, until it is closed and empty.
impl<R> Stream for Receiver<R, TaskWaker>
where
    R: QueueRef<Waker = TaskWaker, Form: Form<Stall = Infallible>> + Unpin,
{
    type Item = R::Handle;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R::Handle>> {
        self.poll_recv(cx).map(Result::ok)
    }
}

macro_rules! impl_stream {
    ($($receiver:ty),+) => {$(
        /// The items of a channel that is never stalled, until its senders are gone or it is
        /// closed.
        #[cfg(feature = "alloc")]
        impl<H: Handle, F: Form<Stall = Infallible>> Stream for $receiver {
            type Item = H;

            fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<H>> {
                self.poll_recv(cx).map(Result::ok)
            }
        }
    )+};
}

impl_stream!(channel::Receiver<H, F>, channel::sharded::Receiver<H, F>);
