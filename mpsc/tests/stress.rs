//! Several threads at once, more of them and longer than a model checker can have.
//!
//! None of these tests sleeps in the hope that something has happened meanwhile.
//! Those in which a mistake would show as a thread that is never woken run under
//! [`must_end`].
#![cfg(feature = "std")]
#![forbid(unsafe_code)]

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mpsc_queue::{
    AlreadyQueued, AsyncQueue, BlockingQueue, Chain, Consumer, Link, Pop, Queue, Receiver,
    SharedLink, Wake, WakingQueue, linked,
};

const PRODUCERS: [usize; 4] = [1, 2, 4, 8];

/// How many items a producer pushes.
const EACH: usize = if cfg!(miri) { 30 } else { 30_000 };

// --- Order, and nothing lost ----------------------------------------------------

#[test]
fn each_producer_is_in_order_and_nothing_is_lost() {
    for producers in PRODUCERS {
        let census = Census::of(producers);
        let queue = Queue::new();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, census) = (&queue, &census);
                scope.spawn(move || {
                    for number in 0..EACH {
                        let _ = queue.push(census.item(producer, number));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            while order.total() < producers * EACH {
                match consumer.pop() {
                    Pop::Item(item) => order.check(&item),
                    Pop::Empty | Pop::Stalled => thread::yield_now(),
                }
            }
        });
        assert!(matches!(queue.consumer().unwrap().pop(), Pop::Empty));
        census.assert_each_dropped_once();
    }
}

/// `Empty` is never said when more pushes have returned than items were popped,
/// and the length is never less than that difference, nor negative.
#[test]
fn a_push_that_has_returned_is_not_overlooked() {
    for producers in PRODUCERS {
        let total = producers * EACH;
        let census = Census::of(producers);
        let queue = Queue::counted();
        let returned = AtomicUsize::new(0);
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, census, returned) = (&queue, &census, &returned);
                scope.spawn(move || {
                    for number in 0..EACH {
                        let _ = queue.push(census.item(producer, number));
                        returned.fetch_add(1, Ordering::Release);
                    }
                });
            }
            scope.spawn(|| {
                while returned.load(Ordering::Relaxed) < total {
                    let length = queue.len();
                    assert!(length <= total, "to a bystander: {length}");
                    thread::yield_now();
                }
            });
            let mut consumer = queue.consumer().unwrap();
            let mut popped = 0;
            while popped < total {
                let surely_there = returned.load(Ordering::Acquire).saturating_sub(popped);
                let length = queue.len();
                assert!((surely_there..=total - popped).contains(&length));
                assert!(surely_there == 0 || !queue.is_empty());
                match consumer.pop() {
                    Pop::Item(_) => popped += 1,
                    Pop::Empty => assert_eq!(surely_there, 0, "this many were overlooked"),
                    Pop::Stalled => thread::yield_now(),
                }
            }
        });
        assert_eq!(queue.len(), 0);
        census.assert_each_dropped_once();
    }
}

