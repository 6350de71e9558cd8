//! Pushes that are stalled while the queue is closed, and pushes that overlap a refusal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{
    AsyncQueue, BackLinked, Chain, Closed, Counted, Form, ForwardLinked, GapFree, Link, Pop, Queue,
    SharedLink, TryPushError, linked,
};

use crate::stalled_push::{Item, StalledPush, Task, item, pop_all, push, stalled_push};

test_forms! {
    each: [
        close_during_stall_returns_and_delivers_stalled_item
        close_delivers_items_of_parked_consumer
        close_wakes_task_by_stalled_push
    ]
    with_gap: [
        refused_push_drops_items_of_overlapping_pushes
        refused_push_keeps_its_own_chain
        refused_push_frees_flags_of_shared_items
        refused_push_counts_no_item
        second_close_during_refusal_takes_nothing
        closed_consumer_ignores_refusal
        panic_in_drop_of_overlapping_item_drops_rest
        drop_of_overlapping_item_can_push
    ]
}

fn close_during_stall_returns_and_delivers_stalled_item<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    let stalled = stalled_push(&queue, 1);
    push(&queue, 2);
    consumer.close();
    assert!(matches!(queue.push(item(3)), Err(Closed(item)) if item.number == 3));
    let (numbers, _) = pop_all(&mut consumer);
    assert!(!stalled.finish());
    let (rest, end) = pop_all(&mut consumer);
    assert!(numbers.into_iter().chain(rest).eq(0..3));
    assert!(end.is_closed());
}

/// The push has replaced the mark of the parked consumer, so it still wakes.
fn close_delivers_items_of_parked_consumer<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    let mut consumer = queue.consumer().unwrap();
    std::mem::forget(consumer.park().unwrap());
    let stalled = stalled_push(&queue, 0);
    consumer.close();
    assert!(stalled.finish(), "the consumer was parked");
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, [0]);
    assert!(end.is_closed());
}

fn close_wakes_task_by_stalled_push<F: Form>() {
    let queue = Arc::new(AsyncQueue::<_, F>::default());
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let stalled = StalledPush::start({
        let queue = Arc::clone(&queue);
        move || queue.push(item(0)).unwrap()
    });
    receiver.close();
    stalled.finish();
    assert_eq!(task.wakes(), 1);
    let mut context = Context::from_waker(Waker::noop());
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 0));
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Closed)));
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker keeps the task");
}

#[test]
fn refused_gap_free_push_does_not_wait_for_stalled_push() {
    let queue = Arc::new(Queue::with_form(GapFree));
    let mut consumer = queue.consumer().unwrap();
    let stalled = stalled_push(&queue, 0);
    consumer.close();
    assert!(queue.push(item(1)).is_err());
    let (numbers, end) = pop_all(&mut consumer);
    assert_eq!(numbers, [0]);
    assert!(end.is_closed());
    stalled.finish();
}

/// What the destructor of an item does.
enum AtDrop<F: Form> {
    Nothing,
    Panic,
    Push(Weak<Queue<Box<Counter<F>>, F>>),
}

/// An item that counts its drops.
struct Counter<F: Form> {
    link: Link,
    drops: Arc<AtomicUsize>,
    at_drop: AtDrop<F>,
}
linked!([F: Form] Counter<F> => link: Link);

impl<F: Form> Counter<F> {
    fn new(drops: &Arc<AtomicUsize>, at_drop: AtDrop<F>) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            drops: Arc::clone(drops),
            at_drop,
        })
    }
}

impl<F: Form> Drop for Counter<F> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        match &self.at_drop {
            AtDrop::Nothing => {}
            AtDrop::Panic => panic!("the destructor panics"),
            AtDrop::Push(queue) => {
                let queue = queue.upgrade().expect("the test has the queue");
                let item = Self::new(&self.drops, AtDrop::Nothing);
                assert!(queue.push(item).is_err(), "the queue is closed");
            }
        }
    }
}

type CounterQueue<F> = Arc<Queue<Box<Counter<F>>, F>>;

/// Returns a closed queue.
fn closed_queue<F: Form>() -> CounterQueue<F> {
    let queue = CounterQueue::<F>::default();
    queue.consumer().unwrap().close();
    queue
}

type Refusal<F> = Result<(), Closed<Box<Counter<F>>>>;

