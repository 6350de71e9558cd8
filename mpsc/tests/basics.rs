//! Operations by themselves, on one thread: first the test list of the queue's Odin
//! original, then results, conversions and messages.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

#[macro_use]
mod forms;

use std::error::Error;
use std::thread;

use mpsc_queue::{
    AlreadyQueued, AsyncQueue, BackLinked, Chain, Closed, Compact, Consumer, ConsumerTaken,
    Counted, Form, ForwardLinked, GapFree, Link, Pop, Queue, RecvError, RecvTimeoutError,
    SendError, SharedLink, Stall, TryPushError, TryRecvError, TrySendError, Wakeup, WakingQueue,
    linked,
};

test_each_form! {
    new_queue_is_empty
    pop_from_empty_queue_returns_empty
    pop_after_push_returns_item
    three_pops_return_items_in_order_of_pushes
    alternating_pushes_and_pops_keep_order
    popped_item_can_be_pushed_again
    fifty_pops_return_items_in_order_of_pushes
    ten_producers_lose_no_item
    len_counts_pushes_less_pops
    chain_keeps_order
    default_queues_are_empty
    receiver_pops_with_every_method
    debug_shows_state_and_no_item
}

struct Message {
    link: Link,
    number: usize,
}
linked!(Message => link: Link);

fn message(number: usize) -> Box<Message> {
    Box::new(Message {
        link: Link::new(),
        number,
    })
}

fn push<F: Form>(queue: &Queue<Box<Message>, F>, number: usize) {
    assert_eq!(queue.push(message(number)).unwrap(), Wakeup::NotNeeded);
}

fn pop<F: Form>(consumer: &mut Consumer<&Queue<Box<Message>, F>>) -> Option<usize> {
    match consumer.pop() {
        Pop::Item(message) => Some(message.number),
        Pop::Empty => None,
        Pop::Stalled(_) => panic!("no push is in flight"),
        Pop::Closed => panic!("the queue is open"),
    }
}

fn new_queue_is_empty<F: Form>() {
    let queue = Queue::<Box<Message>, _>::with_form(F::default());
    assert!(queue.is_empty());
    let counted = Queue::<Box<Message>, _>::with_form(Counted(F::default()));
    assert_eq!((counted.is_empty(), counted.len()), (true, 0));
}

fn pop_from_empty_queue_returns_empty<F: Form>() {
    let queue = Queue::<Box<Message>, F>::default();
    let mut consumer = queue.consumer().unwrap();
    assert_eq!(pop(&mut consumer), None);
    assert_eq!(pop(&mut consumer), None);
}

fn pop_after_push_returns_item<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 7);
    assert!(!queue.is_empty());
    assert_eq!(pop(&mut consumer), Some(7));
    assert_eq!(pop(&mut consumer), None);
    assert!(queue.is_empty());
}

fn three_pops_return_items_in_order_of_pushes<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..3 {
        push(&queue, number);
    }
    for number in 0..3 {
        assert!(!queue.is_empty());
        assert_eq!(pop(&mut consumer), Some(number));
    }
    assert!(queue.is_empty());
    assert_eq!(pop(&mut consumer), None);
}

fn alternating_pushes_and_pops_keep_order<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 1);
    push(&queue, 2);
    assert_eq!(pop(&mut consumer), Some(1));
    push(&queue, 3);
    assert_eq!(pop(&mut consumer), Some(2));
    assert_eq!(pop(&mut consumer), Some(3));
    assert_eq!(pop(&mut consumer), None);
}

fn popped_item_can_be_pushed_again<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    let mut item = message(0);
    let address = &raw const *item;
    for round in 0..5 {
        item.number = round;
        assert!(!queue.push(item).unwrap().is_needed());
        item = consumer.pop().into_item().unwrap();
        assert_eq!((&raw const *item, item.number), (address, round));
        assert_eq!(pop(&mut consumer), None);
    }
}

fn fifty_pops_return_items_in_order_of_pushes<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    for number in 0..50 {
        push(&queue, number);
    }
    let numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    assert!(numbers.into_iter().eq(0..50));
}

fn ten_producers_lose_no_item<F: Form>() {
    let queue = Queue::<_, F>::default();
    thread::scope(|scope| {
        for producer in 0..10 {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..1000 {
                    push(queue, producer * 1000 + number);
                }
            });
        }
    });
    let mut consumer = queue.consumer().unwrap();
    let mut numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..10_000));
}

