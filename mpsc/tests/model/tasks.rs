//! Tasks that poll an async queue.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Closed, Form, Link, Pop, linked};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

const TASKS: usize = 3;

/// What happens while a receiver exists.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    steps: Vec<Step>,
    /// Leaks the receiver in the end, instead of dropping it.
    leak: bool,
}

#[derive(Clone, Debug)]
enum Step {
    /// The task of this index polls.
    Poll(usize),
    Push,
    Pop,
    Close,
}

pub(crate) fn session() -> impl Strategy<Value = Session> {
    let step = prop_oneof![
        6 => (0..TASKS).prop_map(Step::Poll),
        6 => Just(Step::Push),
        6 => Just(Step::Pop),
        1 => Just(Step::Close),
    ];
    (vec(step, 0..12), any::<bool>()).prop_map(|(steps, leak)| Session { steps, leak })
}

struct Item {
    link: Link,
    number: usize,
}
linked!(Item => link: Link);

#[derive(Default)]
struct Task {
    wakes: AtomicUsize,
}

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

/// Checks that a push wakes the task that polled last, once, and that the queue keeps no
/// other waker.
pub(crate) fn run<F: Form>(program: &[Session]) {
    let mut queue = AsyncQueue::<Box<Item>, F>::default();
    let tasks: [Arc<Task>; TASKS] = Default::default();
    let wakers = tasks.each_ref().map(|task| Waker::from(Arc::clone(task)));

    let mut items = VecDeque::new();
    let mut pushes = 0;
    let mut waiting = None;
    let mut is_closed = false;
    let mut wakes = [0; TASKS];
    let check = |waiting, wakes: [usize; TASKS]| {
        for (index, task) in tasks.iter().enumerate() {
            assert_eq!(task.wakes.load(Ordering::Relaxed), wakes[index]);
            // Held by `tasks`, by `wakers` and, while the task waits, by the queue.
            let shares = 2 + usize::from(waiting == Some(index));
            assert_eq!(Arc::strong_count(task), shares, "wakers of task {index}");
        }
    };

    for session in program {
        let mut receiver = queue.receiver_mut();
        for step in &session.steps {
            match *step {
                Step::Poll(index) => {
                    let mut context = Context::from_waker(&wakers[index]);
                    match receiver.poll_pop(&mut context) {
                        Poll::Ready(Pop::Item(item)) => {
                            assert_eq!(Some(item.number), items.pop_front());
                        }
                        Poll::Ready(Pop::Closed) => assert!(items.is_empty() && is_closed),
                        Poll::Ready(_) => panic!("no push is in flight"),
                        Poll::Pending => {
                            assert!(items.is_empty() && !is_closed);
                            waiting = Some(index);
                        }
                    }
                }
                Step::Push => {
                    let (link, number) = (Link::new(), pushes);
                    match receiver.queue().push(Box::new(Item { link, number })) {
                        Ok(()) => {
                            assert!(!is_closed);
                            items.push_back(number);
                        }
                        Err(Closed(item)) => assert!(item.number == number && is_closed),
                    }
                    pushes += 1;
                    if let Some(index) = waiting.take() {
                        wakes[index] += 1;
                    }
                }
                Step::Pop => match receiver.pop() {
                    Pop::Item(item) => assert_eq!(Some(item.number), items.pop_front()),
                    Pop::Empty => assert!(items.is_empty() && !is_closed),
                    Pop::Stalled(_) => panic!("no push is in flight"),
                    Pop::Closed => assert!(items.is_empty() && is_closed),
                },
                Step::Close => {
                    receiver.close();
                    is_closed = true;
                    waiting = None;
                }
            }
            check(waiting, wakes);
        }
        if session.leak {
            mem::forget(receiver); // the waker stays in the queue
        } else {
            drop(receiver);
            waiting = None;
        }
        check(waiting, wakes);
    }
    drop(queue);
    check(None, wakes);
}
