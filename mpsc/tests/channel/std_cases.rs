//! The behaviour that the documentation of `std::sync::mpsc` states or shows, case by case, on
//! channels and on sharded channels.
//!
//! Each test names its page. Cases that have their test elsewhere:
//!
//! | page | case | test |
//! |---|---|---|
//! | `Sender::send` | `Ok` does not promise receipt | `disconnection::dropped_receiver_drops_buffered_items`, `ends::receiver_drops_what_is_left` (sharded) |
//! | `Sender::is_disconnected` | the sender learns that the receiver is gone | `disconnection::is_closed_is_final` |
//! | `Receiver`, `IntoIter` | `for` loops over a receiver and a borrowed one | `iterators` |
//! | `Iter`, `TryIter`, `IntoIter` | `Debug` | `receiving::debug_of_iterators_shows_no_item` |
//! | `Sender` | it is `Sync` | `sending::sender_is_shared_by_threads`; a sharded sender is not |
//! | `SendError` and the other errors | messages, conversions, `Clone` and `==` | `errors` |
//! | `sync_channel` | a send waits for space | none: there is no bounded channel |

use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::{Form, Pop, RecvError, RecvTimeoutError, SendError, TryRecvError};

use crate::common::{item, must_end, open, received};

test_each_form! {
    recv_returns_item_of_other_thread
    clones_send_from_several_threads
    receiver_can_move_between_threads
    recv_keeps_order_of_each_sender
    send_does_not_wait_for_receiver
    recv_loop_ends_when_all_senders_are_gone
    receives_return_buffered_items_after_last_sender
    every_receive_returns_disconnected_after_last_sender
    senders_can_be_dropped_in_any_order
    recv_timeout_times_out_while_one_sender_is_left
    dropped_last_sender_wakes_recv
    dropped_last_sender_wakes_recv_timeout
    dropped_last_sender_wakes_iter
    panic_of_sending_thread_disconnects
    panic_of_receiving_thread_disconnects
    send_after_receiver_returns_item
    send_wakes_recv
    try_recv_on_empty_channel_returns_empty
    recv_timeout_on_empty_channel_returns_timeout
    recv_timeout_accepts_longest_duration
    recv_deadline_in_past_returns_buffered_item
    iter_ends_after_last_sender
    iter_waits_for_items
    try_iter_ends_at_empty_channel
    try_iter_returns_items_that_come_meanwhile
    debug_of_ends_shows_no_item
}

const HOUR: Duration = Duration::from_secs(3600);

/// Pages: module ("simple usage"), `channel`, `Receiver::recv`.
fn recv_returns_item_of_other_thread<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    thread::spawn(move || sender.send(item(7)).unwrap());
    assert_eq!(must_end(move || receiver.recv().unwrap().number), 7);
}

/// Pages: module ("shared usage"), `Sender`, `Sender::clone`.
fn clones_send_from_several_threads<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    for number in 0..10 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(item(number)).unwrap());
    }
    let mut numbers = must_end(move || {
        let items = (0..10).map(|_| receiver.recv().unwrap());
        items.map(|item| item.number).collect::<Vec<_>>()
    });
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..10));
    drop(sender);
}

/// Page: `Receiver`, which is `Send`. Here it sleeps on a different thread each time.
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

/// Page: `channel`. Items come in the order in which their sender has sent them.
fn recv_keeps_order_of_each_sender<F: Form>() {
    const SENDERS: usize = 3;
    const ITEMS: usize = 500;

    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        let senders: Vec<_> = (0..SENDERS)
            .map(|index| {
                let sender = sender.clone();
                thread::spawn(move || {
                    for number in 0..ITEMS {
                        let number = index * ITEMS + number;
                        if number % 7 == 0 {
                            sender
                                .send_chain([item(number)].into_iter().collect())
                                .unwrap();
                        } else {
                            sender.send(item(number)).unwrap();
                        }
                    }
                })
            })
            .collect();
        drop(sender);
        let mut next = [0; SENDERS];
        for item in receiver.iter() {
            let (index, number) = (item.number / ITEMS, item.number % ITEMS);
            assert_eq!(number, next[index]);
            next[index] += 1;
        }
        assert_eq!(next, [ITEMS; SENDERS]);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    });
}

