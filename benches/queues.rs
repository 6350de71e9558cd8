//! Heap objects handed over within one thread: what a push and a pop cost when
//! nobody contends. See the README for what this does not show.

use std::collections::VecDeque;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_queue::SegQueue;
use mpsc_queue::{Chain, Consumer, Link, Pop, Queue, linked};

/// What is handed over: a payload of one word, and the nodes that the intrusive
/// queues need.
struct Item {
    link: Link,
    cordyceps: cordyceps::mpsc_queue::Links<Item>,
    payload: u64,
}
linked!(Item => link: Link);

impl Item {
    fn boxed(payload: u64) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            cordyceps: cordyceps::mpsc_queue::Links::new(),
            payload,
        })
    }

    fn stub() -> Box<Self> {
        Box::new(Self {
            cordyceps: cordyceps::mpsc_queue::Links::new_stub(),
            ..*Self::boxed(0)
        })
    }
}

// SAFETY: the handle owns its item, which stays where it is, and `links` leads to
// the field of that type.
unsafe impl cordyceps::Linked<cordyceps::mpsc_queue::Links<Item>> for Item {
    type Handle = Box<Self>;

    fn into_ptr(handle: Box<Self>) -> ptr::NonNull<Self> {
        // SAFETY: a box is never null.
        unsafe { ptr::NonNull::new_unchecked(Box::into_raw(handle)) }
    }

    unsafe fn from_ptr(item: ptr::NonNull<Self>) -> Box<Self> {
        // SAFETY: cordyceps gives back what it got from `into_ptr`.
        unsafe { Box::from_raw(item.as_ptr()) }
    }

    unsafe fn links(item: ptr::NonNull<Self>) -> ptr::NonNull<cordyceps::mpsc_queue::Links<Self>> {
        // SAFETY: the field of a valid item.
        unsafe { ptr::NonNull::new_unchecked(&raw mut (*item.as_ptr()).cordyceps) }
    }
}

/// One queue, as the benchmarks use it.
trait Contestant {
    const NAME: &str;
    fn new() -> Self;
    fn push(&self, item: Box<Item>);
    fn pop(&mut self) -> Option<Box<Item>>;
}

/// The least that any queue of this kind does: a swap, and a compare-exchange.
struct Floor(AtomicPtr<Item>);

impl Contestant for Floor {
    const NAME: &str = "floor: swap + compare_exchange";

    fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn push(&self, item: Box<Item>) {
        self.0.swap(Box::into_raw(item), Ordering::AcqRel);
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        let item = self.0.load(Ordering::Relaxed);
        self.0
            .compare_exchange(item, ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed)
            .ok()
            // SAFETY: `push` put it there; each push is followed by one pop.
            .map(|item| unsafe { Box::from_raw(item) })
    }
}

struct Ours(Consumer<Arc<Queue<Box<Item>>>>);

impl Contestant for Ours {
    const NAME: &str = "mpsc-queue";

    fn new() -> Self {
        Self(Consumer::owned(Arc::default()).expect("it is new"))
    }

    fn push(&self, item: Box<Item>) {
        let _ = self.0.queue().push(item);
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        match self.0.pop() {
            Pop::Item(item) => Some(item),
            Pop::Empty | Pop::Stalled => None,
        }
    }
}

impl Contestant for cordyceps::MpscQueue<Item> {
    const NAME: &str = "cordyceps";

    fn new() -> Self {
        Self::new_with_stub(Item::stub())
    }

    fn push(&self, item: Box<Item>) {
        self.enqueue(item);
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        // SAFETY: `&mut self`: nobody else dequeues.
        unsafe { self.try_dequeue_unchecked() }.ok()
    }
}

impl Contestant for SegQueue<Box<Item>> {
    const NAME: &str = "crossbeam SegQueue";

    fn new() -> Self {
        Self::new()
    }

    fn push(&self, item: Box<Item>) {
        Self::push(self, item);
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        Self::pop(self)
    }
}

struct Std(mpsc::Sender<Box<Item>>, mpsc::Receiver<Box<Item>>);

impl Contestant for Std {
    const NAME: &str = "std::sync::mpsc";

    fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self(sender, receiver)
    }

    fn push(&self, item: Box<Item>) {
        self.0.send(item).expect("the receiver is here");
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        self.1.try_recv().ok()
    }
}

struct Locked(Mutex<VecDeque<Box<Item>>>);

impl Contestant for Locked {
    const NAME: &str = "Mutex<VecDeque>";

    fn new() -> Self {
        Self(Mutex::default())
    }

    fn push(&self, item: Box<Item>) {
        self.0.lock().expect("not poisoned").push_back(item);
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        let Self(queue) = &*self;
        queue.lock().expect("not poisoned").pop_front()
    }
}

fn ping_pong<C: Contestant>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ping-pong");
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::from_parameter(C::NAME), |bencher| {
        let mut queue = C::new();
        bencher.iter(|| {
            queue.push(Item::boxed(black_box(1)));
            queue.pop().expect("one was pushed").payload
        });
    });
    group.finish();
}

const FILL: u64 = 1000;

fn fill_then_drain<C: Contestant>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fill-then-drain");
    group.throughput(Throughput::Elements(FILL));
    group.bench_function(BenchmarkId::from_parameter(C::NAME), |bencher| {
        let mut queue = C::new();
        bencher.iter(|| {
            (0..FILL).for_each(|payload| queue.push(Item::boxed(payload)));
            (0..FILL)
                .map(|_| queue.pop().expect("all were pushed").payload)
                .sum::<u64>()
        });
    });
    group.finish();
}

/// The same, handed over with one exchange.
fn chain_then_drain(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fill-then-drain");
    group.throughput(Throughput::Elements(FILL));
    group.bench_function("mpsc-queue, one chain", |bencher| {
        let mut queue = Ours::new();
        bencher.iter(|| {
            let _ = queue
                .0
                .queue()
                .push_chain((0..FILL).map(Item::boxed).collect::<Chain<_>>());
            (0..FILL)
                .map(|_| queue.pop().expect("all were pushed").payload)
                .sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(
    one_thread,
    ping_pong::<Floor>,
    ping_pong::<Ours>,
    ping_pong::<cordyceps::MpscQueue<Item>>,
    ping_pong::<SegQueue<Box<Item>>>,
    ping_pong::<Std>,
    ping_pong::<Locked>,
    fill_then_drain::<Ours>,
    chain_then_drain,
    fill_then_drain::<cordyceps::MpscQueue<Item>>,
    fill_then_drain::<SegQueue<Box<Item>>>,
    fill_then_drain::<Std>,
    fill_then_drain::<Locked>,
);
criterion_main!(one_thread);
