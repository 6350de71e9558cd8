//! Models of the algorithms of `papers`: each item is popped once, the items of each
//! producer in order, and no pop returns `Empty` after a push has returned. Blocks have
//! one or two slots, so that they are drained, recycled and walked over all the time.
//!
//! Under loom the blocks and the values are tracked: a leak or a second free fails the
//! model.
#![cfg(loom)]

use loom::alloc::Track;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::Model;
use mpsc_queue::Pop;
use papers::cc_synch::CcSynch;
use papers::clh::Clh;
use papers::eventcount::EventCount;
use papers::fenced_flag::FencedFlag;
use papers::io_uring::IoUring;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::{Segmented, SegmentedWithBackoff};
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;
use papers::{Consume, Mpsc, Node};

/// The number of the producer, and the number of the value among the producer's.
type Value = Track<(usize, usize)>;

/// An item that carries a value.
trait Carrier: Send + 'static {
    fn carry(producer: usize, number: usize) -> Self;
    fn value(&self) -> (usize, usize);
}

impl Carrier for Value {
    fn carry(producer: usize, number: usize) -> Self {
        Track::new((producer, number))
    }
    fn value(&self) -> (usize, usize) {
        *self.get_ref()
    }
}

impl Carrier for Box<Node<Value>> {
    fn carry(producer: usize, number: usize) -> Self {
        Node::new(Track::new((producer, number)))
    }
    fn value(&self) -> (usize, usize) {
        *self.get_ref()
    }
}

