//! Async receives, and both kinds of receive on one channel.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mpsc_queue::{Form, Pop, RecvError};

use crate::common::Item;
use crate::layer::Receiver;
use crate::{item, must_end, open};

test_each_form! {
    pop_async_returns_items_then_closed
    send_wakes_task_once_per_wait
    send_wakes_task_of_latest_poll
    dropped_last_sender_wakes_task
    close_clears_waker
    dropped_receiver_clears_waker
    dropped_pop_async_clears_waker
    blocking_receive_replaces_task
    poll_pop_replaces_thread
    blocking_and_async_receives_alternate
}

#[derive(Default)]
struct Task(AtomicUsize);

impl Task {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a future on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Pops, until the pop does not meet a producer that is inside its push.
fn popped<F: Form>(receiver: &mut Receiver<Box<Item>, F>) -> Pop<Box<Item>, F::Stall> {
    loop {
        match block_on(receiver.pop_async()) {
            Pop::Stalled(_) => thread::yield_now(),
            pop => return pop,
        }
    }
}

fn pop_async_returns_items_then_closed<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        let sending = thread::spawn(move || {
            for number in 0..200 {
                sender.send(item(number)).unwrap();
                thread::yield_now();
            }
        });
        for number in 0..200 {
            assert_eq!(popped(&mut receiver).into_item().unwrap().number, number);
        }
        for _ in 0..2 {
            assert!(popped(&mut receiver).is_closed());
        }
        sending.join().unwrap();
    });
}

fn send_wakes_task_once_per_wait<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    for waits in 1..4 {
        assert!(receiver.poll_pop(&mut context).is_pending());
        sender.send(item(0)).unwrap();
        sender.send_chain((1..3).map(item).collect()).unwrap();
        sender.try_send(item(3)).unwrap();
        assert_eq!(task.wakes(), waits);
        for number in 0..4 {
            let poll = receiver.poll_pop(&mut context);
            assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
        }
    }
}

fn send_wakes_task_of_latest_poll<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let tasks: [Arc<Task>; 2] = Default::default();
    for task in [&tasks[0], &tasks[1], &tasks[0], &tasks[1]] {
        let waker = Waker::from(Arc::clone(task));
        let poll = receiver.poll_pop(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    sender.send(item(0)).unwrap();
    assert_eq!(tasks.map(|task| task.wakes()), [0, 1]);
}

fn dropped_last_sender_wakes_task<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    let clone = sender.clone();
    drop(sender);
    assert_eq!(task.wakes(), 0, "a sender is left");
    drop(clone);
    assert_eq!(task.wakes(), 1);
    for _ in 0..2 {
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Closed)));
    }
    drop(waker);
    assert_eq!(Arc::strong_count(&task), 1, "no waker is stored");
}

fn close_clears_waker<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    receiver.close();
    assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
    assert!(sender.send(item(0)).is_err());
    drop(sender);
    assert_eq!(task.wakes(), 0);
    let poll = receiver.poll_pop(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Closed)));
}

fn dropped_receiver_clears_waker<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop((receiver, waker));
    assert_eq!(Arc::strong_count(&task), 1, "no waker is stored");
    assert!(sender.send(item(0)).is_err());
}

fn dropped_pop_async_clears_waker<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(pin!(receiver.pop_async()).poll(&mut context).is_pending());
    assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
    sender.send(item(0)).unwrap();
    assert_eq!(task.wakes(), 0, "no task waits");
    let poll = pin!(receiver.pop_async()).poll(&mut context);
    assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == 0));
}

/// The receive that waits last is woken.
fn blocking_receive_replaces_task<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(receiver.recv_timeout(Duration::ZERO).is_err());
    assert_eq!(
        Arc::strong_count(&task),
        2,
        "the task does not wait any more"
    );
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(receiver.recv_timeout(Duration::from_millis(2)).is_err());
    assert_eq!(
        Arc::strong_count(&task),
        2,
        "the task does not wait any more"
    );
    sender.send(item(0)).unwrap();
    assert_eq!(task.wakes(), 0);
    assert_eq!(receiver.recv().unwrap().number, 0);
}

fn poll_pop_replaces_thread<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    assert!(receiver.recv_timeout(Duration::from_millis(2)).is_err());
    assert!(
        receiver
            .poll_pop(&mut Context::from_waker(&waker))
            .is_pending()
    );
    sender.send(item(0)).unwrap();
    assert_eq!(task.wakes(), 1);
    assert!(receiver.try_recv().is_ok());
}

fn blocking_and_async_receives_alternate<F: Form>() {
    must_end(|| {
        let (sender, mut receiver) = open::<F>();
        let (ready, mut readies) = open::<F>();
        let sending = thread::spawn(move || {
            for item in readies.iter() {
                sender.send(item).unwrap();
            }
        });
        for number in 0..300 {
            ready.send(item(number)).unwrap();
            let received = match number % 3 {
                0 => receiver.recv().unwrap(),
                1 => popped(&mut receiver).into_item().unwrap(),
                _ => receiver.recv_timeout(Duration::from_secs(3600)).unwrap(),
            };
            assert_eq!(received.number, number);
        }
        drop(ready);
        assert!(popped(&mut receiver).is_closed());
        assert_eq!(receiver.recv().err(), Some(RecvError));
        sending.join().unwrap();
    });
}
