//! Calls that sleep while they wait for a stalled push, because its producer may need the core.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::{Closed, Form, Queue};

use crate::receives::{SharedQueue, stalled_push};
use crate::stalled_push::{StalledPush, item};

test_forms! {
    each: []
    with_gap: [
        blocking_receives_sleep_while_queue_is_stalled
        refused_push_sleeps_while_overlapping_push_is_stalled
    ]
}

fn blocking_receives_sleep_while_queue_is_stalled<F: Form>() {
    let waits: [fn(SharedQueue<F>) -> usize; 3] = [
        |queue| {
            let mut receiver = queue.receiver().unwrap();
            receiver.pop_blocking().expect("an item is queued").number
        },
        |queue| queue.receiver().unwrap().recv().unwrap().number,
        |queue| {
            let mut receiver = queue.receiver().unwrap();
            let item = receiver.recv_timeout(Duration::from_secs(3600));
            item.expect("an item is queued").number
        },
    ];
    for wait in waits {
        let queue = SharedQueue::<F>::default();
        let stalled = stalled_push(&queue, 7);
        let (started, is_started) = mpsc::channel();
        let consumer = thread::spawn(move || {
            started.send(proc()).expect("the test waits for the thread");
            wait(queue)
        });
        wait_until_sleeping(&is_started.recv().unwrap());
        stalled.finish();
        assert_eq!(consumer.join().unwrap(), 7);
    }
}

/// Two pushes overlap on a closed queue. The first is refused, and must drop the item of the
/// second, for whose link it waits.
fn refused_push_sleeps_while_overlapping_push_is_stalled<F: Form>() {
    let queue = Arc::new(Queue::<_, F>::default());
    queue.consumer().unwrap().close();
    let (events, order) = mpsc::channel();
    let (started, is_started) = mpsc::channel();
    let refused = StalledPush::start({
        let (queue, events) = (Arc::clone(&queue), events.clone());
        move || {
            started.send(proc()).expect("the test waits for the thread");
            let refusal = queue.push(item(0));
            events.send("refused push returns").unwrap();
            refusal
        }
    });
    let overlapping = StalledPush::start_with(
        move || queue.push(item(1)).is_ok(),
        move || events.send("stall of the other push ends").unwrap(),
    );
    refused.resume();
    wait_until_sleeping(&is_started.recv().unwrap());
    assert!(overlapping.finish(), "the second push is accepted");
    assert!(matches!(refused.join(), Err(Closed(item)) if item.number == 0));
    let order: Vec<_> = order.iter().collect();
    assert_eq!(
        order,
        ["stall of the other push ends", "refused push returns"]
    );
}

/// Returns the directory of the calling thread in `/proc`.
fn proc() -> PathBuf {
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    Path::new("/proc").join(thread)
}

/// Waits until the thread with this directory in `/proc` has given up its core 50 times more.
/// Only a thread that sleeps does so: a spin and a `sched_yield` do not count.
fn wait_until_sleeping(proc: &Path) {
    /// Far longer than 50 sleeps of a millisecond.
    const LIMIT: Duration = Duration::from_secs(60);

    let start = Instant::now();
    let first = voluntary_switches(proc);
    while voluntary_switches(proc) < first + 50 {
        assert!(start.elapsed() < LIMIT, "the thread does not sleep");
        thread::sleep(Duration::from_millis(1));
    }
}

fn voluntary_switches(proc: &Path) -> u64 {
    let status = std::fs::read_to_string(proc.join("status")).unwrap();
    let field = "voluntary_ctxt_switches:";
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix(field)).unwrap();
    count.trim().parse().unwrap()
}
