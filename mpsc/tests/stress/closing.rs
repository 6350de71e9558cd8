//! Queues and channels that are closed or dropped, half full, while producers push.

use std::any::TypeId;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use mpsc_queue::{
    Chain, Closed, Consumer, Counted, Form, Link, Pop, Queue, SendError, SharedLink, Stall,
    TryPushError, channel, linked,
};

use crate::census::{Census, Item, Order};
use crate::{EACH, IS_SHORT, must_end};

test_each_form! {
    queue_close_gives_each_item_one_fate
    channel_close_gives_each_item_one_fate
    drop_of_channel_receiver_drops_or_refuses_rest
    last_share_of_closed_queue_drops_remaining_items
    refused_shared_item_can_be_pushed_again
    refused_chain_can_be_pushed_again
    panic_in_drop_of_item_in_closed_queue_loses_no_other
}

const PRODUCERS: [usize; 3] = [1, 2, 4];

/// The number of queues for each number of producers.
const ROUNDS: usize = match (cfg!(miri), IS_SHORT) {
    (true, _) => 2,
    (_, true) => 10,
    _ => 100,
};

/// The number of items that a producer pushes to one queue.
const PUSHES: usize = if cfg!(miri) { 16 } else { 400 };

/// A producer pushes one item alone and then a chain of the rest of the group.
const GROUP: usize = 4;

