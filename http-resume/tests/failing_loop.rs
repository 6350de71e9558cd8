//! An event loop that panics outside of handlers, in the log. A program of its own,
//! because all tests of a program share the log.

mod support;

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use http_resume::{Config, Error, Outcome, Pending, Response, Router, Server};
use support::{Client, HANGS};

static LOG_IS_BROKEN: AtomicBool = AtomicBool::new(false);

/// Returns where to log to. Panics, in the thread that logs, if the log is broken.
fn log() -> io::Sink {
    assert!(!LOG_IS_BROKEN.load(Ordering::SeqCst), "the log is broken");
    io::sink()
}

/// Counts how often it is dropped.
struct Work(Arc<AtomicUsize>);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Suspends, and sends the pending response to the test.
fn suspend<'r>(
    sender: &Mutex<Sender<Pending<Work>>>,
    drops: &Arc<AtomicUsize>,
    response: Response<'r, Work>,
) -> Outcome<'r> {
    let (pending, receipt) = response.mark_async(Work(Arc::clone(drops)));
    let sender = sender.lock().unwrap();
    sender.send(pending).expect("the test receives");
    receipt.suspended()
}

#[test]
fn panic_of_event_loop_abandons_its_requests() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(log)
        .init();
    let drops = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&drops);
    let (sender, suspended) = channel();
    let sender = Mutex::new(sender);
    let router = Router::new().get("/", move |_, response, _| {
        suspend(&sender, &counter, response)
    });
    let config = Config {
        addr: ([127, 0, 0, 1], 0).into(),
        threads: 2,
        ..Config::default()
    };
    let server = Server::bind(config, router).unwrap();
    let mut client = Client::connect(server.local_addr());
    let (ended, has_ended) = channel();
    thread::spawn(move || ended.send(server.run()));
    for _ in 0..3 {
        client.get("/");
    }
    let next = |_| {
        suspended
            .recv_timeout(HANGS)
            .expect("a request is suspended")
    };
    let pending: Vec<_> = (0..3).map(next).collect();
    assert!(!pending.iter().any(Pending::is_abandoned));

    // The event loop of this connection logs that it refuses the request.
    LOG_IS_BROKEN.store(true, Ordering::SeqCst);
    client.send("nonsense\r\n\r\n");
    let result = has_ended.recv_timeout(HANGS).expect("all loops end");
    LOG_IS_BROKEN.store(false, Ordering::SeqCst);
    assert!(matches!(result, Err(Error::Panicked)), "{result:?}");

    assert!(pending.iter().all(Pending::is_abandoned));
    assert_eq!(
        drops.load(Ordering::SeqCst),
        0,
        "the background has the work"
    );
    pending.into_iter().for_each(Pending::resume);
    assert_eq!(drops.load(Ordering::SeqCst), 3);
}
