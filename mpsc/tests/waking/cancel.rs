//! A future of `recv` that is dropped leaves no park and no waker.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::{AsyncQueue, Form, Pop, Receiver};

use crate::{CountingWaker, Item, item};

test_each_form! {
    recv_dropped_before_poll_leaves_nothing
    recv_dropped_while_pending_leaves_nothing
    recv_dropped_after_many_polls_leaves_nothing
    recv_dropped_after_wake_leaves_item
    recv_dropped_after_completion_leaves_nothing
}

type TestReceiver<'a, F> = Receiver<&'a AsyncQueue<Box<Item>, F>>;

/// What a wait has done.
struct Ended {
    pushed: usize,
    received: usize,
}

const NOTHING: Ended = Ended {
    pushed: 0,
    received: 0,
};

/// Calls `wait`, which begins a `recv` with the task's waker and ends it, twice. Afterwards,
/// pushes must not wake the task, no waker may keep the task, and no item may be lost.
fn check_cancelled<F: Form>(wait: impl Fn(&mut TestReceiver<'_, F>, &mut Context<'_>) -> Ended) {
    let queue = AsyncQueue::<_, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(CountingWaker::default());
    for round in 1..=2 {
        let waker = Waker::from(Arc::clone(&task));
        let Ended { pushed, received } = wait(&mut receiver, &mut Context::from_waker(&waker));
        assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
        drop(waker);
        (pushed..1000).for_each(|number| queue.push(item(number)).unwrap());
        assert_eq!(
            task.wakes(),
            round * pushed,
            "only the push during the wait wakes"
        );

        let mut context = Context::from_waker(Waker::noop());
        for number in received..1000 {
            let poll = pin!(receiver.pop_async()).poll(&mut context);
            assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
        }
    }
}

fn recv_dropped_before_poll_leaves_nothing<F: Form>() {
    check_cancelled::<F>(|receiver, _| {
        drop(receiver.pop_async());
        NOTHING
    });
}

fn recv_dropped_while_pending_leaves_nothing<F: Form>() {
    check_cancelled::<F>(|receiver, context| {
        assert!(pin!(receiver.pop_async()).poll(context).is_pending());
        NOTHING
    });
}

fn recv_dropped_after_many_polls_leaves_nothing<F: Form>() {
    check_cancelled::<F>(|receiver, context| {
        let mut recv = pin!(receiver.pop_async());
        let other_task = Arc::new(CountingWaker::default());
        let other = Waker::from(Arc::clone(&other_task));
        for _ in 0..4 {
            assert!(recv.as_mut().poll(context).is_pending());
            let poll = recv.as_mut().poll(&mut Context::from_waker(&other));
            assert!(poll.is_pending());
            assert!(recv.as_mut().poll(context).is_pending());
        }
        assert_eq!(Arc::strong_count(&other_task), 2, "the waker was replaced");
        NOTHING
    });
}

/// The next `recv` returns the item for which the task was woken.
fn recv_dropped_after_wake_leaves_item<F: Form>() {
    check_cancelled::<F>(|receiver, context| {
        let queue = *receiver.queue();
        let mut recv = pin!(receiver.pop_async());
        assert!(recv.as_mut().poll(context).is_pending());
        queue.push(item(0)).unwrap();
        Ended {
            pushed: 1,
            received: 0,
        }
    });
}

fn recv_dropped_after_completion_leaves_nothing<F: Form>() {
    check_cancelled::<F>(|receiver, context| {
        let queue = *receiver.queue();
        let mut recv = pin!(receiver.pop_async());
        assert!(recv.as_mut().poll(context).is_pending());
        queue.push(item(0)).unwrap();
        assert!(recv.as_mut().poll(context).is_ready());
        Ended {
            pushed: 1,
            received: 1,
        }
    });
}
