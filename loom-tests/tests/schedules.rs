//! Random schedules, for sizes that loom cannot reach: the code that ships, eight
//! producers, hundreds of items each, and a scheduler that switches threads at any
//! atomic operation. Run by `cargo schedules`; every failure names its seed, and
//!
//! ```sh
//! SCHEDULE_SEED=<seed> cargo schedules -- <test>
//! ```
//!
//! runs that schedule again, the same to the last step. `SCHEDULES` says how many to
//! try. They are sequentially consistent: memory orderings are the models' business.
#![cfg(shuttle)]

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;
use std::panic::{catch_unwind, resume_unwind};
// Not shuttle's: what the tests count is no part of what is checked.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use http_resume::resume::{Pending, RequestKey, ResumeQueue, suspend};
use mpsc_queue::{
    AsyncQueue, BlockingQueue, Chain, Consumer, Link, Pop, Queue, Receiver, SharedLink, linked,
};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner, future, thread};

const PRODUCERS: usize = 8;

// --- The queue ------------------------------------------------------------------

/// Single pushes and chains. No item is lost, none comes twice or out of order, and
/// none whose push has returned is overlooked.
#[test]
fn each_item_comes_once_and_in_order() {
    schedules(|| {
        const EACH: usize = 300;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::new());
        let returned = Arc::new(AtomicUsize::new(0));
        let producers = spawn_all(|producer| {
            let (queue, census) = (Arc::clone(&queue), census.clone());
            let returned = Arc::clone(&returned);
            move || {
                let mut numbers = 0..EACH;
                while !numbers.is_empty() {
                    let some = thread_rng().gen_range(1..=4);
                    let chain: Chain<_> = numbers
                        .by_ref()
                        .take(some)
                        .map(|number| census.item(producer, number))
                        .collect();
                    let length = chain.len();
                    let _ = queue.push_chain(chain);
                    returned.fetch_add(length, Relaxed);
                    if let Some(number) = numbers.next() {
                        let _ = queue.push(census.item(producer, number));
                        returned.fetch_add(1, Relaxed);
                    }
                }
            }
        });
        let mut consumer = queue.consumer().unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            let surely_there = returned.load(Relaxed) - order.total().min(returned.load(Relaxed));
            match consumer.pop() {
                Pop::Item(item) => order.check(&item),
                Pop::Stalled => thread::yield_now(),
                Pop::Empty => {
                    assert_eq!(surely_there, 0, "this many were overlooked");
                    thread::yield_now();
                }
            }
        }
        join_all(producers);
        assert!(consumer.pop().is_empty());
        census.assert_each_dropped_once();
    });
}

/// The consumer's place goes round while others push.
#[test]
fn the_consumer_is_handed_over() {
    schedules(|| {
        const EACH: usize = 100;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::new());
        let producers = push_all(&census, &queue, |queue, item| {
            let _ = queue.push(item);
        });
        let order = Arc::new(std::sync::Mutex::new(Order::default()));
        let consumers = [(); 3].map(|()| {
            let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
            thread::spawn(move || {
                loop {
                    if let Ok(mut consumer) = queue.consumer() {
                        let mut order = order.try_lock().expect("there is one consumer");
                        consumer.drain(10).for_each(|item| order.check(&item));
                        if order.total() == PRODUCERS * EACH {
                            return;
                        }
                        drop(order); // before the consumer
                    }
                    thread::yield_now();
                }
            })
        });
        join_all(producers);
        join_all(consumers.into());
        census.assert_each_dropped_once();
    });
}

/// A queue goes down with items in it, under the last who holds it.
#[test]
fn a_queue_is_dropped_half_full() {
    schedules(|| {
        const EACH: usize = 100;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::new());
        let producers = push_all(&census, &queue, |queue, item| {
            let _ = queue.push(item);
        });
        let mut consumer = Consumer::owned(queue).unwrap();
        for _ in 0..thread_rng().gen_range(0..PRODUCERS * EACH) {
            drop(consumer.pop());
        }
        drop(consumer);
        join_all(producers);
        census.assert_each_dropped_once();
    });
}

// --- Sleeping and waking --------------------------------------------------------

/// A thread sleeps whenever it can. A lost wake-up is a deadlock, which shuttle finds.
#[test]
fn a_thread_that_sleeps_is_woken() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(BlockingQueue::new());
        let producers = push_all(&census, &queue, |queue, item| queue.push(item));
        let mut receiver = queue.receiver().unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            order.check(&receiver.recv());
        }
        join_all(producers);
        census.assert_each_dropped_once();
    });
}