/// A producer for each element of `pushes` pushes that many items, while the consumer
/// pops `pops` times. The consumer pops the rest at the end.
fn fifo<Q>(new: fn() -> Q, pushes: &[usize], pops: usize)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let queue = Arc::new(new());
    let returned = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = pushes
        .iter()
        .copied()
        .enumerate()
        .map(|(producer, each)| {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                for number in 0..each {
                    assert!(queue.push(Carrier::carry(producer, number)).is_ok());
                    returned.fetch_add(1, Ordering::Release);
                }
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let mut values = Vec::new();
    for _ in 0..pops {
        let there = returned.load(Ordering::Acquire) > values.len();
        match consumer.pop() {
            Pop::Item(item) => values.push(item.value()),
            Pop::Empty => assert!(!there, "a completed push is visible"),
            Pop::Stalled(_) => {}
            Pop::Closed => unreachable!("no algorithm of `papers` closes its queue"),
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    loop {
        match consumer.pop() {
            Pop::Item(item) => values.push(item.value()),
            Pop::Empty | Pop::Closed => break,
            Pop::Stalled(_) => panic!("stalled although no push is in flight"),
        }
    }
    for (producer, &each) in pushes.iter().enumerate() {
        let numbers: Vec<_> = values
            .iter()
            .filter(|value| value.0 == producer)
            .map(|value| value.1)
            .collect();
        assert_eq!(numbers, Vec::from_iter(0..each), "of producer {producer}");
    }
    assert_eq!(values.len(), pushes.iter().sum::<usize>());
}

const EACH_ONCE_IN_ORDER: Model =
    Model::new("each item once, each producer's in order; `Empty` misses no returned push");

/// For each algorithm, the least executions of its three models, and by how much their
/// bounds are lower if it has many atomic operations.
macro_rules! models {
    ($($name:ident $([$lower:literal])?:
        $new:expr, $three:literal, $one:literal, $two_and_one:literal;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn one_producer_of_three() {
                let model = EACH_ONCE_IN_ORDER.threads("1 x 3, consumer").bound(2 $(- $lower)?).full_bound(3 $(- $lower)?);
                model.at_least($three).check(|| fifo($new, &[3], 3));
            }

            #[test]
            fn two_producers_of_one() {
                let model = EACH_ONCE_IN_ORDER.threads("2 x 1, consumer").bound(3 $(- $lower)?).full_bound(4 $(- $lower)?);
                model.at_least($one).check(|| fifo($new, &[1, 1], 2));
            }

            /// With blocks of one slot, the smallest model in which a late push walks from
            /// a block that the others have left.
            #[test]
            fn two_producers_of_two_and_one() {
                let model = EACH_ONCE_IN_ORDER.threads("1 x 2, 1 x 1, consumer").bound(2 $(- $lower)?).full_bound(3 $(- $lower)?);
                model.at_least($two_and_one).check(|| fifo($new, &[2, 1], 2));
            }
        }
    )*};
}

models! {
    treiber: Treiber::<Node<Value>>::new, 180, 2_900, 1_300;
    vyukov: Vyukov::<Node<Value>>::new, 4_900, 15_000, 5_000;
    io_uring: IoUring::<Node<Value>>::new, 2_800, 11_000, 3_000;
    wfcqueue: WfcQueue::<Node<Value>>::new, 1_800, 8_800, 2_300;
    clh: Clh::<Value>::new, 1_500, 7_000, 1_700;
    cc_synch: CcSynch::<Value>::new, 270, 5_200, 970;
    cc_synch_by_one: CcSynch::<Value, 1>::new, 270, 4_000, 880;
    michael_scott [1]: || MichaelScott::<Value>::new(3), 480, 12_000, 1_900;
    ring: || Ring::<Value>::new(4), 1_700, 13_000, 7_600;
    segmented_by_one: Segmented::<Value, 1>::new, 24_000, 23_000, 19_000;
    segmented_by_two: Segmented::<Value, 2>::new, 7_900, 13_000, 3_600;
    segmented_with_backoff: SegmentedWithBackoff::<Value, 1>::new, 38_000, 58_000, 75_000;
    jiffy_by_one: Jiffy::<Value, 1>::new, 35_000, 38_000, 50_000;
    jiffy_by_two: Jiffy::<Value, 2>::new, 13_000, 23_000, 11_000;
    ltqueue [1]: || LtQueue::<Value>::new(3), 80, 1_900, 70;
}

/// A queue with room for two items, filled again and again: no push overwrites an item, and
/// a push fails only while the queue is full.
fn push_fails_only_while_full<Q>(bound: usize, at_least: usize, new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let model = Model::new("a push fails only while the queue is full, and overwrites nothing")
        .threads("1 x 4, consumer")
        .bound(bound)
        .full_bound(bound + 1)
        .at_least(at_least);
    model.check(move || {
        let queue = Arc::new(new());
        let popped = Arc::new(AtomicUsize::new(0));
        let producer = {
            let (queue, popped) = (Arc::clone(&queue), Arc::clone(&popped));
            thread::spawn(move || push_four(&*queue, &popped))
        };
        let mut consumer = queue.consumer().unwrap();
        let mut next = 0;
        let mut pop = || {
            let result = consumer.pop();
            if let Pop::Item(item) = &result {
                assert_eq!(item.value(), (0, next));
                next += 1;
                popped.store(next, Ordering::Release);
            }
            matches!(result, Pop::Item(_))
        };
        // For loom 0.7.3, which remembers only the last access to an atomic: the
        // producer's own load hides the consumer's load from its compare-exchange, and
        // without this store loom explores one execution.
        popped.store(0, Ordering::Release);
        for _ in 0..3 {
            pop();
        }
        let pushed = producer.join().unwrap();
        while pop() {}
        assert_eq!(next, pushed);
    });
}

/// Attempts four pushes. Returns the number of those that succeeded.
fn push_four<Q: Mpsc<Item: Carrier>>(queue: &Q, popped: &AtomicUsize) -> usize {
    let mut pushed = 0;
    for _ in 0..4 {
        let popped = popped.load(Ordering::Acquire);
        match queue.push(Carrier::carry(0, pushed)) {
            Ok(()) => pushed += 1,
            Err(_) => assert!(pushed - popped >= 2, "the queue is full"),
        }
    }
    pushed
}

#[test]
fn ring_push_fails_only_while_full() {
    push_fails_only_while_full(3, 7_200, || Ring::<Value>::new(2));
}

#[test]
fn michael_scott_push_fails_only_while_full() {
    push_fails_only_while_full(2, 780, || MichaelScott::<Value>::new(2));
}

/// A push reads the tail. Meanwhile another item is pushed and popped, so the tail's node is
/// freed, and ends the free list like the last node of the list. The push must not link to it.
#[test]
fn michael_scott_late_push_finds_free_node() {
    let model = Model::new("a late push does not link to a node that has left the list")
        .threads("1 x 1, consumer x 1")
        .at_least(32_000);
    model.check(|| {
        // One node for each item, so the free list is empty then.
        let queue = Arc::new(MichaelScott::<Value>::new(2));
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(queue.push(Carrier::carry(1, 0)).is_ok()))
        };
        assert!(queue.push(Carrier::carry(0, 0)).is_ok());
        let mut consumer = queue.consumer().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(_)));
        other.join().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(_)));
        assert!(matches!(consumer.pop(), Pop::Empty));
    });
}

