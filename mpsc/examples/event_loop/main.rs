//! An event loop that sleeps once for several queues and for sockets, through `mio`.
//!
//! | input | comes through | per iteration |
//! |---|---|---|
//! | commands, which have priority | a `WakingQueue` | first, at most `COMMAND_BUDGET` |
//! | jobs | a `WakingQueue` | at most `BUDGET` |
//! | requests of two kinds of clients that come and go | two channels, which end with their last senders | at most `BUDGET` of each |
//! | datagrams, which are sent back | two sockets | what is there |
//!
//! The loop sleeps in `poll` while it has nothing to do. A push or send wakes it by its eventfd, if
//! and only if it is parked. (On other systems than Linux, `mio` has an equivalent of the eventfd.)
//!
//! ```sh
//! cargo run -p mpsc-queue --example event_loop
//! ```
#![forbid(unsafe_code)]

mod event_loop;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task;
use std::thread;

use mio::net::UdpSocket;
use mio::{Poll, Waker};
use mpsc_queue::channel::Sender;
use mpsc_queue::{Chain, Link, Wake, WakingQueue, channel, linked};

use event_loop::{EventLoop, Totals, WAKER};

struct Command {
    link: Link,
    stops: bool,
}
linked!(Command => link: Link);

struct Job {
    link: Link,
    number: u64,
}
linked!(Job => link: Link);

struct Request {
    link: Link,
    size: u64,
}
linked!(Request => link: Link);

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

/// A channel takes no `Wake` of its user. To the channel, the loop is a task.
impl task::Wake for EventFd {
    fn wake(self: Arc<Self>) {
        Wake::wake(&self);
    }
}

/// All queues share the eventfd.
type Queue<H> = WakingQueue<H, Arc<EventFd>>;

const PRODUCERS: u64 = 3;
const JOBS: u64 = 1000; // of each producer
const CHANNELS: u64 = 2;
const CLIENTS: u64 = 10; // of each channel
const REQUESTS: u64 = 50; // of each client
const COMMANDS: u64 = 10;
const SOCKETS: u64 = 2;
const DATAGRAMS: u64 = 10; // to each socket

fn job(number: u64) -> Box<Job> {
    let link = Link::new();
    Box::new(Job { link, number })
}

/// Pushes half of the jobs one by one and the other half as a chain.
fn produce(jobs: &Queue<Box<Job>>) {
    for number in 0..JOBS / 2 {
        let pushed = jobs.push(job(number));
        pushed.expect("the event loop runs until it gets the stop command");
        if number % 100 == 0 {
            thread::yield_now(); // so that the event loop gets to sleep
        }
    }
    let chain: Chain<_> = (JOBS / 2..JOBS).map(job).collect();
    let pushed = jobs.push_chain(chain);
    pushed.expect("the event loop runs until it gets the stop command");
}

/// Sends requests, and goes.
fn request(requests: Sender<Box<Request>>) {
    for size in 0..REQUESTS {
        let link = Link::new();
        let sent = requests.send(Box::new(Request { link, size }));
        sent.expect("the event loop runs until it gets the stop command");
    }
}

fn command(commands: &Queue<Box<Command>>, stops: bool) {
    let link = Link::new();
    let pushed = commands.push(Box::new(Command { link, stops }));
    pushed.expect("the event loop runs until it gets the stop command");
}

/// Sends datagrams, and waits for the answer to each.
fn send_datagrams(to: SocketAddr) -> io::Result<()> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    for _ in 0..DATAGRAMS {
        socket.send_to(b"datagram", to)?;
        let mut buffer = [0; 16];
        let length = socket.recv(&mut buffer)?;
        assert_eq!(&buffer[..length], b"datagram");
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let poll = Poll::new()?;
    let event_fd = Arc::new(EventFd {
        waker: Waker::new(poll.registry(), WAKER)?,
        wakeups: AtomicU64::new(0),
    });
    let commands = Queue::with_waker(Arc::clone(&event_fd));
    let jobs = Queue::with_waker(Arc::clone(&event_fd));
    let (senders, requests): (Vec<_>, Vec<_>) = (0..CHANNELS).map(|_| channel()).unzip();
    let mut sockets = Vec::new();
    let mut addresses = Vec::new();
    for _ in 0..SOCKETS {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into())?;
        addresses.push(socket.local_addr()?);
        sockets.push(socket);
    }
    let mut event_loop = EventLoop::new(
        poll,
        sockets,
        commands.receiver().expect("no other receiver exists"),
        jobs.receiver().expect("no other receiver exists"),
        requests,
        Arc::clone(&event_fd),
    )?;
    thread::scope(|s| {
        s.spawn(|| {
            thread::scope(|s| {
                for _ in 0..PRODUCERS {
                    s.spawn(|| produce(&jobs));
                }
                for address in addresses {
                    s.spawn(move || send_datagrams(address).expect("the loop sends them back"));
                }
                for sender in senders {
                    for _ in 0..CLIENTS {
                        let requests = sender.clone();
                        s.spawn(|| request(requests));
                    }
                }
                (1..COMMANDS).for_each(|_| command(&commands, false));
            });
            command(&commands, true); // after everything else has been sent
        });
        event_loop.run()
    })?;
    let expected = Totals {
        commands: COMMANDS,
        job_numbers: PRODUCERS * (0..JOBS).sum::<u64>(),
        request_sizes: CHANNELS * CLIENTS * (0..REQUESTS).sum::<u64>(),
        datagrams: SOCKETS * DATAGRAMS,
    };
    assert_eq!(event_loop.totals, expected);
    let wakeups = event_fd.wakeups.load(Ordering::Relaxed);
    println!("{expected:?}, {wakeups} wake-ups");
    Ok(())
}
