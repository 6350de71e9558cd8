//! The executor with the tasks of `async-task`.
//!
//! A task is one allocation: the future, its state, and the link. The crate counts references and
//! makes the wakers; the executor is a queue.

use std::future::Future;
use std::sync::Arc;

use async_task::{Builder, Runnable, Task};
use mpsc_queue::{BlockingQueue, Receiver, RunnableLink};

type Job = Runnable<RunnableLink>;
type RunQueue = BlockingQueue<Job>;

/// Runs tasks on the thread that calls [`run_until`](Self::run_until).
pub(crate) struct Executor {
    run_queue: Arc<RunQueue>,
    jobs: Receiver<Arc<RunQueue>>,
}

/// Spawns tasks on an executor, from any thread.
#[derive(Clone)]
pub(crate) struct Spawner {
    run_queue: Arc<RunQueue>,
}

impl Spawner {
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Task<T, RunnableLink> {
        let run_queue = Arc::clone(&self.run_queue);
        // A job that is refused, because the executor is gone, is dropped: that cancels the task.
        let schedule = move |job| drop(run_queue.push(job));
        let builder = Builder::new().metadata(RunnableLink::new());
        let (job, task) = builder.spawn(|_| future, schedule);
        job.schedule();
        task
    }
}

impl Executor {
    pub(crate) fn new() -> Self {
        let (run_queue, jobs) = RunQueue::new().share();
        Self { run_queue, jobs }
    }

    pub(crate) fn spawner(&self) -> Spawner {
        let run_queue = Arc::clone(&self.run_queue);
        Spawner { run_queue }
    }

    /// Runs tasks, sleeping while none is woken, until this one has completed.
    pub(crate) fn run_until<T: Send + 'static>(&mut self, task: &Task<T, RunnableLink>) {
        while !task.is_finished() {
            self.jobs.recv().expect("the queue is open").run();
        }
    }
}

/// Refuses and cancels the tasks that have not completed.
impl Drop for Executor {
    fn drop(&mut self) {
        self.jobs.close();
        while let Ok(job) = self.jobs.try_recv() {
            drop(job);
        }
    }
}
