//! Uses the packaged queue with its default features and without `unsafe`.
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::thread;

use mpsc_queue::{BlockingQueue, Link, Pop, Queue, SharedLink, linked};

struct Job<T> {
    link: Link,
    payload: T,
}
linked!([T] Job<T> => link: Link);

struct Task {
    link: SharedLink,
}
linked!(Task => link: SharedLink);

fn main() {
    let queue = Arc::new(BlockingQueue::<Box<Job<u64>>>::new());
    let producers: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for payload in 1..=1000 {
                    queue.push(Box::new(Job { link: Link::new(), payload })).unwrap();
                }
            })
        })
        .collect();
    let mut jobs = queue.receiver().expect("no other receiver exists");
    let sum: u64 = (0..4000).map(|_| jobs.recv().unwrap().payload).sum();
    producers.into_iter().for_each(|producer| producer.join().expect("producers do not panic"));
    assert_eq!(sum, 4 * 500_500);

    let tasks = Queue::new();
    let task = Arc::new(Task { link: SharedLink::new() });
    assert!(tasks.try_push(Arc::clone(&task)).is_ok());
    assert!(tasks.try_push(task).is_err(), "the task is already queued");
    assert!(matches!(tasks.consumer().expect("no other consumer exists").pop(), Pop::Item(_)));
    println!("4000 items delivered, in a project that forbids unsafe code");
}
