//! One event loop: a thread with its own poll, listener, connections, timers and
//! inbox. Nothing of it is shared but the inbox.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind};
use std::mem;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::config::Config;
use crate::connection::{Connection, Fate};
use crate::metrics::{Metric, Metrics};
use crate::resume::{ResumeConsumer, ResumeQueue};
use crate::router::Router;
use crate::service::Service;
use crate::sync::Arc;

/// Connections have their slot for a token; these are too large to be one.
const WAKER: Token = Token(usize::MAX);
const LISTENER: Token = Token(usize::MAX - 1);

/// The most requests resumed in one turn, so that they cannot starve the sockets.
const RESUME_BUDGET: usize = 256;

/// The most connections accepted in one turn, likewise.
const ACCEPT_BUDGET: usize = 64;

/// After so many turns in a row that found the queue stalled, its producer is not
/// running: do not burn the core that it may be waiting for.
const MAX_STALLED_TURNS: u32 = 3;

/// How long to wait for such a producer, before looking again.
const STALL_PAUSE: Duration = Duration::from_millis(1);

/// How long to wait after a failed accept: probably there are no file
/// descriptors left, and one must become free first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct EventLoop {
    poll: Poll,
    /// `None`, when no more connections are wanted.
    listener: Option<TcpListener>,
    /// Whether there may be connections to accept (edge-triggered).
    acceptable: bool,
    accept_again: Option<Instant>,
    connections: Slab<Connection>,
    /// The slots of connections to be driven, whether or not the poll names them.
    due: Vec<usize>,
    /// Deadlines of connections, at most one that counts for each
    /// ([`Connection::timer`]).
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    stalled_turns: u32,
    service: Service,
    inbox: Arc<ResumeQueue>,
    /// When to give up what is still not answered. `Some` while stopping.
    stop_by: Option<Instant>,
}

/// What the inbox had.
enum Resumed {
    All,
    /// There is more than the budget allows.
    Some,
    /// A push was not finished.
    Stalled,
}

impl EventLoop {
    /// A loop that accepts from `listener`.
    pub(crate) fn new(
        mut listener: TcpListener,
        config: Arc<Config>,
        router: Arc<Router>,
        metrics: Arc<Metrics>,
        index: usize,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let counted = Arc::clone(&metrics);
        let inbox = Arc::new(ResumeQueue::new(move || {
            counted.of_loop(index).count_from_anywhere(Metric::WakeUps);
            if let Err(error) = waker.wake() {
                tracing::error!(%error, "an event loop cannot be woken");
            }
        }));
        Ok(Self {
            poll,
            listener: Some(listener),
            acceptable: false,
            accept_again: None,
            connections: Slab::new(),
            due: Vec::new(),
            timers: BinaryHeap::new(),
            stalled_turns: 0,
            service: Service::new(config, router, Arc::clone(&inbox), metrics, index),
            inbox,
            stop_by: None,
        })
    }

    pub(crate) fn inbox(&self) -> &Arc<ResumeQueue> {
        &self.inbox
    }

