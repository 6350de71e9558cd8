//! The receiver's end.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::iter;
use core::task::{Context, Poll, ready};
#[cfg(feature = "std")]
use core::time::Duration;

use super::super::iter::iterators;
use super::shard::Shard;
use crate::backoff::Backoff;
use crate::channel;
use crate::consumer::{Consumer, Pop};
#[cfg(feature = "std")]
use crate::error::RecvTimeoutError;
use crate::error::{RecvError, TryRecvError};
use crate::form::{Form, ForwardLinked, GapFree};
use crate::item::{Handle, drop_all};
use crate::sync::Arc;
#[cfg(feature = "std")]
use crate::sync::Instant;
use crate::waking::{Budget, Registers, wait};

/// The receiver of a sharded channel. Can be sent to another thread.
///
/// When the receiver is dropped, the channel is [disconnected](mod@channel#disconnection), and the
/// items that are still in it are dropped.
pub struct Receiver<H: Handle, F: Form = ForwardLinked> {
    /// The shard whose turn it is.
    current: Option<Active<H, F>>,
    /// How many items may still be received from it.
    turn: u32,
    /// The other shards that are not parked, in the order of their turns.
    others: VecDeque<Active<H, F>>,
    /// How many turns there have been. Wraps around.
    turns: u32,
    /// The shards that have been sent to since they were parked.
    ready: channel::Receiver<Arc<Shard<H, F>>, GapFree>,
    budget: Budget,
}

/// A shard from which the receiver pops.
struct Active<H: Handle, F: Form> {
    consumer: Consumer<Arc<Shard<H, F>>>,
    /// The value of `turns` when this shard last had an item.
    busy_at: u32,
}

/// How many items of a sender are received in one turn.
const TURN: u32 = 32;

/// A shard that stays empty for so many turns of others is parked, so that a busy receiver does
/// not keep looking at idle senders.
const IDLE: u32 = 32;

impl<H: Handle, F: Form> Receiver<H, F> {
    pub(super) fn new(ready: channel::Receiver<Arc<Shard<H, F>>, GapFree>) -> Self {
        Self {
            current: None,
            turn: 0,
            others: VecDeque::new(),
            turns: 0,
            ready,
            budget: Budget::new(),
        }
    }

    /// Removes and returns the oldest item of one of the senders, without waiting for anything.
    ///
    /// Returns [`Pop::Empty`] only if no item whose send happens before the call is in the
    /// channel, and [`Pop::Stalled`] if each such item is behind a send in its gap.
    #[inline]
    pub fn pop(&mut self) -> Pop<H, F::Stall> {
        if let (Some(active), 1..) = (&mut self.current, self.turn) {
            if let Pop::Item(handle) = active.consumer.pop() {
                self.turn -= 1;
                return Pop::Item(handle);
            }
        }
        self.pop_next()
    }

    /// Ends the turn, and looks at each shard once.
    #[cold]
    fn pop_next(&mut self) -> Pop<H, F::Stall> {
        let has_ended = self.activate_ready();
        if let Some(mut active) = self.current.take() {
            active.busy_at = self.turns;
            self.others.push_back(active);
        }
        let mut stall = None;
        for _ in 0..self.others.len() {
            let Some(mut active) = self.others.pop_front() else {
                break;
            };
            match active.pop_last() {
                Pop::Item(handle) => {
                    self.turn = TURN - 1;
                    self.turns = self.turns.wrapping_add(1);
                    self.current = Some(active);
                    return Pop::Item(handle);
                }
                Pop::Stalled(at) => stall = Some(at),
                Pop::Closed => continue, // removed
                Pop::Empty => {
                    let is_idle = self.turns.wrapping_sub(active.busy_at) >= IDLE;
                    if is_idle && Shard::park(&mut active.consumer) {
                        continue; // removed
                    }
                }
            }
            self.others.push_back(active);
        }
        match stall {
            Some(stall) => Pop::Stalled(stall),
            None if has_ended && self.others.is_empty() => Pop::Closed,
            None => Pop::Empty,
        }
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
        self.others.push_back(Active {
            consumer: Shard::consumer(shard),
            busy_at: self.turns,
        });
    }

    /// Parks each shard that is empty. Returns `true` if none is active any more.
    fn park_active(&mut self) -> bool {
        self.others.extend(self.current.take());
        self.others
            .retain_mut(|active| !Shard::park(&mut active.consumer));
        self.others.is_empty()
    }

    fn active(&self) -> impl Iterator<Item = &Active<H, F>> {
        self.current.iter().chain(&self.others)
    }

    /// Receives an item, if there is one. Waits while there are items only behind sends in
    /// their gap.
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

