//! The run queue of an executor whose tasks are those of `async-task`.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use async_task::{Builder, Runnable};
use concurrent_queue::ConcurrentQueue;
use crossbeam_queue::SegQueue;
use crossbeam_utils::CachePadded;
use mpsc_queue::{BackLinked, ForwardLinked, GapFree, Queue, RunnableLink};

use crate::contestant::Role;
use crate::contestants::{Boxed, Named};
use crate::counter::Counter;
use crate::scenario::{Cell, Group};
use papers::backoff::Backoff;
use papers::cores;

/// The number of tasks.
const TASKS: usize = 64;

/// The number of tasks that a thread wakes together.
const HALF: usize = TASKS / 2;

/// The origin of the wake-ups of a task.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The task itself, while it runs: it yields.
    Task,
    /// Another thread.
    Thread,
}

/// Returns a group for each source of wake-ups.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let sources = [Source::Task, Source::Thread];
    sources.map(|source| group(source, left_out)).into()
}

/// Creates the group of one source of wake-ups.
fn group(source: Source, left_out: &[String]) -> Group {
    let (name, what) = match source {
        Source::Task => (
            "self",
            "Each wakes itself when it runs, as a task that yields.",
        ),
        Source::Thread => (
            "thread",
            "Another thread wakes half of them at a time, each after it has run.",
        ),
    };
    Group {
        scenario: format!("wake/{name}"),
        payload: "",
        question: format!(
            "An executor's run queue, per wake-up: the push by the task's schedule function, the \
             pop, and the poll. {TASKS} tasks of async-task, which do nothing else. {what} Neither \
             side sleeps, so the scenario does not show what waking an idle executor costs."
        ),
        unit: 100 * TASKS as u64, // long compared with the start of a thread
        load: None,
        oversubscribed: source == Source::Thread && cores::count() < 2,
        core: true,
        cells: cells(source, left_out),
    }
}

/// Creates the cells, named as the self-check names their queues, without those left out.
fn cells(source: Source, left_out: &[String]) -> Vec<Cell> {
    let mut cells = vec![
        cell(source, "ring of one producer", Role::Floor, Ring::run_queue),
        cell(
            source,
            ForwardLinked::NAME,
            Role::Ours,
            intrusive::<ForwardLinked>,
        ),
        cell(
            source,
            BackLinked::NAME,
            Role::Ours,
            intrusive::<BackLinked>,
        ),
        cell(source, GapFree::NAME, Role::Ours, intrusive::<GapFree>),
        cell(source, ForwardLinked::BOXING, Role::Ours, boxing),
        cell(source, "crossbeam SegQueue", Role::Other, seg),
        cell(source, "concurrent-queue", Role::Other, concurrent),
        cell(source, "std::sync::mpsc", Role::Other, std_mpsc),
        cell(source, "crossbeam-channel", Role::Other, crossbeam),
        cell(source, "flume", Role::Other, flume),
        cell(source, "kanal", Role::Other, kanal),
        cell(source, "Mutex<VecDeque>", Role::Other, locked),
    ];
    cells.retain(|cell| !left_out.iter().any(|failed| failed == cell.name));
    cells
}

/// The producers' end of a run queue of tasks with metadata `M`: the schedule function.
trait Schedule<M>: Fn(Runnable<M>) + Clone + Send + Sync + 'static {}
impl<M, F: Fn(Runnable<M>) + Clone + Send + Sync + 'static> Schedule<M> for F {}

/// The executor's end of a run queue: a function that removes the oldest task, if there is one.
trait Next<M>: FnMut() -> Option<Runnable<M>> + Send {}
impl<M, F: FnMut() -> Option<Runnable<M>> + Send> Next<M> for F {}

fn cell<M, S, N>(
    source: Source,
    name: &'static str,
    role: Role,
    run_queue: impl Fn() -> (S, N) + 'static,
) -> Cell
where
    M: Default + Send + Sync + 'static,
    S: Schedule<M>,
    N: Next<M>,
{
    Cell::new(name, role, move |wakes| {
        let (schedule, next) = run_queue();
        match source {
            Source::Task => woken_by_themselves(wakes, &schedule, next),
            Source::Thread => woken_by_a_thread(wakes, &schedule, next),
        }
    })
}