/// Pages: `channel`, `Sender::send`. The buffer has no bound.
fn send_does_not_wait_for_receiver<F: Form>() {
    const ITEMS: usize = 10_000;
    let (sender, mut receiver) = must_end(|| {
        let (sender, receiver) = open::<F>();
        (0..ITEMS).for_each(|number| sender.send(item(number)).unwrap());
        (sender, receiver)
    });
    drop(sender);
    assert!(received(&mut receiver).into_iter().eq(0..ITEMS));
}

/// Page: module ("unbounded receive loop").
fn recv_loop_ends_when_all_senders_are_gone<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    for number in 0..3 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(item(number)).unwrap());
    }
    drop(sender);
    let count = must_end(move || {
        let mut count = 0;
        while receiver.recv().is_ok() {
            count += 1;
        }
        count
    });
    assert_eq!(count, 3);
}

/// Pages: `Receiver::recv` ("buffering behavior"), `recv_timeout`, `recv_deadline`.
fn receives_return_buffered_items_after_last_sender<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        (0..5).for_each(|number| sender.send(item(number)).unwrap());
        drop(sender);
        let items = [
            receiver.recv().ok(),
            receiver.try_recv().ok(),
            receiver.recv_timeout(HOUR).ok(),
            receiver.recv_deadline(Instant::now()).ok(),
            receiver.pop().into_item(),
        ];
        assert!(items.into_iter().map(|item| item.unwrap().number).eq(0..5));
        assert_eq!(receiver.recv().err(), Some(RecvError));
    });
}

/// Pages: module ("propagating panics"), `RecvError`, `TryRecvError`, `RecvTimeoutError`. The error
/// stays, after each kind of receive.
fn every_receive_returns_disconnected_after_last_sender<F: Form>() {
    must_end(|| {
        for first in 0..5 {
            let (sender, mut receiver) = open::<F>();
            sender.send(item(0)).unwrap();
            drop(sender);
            assert!(receiver.try_recv().is_ok());
            for receive in (first..5).chain(0..first) {
                let disconnected = Some(RecvTimeoutError::Disconnected);
                match receive {
                    0 => assert_eq!(receiver.recv().err(), Some(RecvError)),
                    1 => assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected)),
                    2 => assert_eq!(receiver.recv_timeout(HOUR).err(), disconnected),
                    3 => assert_eq!(receiver.recv_timeout(Duration::ZERO).err(), disconnected),
                    _ => assert!(matches!(receiver.pop(), Pop::Closed)),
                }
            }
        }
    });
}

/// Pages: `Sender`, `TryRecvError`. The channel ends with the last sender, the original or a clone.
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

/// Page: `RecvTimeoutError`. After a time-out, an item may still come.
fn recv_timeout_times_out_while_one_sender_is_left<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    drop(sender.clone());
    let timeout = Duration::from_millis(5);
    let error = receiver.recv_timeout(timeout).err();
    assert_eq!(error, Some(RecvTimeoutError::Timeout));
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.recv().unwrap().number, 0);
}

/// Page: `Receiver::recv`. The sender goes at any time: before the receiver parks, while it parks,
/// or afterwards.
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

/// Page: `Receiver::recv_timeout`. The sender goes at any time.
fn dropped_last_sender_wakes_recv_timeout<F: Form>() {
    must_end(|| {
        for _ in 0..200 {
            let (sender, mut receiver) = open::<F>();
            let sending = thread::spawn(move || drop(sender));
            let error = receiver.recv_timeout(HOUR).err();
            assert_eq!(error, Some(RecvTimeoutError::Disconnected));
            sending.join().unwrap();
        }
    });
}

/// Page: `Receiver::iter`. The sender goes at any time.
fn dropped_last_sender_wakes_iter<F: Form>() {
    must_end(|| {
        for _ in 0..100 {
            let (sender, mut receiver) = open::<F>();
            let sending = thread::spawn(move || drop(sender));
            assert!(receiver.iter().next().is_none());
            sending.join().unwrap();
        }
    });
}

/// Page: module ("disconnection").
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

