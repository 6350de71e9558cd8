//! A consumer whose pop takes `&self`, and a queue whose consumer never parks.

use std::sync::Arc;
use std::thread;

use mpsc_queue::{CellConsumer, Form, PolledQueue, Queue, SharedLink, linked};

test_each_form! {
    cell_consumer_pops_through_shared_reference
    cell_consumer_moves_to_thread_and_back
    polled_queue_reports_no_wakeup
    polled_queue_has_cell_consumer
}

struct Item {
    link: SharedLink,
    number: usize,
}
linked!(Item => link: SharedLink);

fn item(number: usize) -> Arc<Item> {
    let link = SharedLink::new();
    Arc::new(Item { link, number })
}

fn cell_consumer_pops_through_shared_reference<F: Form>() {
    let queue = Queue::<_, F>::default();
    let consumer = CellConsumer::from(queue.consumer().unwrap());
    let (first, second) = (&consumer, &consumer);
    for number in 0..4 {
        assert!(!queue.try_push(item(number)).unwrap().is_needed());
    }
    assert_eq!(first.pop().into_item().unwrap().number, 0);
    assert_eq!(second.pop().into_item().unwrap().number, 1);
    assert_eq!(first.pop_blocking().unwrap().number, 2);
    assert!(queue.consumer().is_err());
    let mut consumer = consumer;
    assert_eq!(consumer.get_mut().drain(9).count(), 1);
    assert!(consumer.pop_blocking().is_none());
    consumer.get_mut().close();
    assert!(consumer.pop().is_closed());
    drop(consumer.into_inner());
    assert!(queue.consumer().is_ok());
}

fn cell_consumer_moves_to_thread_and_back<F: Form>() {
    let (queue, consumer) = Queue::<_, F>::default().share();
    assert!(!queue.try_push(item(7)).unwrap().is_needed());
    let consumer = CellConsumer::from(consumer);
    let thread = thread::spawn(move || (consumer.pop().into_item().unwrap().number, consumer));
    let (number, consumer) = thread.join().ok().unwrap();
    assert_eq!(number, 7);
    assert!(consumer.pop().is_empty());
}

fn polled_queue_reports_no_wakeup<F: Form>() {
    let (queue, mut receiver) = PolledQueue::<_, F>::default().share();
    let () = queue.try_push(item(0)).unwrap();
    assert_eq!(receiver.try_recv().unwrap().number, 0);
    receiver.close();
    assert!(queue.try_push(item(1)).is_err());
}

fn polled_queue_has_cell_consumer<F: Form>() {
    let (queue, receiver) = PolledQueue::with_form(F::default()).share();
    assert_eq!(Arc::strong_count(&queue), 2);
    let consumer = CellConsumer::from(receiver);
    assert!(queue.try_push(item(0)).is_ok());
    assert_eq!(consumer.pop().into_item().unwrap().number, 0);
    assert!(queue.receiver().is_err(), "the place is taken");
    drop(consumer);
    assert!(queue.receiver().is_ok());
    assert_eq!(Arc::strong_count(&queue), 1);
}
