//! Random programs of all operations, against a model that is a `VecDeque`.
//!
//! On one thread, so that every answer is known exactly: what comes out and when,
//! which push must wake, how long the queue is, and that each item is delivered or
//! dropped once.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mpsc_queue::{
    AlreadyQueued, Chain, Counted, Link, Pop, Queue, SharedLink, UniqueHandle, Wakeup, linked,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// How many items exist.
#[derive(Clone, Debug, Default)]
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts itself while it lives.
struct Counter(Alive);

impl Counter {
    fn new(alive: &Alive) -> Self {
        alive.0.fetch_add(1, Ordering::Relaxed);
        Self(alive.clone())
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Item {
    link: Link,
    number: usize,
    _counter: Counter,
}
linked!(Item => link: Link);

struct SharedItem {
    link: SharedLink,
    number: usize,
    _counter: Counter,
}
linked!(SharedItem => link: SharedLink);

#[derive(Clone, Debug)]
enum Step {
    Push,
    PushChain(usize),
    /// Builds a chain, pops some of it, and drops the rest.
    DropChain(usize, usize),
    Pop,
    PopWait,
    /// Drains with this limit, and stops after so many.
    Drain(usize, usize),
    Park,
    /// As `Park`, but forgets the guard.
    LeakPark,
    /// Drops the consumer and takes its place again.
    Retake,
    /// Forgets the consumer and takes its place again.
    LeakConsumer,
    Move,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Push),
        2 => (0..5usize).prop_map(Step::PushChain),
        1 => (0..4usize, 0..4usize).prop_map(|(n, pops)| Step::DropChain(n, pops)),
        5 => Just(Step::Pop),
        1 => Just(Step::PopWait),
        2 => (0..6usize, 0..6usize).prop_map(|(limit, take)| Step::Drain(limit, take)),
        2 => Just(Step::Park),
        1 => Just(Step::LeakPark),
        1 => Just(Step::Retake),
        1 => Just(Step::LeakConsumer),
        1 => Just(Step::Move),
    ]
}

/// What the queue should be like.
#[derive(Default)]
struct Model {
    items: VecDeque<usize>,
    /// A consumer has parked, and no push was told.
    parked: bool,
    next: usize,
}

impl Model {
    fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// Notes a push of `numbers`, and returns what it must be told.
    fn push(&mut self, numbers: impl IntoIterator<Item = usize>) -> Wakeup {
        let before = self.items.len();
        self.items.extend(numbers);
        let wakes = self.items.len() > before && self.parked;
        self.parked &= !wakes;
        if wakes {
            Wakeup::Needed
        } else {
            Wakeup::NotNeeded
        }
    }
}

