//! Tasks that receive while a producer stands still in its push: what they get, and how often they
//! are polled.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use mpsc_queue::{AsyncQueue, Form, GapFree, Pop};

use crate::stalled_push::{Item, Task, item};
use crate::wakeups::stalled_async_push;

test_forms! {
    each: [
        stalled_push_wakes_waiting_task_once_when_it_goes_on
    ]
    with_gap: [
        task_that_meets_stall_is_polled_by_its_timer_only
    ]
}

type SharedQueue<F> = Arc<AsyncQueue<Box<Item>, F>>;

/// The stalled push has found the task waiting, so it is the one that wakes. With no push in
/// flight, the task is then polled once for each item again.
fn stalled_push_wakes_waiting_task_once_when_it_goes_on<F: Form>() {
    let queue = SharedQueue::<F>::default();
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());
    let stalled = stalled_async_push(&queue, 0);
    for number in 1..10 {
        queue.push(item(number)).unwrap();
    }
    assert_eq!(task.wakes(), 0);
    stalled.finish();
    assert_eq!(task.wakes(), 1);
    for number in 0..10 {
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
    }
    for number in 0..10 {
        assert!(receiver.poll_pop(&mut context).is_pending());
        assert_eq!(task.wakes(), 1 + number);
        queue.push(item(number)).unwrap();
        let poll = receiver.poll_pop(&mut context);
        assert!(matches!(poll, Poll::Ready(Pop::Item(item)) if item.number == number));
    }
}

/// Waits for a timer, which the test fires by a poll.
async fn timer() {
    let mut is_set = false;
    poll_fn(|_| {
        if is_set {
            return Poll::Ready(());
        }
        is_set = true;
        Poll::Pending
    })
    .await;
}

/// Neither the queue nor other pushes wake the task while the queue is stalled, and a poll does not
/// wait for the producer.
fn task_that_meets_stall_is_polled_by_its_timer_only<F: Form>() {
    const LOOKS: usize = 20;

    let queue = SharedQueue::<F>::default();
    let mut receiver = queue.receiver().unwrap();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    let stalled = stalled_async_push(&queue, 0);
    let mut receive = pin!(async {
        let mut numbers = Vec::new();
        while numbers.len() <= LOOKS {
            match receiver.pop_async().await {
                Pop::Stalled(_) => timer().await,
                pop => numbers.push(pop.into_item().unwrap().number),
            }
        }
        numbers
    });
    for number in 1..=LOOKS {
        assert!(receive.as_mut().poll(&mut context).is_pending());
        queue.push(item(number)).unwrap();
    }
    stalled.finish();
    assert_eq!(task.wakes(), 0);
    let Poll::Ready(numbers) = receive.poll(&mut context) else {
        panic!("all items are in the queue");
    };
    assert!(numbers.into_iter().eq(0..=LOOKS));
}

/// Wakes the thread that polls the task.
struct Waking {
    thread: Thread,
    wakes: AtomicUsize,
}

impl Wake for Waking {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Release);
        self.thread.unpark();
    }
}

/// Each poll but the first follows one wake-up, and receives something.
#[test]
fn task_on_gap_free_queue_receives_everything_beside_stalled_push() {
    const PRODUCERS: usize = 3;
    const EACH: usize = 500;

    let queue = SharedQueue::<GapFree>::default();
    let stalled = stalled_async_push(&queue, PRODUCERS * EACH);
    let mut receiver = queue.receiver().unwrap();
    let waking = Arc::new(Waking {
        thread: thread::current(),
        wakes: AtomicUsize::new(0),
    });
    let waker = Waker::from(Arc::clone(&waking));
    let mut context = Context::from_waker(&waker);
    let mut numbers = Vec::new();
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let queue = &queue;
            scope.spawn(move || {
                for number in 0..EACH {
                    queue.push(item(producer * EACH + number)).unwrap();
                    if number % 8 == 0 {
                        thread::yield_now();
                    }
                }
            });
        }
        let mut polls = 0;
        loop {
            let before = numbers.len();
            while let Poll::Ready(received) = receiver.poll_recv(&mut context) {
                numbers.push(received.unwrap().number);
            }
            polls += 1;
            assert!(polls == 1 || numbers.len() > before);
            if numbers.len() > PRODUCERS * EACH {
                break;
            }
            while waking.wakes.load(Ordering::Acquire) < polls {
                thread::park();
            }
            assert_eq!(waking.wakes.load(Ordering::Acquire), polls);
        }
    });
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..=PRODUCERS * EACH));
    stalled.finish();
}
