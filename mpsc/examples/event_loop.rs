//! An event loop: sockets through `mio`, and jobs from other threads through a queue.
//!
//! The loop sleeps in `poll` while it has nothing to do. A push wakes it by its eventfd, if and
//! only if it is parked. (On other systems than Linux, `mio` has an equivalent of the eventfd.)
//!
//! ```sh
//! cargo run -p mpsc-queue --example event_loop
//! ```
#![forbid(unsafe_code)]

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use mpsc_queue::{Chain, Link, Receiver, Wake, WakingQueue, linked};

struct Job {
    link: Link,
    number: u64,
}
linked!(Job => link: Link);

fn job(number: u64) -> Box<Job> {
    let link = Link::new();
    Box::new(Job { link, number })
}

/// Ends the event loop's `poll`.
struct EventFd {
    waker: Waker,
    wakeups: AtomicU64,
}

impl Wake for EventFd {
    fn wake(&self) {
        self.wakeups.fetch_add(1, Ordering::Relaxed);
        self.waker.wake().expect("the eventfd is open");
    }
}

type Jobs = WakingQueue<Box<Job>, EventFd>;

const WAKER: Token = Token(0);
const SOCKET: Token = Token(1);

/// The number of jobs per iteration, so that jobs cannot starve the sockets.
const BUDGET: usize = 64;

/// After this many stalled iterations in a row, the producer in its gap is not running.
const MAX_STALLS: u32 = 3;

/// How long to sleep then, before looking again.
const STALL_PAUSE: Duration = Duration::from_millis(1);

const PRODUCERS: u64 = 3;
const JOBS: u64 = 1000; // of each producer
const DATAGRAMS: u64 = 10;

struct EventLoop<'q> {
    poll: Poll,
    socket: UdpSocket,
    jobs: Receiver<&'q Jobs>,
    stalls: u32,
    jobs_run: u64,
    sum: u64,
    datagrams: u64,
}

/// Why an iteration ran no more jobs.
enum Drained {
    Empty,
    BudgetExhausted,
    Stalled,
}

impl EventLoop<'_> {
    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(64);
        loop {
            let drained = self.run_jobs();
            if self.jobs_run == PRODUCERS * JOBS && self.datagrams == DATAGRAMS {
                return Ok(());
            }
            self.wait(&drained, &mut events)?;
            for event in &events {
                // The waker's event needs no code: the next iteration drains the queue anyway.
                if event.token() == SOCKET {
                    self.receive()?;
                }
            }
        }
    }

    fn run_jobs(&mut self) -> Drained {
        let mut left = BUDGET;
        let mut drain = self.jobs.drain(BUDGET);
        for job in &mut drain {
            left -= 1;
            self.jobs_run += 1;
            self.sum += job.number;
        }
        if drain.is_stalled() {
            Drained::Stalled
        } else if left == 0 {
            Drained::BudgetExhausted
        } else {
            Drained::Empty
        }
    }

    /// Waits for the sockets and for the queue.
    fn wait(&mut self, drained: &Drained, events: &mut Events) -> io::Result<()> {
        self.stalls = match drained {
            Drained::Stalled => self.stalls + 1,
            Drained::Empty | Drained::BudgetExhausted => 0,
        };
        let result = match drained {
            Drained::BudgetExhausted => self.poll.poll(events, Some(Duration::ZERO)),
            // An item is in the queue, but its producer has not linked it yet. No push will
            // wake the loop for it, so the loop must not sleep without a time limit.
            Drained::Stalled if self.stalls <= MAX_STALLS => {
                self.poll.poll(events, Some(Duration::ZERO))
            }
            Drained::Stalled => self.poll.poll(events, Some(STALL_PAUSE)),
            Drained::Empty => match self.jobs.park() {
                // From here on, the next push calls `EventFd::wake`.
                Some(parked) => {
                    let result = self.poll.poll(events, None);
                    drop(parked);
                    result
                }
                // A push came first.
                None => self.poll.poll(events, Some(Duration::ZERO)),
            },
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            result => result,
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        loop {
            match self.socket.recv(&mut [0; 16]) {
                Ok(_) => self.datagrams += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Pushes half of the jobs one by one and the other half as a chain.
fn produce(jobs: &Jobs) {
    for number in 0..JOBS / 2 {
        let pushed = jobs.push(job(number));
        pushed.expect("the event loop runs until the last job");
        if number % 100 == 0 {
            thread::yield_now(); // so that the event loop gets to sleep
        }
    }
    let chain: Chain<_> = (JOBS / 2..JOBS).map(job).collect();
    let pushed = jobs.push_chain(chain);
    pushed.expect("the event loop runs until the last job");
}

fn send_datagrams(to: SocketAddr) -> io::Result<()> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    for _ in 0..DATAGRAMS {
        socket.send_to(b"datagram", to)?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let poll = Poll::new()?;
    let mut socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let addr = socket.local_addr()?;
    poll.registry()
        .register(&mut socket, SOCKET, Interest::READABLE)?;
    let jobs = Jobs::with_waker(EventFd {
        waker: Waker::new(poll.registry(), WAKER)?,
        wakeups: AtomicU64::new(0),
    });
    let mut event_loop = EventLoop {
        poll,
        socket,
        jobs: jobs.receiver().expect("no other receiver exists"),
        stalls: 0,
        jobs_run: 0,
        sum: 0,
        datagrams: 0,
    };
    thread::scope(|s| {
        for _ in 0..PRODUCERS {
            s.spawn(|| produce(&jobs));
        }
        let client = s.spawn(|| send_datagrams(addr));
        event_loop.run()?;
        client.join().expect("the client does not panic")
    })?;
    assert_eq!(event_loop.sum, PRODUCERS * (0..JOBS).sum::<u64>());
    println!(
        "{} jobs and {} datagrams, {} wake-ups",
        event_loop.jobs_run,
        event_loop.datagrams,
        jobs.waker().wakeups.load(Ordering::Relaxed)
    );
    Ok(())
}
