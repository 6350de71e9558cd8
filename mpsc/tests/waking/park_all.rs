//! A consumer that parks on several queues.

use mpsc_queue::{Form, Link, Queue, WakingQueue, linked, park_all};

use crate::{CountingWaker, item};

test_each_form! {
    push_to_any_queue_reports_the_park
    refused_park_leaves_no_queue_parked
    dropped_guard_leaves_no_queue_parked
    queues_may_differ
}

fn push_to_any_queue_reports_the_park<F: Form>() {
    for pushed in 0..3 {
        let queues: [Queue<_, F>; 3] = Default::default();
        let [mut a, mut b, mut c] = queues.each_ref().map(|queue| queue.consumer().unwrap());
        let mut consumers: [&mut dyn mpsc_queue::Park; 3] = [&mut a, &mut b, &mut c];
        let parked = park_all(&mut consumers).unwrap();
        assert!(queues[pushed].push(item(0)).unwrap().is_needed());
        assert!(!queues[pushed].push(item(1)).unwrap().is_needed());
        let other = &queues[(pushed + 1) % 3];
        assert!(other.push(item(2)).unwrap().is_needed(), "of each queue");
        drop(parked);
        assert!(park_all(&mut consumers).is_none(), "there are items");
    }
}

/// The guard of a park that fails has unparked the queues before and the others were not parked.
fn refused_park_leaves_no_queue_parked<F: Form>() {
    for refuses in 0..3 {
        for closed in [false, true] {
            let queues: [Queue<_, F>; 3] = Default::default();
            let [mut a, mut b, mut c] = queues.each_ref().map(|queue| queue.consumer().unwrap());
            if closed {
                [&mut a, &mut b, &mut c][refuses].close();
            } else {
                assert!(queues[refuses].push(item(0)).is_ok());
            }
            assert!(park_all(&mut [&mut a, &mut b, &mut c]).is_none());
            for (number, queue) in queues.iter().enumerate() {
                if number != refuses {
                    assert!(!queue.push(item(1)).unwrap().is_needed());
                }
            }
        }
    }
}

fn dropped_guard_leaves_no_queue_parked<F: Form>() {
    let queues: [Queue<_, F>; 2] = Default::default();
    let [mut a, mut b] = queues.each_ref().map(|queue| queue.consumer().unwrap());
    drop(park_all(&mut [&mut a, &mut b]).unwrap());
    for queue in &queues {
        assert!(!queue.push(item(0)).unwrap().is_needed());
    }
    assert!(park_all(&mut []).is_some(), "nothing to look at");
}

struct Order {
    link: Link,
}
linked!(Order => link: Link);

/// Other items, another kind of queue, and another form.
fn queues_may_differ<F: Form>() {
    let orders = Queue::new();
    let items = WakingQueue::with_form_and_waker(F::default(), CountingWaker::default());
    let mut receiver = items.receiver().unwrap();
    let mut consumer = orders.consumer().unwrap();
    let mut consumers: [&mut dyn mpsc_queue::Park; 2] = [&mut receiver, &mut consumer];
    let parked = park_all(&mut consumers).unwrap();
    items.push(item(0)).unwrap();
    assert_eq!(items.waker().wakes(), 1);
    let order = Box::new(Order { link: Link::new() });
    assert!(orders.push(order).unwrap().is_needed());
    drop(parked);
    assert_eq!(receiver.drain(9).count() + consumer.drain(9).count(), 2);
}
