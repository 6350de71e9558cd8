//! What safe code may do to a queue: leak, move, panic, call back.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{
    AsyncQueue, Chain, Consumer, Counted, Drain, Handle, Link, Linked, Pop, Queue, Receiver,
    SharedLink, Uncounted, Wake, WakeTarget, WakingQueue, linked,
};

struct Item {
    number: usize,
    link: Link,
}
linked!(Item => link: Link);

fn item(number: usize) -> Box<Item> {
    Box::new(Item {
        number,
        link: Link::new(),
    })
}

fn numbers(queue: &Queue<Box<Item>>) -> Vec<usize> {
    let mut consumer = queue.consumer().unwrap();
    consumer.drain(usize::MAX).map(|item| item.number).collect()
}

// --- Ownership ------------------------------------------------------------

#[test]
fn a_second_consumer_is_refused_until_the_first_is_gone() {
    let queue = Arc::new(Queue::<Box<Item>>::new());
    let first = queue.consumer().unwrap();
    assert!(queue.consumer().is_err());
    assert!(Consumer::owned(Arc::clone(&queue)).is_err());
    assert_eq!(
        Arc::strong_count(&queue),
        1,
        "the refused share was given back"
    );
    drop(first);
    let owned = Consumer::owned(Arc::clone(&queue)).unwrap();
    assert!(queue.consumer().is_err());
    drop(owned);
    assert!(queue.consumer().is_ok());
}

#[test]
fn an_owned_consumer_keeps_the_queue() {
    let queue = Arc::new(Queue::new());
    let _ = queue.push(item(1));
    let mut consumer = Consumer::owned(queue).unwrap();
    let _ = consumer.queue().push(item(2));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 1));
    assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 2));
}

#[test]
fn a_leaked_consumer_keeps_its_place_until_the_queue_is_borrowed_mutably() {
    let mut queue = Queue::new();
    let _ = queue.push(item(1));
    mem::forget(queue.consumer());
    assert!(queue.consumer().is_err());
    let mut consumer = queue.consumer_mut();
    assert!(matches!(consumer.pop(), Pop::Item(_)));
    drop(consumer);
    assert!(queue.consumer().is_ok());
}

#[test]
fn a_leaked_receiver_likewise() {
    let mut queue = AsyncQueue::<Box<Item>>::new();
    let mut receiver = queue.receiver().unwrap();
    assert!(
        receiver
            .poll_recv(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    mem::forget(receiver);
    assert!(queue.receiver().is_err());
    let mut receiver = queue.receiver_mut();
    receiver.queue().push(item(1));
    assert!(matches!(receiver.pop(), Pop::Item(_)));
}

#[test]
fn a_queue_may_be_moved_with_items_in_it() {
    let queue = Queue::new();
    let _ = queue.push(item(1));
    let moved = Box::new(queue);
    let _ = moved.push(item(2));
    let again = *moved;
    assert_eq!(numbers(&again), [1, 2]);
}

#[test]
fn a_leaked_queue_leaks_its_items_and_no_more() {
    let queue = Queue::new();
    let shared = Arc::new(Shared {
        link: SharedLink::new(),
    });
    let _ = queue.try_push(Arc::clone(&shared)).unwrap();
    mem::forget(queue);
    let other = Queue::new();
    assert!(
        other.try_push(Arc::clone(&shared)).is_err(),
        "its flag stays claimed"
    );
    assert_eq!(Arc::strong_count(&shared), 2);
}

#[test]
fn a_sweep_that_ends_early_leaves_the_rest() {
    let queue = Queue::new();
    (0..4).for_each(|number| assert!(!queue.push(item(number)).is_needed()));
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(consumer.drain(9).next().map(|item| item.number), Some(0));
    drop(consumer);
    assert_eq!(numbers(&queue), [1, 2, 3]);
}

// --- Panics ---------------------------------------------------------------

/// Counts its drops, and panics in the one that it is told to.
struct Bomb {
    link: Link,
    explodes: bool,
    dropped: Arc<AtomicUsize>,
}
linked!(Bomb => link: Link);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        assert!(!self.explodes, "as told");
    }
}

fn bombs(dropped: &Arc<AtomicUsize>) -> impl Iterator<Item = Box<Bomb>> {
    (0..5).map(|number| {
        Box::new(Bomb {
            link: Link::new(),
            explodes: number == 2,
            dropped: Arc::clone(dropped),
        })
    })
}

