//! Iterators over a channel.

use std::thread;

use mpsc_queue::Form;

use crate::{item, must_end, open, received};

test_each_form! {
    iter_ends_after_last_sender
    iter_waits_for_items
    iter_ends_after_close
    iter_can_be_interrupted
    try_iter_ends_at_empty_channel
    try_iter_returns_items_that_come_meanwhile
    into_iter_ends_after_last_sender
    dropped_into_iter_disconnects
    iterators_stay_at_end
}

fn iter_ends_after_last_sender<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    drop(sender);
    assert!(receiver.iter().map(|item| item.number).eq(0..3));
    assert_eq!(receiver.iter().count(), 0);
}

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

fn iter_ends_after_close<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    receiver.close();
    assert!((&mut receiver).into_iter().map(|item| item.number).eq(0..3));
    assert!(sender.is_closed());
}

fn iter_can_be_interrupted<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    (0..5).for_each(|number| sender.send(item(number)).unwrap());
    for item in &mut receiver {
        if item.number == 2 {
            break;
        }
    }
    assert_eq!(received(&mut receiver), [3, 4]);
}

fn try_iter_ends_at_empty_channel<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    assert_eq!(receiver.try_iter().count(), 0);
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    assert!(receiver.try_iter().map(|item| item.number).eq(0..3));
    assert_eq!(receiver.try_iter().count(), 0);
    sender.send(item(3)).unwrap();
    drop(sender);
    assert!(receiver.try_iter().map(|item| item.number).eq(3..4));
    assert_eq!(receiver.try_iter().count(), 0);
}

fn try_iter_returns_items_that_come_meanwhile<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let mut items = receiver.try_iter();
    for number in 0..3 {
        assert!(items.next().is_none());
        sender.send(item(number)).unwrap();
        assert_eq!(items.next().unwrap().number, number);
    }
}

fn into_iter_ends_after_last_sender<F: Form>() {
    let (sender, receiver) = open::<F>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    drop(sender);
    assert!(receiver.into_iter().map(|item| item.number).eq(0..3));
}

fn dropped_into_iter_disconnects<F: Form>() {
    let (sender, receiver) = open::<F>();
    (0..3).for_each(|number| sender.send(item(number)).unwrap());
    let mut items = receiver.into_iter();
    assert_eq!(items.next().unwrap().number, 0);
    assert!(!sender.is_closed());
    drop(items);
    assert!(sender.send(item(3)).is_err());
}

fn iterators_stay_at_end<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    drop(sender);
    let mut items = receiver.iter();
    assert!(items.next().is_none() && items.next().is_none());
    let mut items = receiver.into_iter();
    assert!(items.next().is_none() && items.next().is_none());
}