/// Runs `steps` on a queue of handles that `make` makes and `number` reads.
fn run<H: UniqueHandle>(
    steps: &[Step],
    alive: &Alive,
    make: impl Fn(usize) -> H,
    number: impl Fn(&H) -> usize,
) {
    let mut queue = Queue::<H, Counted>::counted();
    let mut model = Model::default();
    for step in steps {
        match *step {
            Step::Push => {
                let n = model.number();
                assert_eq!(queue.push(make(n)), model.push([n]));
            }
            Step::PushChain(n) => {
                let numbers: Vec<_> = (0..n).map(|_| model.number()).collect();
                let chain: Chain<H> = numbers.iter().map(|&n| make(n)).collect();
                assert_eq!((chain.len(), chain.is_empty()), (n, n == 0));
                assert_eq!(queue.push_chain(chain), model.push(numbers));
            }
            Step::DropChain(n, pops) => {
                let mut chain: Chain<H> = (0..n).map(&make).collect();
                for expected in 0..pops {
                    let popped = chain.pop().map(|handle| number(&handle));
                    assert_eq!(popped, (expected < n).then_some(expected));
                }
                assert_eq!(chain.len(), n.saturating_sub(pops));
            }
            Step::Pop => match queue.consumer().unwrap().pop() {
                Pop::Item(handle) => assert_eq!(Some(number(&handle)), model.items.pop_front()),
                Pop::Empty => assert!(model.items.is_empty()),
                Pop::Stalled => panic!("no push is in flight"),
            },
            Step::PopWait => {
                let popped = queue.consumer().unwrap().pop_wait();
                assert_eq!(popped.as_ref().map(&number), model.items.pop_front());
            }
            Step::Drain(limit, take) => {
                let mut consumer = queue.consumer().unwrap();
                let mut drain = consumer.drain(limit);
                let there = limit.min(model.items.len());
                for _ in 0..take.min(there) {
                    let handle = drain.next().expect("there is more");
                    assert_eq!(Some(number(&handle)), model.items.pop_front());
                    // What is pushed meanwhile is not for this sweep.
                    let n = model.number();
                    assert_eq!(queue.push(make(n)), model.push([n]));
                }
                if take >= there {
                    assert!(drain.next().is_none());
                }
                assert!(!drain.is_stalled());
            }
            Step::Park => {
                let mut consumer = queue.consumer().unwrap();
                let parked = consumer.park();
                assert_eq!(parked.is_some(), model.items.is_empty());
                if let Some(parked) = parked {
                    assert!(parked.unpark(), "no push came in between");
                    model.parked = false;
                }
            }
            Step::LeakPark => {
                let mut consumer = queue.consumer().unwrap();
                if let Some(parked) = consumer.park() {
                    std::mem::forget(parked);
                    model.parked = true;
                }
            }
            Step::Retake => {
                let consumer = queue.consumer().unwrap();
                assert!(queue.consumer().is_err());
                drop(consumer);
                assert!(queue.consumer().is_ok());
            }
            Step::LeakConsumer => {
                std::mem::forget(queue.consumer().unwrap());
                assert!(queue.consumer().is_err());
                drop(queue.consumer_mut());
            }
            Step::Move => queue = *Box::new(queue),
        }
        assert_eq!(queue.len(), model.items.len());
        assert_eq!(queue.is_empty(), model.items.is_empty());
        assert_eq!(
            alive.count(),
            model.items.len(),
            "delivered or dropped once"
        );
    }
    drop(queue); // with whatever is in it
    assert_eq!(alive.count(), 0, "nothing is leaked");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn boxes(steps in vec(step(), 0..80)) {
        let alive = Alive::default();
        let make = |number| Box::new(Item {
            link: Link::new(),
            number,
            _counter: Counter::new(&alive),
        });
        run(&steps, &alive, make, |item| item.number);
    }

    #[test]
    fn pinned_boxes(steps in vec(step(), 0..40)) {
        let alive = Alive::default();
        let make = |number| Box::pin(Item {
            link: Link::new(),
            number,
            _counter: Counter::new(&alive),
        });
        run(&steps, &alive, make, |item| item.number);
    }

    /// A few items, pushed again and again, by two queues and a chain.
    #[test]
    fn shared_items_are_in_one_place(steps in vec((0..4usize, 0..6usize), 0..120)) {
        let alive = Alive::default();
        let items: Vec<_> = (0..4)
            .map(|number| Arc::new(SharedItem {
                link: SharedLink::new(),
                number,
                _counter: Counter::new(&alive),
            }))
            .collect();
        let queues = [Queue::new(), Queue::new()];
        let mut chain = Chain::new();
        let mut models = [VecDeque::new(), VecDeque::new(), VecDeque::new()];
        for (index, action) in steps {
            let item = &items[index];
            let queued = models.iter().any(|model| model.contains(&item.number));
            let pushed = match action {
                0 | 1 => queues[action].try_push(Arc::clone(item)).map(|_| ()),
                2 => chain.try_push(Arc::clone(item)),
                3 | 4 => {
                    let popped = match queues[action - 3].consumer().unwrap().pop() {
                        Pop::Item(item) => Some(item.number),
                        Pop::Empty => None,
                        Pop::Stalled => panic!("no push is in flight"),
                    };
                    prop_assert_eq!(popped, models[action - 3].pop_front());
                    continue;
                }
                _ => {
                    prop_assert_eq!(chain.len(), models[2].len());
                    let _ = queues[0].push_chain(std::mem::take(&mut chain));
                    let chained = std::mem::take(&mut models[2]);
                    models[0].extend(chained);
                    continue;
                }
            };
            match pushed {
                Ok(()) => models[action].push_back(item.number),
                Err(AlreadyQueued(returned)) => prop_assert!(Arc::ptr_eq(&returned, item)),
            }
            prop_assert_eq!(pushed_now(&models, item.number), 1);
            prop_assert!(queued || models[action].back() == Some(&item.number));
        }
        drop((queues, chain));
        for item in &items {
            prop_assert_eq!(Arc::strong_count(item), 1, "each share was given back");
        }
        drop(items);
        prop_assert_eq!(alive.count(), 0);
    }
}

/// In how many places the item is.
fn pushed_now(models: &[VecDeque<usize>], number: usize) -> usize {
    models.iter().flatten().filter(|&&n| n == number).count()
}