/// As above, but the node is taken again by a third push, which has not linked it yet. The
/// late push must not link to it, because the consumer would not reach its item.
#[test]
fn michael_scott_late_push_finds_reused_node() {
    let model = Model::new("a late push does not link to a node that is about to be linked")
        .threads("1 x 1 and pop, 1 x 2 and pop")
        .bound(2)
        .full_bound(3)
        .at_least(2_900);
    model.check(|| {
        let queue = Arc::new(MichaelScott::<Value>::new(2));
        let mut consumer = queue.consumer().unwrap();
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                assert!(queue.push(Carrier::carry(1, 0)).is_ok());
                if let Ok(mut consumer) = queue.consumer() {
                    // Two pushes have returned, and one item was popped.
                    assert!(matches!(consumer.pop(), Pop::Item(_)));
                }
            })
        };
        assert!(queue.push(Carrier::carry(0, 0)).is_ok());
        assert!(matches!(consumer.pop(), Pop::Item(_)));
        drop(consumer);
        assert!(queue.push(Carrier::carry(0, 1)).is_ok());
        other.join().unwrap();
    });
}

/// Two pushes append the same block, and the losing push frees its own.
fn competing_pushes_append_one_block<Q>(at_least: usize, new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let model =
        Model::new("the losing push of a race to append frees its own block").threads("2 x 1");
    model.at_least(at_least).check(move || {
        let queue = Arc::new(new());
        assert!(queue.push(Carrier::carry(0, 0)).is_ok()); // fills the first block
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(queue.push(Carrier::carry(1, 0)).is_ok()))
        };
        assert!(queue.push(Carrier::carry(0, 1)).is_ok());
        other.join().unwrap();
        let mut consumer = queue.consumer().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.value() == (0, 0)));
    });
}

#[test]
fn competing_pushes_append_one_block_to_segmented() {
    competing_pushes_append_one_block(60, Segmented::<Value, 1>::new);
}

#[test]
fn competing_pushes_append_one_block_to_jiffy() {
    competing_pushes_append_one_block(60, Jiffy::<Value, 1>::new);
}

/// A push that reserves after the consumer has started a grace period must not load an
/// older tail. Meanwhile the consumer drains two blocks and reuses the first.
fn push_after_grace_period_starts<Q>(at_least: usize, new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let model = Model::new("a late push finds no block that the consumer reuses")
        .threads("1 x 1, consumer x 2");
    model.at_least(at_least).check(move || {
        let queue = Arc::new(new());
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert!(queue.push(Carrier::carry(1, 0)).is_ok()))
        };
        for number in 0..2 {
            assert!(queue.push(Carrier::carry(0, number)).is_ok());
        }
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        for _ in 0..3 {
            popped += usize::from(matches!(consumer.pop(), Pop::Item(_)));
        }
        other.join().unwrap();
        while let Pop::Item(_) = consumer.pop() {
            popped += 1;
        }
        assert_eq!(popped, 3);
    });
}

#[test]
fn push_after_grace_period_starts_in_segmented() {
    push_after_grace_period_starts(9_900, Segmented::<Value, 1>::new);
}

