//! A program to run under ThreadSanitizer: every kind of push against every kind of pop,
//! in each form.
//!
//! It is not a test, because the standard library is not instrumented: accesses that a
//! channel, a scope, an `Arc` or libtest orders would be reported as races. This program
//! uses only the creation and joining of threads, which ThreadSanitizer knows. The queue
//! must order everything else. `sanitize` runs it.

use std::thread;

use mpsc_queue::{
    BackLinked, BlockingQueue, Chain, Form, ForwardLinked, GapFree, Link, Pop, Queue, SharedLink,
    linked,
};

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

/// Returns a queue that lives as long as the program, because threads without a scope share it.
fn leak<Q: Default>() -> &'static Q {
    Box::leak(Box::default())
}

/// Runs `produce` on a thread for each producer, and `consume` on this one.
fn run(produce: impl Fn(usize) + Copy + Send + 'static, consume: impl FnOnce()) {
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|producer| thread::spawn(move || produce(producer)))
        .collect();
    consume();
    for producer in producers {
        producer.join().expect("a producer does not panic");
    }
}

fn polled<F: Form>() {
    let queue = leak::<Queue<Box<Job>, F>>();
    let produce = |producer| {
        for number in (0..EACH).step_by(4) {
            let _ = queue.push(job(producer, number)).unwrap();
            let chain: Chain<_> = (1..4).map(|n| job(producer, number + n)).collect();
            let _ = queue.push_chain(chain).unwrap();
        }
    };
    run(produce, || {
        let mut order = Order::default();
        while !order.is_complete() {
            // A new consumer each time, to test the hand-over.
            let mut consumer = queue.consumer().expect("no other consumer exists");
            if let Pop::Item(job) = consumer.pop() {
                order.check(&job);
            }
            consumer.drain(100).for_each(|job| order.check(&job));
        }
    });
}

fn slept<F: Form>() {
    let queue = leak::<BlockingQueue<Box<Job>, F>>();
    run(
        |producer| (0..EACH).for_each(|number| queue.push(job(producer, number)).unwrap()),
        || {
            let mut order = Order::default();
            let mut receiver = queue.receiver().expect("no other consumer exists");
            while !order.is_complete() {
                order.check(&receiver.recv().unwrap());
            }
        },
    );
}

fn shared<F: Form>() {
    #[derive(Default)]
    struct Task {
        link: SharedLink,
    }
    linked!(Task => link: SharedLink);

    let queue = leak::<Queue<&'static Task, F>>();
    let tasks = leak::<[Task; 2]>();
    let pushed = leak::<Queue<Box<Job>, F>>();
    let produce = |producer| {
        let succeeded = (0..EACH).filter(|number| queue.try_push(&tasks[number % 2]).is_ok());
        let _ = pushed.push(job(producer, succeeded.count())).unwrap();
    };
    let mut popped = 0;
    run(produce, || {
        let mut tasks = queue.consumer().expect("no other consumer exists");
        let mut counts = pushed.consumer().expect("no other consumer exists");
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

/// Closes during pushes. The producers drop the items that are not received.
fn closed<F: Form>() {
    let queue = leak::<Queue<Box<Job>, F>>();
    run(
        |producer| (0..EACH).for_each(|number| drop(queue.push(job(producer, number)))),
        || {
            let mut order = Order::default();
            let mut consumer = queue.consumer().expect("no other consumer exists");
            while order.0[0] < EACH / 4 {
                consumer.drain(100).for_each(|job| order.check(&job));
            }
            consumer.close();
            loop {
                match consumer.pop() {
                    Pop::Item(job) => order.check(&job),
                    Pop::Stalled(_) => thread::yield_now(),
                    Pop::Closed => return,
                    Pop::Empty => unreachable!("the queue is closed"),
                }
            }
        },
    );
}

fn all<F: Form>() {
    polled::<F>();
    slept::<F>();
    shared::<F>();
    closed::<F>();
}

fn main() {
    all::<ForwardLinked>();
    all::<BackLinked>();
    all::<GapFree>();
}
