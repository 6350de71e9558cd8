//! The receiver's end.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::future::poll_fn;
use core::iter;
use core::task::{Context, Poll, ready};
#[cfg(all(feature = "std", not(loom)))]
use std::time::{Duration, Instant};

use super::shard::Shard;
use crate::backoff::Backoff;
use crate::channel;
use crate::consumer::{Consumer, Pop};
#[cfg(all(feature = "std", not(loom)))]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::form::{Form, ForwardLinked, GapFree};
use crate::item::{Handle, drop_all};
use crate::sync::Arc;
use crate::waking::Budget;

/// The receiver of a sharded channel. Can be sent to another thread.
///
/// When the receiver is dropped, the channel is [disconnected](channel#disconnection), and the
/// items that are still in it are dropped.
pub struct Receiver<H: Handle, F: Form = ForwardLinked> {
    /// The shards that have been sent to since they were parked.
    ready: channel::Receiver<Arc<Shard<H, F>>, GapFree>,
    /// The shards that are not parked, in the order in which they have their turns.
    active: Vec<Active<H, F>>,
    /// The index of the one whose turn it is. (One less than 0 after its removal.)
    at: usize,
    /// How many items have been received. Wraps around.
    received: u32,
    /// The value of `received` at which the turn ends.
    turn_end: u32,
    budget: Budget,
}

/// A shard from which the receiver pops.
struct Active<H: Handle, F: Form> {
    consumer: Consumer<Arc<Shard<H, F>>>,
    /// The value of `received` when this shard was last seen with an item.
    busy_at: u32,
}

/// How many items of a sender are received in one turn.
const TURN: u32 = 32;

/// A shard that stays empty while so many items of others are received is parked, so that a busy
/// receiver does not look at idle senders for ever.
const IDLE: u32 = 1024;

impl<H: Handle, F: Form> Receiver<H, F> {
    pub(super) fn new(ready: channel::Receiver<Arc<Shard<H, F>>, GapFree>) -> Self {
        Self {
            ready,
            active: Vec::new(),
            at: 0,
            received: 0,
            turn_end: 0,
            budget: Budget::new(),
        }
    }

    /// Removes and returns the oldest item of one of the senders, without waiting for anything.
    ///
    /// Returns [`Pop::Empty`] only if no item whose send happens before the call is in the
    /// channel, and [`Pop::Stalled`] if each such item is behind a send that stands still.
    #[inline]
    pub fn pop(&mut self) -> Pop<H, F::Stall> {
        if self.received != self.turn_end
            && let Some(active) = self.active.get_mut(self.at)
            && let Pop::Item(handle) = active.consumer.pop()
        {
            self.received = self.received.wrapping_add(1);
            return Pop::Item(handle);
        }
        self.pop_next()
    }

    /// Ends the turn, and looks at each shard once.
    fn pop_next(&mut self) -> Pop<H, F::Stall> {
        if let Some(active) = self.active.get_mut(self.at) {
            active.busy_at = self.received;
        }
        let has_ended = self.activate_ready();
        let mut stall = None;
        for _ in 0..self.active.len() {
            self.at = self.at.wrapping_add(1);
            if self.at >= self.active.len() {
                self.at = 0;
            }
            let active = &mut self.active[self.at];
            match active.consumer.pop() {
                Pop::Item(handle) => {
                    active.busy_at = self.received;
                    self.turn_end = self.received.wrapping_add(TURN);
                    self.received = self.received.wrapping_add(1);
                    return Pop::Item(handle);
                }
                Pop::Stalled(at) => stall = Some(at),
                Pop::Closed => self.remove(),
                Pop::Empty => {
                    let is_idle = self.received.wrapping_sub(active.busy_at) >= IDLE;
                    if is_idle && Shard::park(&mut active.consumer) {
                        self.remove();
                    }
                }
            }
        }
        match stall {
            Some(stall) => Pop::Stalled(stall),
            None if has_ended && self.active.is_empty() => Pop::Closed,
            None => Pop::Empty,
        }
    }

    /// Removes the shard whose turn it is. (The others keep their order, so that each has its
    /// turn.)
    fn remove(&mut self) {
        self.active.remove(self.at);
        self.at = self.at.wrapping_sub(1);
    }

    /// Receives the shards that have been sent to. Returns `true` if there will be no more.
    fn activate_ready(&mut self) -> bool {
        loop {
            match self.ready.try_recv() {
                Ok(shard) => self.activate(&shard),
                Err(error) => return error == TryRecvError::Disconnected,
            }
        }
    }

    fn activate(&mut self, shard: &Arc<Shard<H, F>>) {
        self.active.push(Active {
            consumer: Shard::consumer(shard),
            busy_at: self.received,
        });
    }

    /// Parks each shard that is empty. Returns `true` if none is active any more.
    fn park_active(&mut self) -> bool {
        self.active
            .retain_mut(|active| !Shard::park(&mut active.consumer));
        self.active.is_empty()
    }

    /// Receives an item, if there is one. Waits while there are items only behind sends that
    /// stand still.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if the channel is empty, [`TryRecvError::Disconnected`] if it
    /// is empty and the senders are gone or this receiver has closed it.
    pub fn try_recv(&mut self) -> Result<H, TryRecvError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Ok(handle),
                Pop::Empty => return Err(TryRecvError::Empty),
                Pop::Closed => return Err(TryRecvError::Disconnected),
                Pop::Stalled(_) => backoff.snooze(),
            }
        }
    }

    /// Returns `true` if the channel is empty.
    ///
    /// `false` also if a sender is gone and no receive has noticed it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        is_empty(&self.ready, &self.active)
    }

    /// Returns an iterator over the items that are in the channel, which ends when the channel
    /// is empty. Waits like [`try_recv`](Self::try_recv).
    pub fn try_iter(&mut self) -> impl Iterator<Item = H> {
        iter::from_fn(|| self.try_recv().ok())
    }

    /// Refuses further sends. Everything that was sent before can still be received.
    pub fn close(&mut self) {
        self.ready.close();
        self.activate_ready();
        for active in &mut self.active {
            active.consumer.close();
        }
    }
}

