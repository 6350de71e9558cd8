//! Shared items: a failed push is visible to the pop.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom_tests::{BareForm, in_each_form};
use mpsc_queue::{BlockingQueue, SharedLink, linked};

use crate::items::PRODUCERS;
use crate::producers::{join_all, spawn_all};
use crate::runner::schedules;

in_each_form!(failed_push_is_visible_to_pop);

/// Work that is added before a push, even one that fails, is visible to the pop. Missed
/// work is a deadlock, because the consumer waits for it.
fn failed_push_is_visible_to_pop<F: BareForm>() {
    #[derive(Default)]
    struct Task {
        work: AtomicUsize,
        link: SharedLink,
    }
    linked!(Task => link: SharedLink);

    schedules(|| {
        const EACH: usize = 150;
        let tasks: [Arc<Task>; 3] = Default::default();
        let queue = Arc::new(BlockingQueue::<Arc<Task>, F>::default());
        let producers = spawn_all(|producer| {
            let (queue, tasks) = (Arc::clone(&queue), tasks.clone());
            move || {
                for number in 0..EACH {
                    let task = &tasks[(producer + number) % tasks.len()];
                    task.work.fetch_add(1, Relaxed);
                    let _ = queue.try_push(Arc::clone(task));
                }
            }
        });
        let mut receiver = queue.receiver().unwrap();
        let mut seen = 0;
        while seen < PRODUCERS * EACH {
            let task = receiver.recv().unwrap();
            seen += task.work.swap(0, Relaxed);
        }
        join_all(producers);
        drop(receiver);
        drop(queue); // with tasks whose work an earlier pop has taken
        for task in tasks {
            assert!(Arc::into_inner(task).is_some(), "no reference is left");
        }
    });
}