/// Creates a task, which nothing waits for.
fn spawn<M, S>(schedule: &S, future: impl Future<Output = ()> + Send + 'static) -> Runnable<M>
where
    M: Default + Send + Sync + 'static,
    S: Schedule<M>,
{
    let builder = Builder::new().metadata(M::default());
    let (runnable, task) = builder.spawn(|_| future, schedule.clone());
    task.detach();
    runnable
}

fn woken_by_themselves<M, S>(wakes: u64, schedule: &S, mut next: impl Next<M>) -> Duration
where
    M: Default + Send + Sync + 'static,
    S: Schedule<M>,
{
    for _ in 0..TASKS {
        let future = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        spawn(schedule, future).schedule();
    }
    let start = Instant::now();
    for _ in 0..wakes {
        next().expect("each task is queued").run();
    }
    let elapsed = start.elapsed();
    drop_all(next);
    elapsed
}

fn woken_by_a_thread<M, S>(wakes: u64, schedule: &S, mut next: impl Next<M>) -> Duration
where
    M: Default + Send + Sync + 'static,
    S: Schedule<M>,
{
    let idle = |_| {
        let runnable = spawn(schedule, poll_fn(|_| Poll::Pending));
        let waker = runnable.waker();
        runnable.run();
        waker
    };
    let tasks: Vec<Waker> = (0..TASKS).map(idle).collect();
    let (ready, runs) = (Counter::new(), Counter::new());
    let elapsed = thread::scope(|scope| {
        scope.spawn(|| {
            cores::pin(0);
            ready.wait_for(1);
            for (half, number) in tasks.chunks(HALF).cycle().zip(0..wakes / HALF as u64) {
                // Both halves but the one that was woken last have run.
                runs.wait_for(number.saturating_sub(1) * HALF as u64);
                half.iter().for_each(Waker::wake_by_ref);
            }
        });
        let executor = scope.spawn(|| {
            cores::pin(1);
            ready.set(1);
            let start = Instant::now();
            for run in 1..=wakes {
                wait_for(&mut next).run();
                // Not after each run: the other thread would then compete for the counter.
                if run % HALF as u64 == 0 {
                    runs.set(run);
                }
            }
            start.elapsed()
        });
        executor.join().expect("the executor does not panic")
    });
    drop(tasks); // the last wakers: each task is scheduled once more
    drop_all(next);
    elapsed
}

/// Returns the oldest task, waiting until there is one.
fn wait_for<M>(next: &mut impl Next<M>) -> Runnable<M> {
    let mut backoff = Backoff::new();
    loop {
        match next() {
            Some(runnable) => return runnable,
            None => backoff.snooze(),
        }
    }
}

/// Drops the tasks that are queued, whose schedule functions keep the queue alive.
fn drop_all<M>(next: impl Next<M>) {
    std::iter::from_fn(next).for_each(drop);
}

/// The floor: a ring for one producer, which never overtakes the consumer, because there are at
/// most as many queued tasks as slots.
struct Ring {
    slots: [AtomicPtr<()>; TASKS],
    pushed: CachePadded<AtomicUsize>,
}

impl Ring {
    fn run_queue() -> (impl Schedule<()>, impl Next<()>) {
        let ring = Arc::new(Self {
            slots: [const { AtomicPtr::new(ptr::null_mut()) }; TASKS],
            pushed: CachePadded::default(),
        });
        let producer = Arc::clone(&ring);
        let mut popped = 0;
        let next = move || {
            let runnable = ring.get(popped)?;
            popped += 1;
            Some(runnable)
        };
        (move |runnable| producer.push(runnable), next)
    }

    /// At most one thread at a time pushes.
    fn push(&self, runnable: Runnable) {
        // Relaxed: written by the producer only.
        let pushed = self.pushed.load(Ordering::Relaxed);
        // Relaxed: published by the store below.
        self.slots[pushed % TASKS].store(runnable.into_raw().as_ptr(), Ordering::Relaxed);
        // Pairs with the load in `get`.
        self.pushed.store(pushed + 1, Ordering::Release);
    }

    /// Returns the task that was pushed after `popped` others, which must be called once.
    fn get(&self, popped: usize) -> Option<Runnable> {
        // Pairs with the store in `push`.
        if self.pushed.load(Ordering::Acquire) == popped {
            return None;
        }
        // Relaxed: published by the push.
        let task = self.slots[popped % TASKS].load(Ordering::Relaxed);
        // SAFETY: from `Runnable::into_raw` in `push`, and returned once.
        NonNull::new(task).map(|task| unsafe { Runnable::from_raw(task) })
    }
}

/// The task embeds the link.
fn intrusive<F: Named>() -> (impl Schedule<RunnableLink>, impl Next<RunnableLink>) {
    let (queue, mut consumer) = Queue::<Runnable<RunnableLink>, F>::default().share();
    let schedule = move |runnable| queue.push(runnable).map(drop).expect(OPEN);
    (schedule, move || consumer.pop().into_item())
}

const OPEN: &str = "the queue is open";

fn boxing() -> (impl Schedule<()>, impl Next<()>) {
    let (queue, mut consumer) = Queue::<Box<Boxed<Runnable>>>::new().share();
    let schedule = move |runnable| queue.push(Boxed::new(runnable)).map(drop).expect(OPEN);
    let next = move || consumer.pop().into_item().map(|boxed| boxed.into_value());
    (schedule, next)
}

fn seg() -> (impl Schedule<()>, impl Next<()>) {
    let queue = Arc::new(SegQueue::new());
    let producer = Arc::clone(&queue);
    (move |runnable| producer.push(runnable), move || queue.pop())
}

fn concurrent() -> (impl Schedule<()>, impl Next<()>) {
    let queue = Arc::new(ConcurrentQueue::unbounded());
    let producer = Arc::clone(&queue);
    let schedule = move |runnable| producer.push(runnable).expect(OPEN);
    (schedule, move || queue.pop().ok())
}

fn std_mpsc() -> (impl Schedule<()>, impl Next<()>) {
    let (sender, receiver) = mpsc::channel();
    let schedule = move |runnable| sender.send(runnable).expect(OPEN);
    (schedule, move || receiver.try_recv().ok())
}

fn crossbeam() -> (impl Schedule<()>, impl Next<()>) {
    let (sender, receiver) = crossbeam_channel::unbounded();
    let schedule = move |runnable| sender.send(runnable).expect(OPEN);
    (schedule, move || receiver.try_recv().ok())
}

fn flume() -> (impl Schedule<()>, impl Next<()>) {
    let (sender, receiver) = flume::unbounded();
    let schedule = move |runnable| sender.send(runnable).expect(OPEN);
    (schedule, move || receiver.try_recv().ok())
}

fn kanal() -> (impl Schedule<()>, impl Next<()>) {
    let (sender, receiver) = kanal::unbounded();
    let schedule = move |runnable| sender.send(runnable).expect(OPEN);
    (schedule, move || receiver.try_recv().ok().flatten())
}

fn locked() -> (impl Schedule<()>, impl Next<()>) {
    const NOT_POISONED: &str = "a push or pop does not panic";
    let queue = Arc::new(Mutex::new(VecDeque::new()));
    let producer = Arc::clone(&queue);
    let schedule = move |runnable| producer.lock().expect(NOT_POISONED).push_back(runnable);
    let next = move || queue.lock().expect(NOT_POISONED).pop_front();
    (schedule, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn queue_that_failed_the_self_check_has_no_cell() {
        let checked: Vec<_> = check::names().into_iter().map(String::from).collect();
        for source in [Source::Task, Source::Thread] {
            let names = |left_out: &[String]| {
                let cells = cells(source, left_out).into_iter();
                cells.map(|cell| cell.name).collect::<Vec<_>>()
            };
            assert!(names(&[]).contains(&"kanal"));
            assert!(!names(&["kanal".into()]).contains(&"kanal"));
            assert_eq!(names(&checked), ["ring of one producer"]);
        }
    }

    #[test]
    fn each_queue_runs_a_task_per_wakeup() {
        for source in [Source::Task, Source::Thread] {
            runs_and_drops(source, Ring::run_queue);
            runs_and_drops(source, intrusive::<ForwardLinked>);
            runs_and_drops(source, intrusive::<BackLinked>);
            runs_and_drops(source, intrusive::<GapFree>);
            runs_and_drops(source, boxing);
            runs_and_drops(source, seg);
            runs_and_drops(source, concurrent);
            runs_and_drops(source, std_mpsc);
            runs_and_drops(source, crossbeam);
            runs_and_drops(source, flume);
            runs_and_drops(source, kanal);
            runs_and_drops(source, locked);
        }
    }

    fn runs_and_drops<M, S, N>(source: Source, run_queue: fn() -> (S, N))
    where
        M: Default + Send + Sync + 'static,
        S: Schedule<M>,
        N: Next<M> + 'static,
    {
        const WAKES: usize = 10 * TASKS;
        let schedules = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&schedules);
        let counting = move || {
            let (schedule, next) = run_queue();
            let counted = Arc::clone(&counted);
            let schedule = move |runnable| {
                counted.fetch_add(1, Ordering::Relaxed);
                schedule(runnable);
            };
            (schedule, next)
        };
        let cell = cell::<M, _, _>(source, "a queue", Role::Other, counting);
        cell.nanos(WAKES as u64);
        drop(cell);
        // Each task is scheduled at the start or, to be dropped, at the end too.
        assert_eq!(schedules.load(Ordering::Relaxed), WAKES + TASKS);
        assert_eq!(Arc::strong_count(&schedules), 1, "all tasks are dropped");
    }
}
