//! Producer threads.

use std::sync::Arc;

use shuttle::thread;

use crate::items::{Census, Item, PRODUCERS};

pub(crate) fn spawn_all<F: FnOnce() + Send + 'static>(
    body: impl Fn(usize) -> F,
) -> Vec<thread::JoinHandle<()>> {
    (0..PRODUCERS)
        .map(|number| thread::spawn(body(number)))
        .collect()
}

/// Spawns producers that push all their items one by one.
pub(crate) fn push_all<Q: Send + Sync + 'static>(
    census: &Census,
    queue: &Arc<Q>,
    push: impl Fn(&Q, Box<Item>) + Clone + Send + 'static,
) -> Vec<thread::JoinHandle<()>> {
    spawn_all(|producer| {
        let (census, queue, push) = (census.clone(), Arc::clone(queue), push.clone());
        move || {
            for number in 0..census.each {
                push(&queue, census.item(producer, number));
            }
        }
    })
}

pub(crate) fn join_all(threads: Vec<thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}