/// Starts a push to a closed queue, which has not yet noticed that the queue is closed. The
/// result says whether the push unwound, or else was refused.
fn stalled_refusal<F: Form>(
    queue: &CounterQueue<F>,
    drops: &Arc<AtomicUsize>,
) -> StalledPush<std::thread::Result<Refusal<F>>> {
    let queue = Arc::clone(queue);
    let own = Counter::new(drops, AtDrop::Nothing);
    StalledPush::start(move || {
        let push = || queue.push(own).map(|wakeup| assert!(!wakeup.is_needed()));
        catch_unwind(AssertUnwindSafe(push))
    })
}

fn accept<F: Form>(queue: &CounterQueue<F>, item: Box<Counter<F>>) {
    let wakeup = queue
        .push(item)
        .map_err(|_| ())
        .expect("the push overlaps a refusal");
    assert!(!wakeup.is_needed());
}

fn refused_push_drops_items_of_overlapping_pushes<F: Form>() {
    let (drops, own_drops) = Default::default();
    let queue = closed_queue::<F>();
    let refused = stalled_refusal(&queue, &own_drops);
    for number in 0..3 {
        accept(&queue, Counter::new(&drops, AtDrop::Nothing));
        let chain: Chain<_> = (0..number)
            .map(|_| Counter::new(&drops, AtDrop::Nothing))
            .collect();
        assert!(queue.push_chain(chain).is_ok());
    }
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    let refusal = refused.finish().expect("no destructor panics");
    let Closed(own) = refusal.expect_err("the queue is closed");
    assert_eq!(
        drops.load(Ordering::Relaxed),
        6,
        "each item is dropped once"
    );
    assert_eq!(own_drops.load(Ordering::Relaxed), 0);

    // The mark of the closed queue is in place again.
    let Closed(own) = queue.push(own).expect_err("the queue is closed");
    drop(own);
    drop(queue);
    assert_eq!(own_drops.load(Ordering::Relaxed), 1);
    assert_eq!(drops.load(Ordering::Relaxed), 6);
}

/// The newest link of a forward-linked chain has led to an item of another push meanwhile. No
/// queue to which the chain is pushed next may follow it.
fn refused_push_keeps_its_own_chain<F: Form>() {
    fn refused_chain<F: Form>() -> Chain<Box<Item>> {
        let queue = Arc::new(Queue::<Box<Item>, F>::default());
        queue.consumer().unwrap().close();
        let refused = StalledPush::start({
            let queue = Arc::clone(&queue);
            move || queue.push_chain((0..4).map(item).collect())
        });
        push(&queue, 7);
        assert!(queue.push_chain((8..10).map(item).collect()).is_ok());
        let Closed(chain) = refused.finish().expect_err("the queue is closed");
        assert_eq!(chain.len(), 4);
        chain
    }

    fn check<G: Form>(other: Queue<Box<Item>, G>, chain: Chain<Box<Item>>) {
        let count = chain.len();
        assert!(other.push_chain(chain).is_ok());
        let (numbers, end) = pop_all(&mut other.consumer().unwrap());
        assert!(numbers.into_iter().eq(0..count));
        assert!(end.is_empty());
    }

    check(Queue::with_form(ForwardLinked), refused_chain::<F>());
    check(Queue::with_form(BackLinked), refused_chain::<F>());
    check(Queue::with_form(GapFree), refused_chain::<F>());
    let mut chain = refused_chain::<F>();
    chain.push(item(4));
    check(Queue::with_form(ForwardLinked), chain);
}

#[derive(Default)]
struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

fn refused_push_frees_flags_of_shared_items<F: Form>() {
    let queue = Arc::new(Queue::<Arc<Shared>, F>::default());
    queue.consumer().unwrap().close();
    let [own, overlapping]: [Arc<Shared>; 2] = Default::default();
    let refused = StalledPush::start({
        let (queue, own) = (Arc::clone(&queue), Arc::clone(&own));
        move || queue.try_push(own)
    });
    assert!(queue.try_push(Arc::clone(&overlapping)).is_ok());
    let error = queue.try_push(Arc::clone(&overlapping)).unwrap_err();
    assert!(matches!(error, TryPushError::AlreadyQueued(_)));
    drop(error);
    let refusal = refused.finish();
    assert!(matches!(refusal, Err(TryPushError::Closed(item)) if Arc::ptr_eq(&item, &own)));
    assert_eq!(
        Arc::strong_count(&overlapping),
        1,
        "the queue has dropped its handle"
    );
    let other = Queue::new();
    for item in [own, overlapping] {
        assert!(other.try_push(item).is_ok(), "the item is in no queue");
    }
}

