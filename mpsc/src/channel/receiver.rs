//! The receiver's end of a channel.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::iter;
use core::mem;
use core::task::{Context, Poll};

use super::iter::iterators;
use super::shared::{Shared, Sleeper, SleeperWaker};
use crate::consumer::Pop;
use crate::error::{RecvError, TryRecvError};
use crate::form::{Form, GapFree};
use crate::item::{Handle, drop_all};
use crate::length::Counts;
use crate::sync::Arc;
use crate::waking;

#[cfg(feature = "std")]
use {
    crate::error::RecvTimeoutError,
    crate::sync::{Instant, current},
    crate::wait::{Wait, Waiter},
    core::time::Duration,
};

/// The receiver of a channel. Can be sent to another thread.
///
/// When the receiver is dropped, the channel is [disconnected](super#disconnection), and the
/// items that are still in it are dropped. If the channel is not
/// [`GapFree`](crate::GapFree), this waits for producers in their gap.
pub struct Receiver<H: Handle, F: Form = GapFree> {
    inner: Inner<H, F>,
}

type Inner<H, F> = waking::Receiver<Arc<Shared<H, F>>, SleeperWaker>;

impl<H: Handle, F: Form> Receiver<H, F> {
    /// The only receiver of a new channel.
    pub(super) fn new(shared: Arc<Shared<H, F>>) -> Self {
        match waking::Receiver::acquire(shared) {
            Ok(inner) => Self { inner },
            Err(_) => unreachable!("a channel is created with one receiver"),
        }
    }

    /// Receives the oldest item, if there is one. Waits while the queue is stalled, which a
    /// [`GapFree`](crate::GapFree) queue never is.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if the channel is empty, [`TryRecvError::Disconnected`] if it
    /// is empty and the senders are gone or this receiver has closed it.
    pub fn try_recv(&mut self) -> Result<H, TryRecvError> {
        self.inner.try_recv()
    }

    /// Removes and returns the oldest item, without waiting for anything. See
    /// [`Consumer::pop`](crate::Consumer::pop).
    pub fn pop(&mut self) -> Pop<H, F::Stall> {
        self.inner.pop()
    }

    /// Returns the approximate number of items in the channel, if it is
    /// [`Counted`](crate::Counted). See [`Queue::len`](crate::Queue::len).
    #[must_use]
    pub fn len(&self) -> usize
    where
        F: Form<Length: Counts>,
    {
        self.inner.bare_queue().len()
    }

    /// Returns `true` if the channel is empty. See [`Queue::is_empty`](crate::Queue::is_empty).
    ///
    /// `false` also if the senders are gone and no receive has noticed it yet: then the end of the
    /// channel is still in it, which [`len`](Self::len) does not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.bare_queue().is_empty()
    }

    /// Refuses further sends. Everything that was sent before can still be received.
    ///
    /// Takes a bounded number of steps, however busy the senders are.
    pub fn close(&mut self) {
        self.inner.close();
    }

    /// Removes the oldest item, waiting while the channel is empty. Returns a stall, as
    /// [`pop_async`](crate::Receiver::pop_async) of a queue does.
    pub async fn pop_async(&mut self) -> Pop<H, F::Stall> {
        waking::wait(&mut self.inner, |inner, cx| {
            waking::poll_pop(inner, cx, park_task)
        })
        .await
    }

    /// Attempts to remove the oldest item. If the channel is empty, registers the task to be
    /// woken, and returns `Poll::Pending`. See [`poll_pop`](crate::Receiver::poll_pop) of a queue.
    pub fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Pop<H, F::Stall>> {
        waking::poll_pop(&mut self.inner, cx, park_task)
    }

    /// Ends the registration of an earlier poll. See [`unpark`](crate::Receiver::unpark) of a
    /// queue's receiver.
    pub fn unpark(&mut self) -> bool {
        self.inner.leave_park()
    }
}

/// Async receiving, if the channel is never stalled.
impl<H: Handle, F: Form<Stall = Infallible>> Receiver<H, F> {
    /// Receives the oldest item, waiting until there is one. The async version of `recv`.
    ///
    /// Yields after 128 items, as [`recv`](crate::Receiver::recv) of a queue does.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError`] if the channel is empty and the senders are gone or this receiver
    /// has closed it.
    ///
    /// # Cancel safety
    ///
    /// This method is cancel safe. If the future is dropped before it completes, no item is
    /// lost, and no sender wakes the task any more, unless it has begun to.
    pub async fn recv_async(&mut self) -> Result<H, RecvError> {
        waking::wait(&mut self.inner, |inner, cx| {
            waking::poll_recv(inner, cx, park_task)
        })
        .await
    }