#[test]
fn a_panic_while_a_queue_is_dropped_leaks_what_is_behind() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let queue = Queue::new();
    bombs(&dropped).for_each(|bomb| assert!(!queue.push(bomb).is_needed()));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(queue))).is_err());
    assert_eq!(dropped.load(Ordering::Relaxed), 3, "each at most once");
}

#[test]
fn a_panic_while_a_chain_is_dropped_leaks_what_is_behind() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let chain: Chain<_> = bombs(&dropped).collect();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(chain))).is_err());
    assert_eq!(dropped.load(Ordering::Relaxed), 3, "each at most once");
}

#[test]
fn a_panic_between_pops_loses_nothing() {
    let dropped = Arc::new(AtomicUsize::new(0));
    let queue = Queue::new();
    bombs(&dropped).for_each(|bomb| assert!(!queue.push(bomb).is_needed()));
    let mut consumer = queue.consumer().unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| consumer.drain(9).for_each(drop)));
    assert!(result.is_err());
    assert_eq!(consumer.drain(9).count(), 2);
    assert_eq!(dropped.load(Ordering::Relaxed), 5);
}

// --- Calls back from user code ----------------------------------------------

/// A waker that pushes to the queue that it belongs to, whatever happens to it.
struct Meddler {
    queue: Arc<AsyncQueue<Box<Item>>>,
    woken: AtomicUsize,
}

impl std::task::Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
        if self.woken.load(Ordering::Relaxed) < 3 {
            self.queue.push(item(100));
        }
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.queue.push(item(200));
    }
}

#[test]
fn wakers_may_push_when_woken_and_dropped() {
    let queue = Arc::new(AsyncQueue::new());
    let mut receiver = Receiver::owned(Arc::clone(&queue)).unwrap();
    let meddler = || {
        Waker::from(Arc::new(Meddler {
            queue: Arc::clone(&queue),
            woken: AtomicUsize::new(0),
        }))
    };
    let mut received = Vec::new();
    for round in 0..4 {
        let waker = meddler();
        // Registers the waker, or replaces an earlier one and drops that.
        while let Poll::Ready(item) = receiver.poll_recv(&mut Context::from_waker(&waker)) {
            received.push(item.number);
        }
        if round % 2 == 1 {
            queue.push(item(round)); // wakes, which pushes
        }
    }
    drop(receiver);
    let mut receiver = queue.receiver().unwrap();
    received.extend(receiver.drain(usize::MAX).map(|item| item.number));
    let count = |number| received.iter().filter(|&&n| n == number).count();
    assert_eq!((count(1), count(3), count(100), count(200)), (1, 1, 2, 4));
}

/// A waker that counts.
#[derive(Default)]
struct Counting(AtomicUsize);