fn refused_push_counts_no_item<F: Form>() {
    let queue = Arc::new(Queue::<_, Counted<F>>::default());
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    consumer.close();
    let refused = StalledPush::start({
        let queue = Arc::clone(&queue);
        move || queue.push_chain((1..4).map(item).collect()).is_err()
    });
    push(&queue, 4);
    assert!(queue.push_chain((5..7).map(item).collect()).is_ok());
    assert!(refused.finish());
    assert_eq!(queue.len(), 1);
    assert!(consumer.pop().into_item().is_some());
    assert_eq!(queue.len(), 0);
    assert!(queue.is_empty());
}

/// A close that looked at the queue again would find the item of the overlapping push.
fn second_close_during_refusal_takes_nothing<F: Form>() {
    let (drops, own_drops) = Default::default();
    let queue = closed_queue::<F>();
    let refused = stalled_refusal(&queue, &own_drops);
    accept(&queue, Counter::new(&drops, AtDrop::Nothing));
    let mut consumer = queue.consumer().unwrap();
    consumer.close();
    assert!(consumer.pop().is_closed());
    assert!(refused.finish().expect("no destructor panics").is_err());
    assert!(consumer.pop().is_closed());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    assert_eq!(own_drops.load(Ordering::Relaxed), 1);
}

/// During a refusal, the word that the producers share holds a link again.
fn closed_consumer_ignores_refusal<F: Form>() {
    let (drops, own_drops) = Default::default();
    let queue = CounterQueue::<F>::default();
    let mut consumer = queue.consumer().unwrap();
    for _ in 0..3 {
        accept(&queue, Counter::new(&own_drops, AtDrop::Nothing));
    }
    assert!(matches!(consumer.pop(), Pop::Item(_)));
    consumer.close();
    let refused = stalled_refusal(&queue, &own_drops);
    accept(&queue, Counter::new(&drops, AtDrop::Nothing));
    assert_eq!(consumer.drain(usize::MAX).count(), 2);
    for _ in 0..2 {
        assert!(consumer.pop().is_closed() && consumer.pop_fenced().is_closed());
        assert!(consumer.pop_blocking().is_none());
        assert_eq!(consumer.drain(usize::MAX).count(), 0);
        assert!(consumer.park().is_none());
    }
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    assert!(refused.finish().expect("no destructor panics").is_err());
    assert!(consumer.pop().is_closed());
    assert!(queue.is_empty());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

fn panic_in_drop_of_overlapping_item_drops_rest<F: Form>() {
    let (drops, own_drops) = Default::default();
    let queue = closed_queue::<F>();
    let refused = stalled_refusal(&queue, &own_drops);
    for at_drop in [AtDrop::Nothing, AtDrop::Panic, AtDrop::Nothing] {
        accept(&queue, Counter::new(&drops, at_drop));
    }
    assert!(refused.finish().is_err(), "the refused push unwinds");
    assert_eq!(
        drops.load(Ordering::Relaxed),
        3,
        "each item is dropped once"
    );
    assert_eq!(own_drops.load(Ordering::Relaxed), 1, "its own item as well");
    assert!(queue.push(Counter::new(&drops, AtDrop::Nothing)).is_err());
    assert!(queue.is_empty());
}

fn drop_of_overlapping_item_can_push<F: Form>() {
    let (drops, own_drops) = Default::default();
    let queue = closed_queue::<F>();
    let refused = stalled_refusal(&queue, &own_drops);
    for _ in 0..2 {
        let at_drop = AtDrop::Push(Arc::downgrade(&queue));
        accept(&queue, Counter::new(&drops, at_drop));
    }
    assert!(refused.finish().expect("no destructor panics").is_err());
    assert_eq!(
        drops.load(Ordering::Relaxed),
        4,
        "two items, and what they pushed"
    );
    assert!(queue.consumer().unwrap().pop().is_closed());
}
