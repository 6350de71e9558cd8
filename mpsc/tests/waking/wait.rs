//! Whether a receiver that is to spin sleeps: Linux counts how often a thread does.

use std::fs;
use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mpsc_queue::channel::{self, sharded};
use mpsc_queue::{BlockingQueue, Form, Wait};

use crate::{Item, item};

test_each_form! {
    spinning_recv_never_sleeps
    spinning_recv_many_never_sleeps
    spinning_recv_timeout_never_sleeps
    spinning_channel_receiver_never_sleeps
    spinning_sharded_receiver_never_sleeps
    adaptive_receiver_learns_to_spin
}

const ITEMS: usize = 50;

/// Returns how often this thread has slept.
fn sleeps() -> usize {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// Calls `receive` for each of a number of items, each of which is sent when the receiver has been
/// waiting for a while. Returns how often the receiver has slept.
fn sleeps_of(send: impl Fn(Box<Item>) + Sync, mut receive: impl FnMut() -> Box<Item>) -> usize {
    let received = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..ITEMS {
                while received.load(Ordering::Relaxed) < number {
                    hint::spin_loop();
                }
                // No time has to pass, or the test would only see less.
                (0..2000).for_each(|_| hint::spin_loop());
                send(item(number));
            }
        });
        let before = sleeps();
        let mut items = Vec::with_capacity(ITEMS); // dropped later, since an allocator may sleep
        for number in 0..ITEMS {
            items.push(receive());
            received.store(number + 1, Ordering::Relaxed);
        }
        let after = sleeps();
        assert!(items.iter().map(|item| item.number).eq(0..ITEMS));
        after - before
    })
}

fn can_spin() -> bool {
    thread::available_parallelism().is_ok_and(|threads| threads.get() > 1)
}

fn check(sleeps: usize) {
    if can_spin() {
        assert_eq!(sleeps, 0);
    }
}

fn spinning_recv_never_sleeps<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

fn spinning_recv_many_never_sleeps<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let mut buffer = Vec::with_capacity(1);
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || {
        assert_eq!(receiver.recv_many(&mut buffer, 9), 1);
        buffer.pop().unwrap()
    }));
}

fn spinning_recv_timeout_never_sleeps<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || {
        receiver.recv_timeout(Duration::from_secs(60)).unwrap()
    }));
    let before = sleeps();
    assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
    check(sleeps() - before);
}

fn spinning_channel_receiver_never_sleeps<F: Form>() {
    let (sender, mut receiver) = channel::with_form(F::default());
    receiver.set_wait(Wait::Spin);
    let send = |item| sender.send(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

fn spinning_sharded_receiver_never_sleeps<F: Form>() {
    let (sender, mut receiver) = sharded::with_form(F::default());
    receiver.set_wait(Wait::Spin);
    let send = |item| sender.send(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

/// It sleeps until it has seen that its waits are short.
fn adaptive_receiver_learns_to_spin<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    let limit = Duration::from_secs(60); // longer than any wait here
    receiver.set_wait(Wait::Adaptive { limit });
    let send = |item| queue.push(item).unwrap();
    if can_spin() {
        assert!(sleeps_of(send, || receiver.recv().unwrap()) < ITEMS / 2);
    }
}