/// Page: module ("disconnection").
fn panic_of_receiving_thread_disconnects<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    let receiving = thread::spawn(move || {
        receiver.recv().unwrap();
        panic!("the receiving thread panics");
    });
    assert!(receiving.join().is_err());
    assert!(sender.send(item(1)).is_err());
}

/// Pages: `Sender::send`, `SendError`. The receiver goes before the first send, with items in the
/// channel, or after it has received some.
fn send_after_receiver_returns_item<F: Form>() {
    for (sent, popped) in [(0, 0), (2, 0), (2, 1), (2, 2)] {
        let (sender, mut receiver) = open::<F>();
        let clone = sender.clone();
        (0..sent).for_each(|number| sender.send(item(number)).unwrap());
        (0..popped).for_each(|_| drop(receiver.recv().unwrap()));
        drop(receiver);
        for number in 5..8 {
            let SendError(refused) = sender.send(item(number)).unwrap_err();
            assert_eq!(refused.number, number);
            let SendError(refused) = clone.send(refused).unwrap_err();
            assert_eq!(refused.number, number);
        }
        assert!(sender.clone().send(item(8)).is_err());
    }
}

/// Pages: `Receiver::recv`, `recv_timeout`. Each side sleeps until the other has sent.
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
                pongs.recv_timeout(HOUR).unwrap()
            };
            assert_eq!(sent.number, number);
        }
        drop(ping);
        assert!(pongs.recv().is_err());
        answering.join().unwrap();
    });
}

/// Pages: `Receiver::try_recv`, `TryRecvError`.
fn try_recv_on_empty_channel_returns_empty<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
    sender.send(item(0)).unwrap();
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
}

/// Pages: `Receiver::recv_timeout`, `RecvTimeoutError`.
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

/// Page: `Receiver::recv_timeout`, which states no longest duration.
fn recv_timeout_accepts_longest_duration<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    let item = receiver.recv_timeout(Duration::MAX);
    assert_eq!(item.unwrap().number, 0);
    thread::spawn(move || drop(sender));
    let error = must_end(move || receiver.recv_timeout(Duration::MAX).err());
    assert_eq!(error, Some(RecvTimeoutError::Disconnected));
}

/// Page: `Receiver::recv_deadline`.
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

/// Pages: `Receiver::iter`, `Iter`.
fn iter_ends_after_last_sender<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        (0..3).for_each(|number| sender.send(item(number)).unwrap());
        drop(sender);
        assert!(receiver.iter().map(|item| item.number).eq(0..3));
        assert_eq!(receiver.iter().count(), 0);
    });
}

/// Pages: `Receiver::iter`, `Iter`.
fn iter_waits_for_items<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let numbers = must_end(move || {
        let sending = thread::spawn(move || {
            for number in 0..100 {
                sender.send(item(number)).unwrap();
                thread::yield_now();
            }
        });
        let numbers: Vec<_> = receiver.iter().map(|item| item.number).collect();
        sending.join().unwrap();
        numbers
    });
    assert!(numbers.into_iter().eq(0..100));
}

/// Pages: `Receiver::try_iter`, `TryIter`. The iterator ends when nothing is pending, and after the
/// last sender.
fn try_iter_ends_at_empty_channel<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        assert_eq!(receiver.try_iter().count(), 0);
        (0..3).for_each(|number| sender.send(item(number)).unwrap());
        assert!(receiver.try_iter().map(|item| item.number).eq(0..3));
        assert_eq!(receiver.try_iter().count(), 0);
        sender.send(item(3)).unwrap();
        drop(sender);
        assert!(receiver.try_iter().map(|item| item.number).eq(3..4));
        assert_eq!(receiver.try_iter().count(), 0);
    });
}

/// Page: `TryIter`. A later call of `next` returns an item that has come since.
fn try_iter_returns_items_that_come_meanwhile<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        let mut items = receiver.try_iter();
        for number in 0..3 {
            assert!(items.next().is_none());
            sender.send(item(number)).unwrap();
            assert_eq!(items.next().unwrap().number, number);
        }
    });
}

/// Pages: `Sender`, `Receiver`.
fn debug_of_ends_shows_no_item<F: Form>() {
    let (sender, receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    let debug = format!("{sender:?} {receiver:?}");
    assert_eq!(debug, "Sender { .. } Receiver { .. }");
}