#[test]
fn push_after_grace_period_starts_in_segmented_with_backoff() {
    push_after_grace_period_starts(150_000, SegmentedWithBackoff::<Value, 1>::new);
}

#[test]
fn push_after_grace_period_starts_in_jiffy() {
    push_after_grace_period_starts(31_000, Jiffy::<Value, 1>::new);
}

/// A push into the last lane, whose refreshes may all fail, during pops from the first lane. The
/// other lanes are taken, and empty.
fn ltqueue_push_overlaps_pops(lanes: usize, pops: usize, bound: usize, at_least: usize) {
    let model = Model::new("a push whose refreshes fail relies on later ones")
        .threads("1 x 1, consumer")
        .bound(bound)
        .full_bound(bound + 1)
        .at_least(at_least);
    model.check(move || {
        let queue = Arc::new(LtQueue::<Value>::new(lanes));
        let mut taken: Vec<_> = (1..lanes).map(|_| queue.producer().unwrap()).collect();
        for number in 0..pops {
            taken[0].push(Carrier::carry(0, number));
        }
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let mut last = queue.producer().unwrap();
                last.push(Carrier::carry(1, 0));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut values = Vec::new();
        for _ in 0..pops {
            values.push(consumer.pop().into_item().unwrap().value());
        }
        other.join().unwrap();
        while let Pop::Item(item) = consumer.pop() {
            values.push(item.value());
        }
        assert_eq!(values.len(), pops + 1);
        values.retain(|value| value.0 == 0);
        assert!(values.is_sorted());
    });
}

#[test]
fn ltqueue_push_overlaps_pops_below_root() {
    ltqueue_push_overlaps_pops(2, 2, 4, 1_300);
}

/// The two lanes are below different children of the root.
#[test]
fn ltqueue_push_overlaps_pops_below_two_levels() {
    ltqueue_push_overlaps_pops(3, 2, 3, 1_100);
}

/// Two pushes on two threads, on lanes of their own.
#[test]
fn ltqueue_pops_in_order_of_pushes() {
    let model = Model::new("no item is popped before one whose push had returned earlier")
        .threads("2 x 1, consumer")
        .bound(2)
        .full_bound(3)
        .at_least(550);
    model.check(|| {
        let queue = Arc::new(LtQueue::<Value>::new(2));
        let returned = Arc::new(AtomicUsize::new(0));
        let first = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let mut producer = queue.producer().unwrap();
                producer.push(Carrier::carry(0, 0));
                returned.store(1, Ordering::Release);
            })
        };
        let second = {
            let (queue, returned) = (Arc::clone(&queue), Arc::clone(&returned));
            thread::spawn(move || {
                let mut producer = queue.producer().unwrap();
                let is_later = returned.load(Ordering::Acquire);
                producer.push(Carrier::carry(1, is_later));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut values = Vec::new();
        let mut pop = || {
            consumer
                .pop()
                .into_item()
                .map(|item| values.push(item.value()))
        };
        pop();
        pop();
        first.join().unwrap();
        second.join().unwrap();
        while pop().is_some() {}
        assert_eq!(values.len(), 2);
        assert_ne!(values, [(1, 1), (0, 0)]);
    });
}

/// Consumers on two threads follow each other. The threads meet only at the flag of the
/// consumer cell, so there are few executions.
fn consumers_on_two_threads<Q>(at_least: usize, new: fn() -> Q)
where
    Q: Mpsc<Item: Carrier> + Send + 'static,
{
    let model = Model::new("one consumer at a time").threads("2 consumers");
    model.at_least(at_least).check(move || {
        let queue = Arc::new(new());
        for number in 0..3 {
            assert!(queue.push(Carrier::carry(0, number)).is_ok());
        }
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || pop_twice(&*queue))
        };
        let here = pop_twice(&*queue);
        let there = other.join().unwrap();
        assert_eq!(here + there + pop_twice(&*queue), 3);
    });
}

/// Pops twice, unless another consumer exists. Returns the number of items.
fn pop_twice<Q: Mpsc<Item: Carrier>>(queue: &Q) -> usize {
    let Ok(mut consumer) = queue.consumer() else {
        return 0;
    };
    (0..2)
        .filter(|_| matches!(consumer.pop(), Pop::Item(_)))
        .count()
}

