//! Several threads at once, more operations than a model checker can have.
#![cfg(feature = "std")]
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mpsc_queue::{
    Chain, Consumer, Counted, Link, Pop, Queue, Receiver, SharedLink, TaskQueue, ThreadQueue, Wake,
    WakingQueue, linked,
};

/// How many items exist that a test made.
#[derive(Default)]
struct Alive(AtomicUsize);

struct Item {
    link: Link,
    producer: usize,
    number: usize,
    alive: Arc<Alive>,
}
linked!(Item => link: Link);

impl Drop for Item {
    fn drop(&mut self) {
        self.alive.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Alive {
    fn item(self: &Arc<Self>, producer: usize, number: usize) -> Box<Item> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::new(Item {
            link: Link::new(),
            producer,
            number,
            alive: Arc::clone(self),
        })
    }

    fn assert_none(&self) {
        assert_eq!(self.0.load(Ordering::Relaxed), 0, "an item was leaked");
    }
}

/// Checks that each producer's items come in order, none missing.
struct Order(Vec<usize>);

impl Order {
    fn of(producers: usize) -> Self {
        Self(vec![0; producers])
    }

    fn check(&mut self, item: &Item) {
        let next = &mut self.0[item.producer];
        assert_eq!(item.number, *next, "of producer {}", item.producer);
        *next += 1;
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

const PRODUCERS: [usize; 3] = [1, 2, 8];
const EACH: usize = 20_000;

#[test]
fn each_producer_is_in_order_and_nothing_is_lost() {
    for producers in PRODUCERS {
        let alive = Arc::new(Alive::default());
        let queue = Queue::<Box<Item>, Counted>::counted();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, alive) = (&queue, &alive);
                scope.spawn(move || {
                    for number in 0..EACH {
                        let _ = queue.push(alive.item(producer, number));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            while order.total() < producers * EACH {
                let length = queue.len();
                assert!(length <= producers * EACH, "a negative length: {length}");
                match consumer.pop() {
                    Pop::Item(item) => order.check(&item),
                    Pop::Empty | Pop::Stalled => thread::yield_now(),
                }
            }
        });
        assert!(queue.is_empty());
        alive.assert_none();
    }
}

/// Single items, chains and sweeps; a chain is never interrupted.
#[test]
fn chains_arrive_whole() {
    const CHAINS: usize = 2_000;
    for producers in PRODUCERS {
        let alive = Arc::new(Alive::default());
        let queue = Queue::<Box<Item>>::new();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, alive) = (&queue, &alive);
                scope.spawn(move || {
                    for chain in 0..CHAINS {
                        let numbers = chain * 10..(chain + 1) * 10;
                        let chain: Chain<_> =
                            numbers.map(|number| alive.item(producer, number)).collect();
                        let _ = queue.push_chain(chain);
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            let mut last = None;
            while order.total() < producers * CHAINS * 10 {
                for item in consumer.drain(77) {
                    order.check(&item);
                    if item.number % 10 > 0 {
                        let before = Some((item.producer, item.number - 1));
                        assert_eq!(last, before, "a chain was interrupted");
                    }
                    last = Some((item.producer, item.number));
                }
            }
        });
        alive.assert_none();
    }
}

#[test]
fn a_queue_is_dropped_half_full() {
    for _ in 0..50 {
        let alive = Arc::new(Alive::default());
        let queue = Arc::new(Queue::<Box<Item>>::new());
        let producers: Vec<_> = (0..4)
            .map(|producer| {
                let (queue, alive) = (Arc::clone(&queue), Arc::clone(&alive));
                thread::spawn(move || {
                    for number in 0..200 {
                        let _ = queue.push(alive.item(producer, number));
                    }
                })
            })
            .collect();
        let mut consumer = Consumer::owned(queue).unwrap();
        for _ in 0..100 {
            let _ = consumer.pop();
        }
        drop(consumer); // the last producer drops the queue
        for producer in producers {
            producer.join().unwrap();
        }
        alive.assert_none();
    }
}

/// A task that many producers wake, each after it has announced something. What was
/// announced before a push, also one that failed, is seen by a later pop.
#[test]
fn no_announcement_is_missed() {
    struct Task {
        link: SharedLink,
        announced: AtomicUsize,
    }
    linked!(Task => link: SharedLink);

    for producers in PRODUCERS {
        let queue = ThreadQueue::<Arc<Task>>::new();
        let task = Arc::new(Task {
            link: SharedLink::new(),
            announced: AtomicUsize::new(0),
        });
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        task.announced.fetch_add(1, Ordering::Relaxed);
                        let _ = queue.try_push(Arc::clone(&task));
                    }
                });
            }
            let mut woken = queue.receiver().unwrap();
            let mut seen = 0;
            while seen < producers * EACH {
                // Hangs if a wake-up is lost.
                seen += woken.recv().announced.swap(0, Ordering::Relaxed);
            }
        });
        drop(queue);
        assert_eq!(Arc::strong_count(&task), 1);
    }
}

/// The consumer's place goes round among threads while others push.
#[test]
fn the_consumer_is_handed_over() {
    const TOTAL: usize = 2 * EACH;
    let alive = Arc::new(Alive::default());
    let queue = Queue::<Box<Item>>::new();
    let popped = Mutex::new(Order::of(2));
    thread::scope(|scope| {
        for producer in 0..2 {
            let (queue, alive) = (&queue, &alive);
            scope.spawn(move || {
                for number in 0..EACH {
                    let _ = queue.push(alive.item(producer, number));
                }
            });
        }
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Ok(mut consumer) = queue.consumer() else {
                        thread::yield_now();
                        continue;
                    };
                    // Never contended: held by the one consumer.
                    let mut order = popped.try_lock().expect("there is one consumer");
                    for item in consumer.drain(10) {
                        order.check(&item);
                    }
                    if order.total() == TOTAL {
                        return;
                    }
                    drop(order); // before the consumer
                }
            });
        }
    });
    alive.assert_none();
}

