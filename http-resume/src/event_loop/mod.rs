//! An event loop: a thread with its own poll, listening socket, connections and timers. It
//! shares only its resume queue with other threads, besides configuration and counters.

mod acceptor;
mod poller;
mod timers;

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::time::Instant;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Token, Waker};
use slab::Slab;

use self::acceptor::Acceptor;
use self::poller::Poller;
use self::timers::Timers;
use crate::config::Config;
use crate::connection::{Connection, NextStep};
use crate::handler::Router;
use crate::metrics::{Metric, Metrics};
use crate::resume::{ResumeConsumer, ResumeQueue};
use crate::service::Service;
use crate::sync::Arc;

/// The token of a connection is its slot; these are too large to be one.
const WAKER: Token = Token(usize::MAX);
const LISTENER: Token = Token(usize::MAX - 1);

/// Maximum number of requests resumed per iteration, so that they cannot starve the sockets.
const RESUME_BUDGET: usize = 256;

/// Maximum number of connections accepted per iteration, so that they cannot starve others.
const ACCEPT_BUDGET: usize = 64;

/// With fewer timers, obsolete ones are not searched for.
const MIN_TIMERS: usize = 64;

pub(crate) struct EventLoop {
    poller: Poller,
    /// `None` while shutting down.
    acceptor: Option<Acceptor>,
    connections: Slab<Connection>,
    /// Slots of connections with new responses, to be driven in the next iteration.
    due: Vec<usize>,
    /// Slots of connections that have used up their quantum, in the order of their turns.
    unfinished: VecDeque<usize>,
    timers: Timers,
    service: Service,
    resume_queue: Arc<ResumeQueue>,
    /// When to abort the remaining connections; `None` for never, and unless shutting down.
    shutdown_deadline: Option<Instant>,
}

impl EventLoop {
    pub(crate) fn new(
        listener: TcpListener,
        config: Arc<Config>,
        router: Arc<Router>,
        metrics: Arc<Metrics>,
        index: usize,
    ) -> io::Result<Self> {
        let poller = Poller::new(config.wait)?;
        let acceptor = Acceptor::new(listener, poller.registry(), LISTENER)?;
        let waker = Waker::new(poller.registry(), WAKER)?;
        let counter = |metric| {
            let metrics = Arc::clone(&metrics);
            move || metrics.of_loop(index).count_from_any_thread(metric)
        };
        let count_wake_up = counter(Metric::WakeUps);
        let wake = move || {
            count_wake_up();
            if let Err(error) = waker.wake() {
                tracing::error!(%error, "cannot wake an event loop");
            }
        };
        let resume_queue = ResumeQueue::new(wake).count_late(counter(Metric::LateResumes));
        let resume_queue = Arc::new(resume_queue);
        Ok(Self {
            poller,
            acceptor: Some(acceptor),
            connections: Slab::new(),
            due: Vec::new(),
            unfinished: VecDeque::new(),
            timers: Timers::default(),
            service: Service::new(config, router, Arc::clone(&resume_queue), metrics, index),
            resume_queue,
            shutdown_deadline: None,
        })
    }

    pub(crate) fn resume_queue(&self) -> &Arc<ResumeQueue> {
        &self.resume_queue
    }

