//! What one end notices of the other end's going.

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{mem, thread};

use mpsc_queue::{
    Counted, Form, Link, Pop, RecvError, RecvTimeoutError, SendError, TryRecvError, channel, linked,
};

use crate::{item, must_end, open, received};

test_each_form! {
    receives_return_buffered_items_after_last_sender
    every_receive_returns_disconnected_after_last_sender
    senders_can_be_dropped_in_any_order
    recv_sleeps_while_one_sender_is_left
    dropped_last_sender_wakes_recv
    dropped_last_sender_wakes_recv_timeout
    panic_of_sending_thread_disconnects
    every_send_after_receiver_returns_item
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

fn receives_return_buffered_items_after_last_sender<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..5).for_each(|number| sender.send(item(number)).unwrap());
    drop(sender);
    let hour = Duration::from_secs(3600);
    let items = [
        receiver.recv().ok(),
        receiver.try_recv().ok(),
        receiver.recv_timeout(hour).ok(),
        receiver.recv_deadline(Instant::now()).ok(),
        receiver.pop().into_item(),
    ];
    assert!(items.into_iter().map(|item| item.unwrap().number).eq(0..5));
    assert_eq!(receiver.recv().err(), Some(RecvError));
}

/// The mark that the last sender has pushed is received once, and by each kind of receive.
fn every_receive_returns_disconnected_after_last_sender<F: Form>() {
    for first in 0..5 {
        let (sender, mut receiver) = open::<F>();
        sender.send(item(0)).unwrap();
        drop(sender);
        assert!(receiver.try_recv().is_ok());
        for receive in (first..5).chain(0..first) {
            let hour = Duration::from_secs(3600);
            let disconnected = Some(RecvTimeoutError::Disconnected);
            match receive {
                0 => assert_eq!(receiver.recv().err(), Some(RecvError)),
                1 => assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected)),
                2 => assert_eq!(receiver.recv_timeout(hour).err(), disconnected),
                3 => assert_eq!(receiver.recv_timeout(Duration::ZERO).err(), disconnected),
                _ => assert!(matches!(receiver.pop(), Pop::Closed)),
            }
        }
    }
}

fn senders_can_be_dropped_in_any_order<F: Form>() {
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let (first, mut receiver) = open::<F>();
        let second = first.clone();
        let third = second.clone();
        let mut senders = [Some(first), Some(second), Some(third)];
        for (number, index) in order.into_iter().enumerate() {
            assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
            let sender = senders[index].take().unwrap();
            let late = sender.clone();
            drop(sender);
            late.send(item(number)).unwrap();
            drop(late);
            assert_eq!(receiver.try_recv().unwrap().number, number);
        }
        assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
    }
}

fn recv_sleeps_while_one_sender_is_left<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    drop(sender.clone());
    let timeout = Duration::from_millis(5);
    let error = receiver.recv_timeout(timeout).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.recv().unwrap().number, 0);
}

/// The sender goes at any time: before the receiver parks, while it parks, or afterwards.
fn dropped_last_sender_wakes_recv<F: Form>() {
    must_end(|| {
        for round in 0..200 {
            let (sender, mut receiver) = open::<F>();
            let sending = thread::spawn(move || {
                if round % 2 == 0 {
                    thread::yield_now();
                }
                drop(sender);
            });
            assert_eq!(receiver.recv().err(), Some(RecvError));
            sending.join().unwrap();
        }
    });
}

fn dropped_last_sender_wakes_recv_timeout<F: Form>() {
    must_end(|| {
        for _ in 0..200 {
            let (sender, mut receiver) = open::<F>();
            let sending = thread::spawn(move || drop(sender));
            let error = receiver.recv_timeout(Duration::from_secs(3600)).err();
            assert_eq!(error, Some(RecvTimeoutError::Disconnected));
            sending.join().unwrap();
        }
    });
}

fn panic_of_sending_thread_disconnects<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let sending = thread::spawn(move || {
        sender.send(item(0)).unwrap();
        panic!("the sending thread panics");
    });
    let numbers = must_end(move || {
        let numbers: Vec<_> = receiver.iter().map(|item| item.number).collect();
        numbers
    });
    assert_eq!(numbers, [0]);
    assert!(sending.join().is_err());
}

fn every_send_after_receiver_returns_item<F: Form>() {
    let (sender, receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    drop(receiver);
    let SendError(refused) = sender.send(item(1)).unwrap_err();
    assert_eq!(refused.number, 1);
    let SendError(mut chain) = sender.send_chain((0..3).map(item).collect()).unwrap_err();
    let numbers = std::iter::from_fn(|| chain.pop()).map(|item| item.number);
    assert!(numbers.eq(0..3));
    let refused = sender.clone().try_send(refused).unwrap_err().into_inner();
    assert_eq!(refused.number, 1);
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
