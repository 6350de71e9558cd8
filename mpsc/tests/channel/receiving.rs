//! Receives on a connected channel.

use std::time::Duration;

use mpsc_queue::{Form, Pop};

use crate::{item, open, received};

test_each_form! {
    receives_return_items_in_order
    pop_returns_item_or_empty
    debug_of_iterators_shows_no_item
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

fn debug_of_iterators_shows_no_item<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    sender.send(item(0)).unwrap();
    assert_eq!(format!("{:?}", receiver.try_iter()), "TryIter { .. }");
    assert_eq!(format!("{:?}", receiver.iter()), "Iter { .. }");
    assert_eq!(format!("{:?}", receiver.into_iter()), "IntoIter { .. }");
}