/// Chains, single items and sweeps: a chain is never interrupted.
#[test]
fn chains_arrive_whole() {
    const CHAIN: usize = 9;
    const ROUND: usize = CHAIN + 1; // a chain, and a single item

    for producers in PRODUCERS {
        let census = Census::of(producers);
        let queue = Queue::new();
        thread::scope(|scope| {
            for producer in 0..producers {
                let (queue, census) = (&queue, &census);
                scope.spawn(move || {
                    for first in (0..EACH).step_by(ROUND) {
                        let numbers = first..first + CHAIN;
                        let chain: Chain<_> = numbers
                            .map(|number| census.item(producer, number))
                            .collect();
                        let _ = queue.push_chain(chain);
                        let _ = queue.push(census.item(producer, first + CHAIN));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut order = Order::of(producers);
            let mut last = (0, 0);
            while order.total() < producers * EACH {
                for item in consumer.drain(77) {
                    order.check(&item);
                    if (1..CHAIN).contains(&(item.number % ROUND)) {
                        assert_eq!(last, (item.producer, item.number - 1));
                    }
                    last = (item.producer, item.number);
                }
                thread::yield_now();
            }
        });
        census.assert_each_dropped_once();
    }
}

/// Whoever has the last share of the queue, a producer or the consumer, drops it,
/// with what is still in it.
#[test]
fn a_queue_is_dropped_half_full() {
    const PRODUCERS: usize = 4;
    for round in 0..(EACH / 300).max(2) {
        let census = Census::new(PRODUCERS, 200);
        let queue = Arc::new(Queue::new());
        thread::scope(|scope| {
            for producer in 0..PRODUCERS {
                let (queue, census) = (Arc::clone(&queue), &census);
                scope.spawn(move || {
                    for number in 0..200 {
                        let _ = queue.push(census.item(producer, number));
                    }
                });
            }
            let mut consumer = Consumer::owned(queue).unwrap();
            for _ in 0..round {
                let _ = consumer.pop();
            }
        });
        census.assert_each_dropped_once();
    }
}

/// An item that is pushed after a sweep began is not part of it, however long the
/// sweep takes: a consumer is not held by producers that go on.
#[test]
fn a_sweep_takes_nothing_that_came_later() {
    struct Stamped {
        link: Link,
        sweep: usize,
    }
    linked!(Stamped => link: Link);

    for producers in PRODUCERS {
        let queue = Queue::new();
        let begun = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..producers {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        // If this sees that a sweep has begun, so has the push.
                        let sweep = begun.load(Ordering::Acquire);
                        let link = Link::new();
                        let _ = queue.push(Box::new(Stamped { link, sweep }));
                    }
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let mut popped = 0;
            for sweep in 1.. {
                let items = consumer.drain(usize::MAX);
                begun.store(sweep, Ordering::Release);
                for item in items {
                    assert!(item.sweep < sweep, "it was pushed after the sweep began");
                    popped += 1;
                }
                if popped == producers * EACH {
                    break;
                }
                thread::yield_now();
            }
        });
    }
}

/// The consumer's place goes round among threads while others push.
#[test]
fn the_consumer_is_handed_over() {
    const TOTAL: usize = 2 * EACH;
    let census = Census::of(2);
    let queue = Queue::new();
    let popped = Mutex::new(Order::of(2));
    thread::scope(|scope| {
        for producer in 0..2 {
            let (queue, census) = (&queue, &census);
            scope.spawn(move || {
                for number in 0..EACH {
                    let _ = queue.push(census.item(producer, number));
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
    census.assert_each_dropped_once();
}

// --- Shared items ---------------------------------------------------------------

/// Something to do, announced by many, and queued at most once.
#[derive(Default)]
struct Task {
    announced: AtomicUsize,
    link: SharedLink,
}
linked!(Task => link: SharedLink);

impl Task {
    fn announce(self: &Arc<Self>, queue: &Queue<Arc<Self>>) -> bool {
        self.announced.fetch_add(1, Ordering::Relaxed); // the push orders it
        queue.try_push(Arc::clone(self)).is_ok()
    }

    fn take_announced(&self) -> usize {
        self.announced.swap(0, Ordering::Relaxed)
    }
}

/// What was announced before a push, *also one that failed*, is seen by whoever
/// receives the task from a pop. And each push that succeeded is one pop.
#[test]
fn a_push_that_fails_is_seen_by_the_pop() {
    for producers in PRODUCERS {
        let tasks: [Arc<Task>; 3] = Default::default();
        let queue = Queue::new();
        let (pushed, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for producer in 0..producers {
                let (tasks, queue, pushed, ended) = (&tasks, &queue, &pushed, &ended);
                scope.spawn(move || {
                    for round in 0..EACH {
                        let task = &tasks[(producer + round) % tasks.len()];
                        pushed.fetch_add(task.announce(queue).into(), Ordering::Relaxed);
                    }
                    ended.fetch_add(1, Ordering::Release);
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let (mut popped, mut seen) = (0, 0);
            loop {
                let all_ended = ended.load(Ordering::Acquire) == producers;
                match consumer.pop() {
                    Pop::Item(task) => {
                        popped += 1;
                        seen += task.take_announced();
                    }
                    Pop::Empty if all_ended => break,
                    Pop::Empty | Pop::Stalled => thread::yield_now(),
                }
            }
            assert_eq!(seen, producers * EACH, "an announcement was missed");
            assert_eq!(popped, pushed.load(Ordering::Relaxed));
        });
        drop(queue);
        for task in tasks {
            assert!(Arc::into_inner(task).is_some(), "each share was given back");
        }
    }
}

/// The same where the consumer sleeps in between, and must be woken.
#[test]
fn a_sleeper_misses_no_announcement() {
    for producers in PRODUCERS {
        must_end(move || {
            let queue = BlockingQueue::<Arc<Task>>::new();
            let task = Arc::new(Task::default());
            thread::scope(|scope| {
                for _ in 0..producers {
                    scope.spawn(|| {
                        for round in 0..EACH {
                            task.announced.fetch_add(1, Ordering::Relaxed);
                            let _ = queue.try_push(Arc::clone(&task));
                            if round % 8 == 0 {
                                thread::yield_now();
                            }
                        }
                    });
                }
                let mut woken = queue.receiver().unwrap();
                let mut seen = 0;
                while seen < producers * EACH {
                    seen += woken.recv().take_announced();
                }
            });
        });
    }
}

/// Two queues compete for the same items: each push that succeeds in one of them is
/// one pop from that one.
#[test]
fn an_item_is_in_one_queue_at_a_time() {
    let tasks: [Arc<Task>; 3] = Default::default();
    let queues = [Queue::new(), Queue::new()];
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        let consumers = queues.each_ref().map(|queue| {
            let ended = &ended;
            scope.spawn(move || {
                let mut consumer = queue.consumer().unwrap();
                let mut popped = 0;
                loop {
                    let all_ended = ended.load(Ordering::Acquire) == 4;
                    match consumer.pop() {
                        Pop::Item(_) => popped += 1,
                        Pop::Empty if all_ended => return popped,
                        Pop::Empty | Pop::Stalled => thread::yield_now(),
                    }
                }
            })
        });
        let producers = [0, 1, 2, 3].map(|producer| {
            let (tasks, queues, ended) = (&tasks, &queues, &ended);
            scope.spawn(move || {
                let mut pushed = [0; 2];
                for round in 0..EACH {
                    let task = &tasks[round % tasks.len()];
                    let queue = (producer + round) % 2;
                    match queues[queue].try_push(Arc::clone(task)) {
                        Ok(_) => pushed[queue] += 1,
                        Err(AlreadyQueued(same)) => assert!(Arc::ptr_eq(&same, task)),
                    }
                }
                ended.fetch_add(1, Ordering::Release);
                pushed
            })
        });
        let mut pushed = [0; 2];
        for producer in producers {
            let [first, second] = producer.join().unwrap();
            pushed[0] += first;
            pushed[1] += second;
        }
        assert_eq!(consumers.map(|consumer| consumer.join().unwrap()), pushed);
    });
}

// --- Sleeping and waking ----------------------------------------------------------

/// One item goes to and fro between two threads, each of which has nothing else to
/// do: nearly every receive sleeps and is woken.
#[test]
fn two_threads_converse() {
    must_end(|| {
        let census = Census::new(1, 1);
        let (to, fro) = (BlockingQueue::new(), BlockingQueue::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut requests = to.receiver().unwrap();
                for _ in 0..EACH {
                    fro.push(requests.recv());
                }
            });
            let mut replies = fro.receiver().unwrap();
            let mut item = census.item(0, 0);
            for _ in 0..EACH {
                to.push(item);
                item = replies.recv_timeout(Duration::MAX).unwrap();
            }
        });
        assert!(to.is_empty() && fro.is_empty());
        census.assert_each_dropped_once();
    });
}

#[test]
fn a_thread_that_sleeps_is_woken() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = BlockingQueue::new();
            thread::scope(|scope| {
                for producer in 0..producers {
                    let (queue, census) = (&queue, &census);
                    scope.spawn(move || {
                        for number in 0..EACH {
                            queue.push(census.item(producer, number));
                            if number % 8 == 0 {
                                thread::yield_now(); // let it fall asleep
                            }
                        }
                    });
                }
                let mut receiver = queue.receiver().unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    order.check(&receiver.recv());
                }
            });
            census.assert_each_dropped_once();
        });
    }
}

