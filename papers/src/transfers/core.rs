//! Threads that stand for the cores of the model. They execute one at a time.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use crate::accesses::{Access, Recorder};

/// The operations of a core before the next core's turn, and their memory accesses.
///
/// One turn passes through all cores and keeps its buffers, so that the model allocates nothing
/// between the operations of queues that allocate.
pub struct Turn<T> {
    /// The items to push, or those that were popped.
    pub items: Vec<T>,
    /// The number of operations, if they are not those of `items`.
    pub operations: usize,
    /// The accesses by which a user writes to the items before they are pushed.
    pub writes: Vec<Access>,
    /// The accesses of the operations.
    pub accesses: Vec<Access>,
}

impl<T> Default for Turn<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Turn<T> {
    /// Creates a turn without operations.
    pub fn new() -> Self {
        Self {
            items: Vec::new(),
            operations: 0,
            writes: Vec::new(),
            accesses: Vec::new(),
        }
    }
}

/// A thread that executes turns. A thread of its own has its own stack, thread-local memory and
/// part of the allocator, as on a core of its own.
pub struct Core<T> {
    turns: SyncSender<Turn<T>>,
    done: Receiver<Turn<T>>,
}

impl<T: Send> Core<T> {
    /// Starts the thread, which ends when the core is dropped. All cores share the recorder,
    /// because only one executes at a time.
    pub fn spawn<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        recorder: &'env Mutex<Recorder>,
        mut execute: impl FnMut(&mut Turn<T>, &mut Recorder) + Send + 'scope,
    ) -> Self
    where
        T: 'scope,
    {
        // A bounded channel allocates when it is created and not when it is used.
        let (turns, received) = sync_channel::<Turn<T>>(1);
        let (finished, done) = sync_channel(1);
        scope.spawn(move || {
            for mut turn in received {
                turn.writes.clear();
                turn.accesses.clear();
                execute(&mut turn, &mut recorder.lock().expect("no core panics"));
                if finished.send(turn).is_err() {
                    return;
                }
            }
        });
        Self { turns, done }
    }

    /// Executes a turn.
    pub fn execute(&self, turn: Turn<T>) -> Turn<T> {
        self.turns.send(turn).expect("the thread receives turns");
        self.done.recv().expect("the thread does not panic")
    }
}
