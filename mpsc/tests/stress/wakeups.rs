//! Consumers that park and must be woken.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mpsc_queue::{
    AsyncQueue, BlockingQueue, Form, Pop, Receiver, RecvTimeoutError, Wake, WakingQueue, channel,
};

use crate::census::{Census, Item, Order};
use crate::{EACH, PRODUCERS, must_end};

test_each_form! {
    two_threads_exchange_item
    blocking_recv_is_woken
    recv_timeout_loses_no_item
    wake_is_called_once_per_park
    async_recv_is_woken
    channel_recv_is_woken_by_items_and_end
    channel_task_is_woken_by_items_and_end
}

#[cfg(all(target_os = "linux", not(miri)))]
mod linux {
    use super::blocking_recv_from_empty_queue_sleeps;

    test_each_form!(blocking_recv_from_empty_queue_sleeps);
}

/// Pushes `item`. After every eighth item, gives the consumer time to park.
fn push_in_bursts<'a>(push: impl FnOnce(Box<Item<'a>>), item: Box<Item<'a>>) {
    let number = item.number;
    push(item);
    if number % 8 == 0 {
        thread::yield_now();
    }
}

/// One item goes back and forth between two threads, which have nothing else to do. Nearly
/// every receive parks, so each way of pushing must wake.
fn two_threads_exchange_item<F: Form>() {
    fn exchange<F: Form>(push: for<'a> fn(&BlockingQueue<Box<Item<'a>>, F>, Box<Item<'a>>)) {
        let census = Census::new(1, 1);
        let (there, back) = (BlockingQueue::default(), BlockingQueue::default());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut requests = there.receiver().unwrap();
                for _ in 0..EACH {
                    push(&back, requests.recv().unwrap());
                }
            });
            let mut replies = back.receiver().unwrap();
            let mut item = census.item(0, 0);
            for round in 0..EACH {
                push(&there, item);
                let timeout = [Duration::MAX, Duration::from_secs(3600)][round % 2];
                item = replies.recv_timeout(timeout).expect("the reply comes");
            }
        });
        assert!(there.is_empty() && back.is_empty());
        census.assert_each_dropped_once();
    }

    must_end(|| exchange::<F>(|queue, item| queue.push(item).unwrap()));
    must_end(|| exchange::<F>(|queue, item| queue.try_push(item).unwrap()));
    must_end(|| {
        exchange::<F>(|queue, item| queue.push_chain([item].into_iter().collect()).unwrap());
    });
}

fn blocking_recv_is_woken<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = BlockingQueue::<_, F>::default();
            thread::scope(|scope| {
                census.spawn_producers(scope, |item| {
                    push_in_bursts(|item| queue.push(item).unwrap(), item);
                });
                let mut receiver = queue.receiver().unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    order.check(&receiver.recv().unwrap());
                }
            });
            census.assert_each_dropped_once();
        });
    }
}

/// A consumer that looks again and again, instead of sleeping, is never in state `S`.
#[cfg(all(target_os = "linux", not(miri)))]
fn blocking_recv_from_empty_queue_sleeps<F: Form>() {
    type Receive<F> = for<'a> fn(&BlockingQueue<Box<Item<'a>>, F>) -> Option<Box<Item<'a>>>;

    fn check<F: Form>(receive: Receive<F>) {
        let census = Census::new(1, 1);
        let queue = BlockingQueue::<_, F>::default();
        let (started, is_started) = mpsc::channel();
        thread::scope(|scope| {
            let consumer = scope.spawn(|| {
                let thread = std::fs::read_link("/proc/thread-self").unwrap();
                started.send(thread).expect("the test waits for the thread");
                receive(&queue).is_some()
            });
            let thread = is_started.recv().unwrap();
            let status = std::path::Path::new("/proc").join(thread).join("status");
            let is_asleep = || {
                let status = std::fs::read_to_string(&status).unwrap();
                status.contains("State:\tS")
            };
            while !is_asleep() {
                thread::yield_now();
            }
            queue.push(census.item(0, 0)).unwrap();
            assert!(consumer.join().unwrap());
        });
    }

    must_end(|| check::<F>(|queue| queue.receiver().unwrap().recv().ok()));
    must_end(|| {
        check::<F>(|queue| {
            let mut receiver = queue.receiver().unwrap();
            receiver.recv_timeout(Duration::MAX).ok()
        });
    });
    must_end(|| {
        check::<F>(|queue| {
            let hour = Duration::from_secs(3600);
            queue.receiver().unwrap().recv_timeout(hour).ok()
        });
    });
}