fn len_counts_pushes_less_pops<F: Form>() {
    let queue = Queue::<_, Counted<F>>::default();
    for number in 0..200 {
        push(&queue, number);
        assert_eq!(queue.len(), number + 1);
    }
    let mut consumer = queue.consumer().unwrap();
    for number in 0..200 {
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == number));
        assert_eq!(queue.len(), 199 - number);
    }
}

fn chain_keeps_order<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut consumer = queue.consumer().unwrap();
    push(&queue, 0);
    let wakeup = queue.push_chain((1..5).map(message).collect()).unwrap();
    assert_eq!(wakeup, Wakeup::NotNeeded);
    push(&queue, 5);
    let numbers: Vec<_> = std::iter::from_fn(|| pop(&mut consumer)).collect();
    assert!(numbers.into_iter().eq(0..6));
}

fn default_queues_are_empty<F: Form>() {
    let queue = Queue::<Box<Message>, F>::default();
    let counted = Queue::<Box<Message>, Counted<F>>::default();
    assert!(queue.is_empty() && counted.is_empty());
    let queue = AsyncQueue::<Box<Message>, F>::default();
    let counted = AsyncQueue::<Box<Message>, Counted<F>>::default();
    assert!(queue.is_empty() && counted.is_empty());
}

/// A receiver passes each call to the consumer inside.
fn receiver_pops_with_every_method<F: Form>() {
    struct SilentWaker;
    impl mpsc_queue::Wake for SilentWaker {
        fn wake(&self) {}
    }
    let queue = WakingQueue::with_form_and_waker(F::default(), SilentWaker);
    let mut receiver = queue.receiver().unwrap();
    assert!(receiver.pop().is_empty() && receiver.pop_fenced().is_empty());
    assert!(receiver.pop_blocking().is_none() && receiver.drain(9).next().is_none());
    (0..6).for_each(|number| queue.push(message(number)).unwrap());
    let items = [
        receiver.pop().into_item(),
        receiver.pop_fenced().into_item(),
        receiver.pop_blocking(),
        receiver.drain(1).next(),
    ];
    let numbers = items.map(|item| item.unwrap().number);
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert_eq!(receiver.drain(1).count(), 1);
    assert!(!queue.is_empty());
}

/// No type requires `Debug` of an item or of a handle.
fn debug_shows_state_and_no_item<F: Form>() {
    let queue = Queue::<_, F>::default();
    assert_eq!(format!("{queue:?}"), "Queue { is_empty: true, .. }");
    push(&queue, 1);
    assert_eq!(format!("{queue:?}"), "Queue { is_empty: false, .. }");

    let mut consumer = queue.consumer().unwrap();
    let debug = format!("{consumer:?}");
    assert_eq!(debug, "Consumer { queue: Queue { is_empty: false, .. } }");
    let debug = format!("{:?}", consumer.drain(3));
    assert_eq!(debug, "Drain { left_at_most: 3, is_stalled: false, .. }");
}

#[test]
fn debug_of_chains_and_links_shows_no_item() {
    let chain: Chain<_> = (0..2).map(message).collect();
    assert_eq!(format!("{chain:?}"), "Chain { len: 2, .. }");
    let links = format!("{:?} {:?}", Link::new(), SharedLink::new());
    assert_eq!(links, "Link { .. } SharedLink { .. }");
}

#[test]
fn compact_queues_behave_as_others() {
    fn check<F: Form>() {
        pop_from_empty_queue_returns_empty::<F>();
        alternating_pushes_and_pops_keep_order::<F>();
        popped_item_can_be_pushed_again::<F>();
        ten_producers_lose_no_item::<F>();
        len_counts_pushes_less_pops::<F>();
        chain_keeps_order::<F>();
        receiver_pops_with_every_method::<F>();
    }
    check::<Compact<ForwardLinked>>();
    check::<Compact<BackLinked>>();
    check::<Compact<GapFree>>();
}

#[test]
fn compact_queues_take_few_words() {
    fn words<F: Form>() -> usize {
        size_of::<Queue<Box<Message>, F>>() / size_of::<usize>()
    }
    assert_eq!(words::<Compact<ForwardLinked>>(), 4);
    assert_eq!(words::<Compact<BackLinked>>(), 7);
    assert_eq!(words::<Compact<GapFree>>(), 7);
    assert_eq!(words::<Counted<Compact<ForwardLinked>>>(), 6);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(words::<ForwardLinked>(), 256 / 8);
        assert_eq!(words::<Counted<GapFree>>(), 512 / 8);
    }
}

