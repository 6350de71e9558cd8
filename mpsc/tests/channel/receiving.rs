//! Receives on a connected channel.

use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::{Form, Pop, RecvTimeoutError, TryRecvError};

use crate::{item, must_end, open, received};

test_each_form! {
    try_recv_on_empty_channel_returns_empty
    recv_timeout_on_empty_channel_returns_timeout
    recv_deadline_in_past_returns_buffered_item
    receives_return_items_in_order
    pop_returns_item_or_empty
    send_wakes_recv
    receiver_can_move_between_threads
    debug_shows_no_item
}

fn try_recv_on_empty_channel_returns_empty<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
}

fn recv_timeout_on_empty_channel_returns_timeout<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    for timeout in [0, 0, 10].map(Duration::from_millis) {
        let start = Instant::now();
        let error = receiver.recv_timeout(timeout).err();
        assert_eq!(error, Some(RecvTimeoutError::Timeout));
        assert!(start.elapsed() >= timeout);
    }
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.recv_timeout(Duration::ZERO).unwrap().number, 0);
}

fn recv_deadline_in_past_returns_buffered_item<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let now = Instant::now();
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.recv_deadline(now).unwrap().number, 0);
    assert_eq!(
        receiver.recv_deadline(now).err(),
        Some(RecvTimeoutError::Timeout)
    );
}

fn receives_return_items_in_order<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let other = sender.clone();
    for number in 0..10 {
        let sender = if number % 2 == 0 { &sender } else { &other };
        sender.send(item(number)).unwrap();
    }
    let hour = Duration::from_secs(3600);
    for number in (0..8).step_by(4) {
        assert_eq!(receiver.recv().unwrap().number, number);
        assert_eq!(receiver.recv_timeout(hour).unwrap().number, number + 1);
        assert_eq!(receiver.try_recv().unwrap().number, number + 2);
        assert_eq!(
            receiver.recv_timeout(Duration::MAX).unwrap().number,
            number + 3
        );
    }
    assert_eq!(received(&mut receiver), [8, 9]);
}

fn pop_returns_item_or_empty<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    assert!(matches!(receiver.pop(), Pop::Empty));
    sender.send(item(0)).unwrap();
    assert!(matches!(receiver.pop(), Pop::Item(item) if item.number == 0));
    assert!(matches!(receiver.pop(), Pop::Empty));
    drop(sender);
    assert!(matches!(receiver.pop(), Pop::Closed));
}

/// Each side sleeps until the other has sent.
fn send_wakes_recv<F: Form>() {
    must_end(|| {
        let (ping, mut pings) = open::<F>();
        let (pong, mut pongs) = open::<F>();
        let answering = thread::spawn(move || {
            for item in pings.iter() {
                pong.send(item).unwrap();
            }
        });
        let mut sent = item(0);
        for number in 0..500 {
            sent.number = number;
            ping.send(sent).unwrap();
            sent = if number % 2 == 0 {
                pongs.recv().unwrap()
            } else {
                pongs.recv_timeout(Duration::from_secs(3600)).unwrap()
            };
            assert_eq!(sent.number, number);
        }
        drop(ping);
        assert!(pongs.recv().is_err());
        answering.join().unwrap();
    });
}

/// The receiver sleeps on a different thread each time.
fn receiver_can_move_between_threads<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        for number in 0..20 {
            let receiving = thread::spawn(move || {
                let received = receiver.recv().unwrap();
                (receiver, received)
            });
            if number % 2 == 0 {
                thread::yield_now();
            }
            sender.send(item(number)).unwrap();
            let (moved, received) = receiving.join().unwrap();
            assert_eq!(received.number, number);
            receiver = moved;
        }
    });
}

fn debug_shows_no_item<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    let debug = format!("{sender:?} {receiver:?}");
    assert_eq!(debug, "Sender { .. } Receiver { .. }");
    assert_eq!(format!("{:?}", receiver.try_iter()), "TryIter { .. }");
    assert_eq!(format!("{:?}", receiver.iter()), "Iter { .. }");
    assert_eq!(format!("{:?}", receiver.into_iter()), "IntoIter { .. }");
}