fn recv_timeout_loses_no_item<F: Form>() {
    must_end(|| {
        let census = Census::of(1);
        let queue = BlockingQueue::<_, F>::default();
        thread::scope(|scope| {
            census.spawn_producers(scope, |item| {
                push_in_bursts(|item| queue.push(item).unwrap(), item);
            });
            let mut receiver = queue.receiver().unwrap();
            let mut order = Order::of(1);
            for round in 0.. {
                let timeout = Duration::from_micros(round % 50);
                match receiver.recv_timeout(timeout) {
                    Ok(item) => order.check(&item),
                    Err(error) => assert_eq!(error, RecvTimeoutError::Timeout),
                }
                if order.total() == EACH {
                    break;
                }
            }
            assert!(receiver.recv_timeout(Duration::ZERO).is_err());
        });
        census.assert_each_dropped_once();
    });
}

/// The consumer waits for the wake-up that belongs to its park. In the end, the counts agree.
fn wake_is_called_once_per_park<F: Form>() {
    #[derive(Default)]
    struct CountingWaker {
        wakes: Mutex<usize>,
        changed: Condvar,
    }
    impl Wake for CountingWaker {
        fn wake(&self) {
            *self.wakes.lock().unwrap() += 1;
            self.changed.notify_one();
        }
    }
    impl CountingWaker {
        fn wait_for_more_than(&self, count: usize) {
            let wakes = self.wakes.lock().unwrap();
            let wait = self.changed.wait_while(wakes, |wakes| *wakes <= count);
            drop(wait.unwrap());
        }
    }

    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = WakingQueue::with_form_and_waker(F::default(), CountingWaker::default());
            let mut parks = 0;
            thread::scope(|scope| {
                census.spawn_producers(scope, |item| {
                    push_in_bursts(|item| queue.push(item).unwrap(), item);
                });
                let mut receiver = queue.receiver().unwrap();
                let mut order = Order::of(producers);
                loop {
                    receiver.drain(1000).for_each(|item| order.check(&item));
                    if order.total() == producers * EACH {
                        break;
                    }
                    if let Some(parked) = receiver.park() {
                        // One call has ended each earlier park.
                        queue.waker().wait_for_more_than(parks);
                        assert!(!parked.unpark(), "woken without a push");
                        parks += 1;
                    } else {
                        thread::yield_now(); // stalled, or not empty any more
                    }
                }
            });
            assert_eq!(*queue.waker().wakes.lock().unwrap(), parks);
            census.assert_each_dropped_once();
        });
    }
}

/// The receiver moves to a task with another waker after every ten items.
fn async_recv_is_woken<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = Arc::new(AsyncQueue::<_, F>::default());
            thread::scope(|scope| {
                let shared = Arc::clone(&queue);
                census.spawn_producers(scope, move |item| {
                    push_in_bursts(|item| shared.push(item).unwrap(), item);
                });
                let mut receiver = Receiver::owned(queue).unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    block_on(async {
                        for _ in 0..10 {
                            let pop = poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx)));
                            order.check(&pop.await.unwrap());
                        }
                    });
                }
            });
            census.assert_each_dropped_once();
        });
    }
}

/// The receiver gets everything, and then learns that the last sender is gone.
fn channel_recv_is_woken_by_items_and_end<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let (sender, mut receiver) = channel::with_form(F::default());
            thread::scope(|scope| {
                census.spawn_producers(scope, move |item| {
                    push_in_bursts(|item| sender.send(item).unwrap(), item);
                });
                let mut order = Order::of(producers);
                receiver.iter().for_each(|item| order.check(&item));
                assert_eq!(order.total(), producers * EACH);
            });
            census.assert_each_dropped_once();
        });
    }
}

fn channel_task_is_woken_by_items_and_end<F: Form>() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let (sender, mut receiver) = channel::with_form(F::default());
            thread::scope(|scope| {
                census.spawn_producers(scope, move |item| {
                    push_in_bursts(|item| sender.send(item).unwrap(), item);
                });
                let mut order = Order::of(producers);
                block_on(async {
                    while let Some(item) =
                        poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx))).await
                    {
                        order.check(&item);
                    }
                });
                assert_eq!(order.total(), producers * EACH);
            });
            census.assert_each_dropped_once();
        });
    }
}

/// Polls for an item. Yields while the queue is stalled.
fn wait_out<H, S>(
    cx: &mut Context<'_>,
    mut poll_pop: impl FnMut(&mut Context<'_>) -> Poll<Pop<H, S>>,
) -> Poll<Option<H>> {
    loop {
        match poll_pop(cx) {
            Poll::Ready(Pop::Stalled(_)) => thread::yield_now(),
            poll => return poll.map(Pop::into_item),
        }
    }
}

/// Runs a future on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
