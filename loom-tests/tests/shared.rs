//! The flag of a shared item: in a queue at most once, and nothing that was
//! announced before a failed push is missed.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{exhaustive, pop_rest};
use mpsc_queue::{Pop, Queue, SharedLink, linked};

struct Task {
    link: SharedLink,
    /// What there is to do. Relaxed on purpose: the queue must order it.
    to_do: AtomicUsize,
}
linked!(Task => link: SharedLink);

fn task() -> Arc<Task> {
    Arc::new(Task {
        link: SharedLink::new(),
        to_do: AtomicUsize::new(0),
    })
}

/// Two producers push the same item: it is there once at a time, and its last
/// pop sees all that was announced, also by a push that failed.
fn coalesce(pops: usize) {
    let queue = Arc::new(Queue::<Arc<Task>>::new());
    let task = task();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (queue, task) = (Arc::clone(&queue), Arc::clone(&task));
            thread::spawn(move || {
                task.to_do.fetch_add(1, Ordering::Relaxed);
                let _ = queue.try_push(task);
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let mut done = 0;
    for _ in 0..pops {
        if let Pop::Item(task) = consumer.pop() {
            // A load and a store, not an exchange, which would see the latest
            // value in any case.
            let to_do = task.to_do.load(Ordering::Relaxed);
            done = done.max(to_do);
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    for task in pop_rest(&mut consumer) {
        done = done.max(task.to_do.load(Ordering::Relaxed));
    }
    assert_eq!(done, 2, "an announcement was missed");
}

#[test]
fn a_failed_push_is_seen_by_the_pop() {
    exhaustive(|| coalesce(2));
}

/// The item is pushed again from inside its own pop, as a task that wakes itself.
#[test]
fn pushed_again_from_inside_its_own_pop() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Arc<Task>>::new());
        let task = task();
        let other = {
            let (queue, task) = (Arc::clone(&queue), Arc::clone(&task));
            thread::spawn(move || usize::from(queue.try_push(task).is_ok()))
        };
        let mut pushed = usize::from(queue.try_push(task).is_ok());
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        if let Pop::Item(task) = consumer.pop() {
            popped += 1;
            pushed += usize::from(queue.try_push(task).is_ok());
        }
        pushed += other.join().unwrap();
        popped += pop_rest(&mut consumer).len();
        assert_eq!(pushed, popped);
    });
}

/// Two queues compete for one item: it is in one of them at a time, and each push
/// that succeeds is one pop from that queue.
#[test]
fn in_one_of_two_queues() {
    exhaustive(|| {
        let queues = [(); 2].map(|()| Arc::new(Queue::<Arc<Task>>::new()));
        let task = task();
        let other = {
            let (queue, task) = (Arc::clone(&queues[1]), Arc::clone(&task));
            thread::spawn(move || usize::from(queue.try_push(task).is_ok()))
        };
        let mine = usize::from(queues[0].try_push(task).is_ok());
        let mut consumer = queues[0].consumer().unwrap();
        let popped = usize::from(matches!(consumer.pop(), Pop::Item(_)));
        assert_eq!(popped, mine, "no push into this queue is in flight");
        let theirs = other.join().unwrap();
        assert!(mine + theirs > 0, "one of them was first");
        assert_eq!(pop_rest(&mut queues[1].consumer().unwrap()).len(), theirs);
    });
}