/// A queue or channel as its producers see it. A push that fails returns what was to be pushed.
trait Sink<'c>: Sync {
    fn push(&self, item: Box<Item<'c>>) -> Result<(), Box<Item<'c>>>;

    fn push_chain(&self, chain: Chain<Box<Item<'c>>>) -> Result<(), Chain<Box<Item<'c>>>>;
}

/// A queue whose consumer does not park.
impl<'c, F: Form> Sink<'c> for Queue<Box<Item<'c>>, F> {
    fn push(&self, item: Box<Item<'c>>) -> Result<(), Box<Item<'c>>> {
        let wakeup = self.push(item).map_err(|Closed(item)| item)?;
        assert!(!wakeup.is_needed());
        Ok(())
    }

    fn push_chain(&self, chain: Chain<Box<Item<'c>>>) -> Result<(), Chain<Box<Item<'c>>>> {
        let wakeup = self.push_chain(chain).map_err(|Closed(chain)| chain)?;
        assert!(!wakeup.is_needed());
        Ok(())
    }
}

/// A send that begins after the receiver is gone must fail.
impl<'c, F: Form> Sink<'c> for channel::Sender<Box<Item<'c>>, F> {
    fn push(&self, item: Box<Item<'c>>) -> Result<(), Box<Item<'c>>> {
        let is_closed = self.is_closed();
        let sent = self.send(item).map_err(|SendError(item)| item);
        assert!(sent.is_err() || !is_closed);
        sent
    }

    fn push_chain(&self, chain: Chain<Box<Item<'c>>>) -> Result<(), Chain<Box<Item<'c>>>> {
        let is_closed = self.is_closed();
        let sent = self.send_chain(chain).map_err(|SendError(chain)| chain);
        assert!(sent.is_err() || !is_closed);
        sent
    }
}

/// Pushes the items of a producer. Returns, for each of them, whether its push returned `Ok`.
/// Counts in `returned` the pushes that have returned.
fn produce<'c>(
    census: &'c Census,
    producer: usize,
    sink: &impl Sink<'c>,
    returned: &AtomicUsize,
) -> Vec<bool> {
    let item = |number| census.item(producer, number);
    let mut accepted = Vec::new();
    for first in (0..PUSHES).step_by(GROUP) {
        let pushed = sink.push(item(first));
        accepted.push(pushed.is_ok());
        if let Err(same) = pushed {
            assert_eq!((same.producer, same.number), (producer, first));
        }
        returned.store(accepted.len(), Ordering::Release);

        let numbers = first + 1..first + GROUP;
        let pushed = sink.push_chain(numbers.clone().map(item).collect());
        accepted.resize(first + GROUP, pushed.is_ok());
        if let Err(mut chain) = pushed {
            assert_eq!(chain.len(), GROUP - 1, "the chain comes back whole");
            let items = std::iter::from_fn(|| chain.pop());
            assert!(items.map(|item| item.number).eq(numbers));
        }
        returned.store(accepted.len(), Ordering::Release);
    }
    accepted
}

/// What became of the pushes of each producer.
struct Outcome {
    accepted: Vec<Vec<bool>>,
    /// The items that the consumer got.
    delivered: Order,
    /// The number of pushes that had returned when the consumer began to close.
    returned: Vec<usize>,
}

/// Runs `consume` while producers push. It begins to close after it has called its argument.
fn run<'c>(
    census: &'c Census,
    producers: usize,
    sink: &impl Sink<'c>,
    consume: impl FnOnce(&mut Order, &mut dyn FnMut()),
) -> Outcome {
    let start = Barrier::new(producers + 1);
    let counts: Vec<_> = (0..producers).map(|_| AtomicUsize::new(0)).collect();
    let mut delivered = Order::of(producers);
    let mut returned = Vec::new();
    thread::scope(|scope| {
        let producers: Vec<_> = (0..producers)
            .map(|producer| {
                let (start, count) = (&start, &counts[producer]);
                scope.spawn(move || {
                    start.wait();
                    produce(census, producer, sink, count)
                })
            })
            .collect();
        start.wait();
        consume(&mut delivered, &mut || {
            let counts = counts.iter().map(|count| count.load(Ordering::Acquire));
            returned.extend(counts);
        });
        let accepted = producers.into_iter().map(|thread| thread.join().unwrap());
        let accepted = accepted.collect();
        Outcome {
            accepted,
            delivered,
            returned,
        }
    })
}

impl Outcome {
    /// Each item is delivered, refused, or dropped by a push that is refused. What was pushed
    /// before the close is delivered, and nothing that was pushed after an item that is not.
    fn check(&self, may_drop_accepted_items: bool) {
        for (producer, accepted) in self.accepted.iter().enumerate() {
            let delivered = self.delivered.of_producer(producer);
            assert!(
                delivered >= self.returned[producer],
                "lost before the close"
            );
            assert!(delivered % GROUP <= 1, "a part of a chain");
            let (before, after) = accepted.split_at(delivered);
            assert!(!before.contains(&false), "delivered and refused");
            let is_dropped = after.contains(&true);
            assert!(!is_dropped || may_drop_accepted_items, "accepted and lost");
        }
    }
}

/// Calls `test` with the number of producers, and the number of items to pop before the close.
fn each_round(test: impl Fn(usize, usize) + Clone + Send + 'static) {
    for producers in PRODUCERS {
        let test = test.clone();
        must_end(move || {
            for round in 0..ROUNDS {
                test(producers, round * producers * PUSHES / ROUNDS);
            }
        });
    }
}

fn has_gap<F: Form>() -> bool {
    TypeId::of::<F::Stall>() == TypeId::of::<Stall>()
}

/// Pops `pops` items, closes, and pops the rest.
fn close_after<'c, R, S>(
    pops: usize,
    receiver: &mut R,
    pop: impl Fn(&mut R) -> Pop<Box<Item<'c>>, S>,
    close: impl Fn(&mut R),
    order: &mut Order,
    before_close: &mut dyn FnMut(),
) {
    while order.total() < pops {
        match pop(receiver) {
            Pop::Item(item) => order.check(&item),
            Pop::Empty | Pop::Stalled(_) => thread::yield_now(),
            Pop::Closed => panic!("the queue is open"),
        }
    }
    before_close();
    loop {
        close(receiver); // closing again has no effect
        match pop(receiver) {
            Pop::Item(item) => order.check(&item),
            Pop::Empty => panic!("the queue is closed"),
            Pop::Stalled(_) => thread::yield_now(),
            Pop::Closed => break,
        }
    }
}

