//! The loop: what an iteration takes from each input, and how it waits.

use std::io;
use std::sync::Arc;
use std::task::{self, Context};
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use mpsc_queue::{Handle, Park, Pop, Receiver, channel, park_all};

use crate::{Command, EventFd, Job, Queue, Request};

/// The token of the waker. Those of the sockets are their indices.
pub(crate) const WAKER: Token = Token(usize::MAX);

/// The number of jobs, and of requests, per iteration, so that neither can starve the other inputs.
const BUDGET: usize = 64;

/// The number of commands per iteration.
const COMMAND_BUDGET: usize = 8;

/// After this many stalled iterations in a row, the producer in its gap is not running.
const MAX_STALLS: u32 = 3;

/// How long to sleep then, before looking again.
const STALL_PAUSE: Duration = Duration::from_millis(1);

/// Why an iteration took no more from a queue. The greatest decides how the loop waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Drained {
    Empty,
    Stalled,
    BudgetExhausted,
}

/// Runs at most `budget` items.
fn drain<H: Handle>(
    receiver: &mut Receiver<&Queue<H>>,
    budget: usize,
    mut run: impl FnMut(H),
) -> Drained {
    let mut left = budget;
    let mut drain = receiver.drain(budget);
    for item in &mut drain {
        left -= 1;
        run(item);
    }
    if drain.is_stalled() {
        Drained::Stalled
    } else if left == 0 {
        Drained::BudgetExhausted
    } else {
        Drained::Empty
    }
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) commands: u64,
    pub(crate) job_numbers: u64,
    pub(crate) request_sizes: u64,
    pub(crate) datagrams: u64,
}

pub(crate) struct EventLoop<'q> {
    poll: Poll,
    sockets: Vec<UdpSocket>,
    commands: Receiver<&'q Queue<Box<Command>>>,
    jobs: Receiver<&'q Queue<Box<Job>>>,
    /// The channels that have senders. (One that has ended is never empty, so the loop could not
    /// sleep.)
    requests: Vec<channel::Receiver<Box<Request>>>,
    task: task::Waker,
    stalls: u32,
    is_stopping: bool,
    pub(crate) totals: Totals,
}

impl<'q> EventLoop<'q> {
    /// Creates a loop that is woken by `event_fd`, which the wakers of both queues share.
    pub(crate) fn new(
        poll: Poll,
        mut sockets: Vec<UdpSocket>,
        commands: Receiver<&'q Queue<Box<Command>>>,
        jobs: Receiver<&'q Queue<Box<Job>>>,
        requests: Vec<channel::Receiver<Box<Request>>>,
        event_fd: Arc<EventFd>,
    ) -> io::Result<Self> {
        for (index, socket) in sockets.iter_mut().enumerate() {
            let interest = Interest::READABLE;
            poll.registry().register(socket, Token(index), interest)?;
        }
        Ok(Self {
            poll,
            sockets,
            commands,
            jobs,
            requests,
            task: event_fd.into(),
            stalls: 0,
            is_stopping: false,
            totals: Totals::default(),
        })
    }

    pub(crate) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(64);
        loop {
            let drained = self.run_queues();
            if self.is_stopping && drained == Drained::Empty {
                return Ok(());
            }
            self.wait(drained, &mut events)?;
            for event in &events {
                // The waker's event needs no code: the next iteration looks at the queues anyway.
                if let Some(socket) = self.sockets.get(event.token().0) {
                    echo(socket, &mut self.totals.datagrams)?;
                }
            }
        }
    }

    fn run_queues(&mut self) -> Drained {
        let totals = &mut self.totals;
        let commands = drain(&mut self.commands, COMMAND_BUDGET, |command| {
            totals.commands += 1;
            self.is_stopping |= command.stops;
        });
        let jobs = drain(&mut self.jobs, BUDGET, |job| {
            totals.job_numbers += job.number;
        });
        commands.max(jobs).max(self.run_requests())
    }

    fn run_requests(&mut self) -> Drained {
        let sizes = &mut self.totals.request_sizes;
        let mut drained = Drained::Empty;
        self.requests.retain_mut(|requests| {
            for _ in 0..BUDGET {
                match requests.pop() {
                    Pop::Item(request) => *sizes += request.size,
                    Pop::Empty => return true,
                    Pop::Closed => return false,
                    Pop::Stalled(never) => match never {}, // the channel is gap-free
                }
            }
            drained = Drained::BudgetExhausted;
            true
        });
        drained
    }

    /// Waits for the sockets and for the queues.
    fn wait(&mut self, drained: Drained, events: &mut Events) -> io::Result<()> {
        self.stalls = match drained {
            Drained::Stalled => self.stalls + 1,
            Drained::Empty | Drained::BudgetExhausted => 0,
        };
        match drained {
            Drained::BudgetExhausted => poll(&mut self.poll, events, Some(Duration::ZERO)),
            // An item is in a queue, but its producer has not linked it yet. No push will
            // wake the loop for it, so the loop must not sleep without a time limit.
            Drained::Stalled if self.stalls <= MAX_STALLS => {
                poll(&mut self.poll, events, Some(Duration::ZERO))
            }
            Drained::Stalled => poll(&mut self.poll, events, Some(STALL_PAUSE)),
            Drained::Empty => self.sleep(events),
        }
    }

    /// Parks on all queues, and sleeps unless one of them is not empty any more.
    fn sleep(&mut self, events: &mut Events) -> io::Result<()> {
        let mut context = Context::from_waker(&self.task);
        let mut is_idle = true;
        // From here on, the next send to each channel wakes the task.
        for requests in &mut self.requests {
            if let task::Poll::Ready(pop) = requests.poll_pop(&mut context) {
                is_idle = false;
                if let Pop::Item(request) = pop {
                    self.totals.request_sizes += request.size;
                }
            }
        }
        // From here on, the next push to each queue calls `EventFd::wake`.
        let mut queues: [&mut dyn Park; 2] = [&mut self.commands, &mut self.jobs];
        let parked = if is_idle { park_all(&mut queues) } else { None };
        let timeout = match parked {
            Some(_) => None,
            None => Some(Duration::ZERO), // a send or push came first
        };
        poll(&mut self.poll, events, timeout)?;
        drop(parked);
        for requests in &mut self.requests {
            requests.unpark();
        }
        Ok(())
    }
}

fn poll(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        result => result,
    }
}

/// Sends back the datagrams that have come.
fn echo(socket: &UdpSocket, datagrams: &mut u64) -> io::Result<()> {
    let mut buffer = [0; 16];
    loop {
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => socket.send_to(&buffer[..length], from)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        *datagrams += 1;
    }
}