/// Whether no shard has an item.
fn is_empty<H: Handle, F: Form>(
    ready: &channel::Receiver<Arc<Shard<H, F>>, GapFree>,
    active: &[Active<H, F>],
) -> bool {
    let mut shards = active.iter().map(|active| active.consumer.queue());
    ready.is_empty() && shards.all(|shard| shard.queue.is_empty())
}

/// Async receiving, if the shards are never stalled.
impl<H: Handle, F: Form<Stall = Infallible>> Receiver<H, F> {
    /// Receives an item, waiting until there is one. The async twin of `recv`.
    ///
    /// Yields now and then, as [`recv`](crate::Receiver::recv) of a queue does.
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
        let mut wait = Wait {
            receiver: self,
            is_pending: false,
        };
        poll_fn(|cx| {
            let poll = wait.receiver.poll_recv(cx);
            wait.is_pending = poll.is_pending();
            poll
        })
        .await
    }

    /// Attempts to receive an item. If the channel is empty, registers the task to be
    /// woken and returns `Poll::Pending`. See [`poll_recv`](crate::Receiver::poll_recv) of a
    /// queue.
    ///
    /// # Errors
    ///
    /// As for [`recv_async`](Self::recv_async).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<H, RecvError>> {
        let Self {
            budget,
            ready,
            active,
            ..
        } = &mut *self;
        ready!(budget.poll(cx, || is_empty(ready, active)));
        loop {
            match self.pop() {
                Pop::Item(handle) => {
                    self.budget.spend(1);
                    return Poll::Ready(Ok(handle));
                }
                Pop::Closed => return Poll::Ready(Err(RecvError)),
                Pop::Empty if self.park_active() => {
                    self.budget.renew();
                    let Ok(shard) = ready!(self.ready.poll_recv(cx)) else {
                        return Poll::Ready(Err(RecvError));
                    };
                    self.activate(&shard);
                }
                Pop::Empty => {}
                Pop::Stalled(stall) => match stall {},
            }
        }
    }
}

/// One call of [`Receiver::recv_async`].
struct Wait<'a, H: Handle, F: Form> {
    receiver: &'a mut Receiver<H, F>,
    is_pending: bool,
}

/// Cancels the wait, so that no sender wakes a task that no longer waits.
impl<H: Handle, F: Form> Drop for Wait<'_, H, F> {
    fn drop(&mut self) {
        if self.is_pending {
            self.receiver.ready.unpark();
        }
    }
}

#[cfg(feature = "std")]
impl<H: Handle, F: Form> Receiver<H, F> {
    /// Receives an item, sleeping until there is one. Shares the thread's park token,
    /// as [`recv`](crate::Receiver::recv) of a queue does.
    ///
    /// # Errors
    ///
    /// Returns [`RecvError`] if the channel is empty and the senders are gone or this receiver
    /// has closed it.
    pub fn recv(&mut self) -> Result<H, RecvError> {
        loop {
            match self.try_recv() {
                Ok(handle) => return Ok(handle),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) if self.park_active() => {
                    let shard = self.ready.recv()?;
                    self.activate(&shard);
                }
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    /// Sets how this receiver waits when it blocks. The default is [`Wait::Park`](crate::Wait::Park).
    pub fn set_wait(&mut self, wait: crate::Wait) {
        self.ready.set_wait(wait);
    }

    /// Returns an iterator that receives, and sleeps while the channel is empty. It ends when
    /// the senders are gone, or this receiver has closed the channel.
    pub fn iter(&mut self) -> impl Iterator<Item = H> {
        iter::from_fn(|| self.recv().ok())
    }
}

/// Receiving with a time limit, which loom cannot model.
#[cfg(all(feature = "std", not(loom)))]
impl<H: Handle, F: Form> Receiver<H, F> {
    /// Receives an item, sleeping for at most `timeout` until there is one.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] if no item came in time,
    /// [`RecvTimeoutError::Disconnected`] if the channel is empty and the senders are gone or
    /// this receiver has closed it.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<H, RecvTimeoutError> {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.recv_deadline(deadline),
            // The clock cannot represent the deadline.
            None => Ok(self.recv()?),
        }
    }

    /// Receives an item, sleeping until there is one or until `deadline`.
    ///
    /// # Errors
    ///
    /// As for [`recv_timeout`](Self::recv_timeout).
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<H, RecvTimeoutError> {
        let mut backoff = Backoff::new();
        loop {
            match self.pop() {
                Pop::Item(handle) => return Ok(handle),
                Pop::Closed => return Err(RecvTimeoutError::Disconnected),
                Pop::Stalled(_) if Instant::now() >= deadline => {
                    return Err(RecvTimeoutError::Timeout);
                }
                Pop::Stalled(_) => backoff.snooze(),
                Pop::Empty if self.park_active() => {
                    backoff = Backoff::new();
                    let shard = self.ready.recv_deadline(deadline)?;
                    self.activate(&shard);
                }
                Pop::Empty => {}
            }
        }
    }
}

impl<H: Handle, F: Form> Drop for Receiver<H, F> {
    fn drop(&mut self) {
        self.close();
        drop_all(iter::from_fn(|| self.try_recv().ok()));
    }
}

impl<H: Handle, F: Form> fmt::Debug for Receiver<H, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
