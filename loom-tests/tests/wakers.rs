//! The waker slot: accesses do not overlap, and no wake-up is lost.
#![cfg(loom)]

use std::future::poll_fn;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{BareForm, Job, Model, assert_fifo, in_each_form, job, wait_out};
use mpsc_queue::{AsyncQueue, BlockingQueue, Pop, Receiver, Wake, WakingQueue};

in_each_form!(
    blocking_recv_receives_2x1,
    async_recv_receives_1x2,
    receiver_drop_races_with_wake,
    receiver_drop_at_stall_leaves_waker_to_push,
    wake_is_called_once_per_ended_park,
    push_links_before_wake
);

fn blocking_recv_receives_2x1<F: BareForm>() {
    let model = Model::new("A blocked thread receives every item")
        .threads("2 x 1, consumer")
        .bound(3)
        .at_least(F::select([8_500, 2_800, 1_200]));
    model.check(|| {
        let queue = Arc::new(BlockingQueue::<Box<Job>, F>::default());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(job(producer, 0)).unwrap())
            })
            .collect();
        let mut receiver = queue.receiver().unwrap();
        let items: Vec<_> = (0..2).map(|_| receiver.recv().unwrap()).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_fifo(&items, 2, 1);
    });
}

fn async_recv_receives_1x2<F: BareForm>() {
    let model = Model::new("A pending task receives every item")
        .threads("1 x 2, consumer")
        .bound(F::select([None, None, Some(3)]))
        .full_bound(F::select([None, None, Some(5)]))
        .at_least(F::select([30_000, 11_000, 440]));
    model.check(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                queue.push(job(0, 0)).unwrap();
                queue.push(job(0, 1)).unwrap();
            })
        };
        let mut receiver = queue.receiver().unwrap();
        let mut pop = || block_on(poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx))));
        let items: Vec<_> = (0..2).map(|_| pop().unwrap()).collect();
        producer.join().unwrap();
        assert_fifo(&items, 1, 2);
    });
}

struct Noop;
impl std::task::Wake for Noop {
    fn wake(self: std::sync::Arc<Self>) {}
}

fn is_item<H, S>(poll: &Poll<Pop<H, S>>) -> bool {
    matches!(poll, Poll::Ready(Pop::Item(_)))
}

fn receiver_drop_races_with_wake<F: BareForm>() {
    let model = Model::new("A receiver registers again or is dropped while a push takes its waker")
        .threads("1 x 1, consumer")
        .at_least(F::select([1_700, 590, 8_500]));
    model.check(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).unwrap())
        };
        let mut received = 0;
        for _ in 0..2 {
            let mut receiver = queue.receiver().unwrap();
            for _ in 0..2 {
                let waker = std::task::Waker::from(std::sync::Arc::new(Noop));
                let polled = receiver.poll_pop(&mut Context::from_waker(&waker));
                received += usize::from(is_item(&polled));
            }
        }
        producer.join().unwrap();
        let mut receiver = queue.receiver().unwrap();
        received += usize::from(receiver.pop_blocking().is_some());
        assert_eq!(received, 1);
        drop::<Receiver<_, _>>(receiver);
    });
}

/// The pop takes the link of the push, which is still in its gap.
fn receiver_drop_at_stall_leaves_waker_to_push<F: BareForm>() {
    let model = Model::new("A receiver that is dropped while stalled does not access the waker")
        .threads("1 x 1, consumer")
        .at_least(F::select([180, 67, 53]));
    model.check(|| {
        let queue = Arc::new(AsyncQueue::<Box<Job>, F>::default());
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).unwrap())
        };
        let mut receiver = queue.receiver().unwrap();
        let waker = std::task::Waker::from(std::sync::Arc::new(Noop));
        let polled = receiver.poll_pop(&mut Context::from_waker(&waker));
        let mut received = usize::from(is_item(&polled));
        received += usize::from(receiver.pop().into_item().is_some());
        drop(receiver);
        producer.join().unwrap();
        let mut receiver = queue.receiver().unwrap();
        received += usize::from(receiver.pop_blocking().is_some());
        assert_eq!(received, 1);
    });
}

fn wake_is_called_once_per_ended_park<F: BareForm>() {
    struct Counter(Arc<AtomicUsize>);
    impl Wake for Counter {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    let model = Model::new("`Wake::wake` is called once for each park that a push ends")
        .threads("2 x 1, consumer")
        .bound(3)
        .full_bound(5)
        .at_least(F::select([8_000, 2_600, 750]));
    model.check(|| {
        let wakeups = Arc::new(AtomicUsize::new(0));
        let queue = Arc::new(WakingQueue::with_form_and_waker(
            F::default(),
            Counter(Arc::clone(&wakeups)),
        ));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || queue.push(job(producer, 0)).unwrap())
            })
            .collect();
        let mut receiver = queue.receiver().unwrap();
        let (mut items, mut ended) = (Vec::new(), 0);
        for _ in 0..2 {
            if let Some(parked) = receiver.park() {
                ended += usize::from(!parked.unpark());
            }
            items.extend(receiver.pop_blocking());
        }
        for thread in threads {
            thread.join().unwrap();
        }
        items.extend(std::iter::from_fn(|| receiver.pop_blocking()));
        assert_eq!(wakeups.load(Ordering::Relaxed), ended);
        assert_fifo(&items, 2, 1);
    });
}

fn push_links_before_wake<F: BareForm>() {
    struct Flag(Arc<AtomicBool>);
    impl Wake for Flag {
        fn wake(&self) {
            self.0.store(true, Ordering::Release);
        }
    }

    let model = Model::new("The item is linked before `Wake::wake` is called")
        .threads("1 x 1, consumer")
        .at_least(F::select([75, 35, 22]));
    model.check(|| {
        let is_woken = Arc::new(AtomicBool::new(false));
        let queue = Arc::new(WakingQueue::with_form_and_waker(
            F::default(),
            Flag(Arc::clone(&is_woken)),
        ));
        let mut receiver = queue.receiver().unwrap();
        let parked = receiver.park().expect("the queue is empty");
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(0, 0)).unwrap())
        };
        let is_woken = is_woken.load(Ordering::Acquire);
        drop(parked);
        let first = receiver.pop();
        if is_woken {
            assert!(matches!(first, Pop::Item(_)), "woken for {first:?}");
        }
        producer.join().unwrap();
        let rest = receiver.pop_blocking();
        assert_eq!(
            usize::from(matches!(first, Pop::Item(_))) + rest.iter().count(),
            1
        );
    });
}