    /// Attempts to receive the oldest item. If the channel is empty, registers the task to be
    /// woken and returns `Poll::Pending`. See [`poll_recv`](crate::Receiver::poll_recv) of a
    /// queue.
    ///
    /// # Errors
    ///
    /// As for [`recv_async`](Self::recv_async).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<H, RecvError>> {
        waking::poll_recv(&mut self.inner, cx, park_task)
    }

    /// Receives at least one and at most `limit` items, waiting until there is one, and appends
    /// them to `buffer`. Returns their number; 0 if the channel has ended, or if the limit is 0.
    /// The async version of `recv_many`.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async). The buffer is unchanged then.
    pub async fn recv_many_async(&mut self, buffer: &mut Vec<H>, limit: usize) -> usize {
        waking::wait(&mut self.inner, |inner, cx| {
            waking::poll_recv_many(inner, cx, buffer, limit, park_task)
        })
        .await
    }

    /// Attempts what [`recv_many_async`](Self::recv_many_async) does. See
    /// [`poll_recv`](Self::poll_recv).
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<H>,
        limit: usize,
    ) -> Poll<usize> {
        waking::poll_recv_many(&mut self.inner, cx, buffer, limit, park_task)
    }
}

#[cfg(feature = "std")]
impl<H: Handle, F: Form> Receiver<H, F> {
    /// Receives the oldest item, sleeping until there is one. Shares the thread's park token,
    /// as [`recv`](crate::Receiver::recv) of a queue does.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError`] if the channel is empty and the senders are gone or this receiver
    /// has closed it.
    pub fn recv(&mut self) -> Result<H, RecvError> {
        waking::recv_blocking(&mut self.inner, park_thread)
    }

    /// Receives at least one and at most `limit` items, sleeping until there is one, and appends
    /// them to `buffer`. Returns their number; 0 if the channel has ended, or if the limit is 0.
    pub fn recv_many(&mut self, buffer: &mut Vec<H>, limit: usize) -> usize {
        waking::recv_many_blocking(&mut self.inner, buffer, limit, park_thread)
    }

    /// Sets how this receiver waits when it blocks. The default is [`Wait::Park`].
    pub fn set_wait(&mut self, wait: Wait) {
        *self.inner.waiter_mut() = Waiter::new(wait);
    }
}

/// Receiving with a time limit.
#[cfg(feature = "std")]
impl<H: Handle, F: Form> Receiver<H, F> {
    /// Receives the oldest item, sleeping for at most `timeout` until there is one.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] if no item came in time,
    /// [`RecvTimeoutError::Disconnected`] if the channel is empty and the senders are gone or
    /// this receiver has closed it.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<H, RecvTimeoutError> {
        waking::recv_timeout(&mut self.inner, timeout, park_thread)
    }

    /// Receives the oldest item, sleeping until there is one or until `deadline`.
    ///
    /// # Errors
    ///
    /// As for [`recv_timeout`](Self::recv_timeout).
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<H, RecvTimeoutError> {
        waking::recv_deadline(&mut self.inner, deadline, park_thread)
    }
}

/// Parks the receiver with this thread to be woken.
#[cfg(feature = "std")]
fn park_thread<H: Handle, F: Form>(inner: &mut Inner<H, F>) -> bool {
    let thread = current();
    inner.park_with(
        |waker| &waker.0,
        |stored| matches!(stored, Sleeper::Thread(stored) if stored.id() == thread.id()),
        || Sleeper::Thread(thread.clone()),
    )
}

/// Parks the receiver with the task of the context to be woken.
fn park_task<H: Handle, F: Form>(inner: &mut Inner<H, F>, cx: &Context<'_>) -> bool {
    inner.park_with(
        |waker| &waker.0,
        |stored| matches!(stored, Sleeper::Task(stored) if stored.will_wake(cx.waker())),
        || Sleeper::Task(cx.waker().clone()),
    )
}

impl<H: Handle, F: Form> Drop for Receiver<H, F> {
    fn drop(&mut self) {
        let mut is_closed = false;
        drop_all(iter::from_fn(|| {
            if !mem::replace(&mut is_closed, true) {
                self.close(); // here, because a waker may panic when it is dropped
            }
            self.try_recv().ok()
        }));
    }
}

impl<H: Handle, F: Form> fmt::Debug for Receiver<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

iterators!(Receiver, GapFree);
