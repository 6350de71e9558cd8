//! Items that several producers push at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use mpsc_queue::{BlockingQueue, Form, Pop, Queue, SharedLink, TryPushError, linked};

use crate::{EACH, PRODUCERS, must_end};

test_each_form! {
    failed_push_is_visible_to_pop
    failed_push_is_visible_to_blocking_recv
    item_is_in_one_of_two_queues
}

/// A task with a count of the reasons to run it. It is queued at most once.
#[derive(Default)]
struct Task {
    /// Relaxed, because the pushes order the accesses.
    reasons: AtomicUsize,
    link: SharedLink,
}
linked!(Task => link: SharedLink);

impl Task {
    fn add_reason(&self) {
        self.reasons.fetch_add(1, Ordering::Relaxed);
    }

    fn take_reasons(&self) -> usize {
        self.reasons.swap(0, Ordering::Relaxed)
    }
}

/// Writes made before a push, even one that fails, are visible to the consumer that pops the
/// item. Each push that succeeds corresponds to one pop.
fn failed_push_is_visible_to_pop<F: Form>() {
    for producers in PRODUCERS {
        let tasks: [Arc<Task>; 3] = Default::default();
        let queue = Queue::<_, F>::default();
        let (pushed, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for producer in 0..producers {
                let (tasks, queue, pushed, ended) = (&tasks, &queue, &pushed, &ended);
                scope.spawn(move || {
                    for round in 0..EACH {
                        let task = &tasks[(producer + round) % tasks.len()];
                        task.add_reason();
                        if let Ok(wakeup) = queue.try_push(Arc::clone(task)) {
                            assert!(!wakeup.is_needed());
                            pushed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    ended.fetch_add(1, Ordering::Release);
                });
            }
            let mut consumer = queue.consumer().unwrap();
            let (mut popped, mut reasons) = (0, 0);
            loop {
                let all_ended = ended.load(Ordering::Acquire) == producers;
                match consumer.pop() {
                    Pop::Item(task) => {
                        popped += 1;
                        reasons += task.take_reasons();
                    }
                    Pop::Empty if all_ended => break,
                    Pop::Empty | Pop::Stalled(_) => thread::yield_now(),
                    Pop::Closed => panic!("the queue is open"),
                }
            }
            assert_eq!(reasons, producers * EACH, "the consumer missed a reason");
            assert_eq!(popped, pushed.load(Ordering::Relaxed));
        });
        drop(queue);
        for task in tasks {
            assert!(Arc::into_inner(task).is_some(), "no share is left");
        }
    }
}

/// The same with a consumer that parks and must be woken.
fn failed_push_is_visible_to_blocking_recv<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let queue = BlockingQueue::<Arc<Task>, F>::default();
            let task = Arc::new(Task::default());
            let pushed = AtomicUsize::new(0);
            let mut receiver = queue.receiver().unwrap();
            let mut received = 0;
            thread::scope(|scope| {
                for _ in 0..producers {
                    scope.spawn(|| {
                        for round in 0..EACH {
                            task.add_reason();
                            let is_pushed = queue.try_push(Arc::clone(&task)).is_ok();
                            pushed.fetch_add(is_pushed.into(), Ordering::Relaxed);
                            if round % 8 == 0 {
                                thread::yield_now();
                            }
                        }
                    });
                }
                let mut reasons = 0;
                while reasons < producers * EACH {
                    reasons += receiver.recv().unwrap().take_reasons();
                    received += 1;
                }
            });
            received += receiver.drain(usize::MAX).count();
            assert_eq!(received, pushed.into_inner());
        });
    }
}

/// Each push that succeeds corresponds to one pop from the same queue.
fn item_is_in_one_of_two_queues<F: Form>() {
    let tasks: [Arc<Task>; 3] = Default::default();
    let queues = [Queue::<_, F>::default(), Queue::<_, F>::default()];
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        let consumers = queues.each_ref().map(|queue| {
            let ended = &ended;
            scope.spawn(move || {
                let mut consumer = queue.consumer().unwrap();
                let mut popped = 0;
                loop {
                    let all_ended = ended.load(Ordering::Acquire) == 4;
                    match consumer.pop() {
                        Pop::Item(_) => popped += 1,
                        Pop::Empty if all_ended => return popped,
                        Pop::Empty | Pop::Stalled(_) => thread::yield_now(),
                        Pop::Closed => panic!("the queue is open"),
                    }
                }
            })
        });
        let producers = [0, 1, 2, 3].map(|producer| {
            let (tasks, queues, ended) = (&tasks, &queues, &ended);
            scope.spawn(move || {
                let mut pushed = [0; 2];
                for round in 0..EACH {
                    let task = &tasks[round % tasks.len()];
                    let queue = (producer + round) % 2;
                    match queues[queue].try_push(Arc::clone(task)) {
                        Ok(_) => pushed[queue] += 1,
                        Err(TryPushError::AlreadyQueued(same)) => assert!(Arc::ptr_eq(&same, task)),
                        Err(TryPushError::Closed(_)) => panic!("the queue is open"),
                    }
                }
                ended.fetch_add(1, Ordering::Release);
                pushed
            })
        });
        let mut pushed = [0; 2];
        for producer in producers {
            let [first, second] = producer.join().unwrap();
            pushed[0] += first;
            pushed[1] += second;
        }
        assert_eq!(consumers.map(|consumer| consumer.join().unwrap()), pushed);
    });
}
