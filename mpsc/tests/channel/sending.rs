//! Sends of shared items and of chains, and clones of a sender.

use std::sync::Arc;
use std::thread;

use mpsc_queue::{
    BackLinked, Chain, Form, ForwardLinked, GapFree, Link, Queue, SendError, SharedLink,
    TrySendError, channel, linked,
};

use crate::{item, open, received};

test_each_form! {
    sender_is_shared_by_threads
    try_send_of_queued_item_returns_already_queued
    try_send_after_receiver_frees_item
    send_chain_keeps_items_together
    send_of_empty_chain_sends_nothing
    refused_chain_can_be_sent_to_other_channel
    items_that_own_closures_can_be_sent
    clones_belong_to_same_channel
}

#[derive(Default)]
struct Shared {
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

fn try_send_of_queued_item_returns_already_queued<F: Form>() {
    let (sender, mut receiver) = channel::with_form(F::default());
    let shared = Arc::new(Shared::default());
    for _ in 0..3 {
        assert!(sender.try_send(Arc::clone(&shared)).is_ok());
        let error = sender.try_send(Arc::clone(&shared)).unwrap_err();
        assert!(matches!(error, TrySendError::AlreadyQueued(item) if Arc::ptr_eq(&item, &shared)));
        assert!(Arc::ptr_eq(&receiver.recv().unwrap(), &shared));
    }
    let mut chain = Chain::new();
    chain.try_push(Arc::clone(&shared)).unwrap();
    assert!(
        sender.try_send(Arc::clone(&shared)).is_err(),
        "the item is in a chain"
    );
    assert!(sender.send_chain(chain).is_ok());
    assert!(Arc::ptr_eq(&receiver.recv().unwrap(), &shared));
    assert_eq!(Arc::strong_count(&shared), 1);
}

fn try_send_after_receiver_frees_item<F: Form>() {
    let (sender, receiver) = channel::with_form(F::default());
    let [buffered, late]: [Arc<Shared>; 2] = Default::default();
    assert!(sender.try_send(Arc::clone(&buffered)).is_ok());
    drop(receiver);
    let error = sender.try_send(Arc::clone(&late)).unwrap_err();
    assert!(matches!(error, TrySendError::Disconnected(item) if Arc::ptr_eq(&item, &late)));
    let queue = Queue::new();
    for item in [buffered, late] {
        assert_eq!(Arc::strong_count(&item), 1);
        assert!(queue.try_push(item).is_ok(), "the item is in no queue");
    }
}

/// One test for all forms, because the items are the same.
#[test]
fn static_items_can_be_sent_again() {
    static ITEMS: [Shared; 3] = [const {
        Shared {
            link: SharedLink::new(),
        }
    }; 3];

    fn check(form: impl Form) {
        let (sender, mut receiver) = channel::with_form::<&'static Shared, _>(form);
        for _ in 0..2 {
            for item in &ITEMS {
                assert!(sender.try_send(item).is_ok());
                assert!(matches!(
                    sender.try_send(item),
                    Err(TrySendError::AlreadyQueued(_))
                ));
            }
            for item in &ITEMS {
                assert!(std::ptr::eq(receiver.recv().unwrap(), item));
            }
        }
        assert!(sender.try_send(&ITEMS[0]).is_ok());
        drop(receiver); // takes out the item
        assert!(matches!(
            sender.try_send(&ITEMS[0]),
            Err(TrySendError::Disconnected(_))
        ));
    }
    check(ForwardLinked);
    check(BackLinked);
    check(GapFree);
}

fn send_chain_keeps_items_together<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    sender.send_chain((1..4).map(item).collect()).unwrap();
    sender.send(item(4)).unwrap();
    sender.send_chain((5..6).map(item).collect()).unwrap();
    drop(sender);
    assert!(received(&mut receiver).into_iter().eq(0..6));
}

fn send_of_empty_chain_sends_nothing<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send_chain(Chain::new()).unwrap();
    assert!(receiver.try_recv().is_err());
}

fn refused_chain_can_be_sent_to_other_channel<F: Form>() {
    let (sender, receiver) = open::<F>();
    drop(receiver);
    let SendError(chain) = sender.send_chain((0..3).map(item).collect()).unwrap_err();
    let (sender, mut receiver) = open::<F>();
    sender.send_chain(chain).unwrap();
    assert_eq!(received(&mut receiver), [0, 1, 2]);
}

fn items_that_own_closures_can_be_sent<F: Form>() {
    struct Call {
        link: Link,
        function: Box<dyn FnOnce() -> usize + Send>,
    }
    linked!(Call => link: Link);

    let (sender, mut receiver) = channel::with_form::<Box<Call>, _>(F::default());
    for number in 0..3 {
        let link = Link::new();
        let function = Box::new(move || number);
        assert!(sender.send(Box::new(Call { link, function })).is_ok());
    }
    drop(sender);
    assert!(receiver.iter().map(|call| (call.function)()).eq(0..3));
}

fn clones_belong_to_same_channel<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let (other, _other_receiver) = open::<F>();
    let clone = sender.clone();
    assert!(sender.same_channel(&clone) && clone.same_channel(&sender));
    assert!(!sender.same_channel(&other));
    clone.send(item(0)).unwrap();
    assert_eq!(received(&mut receiver), [0]);
}

fn sender_is_shared_by_threads<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    thread::scope(|scope| {
        for number in 0..3 {
            let sender = &sender;
            scope.spawn(move || sender.send(item(number)).unwrap());
        }
    });
    drop(sender);
    let mut numbers = received(&mut receiver);
    numbers.sort_unstable();
    assert_eq!(numbers, [0, 1, 2]);
}
