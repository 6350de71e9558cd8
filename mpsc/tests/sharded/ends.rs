//! Senders that go, and a receiver that goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mpsc_queue::channel::sharded;
use mpsc_queue::{Chain, Form, SendError, SharedLink, TryRecvError, TrySendError, linked};

use crate::{counted, item, open};

test_each_form! {
    receiver_gets_everything_then_end
    senders_that_send_nothing_end_the_channel
    close_refuses_sends_and_keeps_items
    chain_after_receiver_returns
    shared_item_is_refused_and_free
    receiver_drops_what_is_left
    sender_outlives_receiver
}

fn receiver_gets_everything_then_end<F: Form>() {
    let (first, mut receiver) = open::<F>();
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
    let second = first.clone();
    first.send(item(0, 0)).unwrap();
    drop(first);
    second.send(item(1, 0)).unwrap();
    drop(second);
    assert_eq!(receiver.try_iter().count(), 2);
    for _ in 0..2 {
        assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
        assert!(receiver.pop().is_closed());
    }
}

fn senders_that_send_nothing_end_the_channel<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    drop((0..10).map(|_| sender.clone()).collect::<Vec<_>>());
    assert!(receiver.pop().is_empty());
    drop(sender);
    assert!(receiver.pop().is_closed());
}

/// One sender is active, one is scheduled, one is parked and one has not sent anything.
fn close_refuses_sends_and_keeps_items<F: Form>() {
    let (active, mut receiver) = open::<F>();
    let [scheduled, new] = [active.clone(), active.clone()];
    active.send(item(0, 0)).unwrap();
    active.send(item(0, 1)).unwrap();
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    scheduled.send(item(1, 0)).unwrap();
    receiver.close();
    for _ in 0..2 {
        for (sender, channel) in [&active, &scheduled, &new].into_iter().enumerate() {
            let Err(SendError(refused)) = channel.send(item(sender, 7)) else {
                panic!("the channel is closed");
            };
            assert_eq!((refused.sender, refused.number), (sender, 7));
        }
    }
    assert_eq!(receiver.try_iter().count(), 2, "what was sent before");
    assert!(receiver.pop().is_closed());
    assert!(
        new.clone().send(item(3, 7)).is_err(),
        "also by a new sender"
    );
}

fn chain_after_receiver_returns<F: Form>() {
    let (sender, receiver) = open::<F>();
    drop(receiver);
    for _ in 0..2 {
        let chain: Chain<_> = (0..3).map(|number| item(0, number)).collect();
        let Err(SendError(mut chain)) = sender.send_chain(chain) else {
            panic!("the receiver is gone");
        };
        assert_eq!(chain.len(), 3);
        assert!(
            std::iter::from_fn(|| chain.pop())
                .map(|item| item.number)
                .eq(0..3)
        );
    }
}

fn shared_item_is_refused_and_free<F: Form>() {
    #[derive(Default)]
    struct Shared {
        link: SharedLink,
    }
    linked!(Shared => link: SharedLink);

    let (sender, mut receiver) = sharded::with_form::<_, F>(F::default());
    let shared = Arc::new(Shared::default());
    sender.try_send(Arc::clone(&shared)).unwrap();
    let again = sender.try_send(Arc::clone(&shared));
    assert!(matches!(again, Err(TrySendError::AlreadyQueued(_))));
    assert!(receiver.try_recv().is_ok());
    drop(receiver);
    for _ in 0..2 {
        let late = sender.try_send(Arc::clone(&shared));
        assert!(matches!(late, Err(TrySendError::Disconnected(_))));
    }
    drop(again);
    assert_eq!(Arc::strong_count(&shared), 1);
}

fn receiver_drops_what_is_left<F: Form>() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (first, mut receiver) = open::<F>();
    let second = first.clone();
    for _ in 0..3 {
        first.send(counted(&drops)).unwrap();
    }
    assert!(receiver.try_recv().is_ok());
    second.send(counted(&drops)).unwrap();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(receiver);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    drop((first, second));
    assert_eq!(drops.load(Ordering::Relaxed), 4);
}

fn sender_outlives_receiver<F: Form>() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (sender, receiver) = open::<F>();
    let clone = sender.clone();
    drop(receiver);
    assert!(sender.send(counted(&drops)).is_err());
    drop(sender);
    let late = clone.clone();
    assert!(late.send(counted(&drops)).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 2, "with the errors");
}