fn queue_close_gives_each_item_one_fate<F: Form>() {
    each_round(|producers, pops| {
        let census = Census::new(producers, PUSHES);
        let queue = Queue::<_, Counted<F>>::default();
        let mut consumer = queue.consumer().unwrap();
        let close = |consumer: &mut Consumer<_>| {
            assert!(queue.len() <= producers * PUSHES, "not negative");
            consumer.close();
        };
        let outcome = run(&census, producers, &queue, |order, before_close| {
            close_after(
                pops,
                &mut consumer,
                Consumer::pop,
                close,
                order,
                before_close,
            );
        });
        outcome.check(producers > 1 && has_gap::<F>());
        assert!(consumer.pop().is_closed());
        assert_eq!((queue.len(), queue.is_empty()), (0, true));
        census.assert_each_dropped_once();
    });
}

fn channel_close_gives_each_item_one_fate<F: Form>() {
    each_round(|producers, pops| {
        let census = Census::new(producers, PUSHES);
        let (sender, mut receiver) = channel::with_form(F::default());
        let outcome = run(&census, producers, &sender, |order, before_close| {
            let (pop, close) = (channel::Receiver::pop, channel::Receiver::close);
            close_after(pops, &mut receiver, pop, close, order, before_close);
        });
        outcome.check(producers > 1 && has_gap::<F>());
        census.assert_each_dropped_once();
    });
}

fn drop_of_channel_receiver_drops_or_refuses_rest<F: Form>() {
    each_round(|producers, pops| {
        let census = Census::new(producers, PUSHES);
        let (sender, mut receiver) = channel::with_form(F::default());
        let outcome = run(&census, producers, &sender, |order, before_close| {
            receiver
                .iter()
                .take(pops)
                .for_each(|item| order.check(&item));
            before_close();
            drop(receiver);
        });
        assert_eq!(outcome.delivered.total(), pops);
        for accepted in &outcome.accepted {
            let refusals = accepted.iter().skip_while(|&&is_accepted| is_accepted);
            // A refused send is followed by refused ones, since the receiver was gone.
            assert!(!refusals.copied().any(|is_accepted| is_accepted));
        }
        census.assert_each_dropped_once();
    });
}

/// The last share of the queue belongs to a producer or to the consumer.
fn last_share_of_closed_queue_drops_remaining_items<F: Form>() {
    each_round(|producers, pops| {
        let census = Census::new(producers, PUSHES);
        let queue = Arc::new(Queue::<_, F>::default());
        thread::scope(|scope| {
            let shared = Arc::clone(&queue);
            census.spawn_producers(scope, move |item| drop(shared.push(item)));
            let mut consumer = Consumer::owned(queue).unwrap();
            (0..pops / 2).for_each(|_| drop(consumer.pop()));
            consumer.close();
            (0..pops / 2).for_each(|_| drop(consumer.pop()));
        });
        census.assert_each_dropped_once();
    });
}

/// An item that other handles can reach is free again, whether its push was refused, or was
/// accepted and then dropped by one that was refused.
fn refused_shared_item_can_be_pushed_again<F: Form>() {
    #[derive(Default)]
    struct Task {
        link: SharedLink,
    }
    linked!(Task => link: SharedLink);

    for producers in PRODUCERS {
        must_end(move || {
            let tasks: [Arc<Task>; 3] = Default::default();
            let queue = Queue::<_, Counted<F>>::default();
            queue.consumer().unwrap().close();
            thread::scope(|scope| {
                for producer in 0..producers {
                    let (tasks, queue) = (&tasks, &queue);
                    scope.spawn(move || {
                        for round in 0..EACH {
                            let task = &tasks[(producer + round) % tasks.len()];
                            match queue.try_push(Arc::clone(task)) {
                                Ok(wakeup) => {
                                    assert!(producers > 1 && has_gap::<F>());
                                    assert!(!wakeup.is_needed());
                                }
                                Err(TryPushError::AlreadyQueued(same)) => {
                                    assert!(producers > 1 && Arc::ptr_eq(&same, task));
                                }
                                Err(TryPushError::Closed(same)) => {
                                    assert!(Arc::ptr_eq(&same, task));
                                }
                            }
                        }
                    });
                }
            });
            assert!(queue.consumer().unwrap().pop().is_closed());
            assert_eq!(queue.len(), 0);
            let other = Queue::<_, F>::default();
            for task in &tasks {
                assert!(other.try_push(Arc::clone(task)).is_ok(), "still queued");
            }
            drop((queue, other));
            for task in tasks {
                assert!(Arc::into_inner(task).is_some(), "no share is left");
            }
        });
    }
}

