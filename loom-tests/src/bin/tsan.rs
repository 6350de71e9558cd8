//! A program to run under ThreadSanitizer: every kind of push against every kind of pop.
//!
//! It is not a test, because the standard library is not instrumented: accesses that a
//! channel, a scope, an `Arc` or libtest orders would be reported as races. This program
//! uses only the creation and joining of threads, which ThreadSanitizer knows. The queue
//! must order everything else. `sanitize` runs it.

use std::thread;

use mpsc_queue::{BlockingQueue, Chain, Link, Pop, Queue, SharedLink, linked};

const PRODUCERS: usize = 4;
const EACH: usize = 20_000;

struct Job {
    link: Link,
    producer: usize,
    /// Written before the push without synchronisation, read after the pop.
    number: usize,
}
linked!(Job => link: Link);

fn job(producer: usize, number: usize) -> Box<Job> {
    Box::new(Job {
        link: Link::new(),
        producer,
        number,
    })
}

/// The number of items that have arrived from each producer.
#[derive(Default)]
struct Order([usize; PRODUCERS]);

impl Order {
    fn check(&mut self, job: &Job) {
        assert_eq!(self.0[job.producer], job.number);
        self.0[job.producer] += 1;
    }

    fn is_complete(&self) -> bool {
        self.0 == [EACH; PRODUCERS]
    }
}

/// Runs `produce` on a thread for each producer, and `consume` on this one.
fn run(produce: fn(usize), consume: impl FnOnce()) {
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| thread::spawn(move || produce(producer)))
        .collect();
    consume();
    for producer in producers {
        producer.join().expect("a producer does not panic");
    }
}

fn polled() {
    static QUEUE: Queue<Box<Job>> = Queue::new();
    fn produce(producer: usize) {
        for number in (0..EACH).step_by(4) {
            let _ = QUEUE.push(job(producer, number));
            let chain: Chain<_> = (1..4).map(|n| job(producer, number + n)).collect();
            let _ = QUEUE.push_chain(chain);
        }
    }
    run(produce, || {
        let mut order = Order::default();
        while !order.is_complete() {
            // A new consumer each time, to test the hand-over.
            let mut consumer = QUEUE.consumer().expect("no other consumer exists");
            if let Pop::Item(job) = consumer.pop() {
                order.check(&job);
            }
            consumer.drain(100).for_each(|job| order.check(&job));
        }
    });
}

fn slept() {
    static QUEUE: BlockingQueue<Box<Job>> = BlockingQueue::new();
    run(
        |producer| (0..EACH).for_each(|number| QUEUE.push(job(producer, number))),
        || {
            let mut order = Order::default();
            let mut receiver = QUEUE.receiver().expect("no other consumer exists");
            while !order.is_complete() {
                order.check(&receiver.recv());
            }
        },
    );
}

fn shared() {
    struct Task {
        link: SharedLink,
    }
    linked!(Task => link: SharedLink);
    static QUEUE: Queue<&'static Task> = Queue::new();
    static TASKS: [Task; 2] = [const {
        Task {
            link: SharedLink::new(),
        }
    }; 2];
    static PUSHED: Queue<Box<Job>> = Queue::new();

    fn produce(producer: usize) {
        let pushed = (0..EACH).filter(|number| QUEUE.try_push(&TASKS[number % 2]).is_ok());
        let _ = PUSHED.push(job(producer, pushed.count()));
    }
    let mut popped = 0;
    run(produce, || {
        let mut tasks = QUEUE.consumer().expect("no other consumer exists");
        let mut counts = PUSHED.consumer().expect("no other consumer exists");
        let (mut ended, mut pushed) = (0, 0);
        while ended < PRODUCERS || popped < pushed {
            popped += tasks.drain(usize::MAX).count();
            while let Pop::Item(count) = counts.pop() {
                ended += 1;
                pushed += count.number;
            }
        }
        assert_eq!(popped, pushed, "each push that succeeded is one pop");
    });
}

fn main() {
    polled();
    slept();
    shared();
}