/// Time limits that pass while pushes arrive: nothing is lost either way.
#[test]
fn a_time_limit_loses_nothing() {
    must_end(|| {
        let census = Census::of(1);
        let queue = BlockingQueue::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                for number in 0..EACH {
                    queue.push(census.item(0, number));
                    if number % 8 == 0 {
                        thread::yield_now();
                    }
                }
            });
            let mut receiver = queue.receiver().unwrap();
            let mut order = Order::of(1);
            for round in 0.. {
                let limit = Duration::from_micros(round % 50);
                if let Some(item) = receiver.recv_timeout(limit) {
                    order.check(&item);
                }
                if order.total() == EACH {
                    break;
                }
            }
            assert!(receiver.recv_timeout(Duration::ZERO).is_none());
        });
        census.assert_each_dropped_once();
    });
}

/// The bell rings exactly once for each time that the consumer parks: it sleeps until
/// it does, and in the end the counts agree.
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
    impl Bell {
        fn wait_for_more_than(&self, times: usize) {
            let rung = self.rung.lock().unwrap();
            drop(
                self.changed
                    .wait_while(rung, |rung| *rung <= times)
                    .unwrap(),
            );
        }
    }

    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = WakingQueue::<_, Bell>::with_waker(Bell::default());
            let mut parks = 0;
            thread::scope(|scope| {
                for producer in 0..producers {
                    let (queue, census) = (&queue, &census);
                    scope.spawn(move || {
                        for number in 0..EACH {
                            queue.push(census.item(producer, number));
                            if number % 8 == 0 {
                                thread::yield_now();
                            }
                        }
                    });
                }
                let mut receiver = queue.receiver().unwrap();
                let mut order = Order::of(producers);
                loop {
                    receiver.drain(1000).for_each(|item| order.check(&item));
                    if order.total() == producers * EACH {
                        break;
                    }
                    if let Some(parked) = receiver.park() {
                        // All earlier parks were ended by a ring each.
                        queue.waker().wait_for_more_than(parks);
                        assert!(!parked.unpark(), "it rang without a push");
                        parks += 1;
                    } else {
                        thread::yield_now(); // stalled, or something came
                    }
                }
            });
            assert_eq!(*queue.waker().rung.lock().unwrap(), parks);
            census.assert_each_dropped_once();
        });
    }
}