impl std::task::Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_task_of_the_latest_poll_is_woken() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let tasks = [Arc::new(Counting::default()), Arc::new(Counting::default())];
    for task in [&tasks[0], &tasks[1], &tasks[0], &tasks[1]] {
        let waker = Waker::from(Arc::clone(task));
        assert!(
            receiver
                .poll_recv(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    queue.push(item(1));
    queue.push(item(2));
    let woken = tasks.map(|task| task.0.load(Ordering::Relaxed));
    assert_eq!(woken, [0, 1], "the latest, and once");
}

#[test]
fn a_receiver_that_leaves_takes_its_waker_along() {
    let queue = AsyncQueue::new();
    let task = Arc::new(Counting::default());
    let mut receiver = queue.receiver().unwrap();
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        receiver
            .poll_recv(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "nothing keeps the task");
    queue.push(item(1));
    assert_eq!(task.0.load(Ordering::Relaxed), 0, "nobody waits");
}

/// Also one that could not park, because the waker which it replaced pushed when it
/// was dropped, and leaves an item behind.
#[test]
fn a_receiver_that_could_not_park_takes_its_waker_along() {
    struct PushesWhenDropped(Arc<AsyncQueue<Box<Item>>>);
    impl std::task::Wake for PushesWhenDropped {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for PushesWhenDropped {
        fn drop(&mut self) {
            self.0.push(item(1));
        }
    }
    let queue = Arc::new(AsyncQueue::new());
    let mut receiver = queue.receiver().unwrap();
    let first = Waker::from(Arc::new(PushesWhenDropped(Arc::clone(&queue))));
    let polled = receiver.poll_recv(&mut Context::from_waker(&first));
    assert!(polled.is_pending());
    drop(first);

    let task = Arc::new(Counting::default());
    let waker = Waker::from(Arc::clone(&task));
    let polled = receiver.poll_recv(&mut Context::from_waker(&waker));
    assert!(polled.is_ready());
    queue.push(item(2));
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "nothing keeps the task");
}

/// A consumer that parks where a leaked guard has left the queue parked has parked.
#[test]
fn a_leaked_park_can_be_repeated_and_ended() {
    let queue = Queue::new();
    let mut consumer = queue.consumer().unwrap();
    mem::forget(consumer.park().unwrap());
    mem::forget(consumer.park().unwrap());
    assert!(queue.push(item(1)).is_needed());
    assert!(consumer.park().is_none());
    assert!(!queue.push(item(2)).is_needed(), "one push is told");
}

#[test]
fn a_panic_may_pass_by_a_queue() {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    struct Call {
        link: Link,
        _function: Box<dyn FnOnce() + Send>,
    }
    linked!(Call => link: Link);
    unwind_safe::<Queue<Box<Call>>>();
    unwind_safe::<Chain<Box<Call>>>();
    unwind_safe::<AsyncQueue<Box<Call>>>();
}

/// The waker may be anything that leads to one; and code can be written for all.
#[test]
fn wakers_behind_pointers() {
    struct Bell(AtomicUsize);
    impl Wake for Bell {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    fn push_one<W: WakeTarget>(queue: &WakingQueue<Box<Item>, W>) {
        queue.push(item(1));
    }
    let bell = Arc::new(Bell(AtomicUsize::new(0)));
    let shared = WakingQueue::with_waker(Arc::clone(&bell));
    let mut receiver = shared.receiver().unwrap();
    mem::forget(receiver.park().unwrap());
    push_one(&shared);
    let borrowed = WakingQueue::with_waker(&*bell);
    let mut receiver = borrowed.receiver().unwrap();
    mem::forget(receiver.park().unwrap());
    push_one(&borrowed);
    assert_eq!(bell.0.load(Ordering::Relaxed), 2);
}

/// A waker that panics when woken.
struct Panicker;

impl std::task::Wake for Panicker {
    fn wake(self: Arc<Self>) {
        panic!("as told");
    }
}

#[test]
fn a_waker_that_panics_does_not_lose_the_item() {
    let queue = AsyncQueue::new();
    let mut receiver = queue.receiver().unwrap();
    let waker = Waker::from(Arc::new(Panicker));
    assert!(
        receiver
            .poll_recv(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(catch_unwind(AssertUnwindSafe(|| queue.push(item(1)))).is_err());
    let polled = receiver.poll_recv(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Ready(item) if item.number == 1));
}

#[test]
fn an_item_may_push_while_it_is_dropped() {
    struct Heir {
        link: Link,
        queue: &'static Queue<Box<Heir>>,
        generations: usize,
    }
    linked!(Heir => link: Link);
    impl Drop for Heir {
        fn drop(&mut self) {
            if self.generations > 0 {
                let _ = self.queue.push(Box::new(Heir {
                    link: Link::new(),
                    queue: self.queue,
                    generations: self.generations - 1,
                }));
            }
        }
    }
    let queue: &Queue<Box<Heir>> = Box::leak(Box::default());
    let first = Heir {
        link: Link::new(),
        queue,
        generations: 3,
    };
    let _ = queue.push(Box::new(first));
    let mut consumer = queue.consumer().unwrap();
    let mut dropped = 0;
    while let Pop::Item(heir) = consumer.pop() {
        drop(heir);
        dropped += 1;
    }
    assert_eq!(dropped, 4);
}

// --- Types ------------------------------------------------------------------

struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

#[test]
fn an_item_may_be_anything_that_embeds_a_link() {
    /// Generic, over-aligned, the link in the middle.
    #[repr(align(64))]
    struct Wide<T: Clone, const N: usize> {
        before: [T; N],
        link: Link,
        after: T,
    }
    linked!([T: Clone, const N: usize] Wide<T, N> => link: Link);

    let queue = Queue::new();
    let _ = queue.push(Box::new(Wide {
        before: [String::from("before"), String::from("too")],
        link: Link::default(),
        after: String::from("after"),
    }));
    let mut consumer = queue.consumer().unwrap();
    let Pop::Item(wide) = consumer.pop() else {
        panic!("it was pushed")
    };
    assert_eq!(
        (wide.before.concat(), wide.after.clone()),
        ("beforetoo".into(), "after".into())
    );
    let address: *const Wide<String, 2> = &raw const *wide;
    assert_eq!(address.addr() % 64, 0);
}

#[test]
fn an_item_may_be_nothing_but_a_link_in_a_tuple() {
    struct Bare(Link);
    linked!(Bare => 0: Link);
    let queue = Queue::new();
    let _ = queue.push(Box::new(Bare(Link::new())));
    assert!(matches!(queue.consumer().unwrap().pop(), Pop::Item(_)));
}

#[test]
fn a_pinned_item_stays_where_it_is() {
    let queue = Queue::<Pin<Box<Item>>>::new();
    let pinned = Box::pin(Item {
        number: 1,
        link: Link::new(),
    });
    let address = &raw const *pinned;
    let _ = queue.push(pinned);
    let Pop::Item(popped) = queue.consumer().unwrap().pop() else {
        panic!("it was pushed")
    };
    assert_eq!(&raw const *popped, address);
}

#[test]
fn a_static_queue_of_static_items() {
    static ITEM: Shared = Shared {
        link: SharedLink::new(),
    };
    static QUEUE: Queue<&Shared> = Queue::new();
    assert!(QUEUE.try_push(&ITEM).is_ok());
    assert!(QUEUE.try_push(&ITEM).is_err());
    let mut consumer = QUEUE.consumer().unwrap();
    assert!(matches!(consumer.pop(), Pop::Item(item) if std::ptr::eq(item, &ITEM)));
    assert!(QUEUE.try_push(&ITEM).is_ok(), "it was popped");
}

/// An item goes from a queue of boxes to one of `Arc`s and back: the link does not
/// care what carried it.
#[test]
fn an_item_may_change_its_handle() {
    let boxes = Queue::new();
    let arcs = Queue::new();
    let mut item = Box::new(Shared {
        link: SharedLink::new(),
    });
    for _ in 0..3 {
        let _ = boxes.push(item);
        let Pop::Item(boxed) = boxes.consumer().unwrap().pop() else {
            panic!("pushed")
        };
        let _ = arcs.try_push(Arc::from(boxed)).unwrap();
        let Pop::Item(arc) = arcs.consumer().unwrap().pop() else {
            panic!("pushed")
        };
        item = Box::new(Arc::into_inner(arc).expect("the only share"));
    }
}

#[test]
fn an_arc_that_is_queued_cannot_be_borrowed_mutably() {
    let queue = Queue::new();
    let mut item = Arc::new(Shared {
        link: SharedLink::new(),
    });
    let _ = queue.try_push(Arc::clone(&item)).unwrap();
    assert!(Arc::get_mut(&mut item).is_none());
    drop(queue);
    assert!(Arc::get_mut(&mut item).is_some());
}

#[test]
fn send_and_sync_follow_the_handle() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    /// May change threads, but not be shared between them.
    struct Lonely {
        link: Link,
        _cell: Cell<u8>,
    }
    linked!(Lonely => link: Link);

    send_and_sync::<Queue<Box<Lonely>>>();
    send_and_sync::<Queue<Box<Lonely>, Counted>>();
    send_and_sync::<Queue<&'static Shared>>();
    send_and_sync::<AsyncQueue<Box<Lonely>>>();
    send::<Chain<Box<Lonely>>>();
    send::<Consumer<&Queue<Box<Lonely>>>>();
    send::<Consumer<Arc<Queue<Box<Lonely>>>>>();
    send::<Drain<'_, Box<Lonely>, Uncounted>>();
    send::<OnceLock<Queue<Box<Lonely>>>>();
}

#[test]
fn the_offset_is_that_of_the_field() {
    fn offset<H: Handle>() -> usize {
        <H::Item as Linked>::FIELD.offset()
    }
    assert_eq!(offset::<Box<Item>>(), mem::offset_of!(Item, link));
    assert_eq!(size_of::<Link>(), size_of::<usize>());
    assert_eq!(size_of::<SharedLink>(), 2 * size_of::<usize>());
}
