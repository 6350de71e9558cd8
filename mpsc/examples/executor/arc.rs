//! The executor with tasks of its own, each in an `Arc`.
//!
//! Waking a task pushes its `Arc`. A task that is woken several times before it runs is queued
//! once.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Wake, Waker};

use mpsc_queue::{BlockingQueue, Receiver, SharedLink, TryPushError, linked};

/// A future, with the link of the run queue.
struct Task {
    link: SharedLink,
    /// `None` when the future has completed. Only the executor's thread takes the lock, so it
    /// is never contended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    executor: Weak<Shared>,
}
linked!(Task => link: SharedLink);

struct Shared {
    /// The tasks that were woken, in the order of their wake-ups.
    run_queue: BlockingQueue<Arc<Task>>,
    /// The number of tasks that have not completed.
    alive: AtomicUsize,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if let Some(executor) = self.executor.upgrade() {
            match executor.run_queue.try_push(self) {
                Ok(()) => {}
                // The task is queued and will run. It will then see the reason for this wake-up,
                // because a push that fails happens before the pop too. The pop clears the flag
                // of the task before it returns, so a wake-up *during* a poll queues the task
                // again.
                Err(TryPushError::AlreadyQueued(_)) => {}
                // All tasks have completed.
                Err(TryPushError::Closed(_)) => {}
            }
        }
    }
}

/// Runs tasks on the thread that calls [`run`](Self::run).
pub(crate) struct Executor {
    shared: Arc<Shared>,
}

impl Executor {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                run_queue: BlockingQueue::new(),
                alive: AtomicUsize::new(0),
            }),
        }
    }

    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.shared.alive.fetch_add(1, Ordering::Relaxed);
        let task = Arc::new(Task {
            link: SharedLink::new(),
            future: Mutex::new(Some(Box::pin(future))),
            executor: Arc::downgrade(&self.shared),
        });
        task.wake();
    }

    /// Runs until all tasks have completed, sleeping while none is woken. Then refuses the
    /// tasks whose wakers are still used.
    pub(crate) fn run(&self) {
        let mut woken = self
            .shared
            .run_queue
            .receiver()
            .expect("no other thread runs tasks");
        while self.shared.alive.load(Ordering::Relaxed) > 0 {
            self.poll_one(&mut woken);
        }
        woken.close();
    }

    fn poll_one(&self, woken: &mut Receiver<&BlockingQueue<Arc<Task>>>) {
        let task = woken
            .recv()
            .expect("the queue is open while tasks are alive");
        let waker = Waker::from(Arc::clone(&task));
        let mut slot = task.future.lock().expect("no task has panicked");
        // A task may be woken again after it has completed.
        let Some(future) = slot.as_mut() else { return };
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            *slot = None;
            self.shared.alive.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
