//! The waker slot of a gap-free queue: a push may come to it long after its item was popped.
#![cfg(loom)]

use std::task::{Context, Poll, Wake, Waker};

use loom::alloc::Track;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;
use loom_tests::{BareForm, Job, Model, Reached, assert_fifo, in_each_form, job, wait_out};
use mpsc_queue::{AsyncQueue, BlockingQueue, GapFree, Receiver};

in_each_form!(other_task_polls_1x2);

type Jobs<F = GapFree> = AsyncQueue<Box<Job>, F>;

/// A task that counts its wake-ups.
struct Task {
    notify: Notify,
    wakeups: AtomicUsize,
    _leak: Track<()>,
}

impl Task {
    fn new() -> std::sync::Arc<Self> {
        std::sync::Arc::new(Self {
            notify: Notify::new(),
            wakeups: AtomicUsize::new(0),
            _leak: Track::new(()),
        })
    }
}

impl Wake for Task {
    fn wake(self: std::sync::Arc<Self>) {
        self.wakeups.fetch_add(1, Ordering::Relaxed);
        self.notify.notify();
    }
}

/// Polls on behalf of a task.
fn poll<R>(receiver: &mut Receiver<R>, task: &std::sync::Arc<Task>) -> Option<Box<Job>>
where
    R: mpsc_queue::QueueRef<Handle = Box<Job>, Waker = mpsc_queue::TaskWaker>,
{
    let waker = Waker::from(std::sync::Arc::clone(task));
    let cx = &mut Context::from_waker(&waker);
    match wait_out(cx, |cx| receiver.poll_pop(cx)) {
        Poll::Ready(received) => Some(received.expect("the queue is open")),
        Poll::Pending => None,
    }
}

/// Starts `producers` threads that push `each` items.
fn spawn_producers<F: BareForm>(
    queue: &Arc<Jobs<F>>,
    producers: usize,
    each: usize,
) -> Vec<thread::JoinHandle<()>> {
    let spawn = |producer| {
        let queue = Arc::clone(queue);
        thread::spawn(move || {
            for number in 0..each {
                queue
                    .push(job(producer, number))
                    .expect("the queue is open");
            }
        })
    };
    (0..producers).map(spawn).collect()
}

/// Receives every item. `tasks` tasks poll one after the other, and the last one sleeps. A lost
/// wake-up is a deadlock, which loom reports.
fn receive_all<F: BareForm>(producers: usize, each: usize, tasks: usize) {
    let queue = Arc::new(Jobs::<F>::default());
    let threads = spawn_producers(&queue, producers, each);
    let mut receiver = queue.receiver().unwrap();
    let tasks: Vec<_> = (0..tasks).map(|_| Task::new()).collect();
    let mut items = Vec::new();
    while items.len() < producers * each {
        match tasks.iter().find_map(|task| poll(&mut receiver, task)) {
            Some(item) => items.push(item),
            None => tasks[tasks.len() - 1].notify.wait(),
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_fifo(&items, producers, each);
}

const PROPERTY: &str = "The task that polled last is woken, whatever the pushes before did";

#[test]
fn async_recv_receives_1x2() {
    let model = Model::new(PROPERTY)
        .threads("1 x 2, consumer")
        .bound(4)
        .at_least(850);
    model.check(|| receive_all::<GapFree>(1, 2, 1));
}

#[test]
fn async_recv_receives_2x1() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(6_200);
    model.check(|| receive_all::<GapFree>(2, 1, 1));
}

fn other_task_polls_1x2<F: BareForm>() {
    let model = Model::new(PROPERTY)
        .threads("1 x 2, consumer of 2 tasks")
        .bound(4)
        .at_least(F::select([6_000, 2_100, 2_900]));
    model.check(|| receive_all::<F>(1, 2, 2));
}

#[test]
fn other_task_polls_2x1() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer of 2 tasks")
        .bound(3)
        .full_bound(4)
        .at_least(12_000);
    model.check(|| receive_all::<GapFree>(2, 1, 2));
}

#[test]
fn third_task_polls_2x1() {
    let model = Model::new(PROPERTY)
        .threads("2 x 1, consumer of 3 tasks")
        .bound(3)
        .full_bound(4)
        .at_least(20_000);
    model.check(|| receive_all::<GapFree>(2, 1, 3));
}

/// Receives every item in a thread that blocks, and which is woken once for another reason if
/// `is_woken_too`. (The thread joins no other one, since loom would take a late wake-up for
/// the end of the join.)
fn receive_blocking(producers: usize, each: usize, is_woken_too: bool) {
    let queue = Arc::new(BlockingQueue::<Box<Job>, _>::with_form(GapFree));
    let consumer = {
        let queue = Arc::clone(&queue);
        thread::spawn(move || {
            let mut receiver = queue.receiver().unwrap();
            let items = (0..producers * each).map(|_| receiver.recv().unwrap());
            assert_fifo(&items.collect::<Vec<_>>(), producers, each);
        })
    };
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                for number in 0..each {
                    queue
                        .push(job(producer, number))
                        .expect("the queue is open");
                }
            })
        })
        .collect();
    if is_woken_too {
        consumer.thread().unpark();
    }
    for thread in threads {
        thread.join().unwrap();
    }
    consumer.join().unwrap();
}