#[test]
fn a_thread_that_sleeps_is_woken() {
    for producers in PRODUCERS {
        let alive = Arc::new(Alive::default());
        let queue = ThreadQueue::<Box<Item>>::new();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, alive) = (&queue, &alive);
                scope.spawn(move || {
                    for number in 0..EACH {
                        queue.push(alive.item(producer, number));
                        if number % 64 == 0 {
                            thread::yield_now(); // let it fall asleep
                        }
                    }
                });
            }
            let mut receiver = queue.receiver().unwrap();
            let mut order = Order::of(producers);
            for round in 0..producers * EACH {
                // With and without a time limit; this one is never reached.
                let item = match round % 2 {
                    0 => receiver.recv(),
                    _ => receiver.recv_timeout(Duration::from_secs(600)).unwrap(),
                };
                order.check(&item);
            }
        });
        alive.assert_none();
    }
}

/// Time limits that pass while pushes arrive: nothing is lost either way.
#[test]
fn a_time_limit_loses_nothing() {
    let alive = Arc::new(Alive::default());
    let queue = ThreadQueue::<Box<Item>>::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..2_000 {
                queue.push(alive.item(0, number));
                thread::yield_now();
            }
        });
        let mut receiver = queue.receiver().unwrap();
        let mut order = Order::of(1);
        for round in 0.. {
            let limit = Duration::from_micros(round % 50);
            if let Some(item) = receiver.recv_timeout(limit) {
                order.check(&item);
            }
            if order.total() == 2_000 {
                break;
            }
        }
        assert!(receiver.recv_timeout(Duration::ZERO).is_none());
    });
    alive.assert_none();
}

/// At most one wake-up for each time that the consumer parks, and none is lost.
#[test]
fn a_waker_of_ones_own_is_called_once_per_park() {
    #[derive(Default)]
    struct Bell {
        rung: Mutex<usize>,
        changed: Condvar,
    }
    impl Wake for Bell {
        fn wake(&self) {
            *self.rung.lock().unwrap() += 1;
            self.changed.notify_one();
        }
    }

    for producers in PRODUCERS {
        let alive = Arc::new(Alive::default());
        let queue = WakingQueue::<Box<Item>, Bell>::with_waker(Bell::default());
        let mut parks = 0;
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, alive) = (&queue, &alive);
                scope.spawn(move || {
                    for number in 0..EACH {
                        queue.push(alive.item(producer, number));
                    }
                });
            }
            let mut receiver = queue.receiver().unwrap();
            let mut order = Order::of(producers);
            while order.total() < producers * EACH {
                receiver.drain(1000).for_each(|item| order.check(&item));
                if order.total() == producers * EACH {
                    break;
                }
                if let Some(parked) = receiver.park() {
                    let rung = queue.waker().rung.lock().unwrap();
                    // Every earlier park was ended by a push, which rings once.
                    drop(
                        queue
                            .waker()
                            .changed
                            .wait_while(rung, |rung| *rung <= parks)
                            .unwrap(),
                    );
                    assert!(!parked.unpark(), "a bell rang without a push");
                    parks += 1;
                }
            }
        });
        assert_eq!(*queue.waker().rung.lock().unwrap(), parks);
        alive.assert_none();
    }
}

#[test]
fn a_task_that_waits_is_woken() {
    let alive = Arc::new(Alive::default());
    let queue = Arc::new(TaskQueue::<Box<Item>>::new());
    let producers: Vec<_> = (0..2)
        .map(|producer| {
            let (queue, alive) = (Arc::clone(&queue), Arc::clone(&alive));
            thread::spawn(move || {
                for number in 0..EACH {
                    queue.push(alive.item(producer, number));
                    if number % 64 == 0 {
                        thread::yield_now();
                    }
                }
            })
        })
        .collect();
    let mut receiver = Receiver::owned(queue).unwrap();
    let mut order = Order::of(2);
    block_on(async {
        while order.total() < 2 * EACH {
            let item = receiver.recv().await;
            order.check(&item);
        }
    });
    producers
        .into_iter()
        .for_each(|producer| producer.join().unwrap());
    alive.assert_none();
}

/// A consumer that is busy with a sweep is not held by producers that go on.
#[test]
fn a_sweep_ends_while_others_push() {
    let alive = Arc::new(Alive::default());
    let queue = Queue::<Box<Item>>::new();
    let stop = Barrier::new(2);
    thread::scope(|scope| {
        for number in 0..100 {
            let _ = queue.push(alive.item(0, number));
        }
        let mut consumer = queue.consumer().unwrap();
        let mut swept = 0;
        let mut sweep = consumer.drain(usize::MAX);
        // A sweep that followed the producer would take these, too.
        scope.spawn(|| {
            for number in 0..1_000 {
                let _ = queue.push(alive.item(1, number));
            }
            stop.wait();
        });
        stop.wait();
        for item in &mut sweep {
            assert_eq!(item.producer, 0);
            swept += 1;
        }
        assert!(!sweep.is_stalled());
        assert_eq!(swept, 100);
    });
    drop(queue);
    alive.assert_none();
}

/// Runs a future on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