    /// Runs until it is stopped, and all connections are closed.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let inbox = Arc::clone(&self.inbox);
        let mut arrivals = inbox.consumer();
        let mut events = Events::with_capacity(1024);
        while self.stop_by.is_none() || !self.connections.is_empty() {
            self.turn(&mut arrivals, &mut events)?;
        }
        // Connections before arrivals: what is pending is told first that nobody
        // waits. Then the inbox is closed: see `resume`.
        drop(self);
        drop(arrivals);
        Ok(())
    }

    fn turn(&mut self, arrivals: &mut ResumeConsumer<'_>, events: &mut Events) -> io::Result<()> {
        self.service.counters().count(Metric::Turns);
        let resumed = self.resume(arrivals);
        self.drive_due();
        self.service.after_handlers();
        self.wait(arrivals, events, &resumed)?;
        self.service.update_clocks();
        self.serve_sockets(events);
        self.service.after_handlers();
        self.accept();
        self.fire_timers();
        self.check_stop();
        Ok(())
    }

    /// Calls the handlers of what has come back. Their answers are sent by
    /// [`drive_due`](Self::drive_due), once for each connection.
    fn resume(&mut self, arrivals: &mut ResumeConsumer<'_>) -> Resumed {
        let mut left = RESUME_BUDGET;
        let mut drain = arrivals.drain(RESUME_BUDGET);
        for returned in &mut drain {
            left -= 1;
            let slot = returned.key().connection;
            // Gone, or another one in its place: then `returned` finds nobody,
            // and the work is dropped.
            let Some(connection) = self.connections.get_mut(slot) else {
                self.service.counters().count(Metric::Late);
                continue;
            };
            connection.resume(returned, &mut self.service);
            if !mem::replace(&mut connection.is_due, true) {
                self.due.push(slot);
            }
        }
        match (drain.is_stalled(), left) {
            (true, _) => Resumed::Stalled,
            (false, 0) => Resumed::Some,
            (false, _) => Resumed::All,
        }
    }

    /// Drives the connections that were answered, or left with more to do.
    fn drive_due(&mut self) {
        let mut due = mem::take(&mut self.due);
        for slot in due.drain(..) {
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.is_due = false;
                let fate = connection.drive(&mut self.service);
                self.apply(slot, fate);
            }
        }
        // Those that must go on are in the new list. Keep the old one's capacity.
        due.append(&mut self.due);
        self.due = due;
    }

    /// Waits for sockets, for the inbox and for the next timer.
    fn wait(
        &mut self,
        arrivals: &mut ResumeConsumer<'_>,
        events: &mut Events,
        resumed: &Resumed,
    ) -> io::Result<()> {
        let is_stalled = matches!(resumed, Resumed::Stalled);
        self.stalled_turns = if is_stalled {
            self.service.counters().count(Metric::Stalls);
            self.stalled_turns + 1
        } else {
            0
        };
        let is_busy = !self.due.is_empty() || matches!(resumed, Resumed::Some) || self.may_accept();
        let result = if is_busy || (is_stalled && self.stalled_turns <= MAX_STALLED_TURNS) {
            self.poll.poll(events, Some(Duration::ZERO))
        } else if is_stalled {
            self.poll.poll(events, Some(STALL_PAUSE))
        } else if let Some(parked) = arrivals.park() {
            // From here on, the next resume wakes the poll.
            let result = self.poll.poll(events, self.idle_time());
            drop(parked);
            result
        } else {
            self.poll.poll(events, Some(Duration::ZERO))
        };
        match result {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    /// How long there is nothing to do, unless something happens.
    fn idle_time(&self) -> Option<Duration> {
        let timer = self.timers.peek().map(|Reverse((when, _))| *when);
        let deadlines = [timer, self.stop_by, self.accept_again];
        let first = deadlines.into_iter().flatten().min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    fn serve_sockets(&mut self, events: &Events) {
        for event in events {
            let slot = match event.token() {
                WAKER => continue, // the inbox is looked into anyway
                LISTENER => {
                    self.acceptable = true;
                    continue;
                }
                Token(slot) => slot,
            };
            // No slot is given away again before `accept`: it is the same one.
            let Some(connection) = self.connections.get_mut(slot) else {
                continue;
            };
            // A reset or a hang-up, not a mere end of what the client sends:
            // nobody reads an answer.
            if event.is_error() || event.is_write_closed() {
                self.apply(slot, Fate::Close);
                continue;
            }
            if event.is_readable() || event.is_read_closed() {
                connection.set_readable(event.is_read_closed());
            }
            let fate = connection.drive(&mut self.service);
            self.apply(slot, fate);
        }
    }

    /// Does what a connection asked for, and sets its timer.
    fn apply(&mut self, slot: usize, fate: Fate) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        match fate {
            Fate::Close => {
                let mut connection = self.connections.remove(slot);
                if let Err(error) = self.poll.registry().deregister(connection.stream()) {
                    tracing::warn!(%error, "a connection cannot be deregistered");
                }
                connection.hang_up(&mut self.service);
                self.count_connections();
                return;
            }
            Fate::Again => {
                if !mem::replace(&mut connection.is_due, true) {
                    self.due.push(slot);
                }
            }
            Fate::Wait => {}
        }
        let Some(deadline) = connection.deadline(&self.service) else {
            return;
        };
        // A deadline that moved on is found when the timer fires: so there are
        // few entries, however many requests.
        if connection.timer.is_none_or(|timer| deadline < timer) {
            connection.timer = Some(deadline);
            self.timers.push(Reverse((deadline, slot)));
        }
    }

    fn fire_timers(&mut self) {
        while let Some(&Reverse((when, slot))) = self.timers.peek() {
            if when > self.service.now {
                break;
            }
            self.timers.pop();
            let Some(connection) = self.connections.get_mut(slot) else {
                continue;
            };
            // An entry of a connection that was here before, or one that was
            // preceded by an earlier one, does not count.
            if connection.timer != Some(when) {
                continue;
            }
            connection.timer = None;
            let deadline = connection.deadline(&self.service);
            let is_late = deadline.is_some_and(|deadline| deadline <= self.service.now);
            let fate = if is_late {
                connection.expire(&mut self.service)
            } else {
                Fate::Wait
            };
            self.apply(slot, fate);
        }
    }

    /// Whether there may be a connection to accept, and it may be accepted. If
    /// not: the poll tells, a timer, or the end of another connection.
    fn may_accept(&self) -> bool {
        self.acceptable
            && self.listener.is_some()
            && self.accept_again.is_none()
            && self.connections.len() < self.service.config.max_connections
    }

    fn accept(&mut self) {
        if self
            .accept_again
            .is_some_and(|when| when <= self.service.now)
        {
            self.accept_again = None;
        }
        for _ in 0..ACCEPT_BUDGET {
            if !self.may_accept() {
                break;
            }
            self.accept_one();
        }
    }

    fn accept_one(&mut self) {
        let Some(listener) = &self.listener else {
            return;
        };
        match listener.accept() {
            Ok((stream, _)) => self.add(stream),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => self.acceptable = false,
                // The client was gone before it was accepted.
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                _ => {
                    tracing::warn!(%error, "no connection can be accepted for the moment");
                    self.service.counters().count(Metric::AcceptFailures);
                    self.accept_again = Some(self.service.now + ACCEPT_PAUSE);
                }
            },
        }
    }

    fn add(&mut self, mut stream: TcpStream) {
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        // Answers are sent whole: waiting for more would only delay them.
        let registered = stream.set_nodelay(true).and_then(|()| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, Token(slot), interest)
        });
        match registered {
            Ok(()) => {
                entry.insert(Connection::new(stream, slot, self.service.now));
                self.service.counters().count(Metric::Accepted);
                self.count_connections();
                self.apply(slot, Fate::Wait);
            }
            Err(error) => tracing::warn!(%error, "a connection cannot be registered"),
        }
    }

    fn count_connections(&self) {
        let open = self.connections.len() as u64;
        self.service.counters().set(Metric::Open, open);
    }

    fn check_stop(&mut self) {
        match self.stop_by {
            None if self.inbox.is_stopping() => self.begin_to_stop(),
            Some(stop_by) if stop_by <= self.service.now => self.give_up(),
            _ => {}
        }
    }

    /// Closes the listener, and the connections that have nothing to do.
    fn begin_to_stop(&mut self) {
        self.service.closing = true;
        self.stop_by = Some(self.service.now + self.service.config.shutdown_timeout);
        // A connection in the backlog has been established: closing the listener
        // over it would reset it.
        self.acceptable = true;
        self.accept_again = None;
        while self.acceptable && self.accept_again.is_none() {
            self.accept_one();
        }
        if let Some(mut listener) = self.listener.take()
            && let Err(error) = self.poll.registry().deregister(&mut listener)
        {
            tracing::warn!(%error, "the listener cannot be deregistered");
        }
        self.accept_again = None;
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            // A request may have come that was not announced yet: look once more.
            self.connections[slot].set_readable(false);
            let fate = self.connections[slot].drive(&mut self.service);
            self.apply(slot, fate);
        }
    }

    /// The time for stopping is over.
    fn give_up(&mut self) {
        tracing::warn!(
            connections = self.connections.len(),
            "not all could be finished"
        );
        for mut connection in self.connections.drain() {
            connection.give_up(&mut self.service);
        }
        self.count_connections();
    }
}