    /// Runs until the loop was asked to stop and all connections are closed.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let resume_queue = Arc::clone(&self.resume_queue);
        let mut consumer = resume_queue.consumer();
        let mut events = Events::with_capacity(1024);
        while !self.is_shut_down() {
            self.iterate(&mut consumer, &mut events)?;
        }
        // The connections go first: they abandon their requests. Then the queue is closed, and
        // what has returned meanwhile is dropped.
        drop(self);
        drop(consumer);
        Ok(())
    }

    fn iterate(
        &mut self,
        consumer: &mut ResumeConsumer<'_>,
        events: &mut Events,
    ) -> io::Result<()> {
        self.service.counters().count(Metric::LoopIterations);
        self.resume_requests(consumer);
        self.drive_scheduled();
        self.service.run_after_handlers();
        self.wait(consumer, events)?;
        self.service.update_clocks();
        self.serve_sockets(events);
        self.service.run_after_handlers();
        self.accept();
        self.fire_timers();
        let timers = self.timers.len() as u64;
        self.service.counters().set(Metric::Timers, timers);
        self.check_shutdown();
        Ok(())
    }

    /// Calls the handlers of the requests that have returned.
    /// [`drive_scheduled`](Self::drive_scheduled) then sends the responses, together for each connection.
    fn resume_requests(&mut self, consumer: &mut ResumeConsumer<'_>) {
        for returned in consumer.drain(RESUME_BUDGET) {
            let slot = returned.key().connection;
            // If the slot has another connection now, that does not know the serial number.
            let Some(connection) = self.connections.get_mut(slot) else {
                let counters = self.service.counters();
                counters.count_from_any_thread(Metric::LateResumes);
                continue;
            };
            connection.resume(returned, &mut self.service);
            if !mem::replace(&mut connection.is_scheduled, true) {
                self.due.push(slot);
            }
        }
    }

    /// Drives the connections that have new responses, and one of those that have more to do, so
    /// that they cannot starve the rest.
    fn drive_scheduled(&mut self) {
        let mut due = mem::take(&mut self.due);
        for slot in due.drain(..) {
            self.drive_if_scheduled(slot);
        }
        self.due = due; // for its capacity
        while let Some(slot) = self.unfinished.pop_front() {
            if self.drive_if_scheduled(slot) {
                break;
            }
        }
    }

    /// Drives a connection, unless it has been closed since its slot was listed. Returns whether it
    /// has driven one.
    fn drive_if_scheduled(&mut self, slot: usize) -> bool {
        let connection = self.connections.get_mut(slot);
        let Some(connection) = connection.filter(|connection| connection.is_scheduled) else {
            return false;
        };
        connection.is_scheduled = false;
        let step = connection.drive(&mut self.service);
        self.apply(slot, step);
        true
    }

    /// Waits for the sockets, the resume queue and the next deadline.
    fn wait(&mut self, consumer: &mut ResumeConsumer<'_>, events: &mut Events) -> io::Result<()> {
        let is_busy = !self.unfinished.is_empty() || self.may_accept() || self.is_shut_down();
        if is_busy {
            return self.poller.poll_now(events);
        }
        let deadline = self.next_deadline();
        // A spin is for resumes, and without a suspended request there will be none.
        if self.service.has_suspended() {
            self.poller.spin_or_sleep(consumer, events, deadline)
        } else {
            self.poller.sleep(consumer, events, deadline)
        }
    }

    /// Returns the time of the next deadline, if there is one.
    fn next_deadline(&self) -> Option<Instant> {
        let retry_at = self.acceptor.as_ref().and_then(Acceptor::retry_at);
        let deadlines = [self.timers.first(), self.shutdown_deadline, retry_at];
        deadlines.into_iter().flatten().min()
    }

    fn serve_sockets(&mut self, events: &Events) {
        for event in events {
            let slot = match event.token() {
                WAKER => continue, // every iteration drains the resume queue
                LISTENER => {
                    if let Some(acceptor) = &mut self.acceptor {
                        acceptor.set_readable();
                    }
                    continue;
                }
                Token(slot) => slot,
            };
            // Slots are reused only in `accept`, so the event concerns this connection.
            let Some(connection) = self.connections.get_mut(slot) else {
                continue;
            };
            // The client reads no response after a reset, unlike after closing its half. If both
            // halves are closed, there may still be data to read, before the close.
            if event.is_error() {
                self.apply(slot, NextStep::Close);
                continue;
            }
            if event.is_readable() || event.is_read_closed() {
                connection.set_readable(event.is_read_closed());
            }
            if connection.is_scheduled {
                continue; // it has more to do already, and its turn will come
            }
            let step = connection.drive(&mut self.service);
            self.apply(slot, step);
        }
    }

    /// Takes the next step with a connection, and sets its timer.
    fn apply(&mut self, slot: usize, step: NextStep) {
        let Some(connection) = self.connections.get_mut(slot) else {
            return;
        };
        match step {
            NextStep::Close => {
                let mut connection = self.connections.remove(slot);
                self.forget_old_timers();
                if let Err(error) = self.poller.registry().deregister(connection.stream()) {
                    tracing::warn!(%error, "cannot deregister a connection");
                }
                connection.disconnect(&mut self.service);
                self.count_connections();
                return;
            }
            NextStep::Drive => {
                if !mem::replace(&mut connection.is_scheduled, true) {
                    self.unfinished.push_back(slot);
                }
            }
            NextStep::Wait => {}
        }
        if let Some(deadline) = connection.deadline(&self.service)
            && self.timers.set(slot, &mut connection.timer, deadline)
        {
            self.forget_old_timers();
        }
    }

    /// Removes the timers that are obsolete if they are the most.
    fn forget_old_timers(&mut self) {
        if self.timers.len() > 2 * self.connections.len() + MIN_TIMERS {
            let connections = &self.connections;
            self.timers.retain(|when, slot| {
                let connection = connections.get(slot);
                connection.is_some_and(|connection| connection.timer == Some(when))
            });
        }
    }

    fn fire_timers(&mut self) {
        let now = self.service.now;
        while let Some((when, slot)) = self.timers.pop_due(now) {
            let Some(connection) = self.connections.get_mut(slot) else {
                continue;
            };
            // Skips an obsolete entry: of an earlier connection, or replaced by an earlier one.
            if connection.timer != Some(when) {
                continue;
            }
            connection.timer = None;
            let deadline = connection.deadline(&self.service);
            let step = if deadline.is_some_and(|deadline| deadline <= now) {
                connection.on_deadline(&mut self.service)
            } else {
                NextStep::Wait
            };
            self.apply(slot, step);
        }
    }

    /// Returns whether a connection may wait in the backlog and may be accepted.
    fn may_accept(&self) -> bool {
        self.acceptor.as_ref().is_some_and(Acceptor::may_accept)
            && self.connections.len() < self.service.config.max_connections
    }

    fn accept(&mut self) {
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.end_pause(self.service.now);
        }
        for _ in 0..ACCEPT_BUDGET {
            if !self.may_accept() {
                break;
            }
            self.accept_one();
        }
    }

    fn accept_one(&mut self) {
        let Some(acceptor) = &mut self.acceptor else {
            return;
        };
        match acceptor.accept(self.service.now) {
            Ok(Some(stream)) => self.add(stream),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections; retrying");
                self.service.counters().count(Metric::AcceptFailures);
            }
        }
    }

    fn add(&mut self, mut stream: TcpStream) {
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        // Responses are sent whole, so delaying small segments would only cost time.
        let registered = stream.set_nodelay(true).and_then(|()| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poller
                .registry()
                .register(&mut stream, Token(slot), interest)
        });
        match registered {
            Ok(()) => {
                entry.insert(Connection::new(stream, slot, self.service.now));
                self.service.counters().count(Metric::AcceptedConnections);
                self.count_connections();
                self.apply(slot, NextStep::Wait);
            }
            Err(error) => tracing::warn!(%error, "cannot register a connection"),
        }
    }

    fn count_connections(&self) {
        let open = self.connections.len() as u64;
        self.service.counters().set(Metric::OpenConnections, open);
    }

    fn check_shutdown(&mut self) {
        if !self.service.is_closing {
            if self.resume_queue.is_stopping() {
                self.begin_shutdown();
            }
        } else if self
            .shutdown_deadline
            .is_some_and(|when| when <= self.service.now)
        {
            self.abort();
        }
    }

    /// Returns whether the loop was asked to stop and all connections are closed.
    fn is_shut_down(&self) -> bool {
        self.service.is_closing && self.connections.is_empty()
    }

    /// Closes the listening socket and the idle connections.
    fn begin_shutdown(&mut self) {
        self.service.is_closing = true;
        let timeout = self.service.config.shutdown_timeout;
        self.shutdown_deadline = self.service.now.checked_add(timeout);
        // Closing the listening socket would reset the connections in its backlog.
        self.accept_backlog();
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.deregister(self.poller.registry());
        }
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            // A request may have arrived that the poll has not reported yet.
            self.connections[slot].set_readable(false);
            let step = self.connections[slot].drive(&mut self.service);
            self.apply(slot, step);
        }
    }

    /// Accepts all waiting connections, beyond any limit, until `accept` fails.
    fn accept_backlog(&mut self) {
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.set_readable();
            acceptor.clear_pause();
        }
        while self.acceptor.as_ref().is_some_and(Acceptor::may_accept) {
            self.accept_one();
        }
    }

    /// Closes the remaining connections because the shutdown timeout has passed.
    fn abort(&mut self) {
        tracing::warn!(
            connections = self.connections.len(),
            "shutdown timed out with open connections"
        );
        for mut connection in self.connections.drain() {
            connection.abort(&mut self.service);
        }
        self.count_connections();
    }
}
