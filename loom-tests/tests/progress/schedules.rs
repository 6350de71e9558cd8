//! All schedules of a few threads, each of which stops before every shared access.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// The kind of a shared access.
#[derive(Clone, Copy)]
pub(crate) enum Access {
    Load,
    Store,
    /// A read-modify-write.
    Change,
}

/// How many accesses an operation has made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Without the loads after which the operation waited.
    pub(crate) loads: usize,
    pub(crate) stores: usize,
    pub(crate) changes: usize,
    pub(crate) waits: usize,
}

impl Counts {
    /// Returns the greater of each count. An operation that waits, waits any number of times.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            loads: self.loads.max(other.loads),
            stores: self.stores.max(other.stores),
            changes: self.changes.max(other.changes),
            waits: self.waits.max(other.waits).min(1),
        }
    }
}

thread_local! {
    static COUNTS: Cell<Counts> = const {
        Cell::new(Counts { loads: 0, stores: 0, changes: 0, waits: 0 })
    };
    /// The run to which this thread belongs, and its number there.
    static PLACE: RefCell<Option<(Arc<Run>, usize)>> = const { RefCell::new(None) };
}

/// Counts an access, when it is this thread's turn.
pub(crate) fn access(kind: Access) {
    stop(Thread::Ready);
    let mut counts = COUNTS.get();
    match kind {
        Access::Load => counts.loads += 1,
        Access::Store => counts.stores += 1,
        Access::Change => counts.changes += 1,
    }
    COUNTS.set(counts);
}

/// Continues after another thread has made an access.
pub(crate) fn wait() {
    let mut counts = COUNTS.get();
    counts.loads -= 1;
    counts.waits += 1;
    COUNTS.set(counts);
    stop(Thread::Waiting);
}

/// An operation. Returns its result in words.
pub(crate) type Operation = Box<dyn FnOnce() -> &'static str + Send>;

/// The most preemptions in a schedule of more than two operations: switches from one that could go
/// on.
const PREEMPTIONS: usize = 3;

/// The most accesses of a schedule. None has a hundred, unless an operation does not end.
const ACCESSES: usize = 1000;

/// Executes the operations that `set_up` returns, in all schedules within the bound. Returns the
/// greatest counts of the first one over those in which it has the result `result`, and the number
/// of schedules.
pub(crate) fn greatest(set_up: impl Fn() -> Vec<Operation>, result: &str) -> (Counts, usize) {
    let mut path = Vec::new();
    let (mut greatest, mut schedules) = (None::<Counts>, 0);
    loop {
        let (counts, words) = Run::execute(set_up(), &mut path);
        schedules += 1;
        if words == result {
            greatest = Some(greatest.map_or(counts, |greatest| greatest.max(counts)));
        }
        // The next schedule differs at the last point at which there is a choice left.
        while path
            .pop_if(|choice| choice.taken + 1 == choice.of)
            .is_some()
        {}
        match path.last_mut() {
            Some(choice) => choice.taken += 1,
            None => break,
        }
    }
    let counts = greatest.unwrap_or_else(|| panic!("no schedule has the result {result}"));
    (counts.max(counts), schedules)
}

struct Choice {
    taken: usize,
    of: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Thread {
    /// Executes private code, up to its next access.
    Running,
    /// Stands before an access.
    Ready,
    /// Waits for another thread.
    Waiting,
    /// Waits for another thread, and there is none; or the schedule does not end.
    Stuck,
    Done,
}

/// The threads of one schedule.
struct Run {
    threads: Mutex<Vec<Thread>>,
    changed: Condvar,
}

impl Run {
    fn execute(operations: Vec<Operation>, path: &mut Vec<Choice>) -> (Counts, &'static str) {
        let run = Arc::new(Self {
            threads: Mutex::new(vec![Thread::Running; operations.len()]),
            changed: Condvar::new(),
        });
        thread::scope(|scope| {
            let handles: Vec<_> = operations
                .into_iter()
                .enumerate()
                .map(|(number, operation)| {
                    let run = Arc::clone(&run);
                    scope.spawn(move || run.join(number, operation))
                })
                .collect();
            run.schedule(path);
            let mut results = handles.into_iter().map(|handle| handle.join().unwrap());
            let first = results.next().expect("there is an operation");
            results.for_each(drop);
            first
        })
    }

    /// The life of a thread.
    fn join(self: Arc<Self>, number: usize, operation: Operation) -> (Counts, &'static str) {
        /// Also if the operation panics, so that the schedule ends.
        struct Done(Arc<Run>, usize);

        impl Drop for Done {
            fn drop(&mut self) {
                self.0.threads.lock().unwrap()[self.1] = Thread::Done;
                self.0.changed.notify_all();
            }
        }

        let _done = Done(Arc::clone(&self), number);
        PLACE.set(Some((self, number)));
        let words = operation();
        (COUNTS.get(), words)
    }

    /// Lets one thread at a time go on, until all are done.
    fn schedule(&self, path: &mut Vec<Choice>) {
        let (mut last, mut preemptions) = (None, 0);
        for depth in 0.. {
            let mut threads = self
                .changed
                .wait_while(self.threads.lock().unwrap(), |threads| {
                    threads.contains(&Thread::Running)
                })
                .unwrap();
            let mut ready: Vec<_> = (0..threads.len())
                .filter(|&number| threads[number] == Thread::Ready)
                .collect();
            let current = last.filter(|last| ready.contains(last));
            if let (Some(current), true) = (current, preemptions == PREEMPTIONS) {
                ready = vec![current];
            }
            if ready.is_empty() || depth == ACCESSES {
                for thread in threads.iter_mut().filter(|one| **one != Thread::Done) {
                    *thread = Thread::Stuck;
                }
                self.changed.notify_all();
                return;
            }
            if depth == path.len() {
                path.push(Choice {
                    taken: 0,
                    of: ready.len(),
                });
            }
            let chosen = ready[path[depth].taken];
            if threads.len() > 2 && current.is_some_and(|current| current != chosen) {
                preemptions += 1;
            }
            last = Some(chosen);
            for thread in threads.iter_mut().filter(|one| **one == Thread::Waiting) {
                *thread = Thread::Ready; // once the chosen one has made its access
            }
            threads[chosen] = Thread::Running;
            self.changed.notify_all();
        }
    }
}

/// Stops this thread until it is its turn, if it belongs to a run.
fn stop(state: Thread) {
    PLACE.with_borrow(|place| {
        let Some((run, number)) = place else {
            return;
        };
        let mut threads = run.threads.lock().unwrap();
        threads[*number] = state;
        run.changed.notify_all();
        let is_stopped = |threads: &mut Vec<Thread>| {
            !matches!(threads[*number], Thread::Running | Thread::Stuck)
        };
        let threads = run.changed.wait_while(threads, is_stopped).unwrap();
        let is_stuck = threads[*number] == Thread::Stuck;
        drop(threads);
        assert!(!is_stuck, "the operation does not end");
    });
}