/// The same with a task.
#[test]
fn a_task_that_waits_is_woken() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(AsyncQueue::new());
        let producers = push_all(&census, &queue, |queue, item| queue.push(item));
        let mut receiver = Receiver::owned(queue).unwrap();
        let mut order = Order::default();
        while order.total() < PRODUCERS * EACH {
            future::block_on(async {
                for _ in 0..10 {
                    order.check(&*receiver.recv().await);
                }
            });
        }
        join_all(producers);
        census.assert_each_dropped_once();
    });
}

/// Each park that a push ended has one push that was told so, also where the sleeper
/// is woken from elsewhere all the time.
#[test]
fn one_wake_up_per_ended_park() {
    schedules(|| {
        const EACH: usize = 150;
        let census = Census::new(EACH);
        let queue = Arc::new(Queue::new());
        let told = Arc::new(AtomicUsize::new(0));
        let producers = {
            let told = Arc::clone(&told);
            push_all(&census, &queue, move |queue, item| {
                let wakeup = queue.push(item);
                told.fetch_add(wakeup.is_needed().into(), Relaxed);
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let (mut order, mut ended) = (Order::default(), 0);
        while order.total() < PRODUCERS * EACH {
            consumer.drain(1000).for_each(|item| order.check(&item));
            if let Some(parked) = consumer.park() {
                thread::yield_now();
                ended += usize::from(!parked.unpark());
            } else {
                thread::yield_now(); // stalled, or something came
            }
        }
        join_all(producers);
        assert_eq!(told.load(Relaxed), ended);
        census.assert_each_dropped_once();
    });
}

// --- Shared items ---------------------------------------------------------------

/// What is announced before a push, also one that fails, is seen by the receiver of
/// a pop. The consumer sleeps: an announcement that is missed is a deadlock.
#[test]
fn no_announcement_is_missed() {
    #[derive(Default)]
    struct Task {
        announced: AtomicUsize,
        link: SharedLink,
    }
    linked!(Task => link: SharedLink);

    schedules(|| {
        const EACH: usize = 150;
        let tasks: [Arc<Task>; 3] = Default::default();
        let queue = Arc::new(BlockingQueue::<Arc<Task>>::new());
        let producers = spawn_all(|producer| {
            let (queue, tasks) = (Arc::clone(&queue), tasks.clone());
            move || {
                for number in 0..EACH {
                    let task = &tasks[(producer + number) % tasks.len()];
                    task.announced.fetch_add(1, Relaxed);
                    let _ = queue.try_push(Arc::clone(task));
                }
            }
        });
        let mut receiver = queue.receiver().unwrap();
        let mut seen = 0;
        while seen < PRODUCERS * EACH {
            let task = receiver.recv();
            seen += task.announced.swap(0, Relaxed);
        }
        join_all(producers);
        drop(receiver);
        drop(queue); // with what was pushed again, and found nothing announced
        for task in tasks {
            assert!(Arc::into_inner(task).is_some(), "each share was given back");
        }
    });
}

// --- The server -----------------------------------------------------------------

/// A loop suspends requests, workers resume or drop them, and the loop ends anywhere
/// in between: the work of each is dropped once.
#[test]
fn requests_outlive_their_loop() {
    schedules(|| {
        const EACH: usize = 60;
        let census = Census::new(EACH);
        let bell = Arc::new(shuttle::sync::Condvar::new());
        let rung = Arc::new(shuttle::sync::Mutex::new(false));
        let inbox = {
            let (bell, rung) = (Arc::clone(&bell), Arc::clone(&rung));
            Arc::new(ResumeQueue::new(move || {
                *rung.lock().unwrap() = true;
                bell.notify_one();
            }))
        };
        let mut arrivals = inbox.consumer();

        let jobs = [(); PRODUCERS].map(|()| Arc::new(BlockingQueue::<Pending<Box<Item>>>::new()));
        let workers = spawn_all(|worker| {
            let jobs = Arc::clone(&jobs[worker]);
            move || {
                let mut jobs = jobs.receiver().unwrap();
                for _ in 0..EACH {
                    let pending = jobs.recv();
                    if thread_rng().gen_bool(0.9) {
                        pending.resume();
                    } // else it is dropped
                }
            }
        });

        let total = PRODUCERS * EACH;
        let end_after = thread_rng().gen_range(0..=total);
        let (mut spare, mut popped) = (None, 0);
        for serial in 0..total {
            let key = RequestKey {
                connection: serial % PRODUCERS,
                serial: serial as u64,
            };
            let work = census.item(key.connection, serial / PRODUCERS);
            let (pending, _watch) = suspend(&inbox, key, spare.take(), work);
            jobs[key.connection].push(pending);
            for back in arrivals.drain(2) {
                popped += 1;
                let serial = back.key().serial as usize;
                let (work, vacant) = back.open::<Box<Item>>().expect("of this type");
                assert_eq!(
                    (work.producer, work.number),
                    (serial % PRODUCERS, serial / PRODUCERS)
                );
                spare = Some(vacant);
            }
        }
        while popped < end_after {
            if let Some(parked) = arrivals.park() {
                let asleep = rung.lock().unwrap();
                *bell.wait_while(asleep, |rung| !*rung).unwrap() = false;
                drop(parked);
            } else {
                thread::yield_now();
            }
            popped += arrivals.drain(usize::MAX).count();
        }
        drop((arrivals, spare));
        drop(inbox); // the last of the pending frees it
        join_all(workers);
        census.assert_each_dropped_once();
    });
}

// --- What the tests are made of -------------------------------------------------

/// Runs `test` under random schedules, every other one of few preemptions (PCT:
/// Burckhardt et al., A randomized scheduler with probabilistic guarantees of finding
/// bugs, ASPLOS 2010, section 3), which finds what needs one thread to stand still for
/// long.
fn schedules(test: fn()) {
    let seeds = match env::var("SCHEDULE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("SCHEDULE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => {
            let count = env::var("SCHEDULES").map_or(300, |n| n.parse().expect("a number"));
            let first = RandomState::new().hash_one("schedules") >> 1;
            first..first + count
        }
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(|| run(seed, test)) {
            eprintln!("to see this again: SCHEDULE_SEED={seed} cargo schedules -- <this test>");
            resume_unwind(panic);
        }
    }
}

fn run(seed: u64, test: fn()) {
    let scheduler: Box<dyn Scheduler + Send> = if seed.is_multiple_of(2) {
        Box::new(RandomScheduler::new_from_seed(seed, 1))
    } else {
        // The first of two executions only measures their length.
        Box::new(PctScheduler::new_from_seed(seed, 3, 2))
    };
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    config.max_steps = MaxSteps::FailAfter(10_000_000);
    config.failure_persistence = FailurePersistence::None; // the seed says it all
    Runner::new(scheduler, config).run(test);
}

fn spawn_all<F: FnOnce() + Send + 'static>(
    body: impl Fn(usize) -> F,
) -> Vec<thread::JoinHandle<()>> {
    (0..PRODUCERS)
        .map(|number| thread::spawn(body(number)))
        .collect()
}

/// Producers that push all their items, one by one.
fn push_all<Q: Send + Sync + 'static>(
    census: &Census,
    queue: &Arc<Q>,
    push: impl Fn(&Q, Box<Item>) + Clone + Send + 'static,
) -> Vec<thread::JoinHandle<()>> {
    spawn_all(|producer| {
        let (census, queue, push) = (census.clone(), Arc::clone(queue), push.clone());
        move || {
            for number in 0..census.each {
                push(&queue, census.item(producer, number));
            }
        }
    })
}

fn join_all(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

struct Item {
    link: Link,
    producer: usize,
    number: usize,
    census: Census,
}
linked!(Item => link: Link);

impl Drop for Item {
    fn drop(&mut self) {
        let index = self.producer * self.census.each + self.number;
        self.census.drops[index].fetch_add(1, Relaxed);
    }
}

/// How often each item was dropped.
#[derive(Clone)]
struct Census {
    each: usize,
    drops: Arc<[AtomicUsize]>,
}

impl Census {
    fn new(each: usize) -> Self {
        let drops = (0..PRODUCERS * each).map(|_| AtomicUsize::new(0)).collect();
        Self { each, drops }
    }

    fn item(&self, producer: usize, number: usize) -> Box<Item> {
        Box::new(Item {
            link: Link::new(),
            producer,
            number,
            census: self.clone(),
        })
    }

    fn assert_each_dropped_once(&self) {
        let wrong = self.drops.iter().position(|drops| drops.load(Relaxed) != 1);
        assert_eq!(wrong, None, "this one was not dropped once");
    }
}

/// Checks that each producer's items come in order, none missing.
#[derive(Default)]
struct Order([usize; PRODUCERS]);

impl Order {
    fn check(&mut self, item: &Item) {
        let next = &mut self.0[item.producer];
        assert_eq!(item.number, *next, "of producer {}", item.producer);
        *next += 1;
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }
}