#[test]
fn treiber_consumers_on_two_threads() {
    consumers_on_two_threads(5, Treiber::<Node<Value>>::new);
}

#[test]
fn ltqueue_consumers_on_two_threads() {
    consumers_on_two_threads(5, || LtQueue::<Value>::new(1));
}

#[test]
fn segmented_consumers_on_two_threads() {
    consumers_on_two_threads(5, Segmented::<Value, 1>::new);
}

/// A way for a consumer to announce that it is about to sleep.
trait Announce: Default + Send + Sync + 'static {
    /// Returns `true` if the caller, who has pushed an item, must wake the consumer.
    fn must_wake(&self) -> bool;

    /// Announces it, and sleeps unless `look` finds an item.
    fn sleep_unless<T>(&self, look: impl FnOnce() -> Option<T>, sleep: impl FnMut()) -> Option<T>;
}

impl Announce for FencedFlag {
    fn must_wake(&self) -> bool {
        self.take()
    }

    fn sleep_unless<T>(
        &self,
        look: impl FnOnce() -> Option<T>,
        mut sleep: impl FnMut(),
    ) -> Option<T> {
        self.set();
        let found = look();
        match found {
            Some(_) => _ = self.clear(),
            None => sleep(),
        }
        found
    }
}

impl Announce for EventCount {
    fn must_wake(&self) -> bool {
        self.notify()
    }

    fn sleep_unless<T>(&self, look: impl FnOnce() -> Option<T>, sleep: impl FnMut()) -> Option<T> {
        let key = self.prepare();
        let found = look();
        match found {
            Some(_) => self.cancel(key),
            None => self.wait(key, sleep),
        }
        found
    }
}

/// Each producer pushes so many items. A lost wake-up is a deadlock, which loom reports. The queue
/// is never stalled, so that the consumer has a single reason to look again.
fn announced_sleep_misses_no_push<A: Announce>(model: Model, pushes: &'static [usize]) {
    model.check(|| {
        let queue = Arc::new(Treiber::<Node<Value>>::new());
        let (announced, notify) = (Arc::new(A::default()), Arc::new(Notify::new()));
        let threads = pushes.iter().enumerate().map(|(producer, &each)| {
            let (queue, notify) = (Arc::clone(&queue), Arc::clone(&notify));
            let announced = Arc::clone(&announced);
            thread::spawn(move || {
                for number in 0..each {
                    assert!(queue.push(Carrier::carry(producer, number)).is_ok());
                    if announced.must_wake() {
                        notify.notify();
                    }
                }
            })
        });
        let threads: Vec<_> = threads.collect();
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        while popped < pushes.iter().sum() {
            let found = consumer.pop().into_item().or_else(|| {
                announced.sleep_unless(|| consumer.pop().into_item(), || notify.wait())
            });
            popped += usize::from(found.is_some());
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

const NO_LOST_WAKE_UP: Model =
    Model::new("no wake-up of a consumer that announces its sleep is lost");

#[test]
fn fenced_flag_loses_no_wake_up_1x2() {
    let model = NO_LOST_WAKE_UP
        .threads("1 x 2, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(310);
    announced_sleep_misses_no_push::<FencedFlag>(model, &[2]);
}

#[test]
fn fenced_flag_loses_no_wake_up_2x1() {
    let model = NO_LOST_WAKE_UP
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(24_000);
    announced_sleep_misses_no_push::<FencedFlag>(model, &[1, 1]);
}

#[test]
fn eventcount_loses_no_wake_up_1x2() {
    let model = NO_LOST_WAKE_UP
        .threads("1 x 2, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(150);
    announced_sleep_misses_no_push::<EventCount>(model, &[2]);
}

#[test]
fn eventcount_loses_no_wake_up_2x1() {
    let model = NO_LOST_WAKE_UP
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(16_000);
    announced_sleep_misses_no_push::<EventCount>(model, &[1, 1]);
}
