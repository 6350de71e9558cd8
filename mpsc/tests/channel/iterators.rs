//! Iterators over a channel.

use mpsc_queue::Form;

use crate::common::{item, open, received};

test_each_form! {
    iter_ends_after_close
    iter_can_be_interrupted
    into_iter_ends_after_last_sender
    dropped_into_iter_disconnects
    iterators_stay_at_end
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