/// An item whose destructor panics, unless it runs in a panic.
struct Bomb<'a> {
    link: Link,
    is_armed: bool,
    drops: &'a AtomicUsize,
}
linked!(['a] Bomb<'a> => link: Link);

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        if self.is_armed && !thread::panicking() {
            resume_unwind(Box::new("the destructor panics")); // without a message
        }
    }
}

/// Pushes a chain of bombs to a closed queue, again and again, and in the end to an open one.
/// Returns the numbers of bombs and of panics.
fn push_bombs<'a, F: Form>(
    closed: &Queue<Box<Bomb<'a>>, F>,
    drops: &'a AtomicUsize,
    are_armed: bool,
) -> (usize, usize) {
    let (mut bombs, mut panics) = (0, 0);
    let mut refused = Chain::new();
    for _ in 0..4 * EACH {
        // As a rule, nothing but the push lies between two pushes, so that pushes overlap.
        let mut chain = mem::take(&mut refused);
        while chain.len() < GROUP {
            chain.push(Box::new(Bomb {
                link: Link::new(),
                is_armed: are_armed,
                drops,
            }));
            bombs += 1;
        }
        match catch_unwind(AssertUnwindSafe(|| closed.push_chain(chain))) {
            Ok(Ok(wakeup)) => assert!(!wakeup.is_needed()), // another push drops the chain
            Ok(Err(Closed(chain))) => refused = chain,
            Err(_) => panics += 1,
        }
    }
    let len = refused.len();
    let open = Queue::<_, F>::default();
    assert!(!open.push_chain(refused).unwrap().is_needed());
    let mut consumer = open.consumer().unwrap();
    for _ in 0..len {
        let mut bomb = consumer.pop().into_item().expect("the chain is whole");
        bomb.is_armed = false;
    }
    assert!(consumer.pop().is_empty());
    (bombs, panics)
}

/// Calls [`push_bombs`] on several threads. Returns the number of panics.
fn drop_bombs<F: Form>(producers: usize, are_armed: bool) -> usize {
    let drops = AtomicUsize::new(0);
    let queue = Queue::<_, Counted<F>>::default();
    queue.consumer().unwrap().close();
    let (bombs, panics) = thread::scope(|scope| {
        let push = || push_bombs(&queue, &drops, are_armed);
        let producers: Vec<_> = (0..producers).map(|_| scope.spawn(push)).collect();
        let counts = producers.into_iter().map(|thread| thread.join().unwrap());
        counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    });
    assert_eq!(drops.load(Ordering::Relaxed), bombs);
    assert_eq!(queue.len(), 0);
    panics
}

/// The chain comes back whole although the refused push has dropped the items of others.
fn refused_chain_can_be_pushed_again<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || assert_eq!(drop_bombs::<F>(producers, false), 0));
    }
}

/// A push that is refused drops the items of other pushes. It goes on past a `Drop` that
/// panics, and then unwinds.
fn panic_in_drop_of_item_in_closed_queue_loses_no_other<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let panics = drop_bombs::<F>(producers, true);
            assert!(panics == 0 || (producers > 1 && has_gap::<F>()));
        });
    }
}
