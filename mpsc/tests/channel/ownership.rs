//! Items that own an end of the channel in which they are.

use std::sync::{Arc, Weak};

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::{Form, Link, TryRecvError, linked};

test_each_form! {
    sender_in_item_keeps_channel_connected
    sender_in_item_is_dropped_with_receiver
    sender_in_item_is_dropped_with_refused_item
    receiver_in_item_of_other_channel_is_dropped_with_item
    send_in_drop_of_buffered_item_is_refused
}

/// An item that may own a sender of its channel. A second counter shows that the item is
/// dropped.
struct Letter<F: Form> {
    link: Link,
    reply: Option<Sender<Box<Letter<F>>, F>>,
    /// Set if the destructor sends a letter.
    sends: bool,
    _counter: Arc<()>,
}
linked!([F: Form] Letter<F> => link: Link);

impl<F: Form> Drop for Letter<F> {
    fn drop(&mut self) {
        if let Some(reply) = self.reply.as_ref().filter(|_| self.sends) {
            let refused = reply.send(letter(&self._counter, None));
            assert!(refused.is_err(), "the receiver is gone");
        }
    }
}

fn letter<F: Form>(counter: &Arc<()>, reply: Option<&Sender<Box<Letter<F>>, F>>) -> Box<Letter<F>> {
    Box::new(Letter {
        link: Link::new(),
        reply: reply.cloned(),
        sends: false,
        _counter: Arc::clone(counter),
    })
}

type LetterChannel<F> = (Sender<Box<Letter<F>>, F>, Receiver<Box<Letter<F>>, F>);

fn letters<F: Form>() -> LetterChannel<F> {
    channel::with_form(F::default())
}

fn sender_in_item_keeps_channel_connected<F: Form>() {
    let counter = Arc::new(());
    let (sender, mut receiver) = letters::<F>();
    assert!(sender.send(letter(&counter, Some(&sender))).is_ok());
    assert!(sender.send(letter(&counter, None)).is_ok());
    drop(sender);
    let first = receiver.recv().unwrap();
    assert!(receiver.recv().is_ok());
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
    let reply = first.reply.as_ref().expect("the first letter has a sender");
    assert!(reply.send(letter(&counter, None)).is_ok());
    assert!(receiver.recv().is_ok());
    drop(first);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
    assert_eq!(Arc::strong_count(&counter), 1);
}

/// The last senders are in the channel when its receiver goes.
fn sender_in_item_is_dropped_with_receiver<F: Form>() {
    for count in 1..4 {
        let counter = Arc::new(());
        let (sender, receiver) = letters::<F>();
        for _ in 0..count {
            assert!(sender.send(letter(&counter, Some(&sender))).is_ok());
        }
        drop(sender);
        assert_eq!(Arc::strong_count(&counter), 1 + count);
        drop(receiver);
        assert_eq!(Arc::strong_count(&counter), 1);
    }
}

fn sender_in_item_is_dropped_with_refused_item<F: Form>() {
    let counter = Arc::new(());
    let (sender, receiver) = letters::<F>();
    drop(receiver);
    let refused = sender.send(letter(&counter, Some(&sender))).unwrap_err();
    drop(sender);
    let last = refused.0.reply.as_ref().expect("the letter has a sender");
    assert!(last.is_closed());
    drop(refused);
    assert_eq!(Arc::strong_count(&counter), 1);
}

fn receiver_in_item_of_other_channel_is_dropped_with_item<F: Form>() {
    /// An item of one channel that owns the receiver of another one.
    struct Parcel<F: Form> {
        link: Link,
        _receiver: Receiver<Box<Letter<F>>, F>,
    }
    linked!([F: Form] Parcel<F> => link: Link);

    let counter = Arc::new(());
    let (sender, receiver) = letters::<F>();
    assert!(sender.send(letter(&counter, None)).is_ok());
    let (parcels, parcel_receiver) = channel::with_form::<Box<Parcel<F>>, _>(F::default());
    let parcel = Box::new(Parcel {
        link: Link::new(),
        _receiver: receiver,
    });
    assert!(parcels.send(parcel).is_ok());
    drop(parcels);
    assert!(!sender.is_closed());
    drop(parcel_receiver);
    assert!(sender.is_closed());
    let weak: Weak<()> = Arc::downgrade(&counter);
    drop(counter);
    assert!(weak.upgrade().is_none(), "the letter is dropped");
}

fn send_in_drop_of_buffered_item_is_refused<F: Form>() {
    let counter = Arc::new(());
    let (sender, receiver) = letters::<F>();
    for _ in 0..3 {
        let mut letter = letter(&counter, Some(&sender));
        letter.sends = true;
        assert!(sender.send(letter).is_ok());
    }
    drop(receiver);
    assert_eq!(Arc::strong_count(&counter), 1);
    drop(sender);
}
