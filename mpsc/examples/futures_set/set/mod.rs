//! The set, and the wake-ups of its futures.

mod slots;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::task::{ArcWake, waker_ref};
use mpsc_queue::{AsyncQueue, Pop, Receiver, SharedLink, linked};

use slots::Slots;

/// Futures that are polled together, each only when it has been woken. As a stream, the set yields
/// their outputs in the order in which they complete.
///
/// A future is stored beside the link of its task, so adding it is one allocation. A future that
/// is not `Unpin` is added in a `Box::pin`.
pub(crate) struct FuturesSet<F> {
    tasks: Slots<Arc<Task<F>>>,
    /// The tasks that have been woken since they were last polled. While there are none, the queue
    /// is parked with the waker of the task that polls the set.
    woken: Receiver<Arc<Woken<F>>>,
}

type Woken<F> = AsyncQueue<Arc<Task<F>>>;

/// A future of the set. Its wakers share the task, and may outlive the set.
struct Task<F> {
    link: SharedLink,
    /// `None` when the future has completed. Only the set takes the lock.
    future: Mutex<Option<F>>,
    /// Where the set has this task.
    key: usize,
    /// Forms a cycle while the task is queued, which the set breaks when it is dropped.
    woken: Arc<Woken<F>>,
}
linked!([F] Task<F> => link: SharedLink);

impl<F> Task<F> {
    fn lock(&self) -> MutexGuard<'_, Option<F>> {
        // Poisoned if a poll has panicked; the future has been dropped then.
        self.future.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Send> ArcWake for Task<F> {
    fn wake_by_ref(task: &Arc<Self>) {
        // Refused if the task is queued or has completed, or if the set has been dropped.
        let _ = task.woken.try_push_by_ref(task);
    }
}

impl<F> FuturesSet<F> {
    /// Creates an empty set.
    pub(crate) fn new() -> Self {
        let (_, woken) = Woken::new().share();
        let tasks = Slots::new();
        Self { tasks, woken }
    }

    /// Returns how many futures have not completed.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Adds a future. It is polled when the set is polled next.
    pub(crate) fn push(&mut self, future: F) {
        let Self { tasks, woken } = self;
        tasks.insert_with(|key| {
            let task = Arc::new(Task {
                link: SharedLink::new(),
                future: Mutex::new(Some(future)),
                key,
                woken: Arc::clone(woken.queue()),
            });
            // Quietly: the task that polls the set is not woken by what it does itself.
            let queued = woken.try_push_quiet(Arc::clone(&task));
            assert!(queued.is_ok(), "a new task is in no queue");
            task
        });
    }
}

impl<F: Future + Unpin + Send + 'static> Stream for FuturesSet<F> {
    type Item = F::Output;

    /// Returns the output of a future that completes, or `None` if the set is empty. If neither,
    /// the next wake-up of a future wakes the task.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let Self { tasks, woken } = &mut *self;
        let mut left = tasks.len();
        while tasks.len() > 0 {
            if left == 0 && !woken.queue().is_empty() {
                // So many polls as there are futures: lets other tasks run.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(Pop::Item(task)) = woken.poll_pop(cx) else {
                return Poll::Pending;
            };
            let Some(running) = Running::new(tasks, &task) else {
                continue;
            };
            if let Poll::Ready(output) = running.poll() {
                return Poll::Ready(Some(output));
            }
            left = left.saturating_sub(1);
        }
        Poll::Ready(None)
    }
}

/// A task that is being polled. Removed from the set when this is dropped, unless it is pending.
struct Running<'a, F> {
    tasks: &'a mut Slots<Arc<Task<F>>>,
    task: &'a Arc<Task<F>>,
    future: MutexGuard<'a, Option<F>>,
    is_pending: bool,
}

impl<'a, F: Future + Unpin + Send + 'static> Running<'a, F> {
    /// Returns `None` if the task has completed. (It may have been woken before that.)
    fn new(tasks: &'a mut Slots<Arc<Task<F>>>, task: &'a Arc<Task<F>>) -> Option<Self> {
        let future = task.lock();
        if future.is_none() {
            return None;
        }
        Some(Self {
            tasks,
            task,
            future,
            is_pending: false,
        })
    }

    fn poll(mut self) -> Poll<F::Output> {
        let future = self.future.as_mut().expect("the future has not completed");
        let poll = Pin::new(future).poll(&mut Context::from_waker(&waker_ref(self.task)));
        self.is_pending = poll.is_pending();
        poll
    }
}

impl<F> Drop for Running<'_, F> {
    fn drop(&mut self) {
        if !self.is_pending {
            self.task.link.retire(); // a later wake-up has no effect
            self.tasks.remove(self.task.key);
            *self.future = None;
        }
    }
}

/// Refuses later wake-ups, and drops the futures, though wakers may keep their tasks alive.
impl<F> Drop for FuturesSet<F> {
    fn drop(&mut self) {
        self.woken.close();
        self.woken.drain(usize::MAX).for_each(drop);
        for task in self.tasks.iter() {
            *task.lock() = None;
        }
    }
}
