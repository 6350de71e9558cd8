//! Consumers that park and must be woken.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use mpsc_queue::{AsyncQueue, BlockingQueue, Receiver, Wake, WakingQueue};

use crate::census::{Census, Item, Order};
use crate::{EACH, PRODUCERS, must_end};

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
#[test]
fn two_threads_exchange_item() {
    fn exchange(push: for<'a> fn(&BlockingQueue<Box<Item<'a>>>, Box<Item<'a>>)) {
        let census = Census::new(1, 1);
        let (there, back) = (BlockingQueue::new(), BlockingQueue::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut requests = there.receiver().unwrap();
                for _ in 0..EACH {
                    push(&back, requests.recv());
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

    must_end(|| exchange(|queue, item| queue.push(item)));
    must_end(|| exchange(|queue, item| assert!(queue.try_push(item).is_ok())));
    must_end(|| exchange(|queue, item| queue.push_chain([item].into_iter().collect())));
}

#[test]
fn blocking_recv_is_woken() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = BlockingQueue::new();
            thread::scope(|scope| {
                census.spawn_producers(scope, |item| {
                    push_in_bursts(|item| queue.push(item), item);
                });
                let mut receiver = queue.receiver().unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    order.check(&receiver.recv());
                }
            });
            census.assert_each_dropped_once();
        });
    }
}

/// A consumer that looks again and again, instead of sleeping, is never in state `S`.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn blocking_recv_from_empty_queue_sleeps() {
    fn check(receive: for<'a> fn(&BlockingQueue<Box<Item<'a>>>) -> Option<Box<Item<'a>>>) {
        let census = Census::new(1, 1);
        let queue = BlockingQueue::new();
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
            queue.push(census.item(0, 0));
            assert!(consumer.join().unwrap());
        });
    }

    must_end(|| check(|queue| Some(queue.receiver().unwrap().recv())));
    must_end(|| check(|queue| queue.receiver().unwrap().recv_timeout(Duration::MAX)));
    must_end(|| {
        check(|queue| {
            let hour = Duration::from_secs(3600);
            queue.receiver().unwrap().recv_timeout(hour)
        });
    });
}

#[test]
fn recv_timeout_loses_no_item() {
    must_end(|| {
        let census = Census::of(1);
        let queue = BlockingQueue::new();
        thread::scope(|scope| {
            census.spawn_producers(scope, |item| {
                push_in_bursts(|item| queue.push(item), item);
            });
            let mut receiver = queue.receiver().unwrap();
            let mut order = Order::of(1);
            for round in 0.. {
                let timeout = Duration::from_micros(round % 50);
                if let Some(item) = receiver.recv_timeout(timeout) {
                    order.check(&item);
                }
                if order.total() == EACH {
                    break;
                }
            }
            assert!(receiver.recv_timeout(Duration::ZERO).is_none());
        });
        census.assert_each_dropped_once();
    });
}

/// The consumer waits for the wake-up that belongs to its park. In the end, the counts agree.
#[test]
fn wake_is_called_once_per_park() {
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
            let queue = WakingQueue::with_waker(CountingWaker::default());
            let mut parks = 0;
            thread::scope(|scope| {
                census.spawn_producers(scope, |item| {
                    push_in_bursts(|item| queue.push(item), item);
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
#[test]
fn async_recv_is_woken() {
    for producers in PRODUCERS {
        must_end(move || {
            let census = Census::of(producers);
            let queue = Arc::new(AsyncQueue::new());
            thread::scope(|scope| {
                let shared = Arc::clone(&queue);
                census.spawn_producers(scope, move |item| {
                    push_in_bursts(|item| shared.push(item), item);
                });
                let mut receiver = Receiver::owned(queue).unwrap();
                let mut order = Order::of(producers);
                while order.total() < producers * EACH {
                    block_on(async {
                        for _ in 0..10 {
                            order.check(&*receiver.recv().await);
                        }
                    });
                }
            });
            census.assert_each_dropped_once();
        });
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