#[test]
fn forms_have_names() {
    let forms = format!("{ForwardLinked:?} {BackLinked:?} {:?}", Counted(GapFree));
    assert_eq!(forms, "ForwardLinked BackLinked Counted(GapFree)");
}

#[test]
fn new_queue_has_form_of_its_type() {
    let _: Queue<Box<Message>, ForwardLinked> = Queue::new();
    let _: AsyncQueue<Box<Message>, GapFree> = AsyncQueue::new();
    let _: Queue<Box<Message>, Counted<ForwardLinked>> = Queue::with_form(Counted::default());
}

#[test]
fn default_chain_is_empty() {
    assert!(Chain::<Box<Message>>::default().is_empty());
}

#[cfg(feature = "std")]
#[test]
fn default_blocking_queues_are_empty() {
    use mpsc_queue::BlockingQueue;

    let queue = BlockingQueue::<Box<Message>>::default();
    let counted = BlockingQueue::<Box<Message>, Counted<BackLinked>>::default();
    assert!(queue.is_empty() && counted.is_empty());
    assert!(counted.push(message(1)).is_ok());
    assert_eq!((counted.len(), counted.is_empty()), (1, false));
}

#[test]
fn pop_result_is_item_or_empty_or_stalled_or_closed() {
    let pops = [Pop::Item(1), Pop::Empty, Pop::Stalled(Stall), Pop::Closed];
    let is_empty = pops.map(|pop| pop.is_empty());
    assert_eq!(is_empty, [false, true, false, false]);
    let is_stalled = pops.map(|pop| pop.is_stalled());
    assert_eq!(is_stalled, [false, false, true, false]);
    let is_closed = pops.map(|pop| pop.is_closed());
    assert_eq!(is_closed, [false, false, false, true]);
    assert_eq!(pops.map(Pop::into_item), [Some(1), None, None, None]);
}

/// A match on the pop of a gap-free queue needs no arm for a stall.
#[test]
fn gap_free_pop_cannot_be_stalled() {
    let queue = Queue::<Box<Message>, _>::with_form(GapFree);
    let is_empty = match queue.consumer().unwrap().pop() {
        Pop::Item(_) | Pop::Closed => false,
        Pop::Empty => true,
    };
    assert!(is_empty);
}

#[test]
fn errors_have_messages_and_show_no_handle() {
    fn check(error: &dyn Error, debug: &str, message: &str) {
        assert_eq!(format!("{error:?}"), debug);
        assert_eq!(error.to_string(), message);
    }
    const QUEUED: &str = "the item is already queued";
    check(&AlreadyQueued(message(1)), "AlreadyQueued(..)", QUEUED);
    let error = TryPushError::AlreadyQueued(message(1));
    check(&error, "AlreadyQueued(..)", QUEUED);
    let error = TrySendError::AlreadyQueued(message(1));
    check(&error, "AlreadyQueued(..)", QUEUED);

    const CLOSED: &str = "the queue is closed";
    check(&Closed(message(1)), "Closed(..)", CLOSED);
    check(&TryPushError::Closed(message(1)), "Closed(..)", CLOSED);

    const SENDING: &str = "sending on a closed channel";
    check(&SendError(message(1)), "SendError(..)", SENDING);
    let error = TrySendError::Disconnected(message(1));
    check(&error, "Disconnected(..)", SENDING);

    const RECEIVING: &str = "receiving on a closed channel";
    check(&RecvError, "RecvError", RECEIVING);
    check(&TryRecvError::Disconnected, "Disconnected", RECEIVING);
    check(&RecvTimeoutError::Disconnected, "Disconnected", RECEIVING);

    let message = "receiving on an empty channel";
    check(&TryRecvError::Empty, "Empty", message);
    let message = "timed out waiting on channel";
    check(&RecvTimeoutError::Timeout, "Timeout", message);
    let message = "the queue already has a consumer";
    check(&ConsumerTaken, "ConsumerTaken", message);
}

#[test]
fn errors_give_back_handle() {
    let queued = TryPushError::from(AlreadyQueued(message(1)));
    assert!(matches!(&queued, TryPushError::AlreadyQueued(_)));
    assert_eq!(queued.into_inner().number, 1);
    let closed = TryPushError::from(Closed(message(2)));
    assert!(matches!(&closed, TryPushError::Closed(_)));
    assert_eq!(closed.into_inner().number, 2);
    let queued = TrySendError::AlreadyQueued(message(3));
    assert_eq!(queued.into_inner().number, 3);
    let disconnected = TrySendError::Disconnected(message(4));
    assert_eq!(disconnected.into_inner().number, 4);
}
