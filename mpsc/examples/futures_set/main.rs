//! A set of futures that polls only those that have been woken: what `FuturesUnordered` of the
//! futures crate does, with this crate's queue for the woken futures and for the waker of the task.
//!
//! The same program runs with either set, and prints how often its task is woken and polled.
//!
//! ```sh
//! cargo run -p mpsc-queue --example futures_set
//! ```
#![forbid(unsafe_code)]

mod set;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use set::FuturesSet;
use tokio::sync::oneshot::{self, Receiver};

const REQUESTS: u64 = 50;
const AT_ONCE: usize = 8;

trait Set: Stream<Item = Result<u64, oneshot::error::RecvError>> + Unpin {
    fn push(&mut self, answer: Receiver<u64>);
    fn len(&self) -> usize;
}

impl Set for FuturesSet<Receiver<u64>> {
    fn push(&mut self, answer: Receiver<u64>) {
        Self::push(self, answer);
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl Set for FuturesUnordered<Receiver<u64>> {
    fn push(&mut self, answer: Receiver<u64>) {
        Self::push(self, answer);
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

/// A request that another thread answers.
fn request(number: u64) -> Receiver<u64> {
    let (answer, receiver) = oneshot::channel();
    thread::spawn(move || answer.send(number * number));
    receiver
}

/// Adds up the answers to all requests, of which some are under way at the same time.
async fn sum_of_answers(mut set: impl Set) -> u64 {
    let mut sum = 0;
    for number in 0..REQUESTS {
        if set.len() == AT_ONCE {
            let answer = set.next().await.expect("the set is not empty");
            sum += answer.expect("each request is answered");
        }
        set.push(request(number));
    }
    while let Some(answer) = set.next().await {
        sum += answer.expect("each request is answered");
    }
    sum
}

/// Wakes a thread, and counts.
struct Unpark {
    thread: Thread,
    wakes: AtomicU32,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn run(name: &str, set: impl Set) {
    let unpark = Arc::new(Unpark {
        thread: thread::current(),
        wakes: AtomicU32::new(0),
    });
    let waker = Waker::from(Arc::clone(&unpark));
    let mut task = pin!(sum_of_answers(set));
    let mut polls = 0;
    let sum = loop {
        polls += 1;
        match task.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(sum) => break sum,
            Poll::Pending => thread::park(),
        }
    };
    assert_eq!(sum, (0..REQUESTS).map(|number| number * number).sum());
    let wakes = unpark.wakes.load(Ordering::Relaxed);
    println!(
        "{name}: {REQUESTS} answers, the task was woken {wakes} times and polled {polls} times"
    );
}

fn main() {
    run("FuturesSet", FuturesSet::new());
    run("FuturesUnordered", FuturesUnordered::new());
}
