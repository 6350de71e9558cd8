//! What a refused push returns.

use std::sync::Arc;

use mpsc_queue::{
    BackLinked, Chain, Closed, Form, ForwardLinked, GapFree, Link, Queue, SharedLink, TryPushError,
    linked,
};

use crate::{Item, item, pop_all, push};

test_each_form! {
    refused_push_returns_item
    refused_item_can_be_pushed_to_other_queue
    refused_chain_is_whole
    refused_chain_can_be_pushed_to_other_queue
    refused_chain_can_grow
    empty_chain_is_not_refused
    refused_try_push_frees_flag
    refused_try_push_of_queued_item_returns_already_queued
    refused_chain_frees_flags
    refused_item_is_dropped_with_error
}

fn closed_queue<F: Form>() -> Queue<Box<Item>, F> {
    let queue = Queue::default();
    queue.consumer().unwrap().close();
    queue
}

fn refused_push_returns_item<F: Form>() {
    let queue = closed_queue::<F>();
    let sent = item(7);
    let address = &raw const *sent;
    let Closed(sent) = queue.push(sent).unwrap_err();
    assert_eq!((&raw const *sent, sent.number), (address, 7));
    let error = queue.try_push(sent).unwrap_err();
    assert!(matches!(&error, TryPushError::Closed(item) if item.number == 7));
    assert_eq!(&raw const *error.into_inner(), address);
}

/// A refused item is in no queue, and its link leads nowhere.
fn refused_item_can_be_pushed_to_other_queue<F: Form>() {
    let queue = closed_queue::<F>();
    let Closed(refused) = queue.push(item(1)).unwrap_err();
    fn check<G: Form>(other: &Queue<Box<Item>, G>, refused: Box<Item>) -> Box<Item> {
        let mut consumer = other.consumer().unwrap();
        push(other, 0);
        assert!(!other.push(refused).unwrap().is_needed());
        push(other, 2);
        let mut items: Vec<_> = consumer.drain(usize::MAX).collect();
        assert!(items.iter().map(|item| item.number).eq(0..3));
        items.remove(1)
    }
    let refused = check(&Queue::with_form(ForwardLinked), refused);
    let Closed(refused) = queue.push(refused).unwrap_err();
    let refused = check(&Queue::with_form(BackLinked), refused);
    let Closed(refused) = queue.push(refused).unwrap_err();
    let refused = check(&Queue::with_form(GapFree), refused);
    assert_eq!(refused.number, 1);
}

fn refused_chain<F: Form>(count: usize) -> Chain<Box<Item>> {
    let chain = (0..count).map(item).collect();
    let Closed(chain) = closed_queue::<F>().push_chain(chain).unwrap_err();
    chain
}

fn refused_chain_is_whole<F: Form>() {
    for count in 1..5 {
        let mut chain = refused_chain::<F>(count);
        assert_eq!(chain.len(), count);
        for number in 0..count {
            assert_eq!(chain.pop().unwrap().number, number);
        }
        assert!(chain.pop().is_none() && chain.is_empty());
    }
}

fn refused_chain_can_be_pushed_to_other_queue<F: Form>() {
    fn check<G: Form>(other: &Queue<Box<Item>, G>, chain: Chain<Box<Item>>, count: usize) {
        assert!(!other.push_chain(chain).unwrap().is_needed());
        push(other, count);
        let (numbers, end) = pop_all(&mut other.consumer().unwrap());
        assert!(numbers.into_iter().eq(0..=count));
        assert!(end.is_empty());
    }
    for count in 1..5 {
        check(
            &Queue::with_form(ForwardLinked),
            refused_chain::<F>(count),
            count,
        );
        check(
            &Queue::with_form(BackLinked),
            refused_chain::<F>(count),
            count,
        );
        check(&Queue::with_form(GapFree), refused_chain::<F>(count), count);
    }
}

fn refused_chain_can_grow<F: Form>() {
    let mut chain = refused_chain::<F>(2);
    chain.push(item(2));
    let mut more = (3..5).map(item).collect();
    chain.append(&mut more);
    let Closed(mut chain) = closed_queue::<F>().push_chain(chain).unwrap_err();
    assert_eq!(chain.len(), 5);
    let numbers = std::iter::from_fn(|| chain.pop()).map(|item| item.number);
    assert!(numbers.eq(0..5));
}

fn empty_chain_is_not_refused<F: Form>() {
    let result = closed_queue::<F>().push_chain(Chain::new());
    assert!(matches!(result, Ok(wakeup) if !wakeup.is_needed()));
}

#[derive(Default)]
struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

fn refused_try_push_frees_flag<F: Form>() {
    let closed = Queue::<Arc<Shared>, F>::default();
    closed.consumer().unwrap().close();
    let shared = Arc::new(Shared::default());
    for _ in 0..2 {
        let error = closed.try_push(Arc::clone(&shared)).unwrap_err();
        assert!(matches!(&error, TryPushError::Closed(item) if Arc::ptr_eq(item, &shared)));
    }
    let other = Queue::<Arc<Shared>, F>::default();
    assert!(other.try_push(Arc::clone(&shared)).is_ok());
    let popped = other.consumer().unwrap().pop().into_item().unwrap();
    assert!(Arc::ptr_eq(&popped, &shared));
    drop(popped);
    assert_eq!(Arc::strong_count(&shared), 1);
}

fn refused_try_push_of_queued_item_returns_already_queued<F: Form>() {
    let queue = Queue::<Arc<Shared>, F>::default();
    let mut consumer = queue.consumer().unwrap();
    let shared = Arc::new(Shared::default());
    assert!(queue.try_push(Arc::clone(&shared)).is_ok());
    consumer.close();
    let error = queue.try_push(Arc::clone(&shared)).unwrap_err();
    assert!(matches!(error, TryPushError::AlreadyQueued(_)));
    assert!(consumer.pop().into_item().is_some());
    let error = queue.try_push(shared).unwrap_err();
    assert!(matches!(error, TryPushError::Closed(_)));
}

fn refused_chain_frees_flags<F: Form>() {
    let closed = Queue::<Arc<Shared>, F>::default();
    closed.consumer().unwrap().close();
    let items: [Arc<Shared>; 3] = Default::default();
    let mut chain = Chain::new();
    for item in &items {
        chain.try_push(Arc::clone(item)).unwrap();
    }
    let Closed(mut chain) = closed.push_chain(chain).unwrap_err();
    assert!(
        chain.try_push(Arc::clone(&items[0])).is_err(),
        "the items are in the chain"
    );
    drop(chain);
    for item in &items {
        assert_eq!(Arc::strong_count(item), 1);
        let error = closed.try_push(Arc::clone(item)).unwrap_err();
        assert!(
            matches!(error, TryPushError::Closed(_)),
            "the item is in no chain"
        );
    }
}

fn refused_item_is_dropped_with_error<F: Form>() {
    struct Counter {
        link: Link,
        _counter: Arc<()>,
    }
    linked!(Counter => link: Link);

    let counter = Arc::new(());
    let new_item = || {
        Box::new(Counter {
            link: Link::new(),
            _counter: Arc::clone(&counter),
        })
    };
    let closed = Queue::<Box<Counter>, F>::default();
    closed.consumer().unwrap().close();
    let one = closed.push(new_item()).unwrap_err();
    let three = closed
        .push_chain((0..3).map(|_| new_item()).collect())
        .unwrap_err();
    assert_eq!(Arc::strong_count(&counter), 5);
    drop((one, three));
    assert_eq!(Arc::strong_count(&counter), 1);
}
