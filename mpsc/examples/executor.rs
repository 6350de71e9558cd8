//! An executor in about a hundred lines: what an intrusive queue is for.
//!
//! A task is an `Arc`. To wake it is to push that `Arc` on the run queue: nothing is
//! allocated, and a task that is woken several times before it runs is queued once.
//!
//! ```sh
//! cargo run -p mpsc-queue --features std --example executor
//! ```
#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;

use mpsc_queue::{AsyncQueue, BlockingQueue, Link, Receiver, SharedLink, ThreadWaker, linked};

/// A future that is run piece by piece. It embeds the link of the run queue.
struct Task {
    link: SharedLink,
    /// `None` when it is done. Only the executor's thread takes this lock: it is
    /// never contended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    executor: Weak<Shared>,
}
linked!(Task => link: SharedLink);

struct Shared {
    /// Tasks that were woken, in that order.
    run_queue: BlockingQueue<Arc<Task>>,
    /// Tasks that are not done.
    alive: AtomicUsize,
}

/// To wake a task is to queue it.
impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if let Some(executor) = self.executor.upgrade() {
            // If this fails, the task is queued already and has not begun to run
            // for that: it will see, when it does, what it was woken for. (A failed
            // push happens before the pop, as a successful one does.) The flag is
            // given back as the last act of the pop, hence before the poll: so a
            // wake-up *during* the poll queues the task again. None is lost.
            let _ = executor.run_queue.try_push(self);
        }
    }
}

/// Runs tasks on the thread that calls [`run`](Self::run).
struct Executor {
    shared: Arc<Shared>,
}

impl Executor {
    fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                run_queue: BlockingQueue::new(),
                alive: AtomicUsize::new(0),
            }),
        }
    }

    fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        self.shared.alive.fetch_add(1, Ordering::Relaxed);
        let task = Arc::new(Task {
            link: SharedLink::new(),
            future: Mutex::new(Some(Box::pin(future))),
            executor: Arc::downgrade(&self.shared),
        });
        task.wake();
    }

    /// Runs until all tasks are done, sleeping while none is woken.
    fn run(&self) {
        let mut woken = self.shared.run_queue.receiver().expect("one thread runs");
        while self.shared.alive.load(Ordering::Relaxed) > 0 {
            self.poll_one(&mut woken);
        }
    }

    fn poll_one(&self, woken: &mut Receiver<&BlockingQueue<Arc<Task>>, ThreadWaker>) {
        let task = woken.recv();
        let waker = Waker::from(Arc::clone(&task));
        let mut slot = task.future.lock().expect("no task panicked");
        // A task may be woken once more after it is done.
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

/// What the tasks of this example send each other, and a thread sends them: through
/// a queue of the same kind, whose consumer is a task.
struct Message {
    link: Link,
    text: String,
}
linked!(Message => link: Link);

fn message(text: impl Into<String>) -> Box<Message> {
    Box::new(Message {
        link: Link::new(),
        text: text.into(),
    })
}

fn main() {
    let executor = Executor::new();
    let inbox = Arc::new(AsyncQueue::<Box<Message>>::new());

    let messages = Receiver::owned(Arc::clone(&inbox));
    executor.spawn(async move {
        let mut messages = messages.expect("nobody else receives");
        for _ in 0..6 {
            println!("received: {}", messages.recv().await.text);
        }
    });
    for name in ["first", "second"] {
        let inbox = Arc::clone(&inbox);
        executor.spawn(async move {
            inbox.push(message(format!("the {name} task")));
            inbox.push(message(format!("the {name} task again")));
        });
    }
    let outside = thread::spawn(move || {
        inbox.push(message("a thread"));
        inbox.push(message("a thread again"));
    });

    executor.run();
    outside.join().expect("it does not panic");
}
