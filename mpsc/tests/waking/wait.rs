//! Whether a receiver that is to spin sleeps: Linux counts how often a thread does.

use std::env;
use std::fs;
use std::hint;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mpsc_queue::channel::{self, sharded};
use mpsc_queue::{BlockingQueue, Form, Wait};

use crate::{Item, item};

test_each_form! {
    spinning_recv_does_not_sleep
    spinning_recv_many_does_not_sleep
    spinning_recv_timeout_does_not_sleep
    spinning_channel_receiver_does_not_sleep
    spinning_sharded_receiver_does_not_sleep
    adaptive_receiver_learns_to_spin
}

const ITEMS: usize = 50;

/// Returns how often this thread has slept.
fn sleeps() -> usize {
    of_this_thread("voluntary_ctxt_switches").parse().unwrap()
}

fn of_this_thread(key: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| *name == key).unwrap();
    value.trim().to_owned()
}

/// Calls `receive` for each of a number of items, each of which is sent when the receiver has been
/// waiting for a while. Returns how often the receiver has slept.
fn sleeps_of(send: impl Fn(Box<Item>) + Send, mut receive: impl FnMut() -> Box<Item>) -> usize {
    let received = AtomicUsize::new(0);
    thread::scope(|scope| {
        let received = &received;
        scope.spawn(move || {
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

/// Other causes, a page fault among them, may have a thread sleep now and then.
fn check(sleeps: usize) {
    assert_eq!(sleeps > ITEMS / 2, !can_spin(), "{sleeps}");
}

/// A receiver that is bound to a core spins, since its sender runs on another one. (In a process of
/// its own, because a process asks once whether spinning makes sense.)
#[test]
fn receiver_on_its_own_core_does_not_sleep() {
    const CHILD: &str = "MPSC_QUEUE_TEST_CHILD";
    if env::var_os(CHILD).is_none() {
        let test = Command::new(env::current_exe().unwrap())
            .args(["--exact", "wait::receiver_on_its_own_core_does_not_sleep"])
            .env(CHILD, "")
            .output();
        let text = String::from_utf8(test.unwrap().stdout).unwrap();
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    let cores = core_affinity::get_core_ids().unwrap();
    let queue = BlockingQueue::new();
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let mut is_bound = false;
    let send = |item| queue.push(item).unwrap();
    let sleeps = sleeps_of(send, || {
        // Here, because the sender, which exists now, would inherit it.
        is_bound = is_bound || core_affinity::set_for_current(cores[0]);
        receiver.recv().unwrap()
    });
    assert!(is_bound);
    assert_eq!(sleeps > ITEMS / 2, cores.len() < 2, "{sleeps}");
}

/// Runs these tests on one core, where a receiver that spins would keep the sender from running.
#[test]
fn receivers_sleep_on_one_core() {
    let cores = of_this_thread("Cpus_allowed_list");
    let (core, _) = cores.split_once([',', '-']).unwrap_or((&cores, ""));
    let tests = Command::new("taskset")
        .args(["--cpu-list", core])
        .arg(env::current_exe().unwrap())
        .arg("wait::forward_linked::spinning")
        .output();
    let output = match tests {
        Ok(output) => output,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return, // no `taskset` here
        Err(error) => panic!("{error}"),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("5 passed"), "{text}");
}

fn spinning_recv_does_not_sleep<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

fn spinning_recv_many_does_not_sleep<F: Form>() {
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

fn spinning_recv_timeout_does_not_sleep<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    receiver.set_wait(Wait::Spin);
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || {
        receiver.recv_timeout(Duration::from_secs(60)).unwrap()
    }));
    assert!(receiver.recv_timeout(Duration::from_millis(1)).is_err());
}

fn spinning_channel_receiver_does_not_sleep<F: Form>() {
    let (sender, mut receiver) = channel::with_form(F::default());
    receiver.set_wait(Wait::Spin);
    let send = |item| sender.send(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

fn spinning_sharded_receiver_does_not_sleep<F: Form>() {
    let (sender, mut receiver) = sharded::with_form(F::default());
    receiver.set_wait(Wait::Spin);
    let send = move |item| sender.send(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}

/// It sleeps until it has seen that its waits are short.
fn adaptive_receiver_learns_to_spin<F: Form>() {
    let queue = BlockingQueue::with_form(F::default());
    let mut receiver = queue.receiver().unwrap();
    let limit = Duration::from_secs(60); // longer than any wait here
    receiver.set_wait(Wait::Adaptive { limit });
    let send = |item| queue.push(item).unwrap();
    check(sleeps_of(send, || receiver.recv().unwrap()));
}