    /// Returns `true` if the channel is empty. See [`Queue::is_empty`](crate::Queue::is_empty).
    ///
    /// `false` also if the senders are gone and no receive has noticed it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
            && self
                .active()
                .all(|active| active.consumer.queue().is_empty())
    }

    /// Appends `first` and what is there to `buffer`, at most `limit` items. Returns their number.
    fn take_up_to(&mut self, limit: usize, first: H, buffer: &mut Vec<H>) -> usize {
        let before = buffer.len();
        buffer.push(first);
        let more = iter::from_fn(|| self.pop().into_item());
        buffer.extend(more.take(limit - 1));
        buffer.len() - before
    }

    /// Refuses further sends. Everything that was sent before can still be received.
    pub fn close(&mut self) {
        self.ready.close();
        self.activate_ready();
        self.others.extend(self.current.take());
        for active in &mut self.others {
            active.consumer.close();
        }
    }
}

impl<H: Handle, F: Form> Active<H, F> {
    /// Pops. Returns [`Pop::Closed`] also if the shard is empty and its sender is gone.
    fn pop_last(&mut self) -> Pop<H, F::Stall> {
        match self.consumer.pop() {
            // The sender's last item may have come after the pop.
            Pop::Empty if self.consumer.queue().has_ended() => match self.consumer.pop() {
                Pop::Empty => Pop::Closed,
                pop => pop,
            },
            pop => pop,
        }
    }
}

/// Async receiving, in every form.
impl<H: Handle, F: Form> Receiver<H, F> {
    /// Removes the oldest item of one of the senders, waiting while the channel is empty. Returns a
    /// stall, as [`pop_async`](crate::Receiver::pop_async) of a queue does.
    pub async fn pop_async(&mut self) -> Pop<H, F::Stall> {
        wait(self, Self::poll_pop).await
    }

    /// Attempts to remove the oldest item of one of the senders. If the channel is empty, registers
    /// the task to be woken, and returns `Poll::Pending`. See
    /// [`poll_pop`](crate::Receiver::poll_pop) of a queue.
    pub fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Pop<H, F::Stall>> {
        loop {
            match self.pop() {
                Pop::Empty if self.park_active() => match ready!(self.ready.poll_recv(cx)) {
                    Ok(shard) => self.activate(&shard),
                    Err(RecvError) => return Poll::Ready(Pop::Closed),
                },
                Pop::Empty => {}
                pop => return Poll::Ready(pop),
            }
        }
    }

    /// Ends the registration of an earlier poll. See [`unpark`](crate::Receiver::unpark) of a
    /// queue's receiver.
    pub fn unpark(&mut self) -> bool {
        self.ready.unpark()
    }
}

/// Async receiving, if the shards are never stalled.
impl<H: Handle, F: Form<Stall = Infallible>> Receiver<H, F> {
    /// Receives an item, waiting until there is one. The async version of `recv`.
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
        wait(self, Self::poll_recv).await
    }

    /// Attempts to receive an item. If the channel is empty, registers the task to be
    /// woken and returns `Poll::Pending`. See [`poll_recv`](crate::Receiver::poll_recv) of a
    /// queue.
    ///
    /// # Errors
    ///
    /// As for [`recv_async`](Self::recv_async).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<H, RecvError>> {
        let mut budget = self.budget;
        let poll = budget.poll(cx, || self.is_empty());
        self.budget = budget;
        ready!(poll);
        let pop = self.poll_pop(cx);
        if pop.is_ready() {
            self.budget.spend(1);
        } else {
            self.budget.renew();
        }
        pop.map(|pop| pop.into_item().ok_or(RecvError))
    }

    /// Receives at least one and at most `limit` items, waiting until there is one, and appends
    /// them to `buffer`. Returns their number; 0 if the channel has ended, or if the limit is 0.
    /// The async version of `recv_many`.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv_async`](Self::recv_async). The buffer is unchanged then.
    pub async fn recv_many_async(&mut self, buffer: &mut Vec<H>, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        match self.recv_async().await {
            Ok(first) => {
                let count = self.take_up_to(limit, first, buffer);
                self.budget.spend(count - 1); // the first is spent
                count
            }
            Err(RecvError) => 0,
        }
    }
}

impl<H: Handle, F: Form> Registers for Receiver<H, F> {
    fn end_registration(&mut self) {
        self.unpark();
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

    /// Receives at least one and at most `limit` items, sleeping until there is one, and appends
    /// them to `buffer`. Returns their number; 0 if the channel has ended, or if the limit is 0.
    pub fn recv_many(&mut self, buffer: &mut Vec<H>, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        match self.recv() {
            Ok(first) => self.take_up_to(limit, first, buffer),
            Err(RecvError) => 0,
        }
    }
}

/// Receiving with a time limit.
#[cfg(feature = "std")]
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

iterators!(Receiver, ForwardLinked);

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