const BLOCKING: &str = "A blocked thread receives every item, even if it is woken late";

#[test]
fn blocking_recv_receives_1x2() {
    let model = Model::new(BLOCKING)
        .threads("1 x 2, consumer")
        .bound(4)
        .at_least(510);
    model.check(|| receive_blocking(1, 2, false));
}

#[test]
fn blocking_recv_receives_2x1() {
    let model = Model::new(BLOCKING)
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(6_200);
    model.check(|| receive_blocking(2, 1, false));
}

#[test]
fn other_unpark_wakes_blocking_recv() {
    let model = Model::new(BLOCKING)
        .threads("1 x 2 and another wake-up, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(400);
    model.check(|| receive_blocking(1, 2, true));
}

#[test]
fn late_push_wakes_current_task() {
    let reached = Reached::new([
        "the push takes the first waker",
        "the push takes a later waker from the free slot",
        "the push finds the slot in use",
        "the push takes the waker that was left for it",
        "the consumer takes its waker back",
    ]);
    let model = Model::new("A push wakes one of the tasks that have polled, if any, and the last")
        .threads("1 x 1, consumer of 3 tasks")
        .at_least(210);
    let seen = reached.clone();
    model.check(move || {
        let queue = Arc::new(Jobs::with_form(GapFree));
        let mut receiver = queue.receiver().unwrap();
        let first = Task::new();
        assert!(poll(&mut receiver, &first).is_none(), "the queue is empty");
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).expect("the queue is open"))
        };
        let wakeups = |task: &std::sync::Arc<Task>| task.wakeups.load(Ordering::Relaxed);
        if poll(&mut receiver, &first).is_none() {
            // No push has come: `first` is registered, and nothing else.
            producer.join().unwrap();
            assert_eq!(wakeups(&first), 1);
            assert!(poll(&mut receiver, &first).is_some());
            seen.note(0);
            return;
        }
        // The item has been popped, and the push is late.
        let second = Task::new();
        assert!(poll(&mut receiver, &second).is_none());
        let third = Task::new();
        assert!(poll(&mut receiver, &third).is_none());
        producer.join().unwrap();
        let is_kept = |task: &std::sync::Arc<Task>| std::sync::Arc::strong_count(task) > 1;
        let woken = [&first, &second, &third].map(wakeups);
        seen.note(match woken {
            [0, 0, 0] => 2,
            [1, 0, 0] => 0,
            // What a push has taken in vain, it leaves for the consumer to drop.
            [0, 0, 1] if is_kept(&second) => 3,
            [0, 0, 1] if is_kept(&first) => 4,
            [0, 1, 0] | [0, 0, 1] => 1,
            _ => panic!("one push woke more than once: {woken:?}"),
        });
        drop(receiver);
        for task in [first, second, third] {
            assert!(!is_kept(&task), "the slot kept a waker for ever");
        }
    });
    reached.assert_reached(&[0, 1, 2, 3, 4]);
}

#[test]
fn cancelled_recv_is_not_woken() {
    let model = Model::new("A receive is cancelled while a late push is on its way to the slot")
        .threads("1 x 1, consumer of 3 tasks")
        .at_least(1_100);
    model.check(|| {
        let queue = Arc::new(Jobs::with_form(GapFree));
        let mut receiver = queue.receiver().unwrap();
        let producers = spawn_producers(&queue, 1, 1);
        let mut received = 0;
        for _ in 0..3 {
            let mut recv = Box::pin(receiver.recv());
            let waker = Waker::from(Task::new());
            let polled = recv.as_mut().poll(&mut Context::from_waker(&waker));
            received += usize::from(polled.is_ready());
            drop(recv);
        }
        drop(receiver);
        for producer in producers {
            producer.join().unwrap();
        }
        let mut receiver = queue.receiver().unwrap();
        received += usize::from(receiver.pop_blocking().is_some());
        assert_eq!(received, 1);
        // The pushes are over, so nothing keeps a task.
        let task = Task::new();
        assert!(poll(&mut receiver, &task).is_none());
        drop(receiver);
        assert_eq!(std::sync::Arc::strong_count(&task), 1);
        assert_eq!(task.wakeups.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn receivers_follow_each_other_during_late_push() {
    let model = Model::new("A receiver is dropped while a push is in the slot; the next one waits")
        .threads("1 x 2, 2 receivers of one task each")
        .bound(4)
        .at_least(3_100);
    model.check(|| {
        let queue = Arc::new(Jobs::with_form(GapFree));
        let producers = spawn_producers(&queue, 1, 2);
        let mut items = Vec::new();
        let mut receiver = queue.receiver().unwrap();
        items.extend(poll(&mut receiver, &Task::new()));
        items.extend(poll(&mut receiver, &Task::new()));
        drop(receiver);
        let mut receiver = queue.receiver().unwrap();
        while items.len() < 2 {
            let task = Task::new();
            match poll(&mut receiver, &task) {
                Some(item) => items.push(item),
                None => task.notify.wait(),
            }
        }
        for producer in producers {
            producer.join().unwrap();
        }
        assert_fifo(&items, 1, 2);
    });
}
