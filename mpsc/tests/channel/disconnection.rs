//! What one end notices of the other end's going.

use std::mem;
use std::sync::Arc;

use mpsc_queue::{Counted, Form, Link, RecvError, SendError, TryRecvError, channel, linked};

use crate::{item, open, received};

test_each_form! {
    other_sends_after_receiver_return_items
    close_keeps_buffered_items_and_refuses_sends
    close_after_last_sender_delivers_buffered_items
    second_close_changes_nothing
    dropped_receiver_drops_buffered_items
    dropped_receiver_drops_rest_after_panic
    leaked_receiver_does_not_disconnect
    is_closed_is_final
    channel_without_use_can_be_dropped
    counted_channel_disconnects
}

fn other_sends_after_receiver_return_items<F: Form>() {
    let (sender, receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    drop(receiver);
    let SendError(mut chain) = sender.send_chain((0..3).map(item).collect()).unwrap_err();
    let numbers = std::iter::from_fn(|| chain.pop()).map(|item| item.number);
    assert!(numbers.eq(0..3));
    let refused = sender.clone().try_send(item(3)).unwrap_err().into_inner();
    assert_eq!(refused.number, 3);
}

fn close_keeps_buffered_items_and_refuses_sends<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    receiver.close();
    assert!(sender.send(item(3)).is_err());
    assert_eq!(received(&mut receiver), [1, 2]);
    assert_eq!(receiver.recv().err(), Some(RecvError));
    drop(sender);
    assert_eq!(receiver.recv().err(), Some(RecvError));
}

/// The close finds the mark of the last sender in the queue.
fn close_after_last_sender_delivers_buffered_items<F: Form>() {
    for popped in 0..3 {
        let (sender, mut receiver) = open::<F>();
        (0..3).for_each(|number| sender.send(item(number)).unwrap());
        drop(sender);
        for number in 0..popped {
            assert_eq!(receiver.recv().unwrap().number, number);
        }
        receiver.close();
        assert!(received(&mut receiver).into_iter().eq(popped..3));
        assert_eq!(receiver.recv().err(), Some(RecvError));
    }
}

fn second_close_changes_nothing<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..2).for_each(|number| sender.send(item(number)).unwrap());
    for number in 0..2 {
        receiver.close();
        assert_eq!(receiver.recv().unwrap().number, number);
    }
    receiver.close();
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
    assert!(sender.is_closed());
}

/// An item that notes its drop, and may panic then.
struct Noted {
    link: Link,
    panics: bool,
    _counter: Arc<()>,
}
linked!(Noted => link: Link);

impl Drop for Noted {
    fn drop(&mut self) {
        assert!(!self.panics, "the destructor panics");
    }
}

fn noted(counter: &Arc<()>, panics: bool) -> Box<Noted> {
    Box::new(Noted {
        link: Link::new(),
        panics,
        _counter: Arc::clone(counter),
    })
}

fn dropped_receiver_drops_buffered_items<F: Form>() {
    let counter = Arc::new(());
    let (sender, mut receiver) = channel::with_form(F::default());
    for _ in 0..4 {
        sender.send(noted(&counter, false)).unwrap();
    }
    drop(receiver.recv().unwrap());
    assert_eq!(Arc::strong_count(&counter), 4);
    drop(receiver);
    assert_eq!(Arc::strong_count(&counter), 1, "although a sender is left");
    assert!(sender.send(noted(&counter, false)).is_err());
    assert_eq!(Arc::strong_count(&counter), 1);
}

fn dropped_receiver_drops_rest_after_panic<F: Form>() {
    let counter = Arc::new(());
    let (sender, receiver) = channel::with_form(F::default());
    for panics in [false, true, false, false] {
        sender.send(noted(&counter, panics)).unwrap();
    }
    let drop_receiver = std::panic::AssertUnwindSafe(|| drop(receiver));
    assert!(std::panic::catch_unwind(drop_receiver).is_err());
    assert_eq!(Arc::strong_count(&counter), 1);
    assert!(sender.is_closed());
}

/// The items of a receiver that is never dropped stay in the channel.
fn leaked_receiver_does_not_disconnect<F: Form>() {
    let counter = Arc::new(());
    let (sender, receiver) = channel::with_form(F::default());
    let leaked = mem::ManuallyDrop::new(receiver);
    for _ in 0..3 {
        sender.send(noted(&counter, false)).unwrap();
    }
    assert!(!sender.is_closed());
    drop(sender);
    assert_eq!(Arc::strong_count(&counter), 4);
    drop(mem::ManuallyDrop::into_inner(leaked)); // so that the test leaks nothing
    assert_eq!(Arc::strong_count(&counter), 1);
}

fn is_closed_is_final<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    assert!(!sender.is_closed());
    sender.send(item(0)).unwrap();
    receiver.close();
    assert!(sender.is_closed() && sender.clone().is_closed());
    drop(receiver.recv().unwrap());
    assert!(sender.is_closed());
    drop(receiver);
    assert!(sender.is_closed());
}

fn channel_without_use_can_be_dropped<F: Form>() {
    drop(open::<F>());
    let (sender, receiver) = open::<F>();
    drop(sender);
    drop(receiver);
    let (sender, receiver) = open::<F>();
    drop(receiver);
    drop(sender);
}

fn counted_channel_disconnects<F: Form>() {
    let (sender, mut receiver) = open::<Counted<F>>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    drop(sender);
    assert_eq!(received(&mut receiver), [0, 1, 2]);
    assert_eq!(receiver.recv().err(), Some(RecvError));
}