/// The receiver also changes the task in the middle, from one waker to another.
#[test]
fn a_task_that_waits_is_woken() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = Arc::new(AsyncQueue::new());
            thread::scope(|scope| {
                for producer in 0..producers {
                    let (queue, census) = (Arc::clone(&queue), &census);
                    scope.spawn(move || {
                        for number in 0..EACH {
                            queue.push(census.item(producer, number));
                            if number % 8 == 0 {
                                thread::yield_now();
                            }
                        }
                    });
                }
                let mut receiver = Receiver::owned(queue).unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    block_on(async {
                        for _ in 0..10 {
                            order.check(&*receiver.recv().await);
                        }
                    });
                }
            });
            census.assert_each_dropped_once();
        });
    }
}

// --- What the tests are made of ---------------------------------------------------

struct Item<'a> {
    producer: usize,
    link: Link,
    number: usize,
    census: &'a Census,
}
linked!(['a] Item<'a> => link: Link);

/// How often each item was dropped.
struct Census {
    each: usize,
    drops: Vec<AtomicUsize>,
}

impl Census {
    /// For so many producers of so many items each.
    fn new(producers: usize, each: usize) -> Self {
        let drops = (0..producers * each).map(|_| AtomicUsize::new(0)).collect();
        Self { each, drops }
    }

    fn of(producers: usize) -> Self {
        Self::new(producers, EACH)
    }

    fn item(&self, producer: usize, number: usize) -> Box<Item<'_>> {
        Box::new(Item {
            producer,
            link: Link::new(),
            number,
            census: self,
        })
    }

    fn assert_each_dropped_once(&self) {
        let drops = self.drops.iter().map(|drops| drops.load(Ordering::Relaxed));
        let wrong = drops.enumerate().find(|&(_, drops)| drops != 1);
        assert_eq!(wrong, None, "an item, and how often it was dropped");
    }
}

impl Drop for Item<'_> {
    fn drop(&mut self) {
        let index = self.producer * self.census.each + self.number;
        self.census.drops[index].fetch_add(1, Ordering::Relaxed);
    }
}

/// Checks that each producer's items come in order, none missing.
struct Order(Vec<usize>);

impl Order {
    fn of(producers: usize) -> Self {
        Self(vec![0; producers])
    }

    fn check(&mut self, item: &Item<'_>) {
        let next = &mut self.0[item.producer];
        assert_eq!(item.number, *next, "of producer {}", item.producer);
        *next += 1;
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

/// Runs a test on a thread of its own, and fails if that hangs: a wake-up was lost.
fn must_end(test: impl FnOnce() + Send + 'static) {
    /// Far more than any of them takes.
    const PATIENCE: Duration = Duration::from_secs(300);

    let (ended, end) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let _ended = ended; // dropped at the end, however it comes
        test();
    });
    if end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("it hangs");
    }
    thread.join().unwrap_or_else(|panic| resume_unwind(panic));
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
