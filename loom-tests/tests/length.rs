//! The length is never negative, and never more than what was pushed.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, job, pop_rest};
use mpsc_queue::{Counted, Queue};

#[test]
fn the_length_is_never_negative() {
    loom::model(|| {
        let queue = Arc::new(Queue::<Box<Job>, Counted>::counted());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 0));
            })
        };
        let observer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.len())
        };
        let mut consumer = queue.consumer().unwrap();
        let popped = usize::from(consumer.pop_wait().is_some());
        let length = observer.join().unwrap();
        assert!(length <= 1, "{length} of one item");
        producer.join().unwrap();
        assert_eq!(popped + pop_rest(&mut consumer).len(), 1);
        assert_eq!(queue.len(), 0);
    });
}
