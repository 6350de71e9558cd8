//! Random programs of all operations, against a model that is a `VecDeque`.
//!
//! On one thread, so that every answer is known exactly: what comes out and when,
//! which push must wake, how long the queue is, which push of a shared item fails,
//! and that each item is dropped once, when nobody holds it any more.
#![cfg(feature = "alloc")]
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use mpsc_queue::{
    AlreadyQueued, AsyncQueue, Chain, Counted, Handle, Link, Pop, Queue, SharedLink, Wakeup, linked,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: if cfg!(miri) { 8 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn boxes(program in vec(step(), 0..60)) {
        run::<Box<Unique>>(&program);
    }

    #[test]
    fn pinned_boxes(program in vec(step(), 0..60)) {
        run::<Pin<Box<Unique>>>(&program);
    }

    #[test]
    fn shared_items(program in vec(step(), 0..60)) {
        run::<Arc<Shared>>(&program);
    }

    #[test]
    fn the_task_that_polled_last_is_woken_once(program in vec(stay(), 0..6)) {
        run_task(&program);
    }
}

// --- Items --------------------------------------------------------------------

/// A number, and where to note that it was dropped.
struct Body {
    number: usize,
    /// How often each number was dropped.
    drops: Arc<Mutex<Vec<usize>>>,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.drops.lock().unwrap()[self.number] += 1;
    }
}

struct Unique {
    link: Link,
    body: Body,
}
linked!(Unique => link: Link);

struct Shared {
    body: Body,
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

/// What the programs do with a handle.
trait Kind: Handle {
    fn new(body: Body) -> Self;
    fn number(&self) -> usize;
    /// A second handle to the same item, where there can be one.
    fn share(&self) -> Option<Self>;
    fn push(self, queue: &Queue<Self, Counted>) -> Result<Wakeup, AlreadyQueued<Self>>;
    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>>;
}

impl Kind for Box<Unique> {
    fn new(body: Body) -> Self {
        let link = Link::new();
        Box::new(Unique { link, body })
    }

    fn number(&self) -> usize {
        self.body.number
    }

    fn share(&self) -> Option<Self> {
        None
    }

    fn push(self, queue: &Queue<Self, Counted>) -> Result<Wakeup, AlreadyQueued<Self>> {
        Ok(queue.push(self))
    }

    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>> {
        chain.push(self);
        Ok(())
    }
}

/// As the box, but by the functions that can fail.
impl Kind for Pin<Box<Unique>> {
    fn new(body: Body) -> Self {
        <Box<Unique> as Kind>::new(body).into()
    }

    fn number(&self) -> usize {
        self.body.number
    }

    fn share(&self) -> Option<Self> {
        None
    }

    fn push(self, queue: &Queue<Self, Counted>) -> Result<Wakeup, AlreadyQueued<Self>> {
        queue.try_push(self)
    }

    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>> {
        chain.try_push(self)
    }
}

impl Kind for Arc<Shared> {
    fn new(body: Body) -> Self {
        let link = SharedLink::new();
        Arc::new(Shared { link, body })
    }

    fn number(&self) -> usize {
        self.body.number
    }

    fn share(&self) -> Option<Self> {
        Some(Arc::clone(self))
    }

    fn push(self, queue: &Queue<Self, Counted>) -> Result<Wakeup, AlreadyQueued<Self>> {
        queue.try_push(self)
    }

    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>> {
        chain.try_push(self)
    }
}

// --- Programs -----------------------------------------------------------------

/// One operation, and the queue (of two) that it is done to.
#[derive(Clone, Debug)]
struct Step {
    queue: usize,
    operation: Operation,
}

#[derive(Clone, Debug)]
enum Operation {
    Push,
    /// Pushes an item that the program holds already: one that was popped, or
    /// shares of one that may be queued.
    PushHeld(usize),
    /// Drops such a handle.
    DropHeld(usize),
    /// Appends so many new items to the chain.
    Append(usize),
    AppendHeld(usize),
    PopChain,
    PushChain,
    DropChain,
    Pop,
    PopWait,
    Drain {
        limit: usize,
        take: usize,
        /// Pushes each item back at once, instead of a new one.
        back: bool,
    },
    Park {
        /// How many pushes come while the guard lives.
        pushes: usize,
        end: EndOfPark,
    },
    /// Forgets the consumer and takes its place again.
    LeakConsumer,
    Move,
    /// Drops the queue, with what is in it, and makes another.
    Renew,
}

#[derive(Clone, Copy, Debug)]
enum EndOfPark {
    Unpark,
    Drop,
    Leak,
}

fn step() -> impl Strategy<Value = Step> {
    use Operation::*;
    let end = prop_oneof![
        Just(EndOfPark::Unpark),
        Just(EndOfPark::Drop),
        Just(EndOfPark::Leak)
    ];
    let operation = prop_oneof![
        6 => Just(Push),
        5 => any::<usize>().prop_map(PushHeld),
        1 => any::<usize>().prop_map(DropHeld),
        2 => (0..4usize).prop_map(Append),
        2 => any::<usize>().prop_map(AppendHeld),
        1 => Just(PopChain),
        2 => Just(PushChain),
        1 => Just(DropChain),
        8 => Just(Pop),
        2 => Just(PopWait),
        4 => (0..6usize, 0..6usize, any::<bool>())
            .prop_map(|(limit, take, back)| Drain { limit, take, back }),
        4 => (0..3usize, end).prop_map(|(pushes, end)| Park { pushes, end }),
        1 => Just(LeakConsumer),
        2 => Just(Move),
        1 => Just(Renew),
    ];
    (0..2usize, operation).prop_map(|(queue, operation)| Step { queue, operation })
}

/// A queue, and what it should be like.
struct Place<H: Kind> {
    /// In a box, so that `Move` takes it to another address.
    queue: Box<Queue<H, Counted>>,
    items: VecDeque<usize>,
    /// The consumer has parked, and no push was told.
    parked: bool,
}

impl<H: Kind> Place<H> {
    fn new() -> Self {
        Self {
            queue: Box::new(Queue::counted()),
            items: VecDeque::new(),
            parked: false,
        }
    }

    /// Notes that `numbers` were pushed, and returns what the push must be told.
    fn note_push(&mut self, numbers: impl IntoIterator<Item = usize>) -> Wakeup {
        let before = self.items.len();
        self.items.extend(numbers);
        if self.items.len() > before && mem::take(&mut self.parked) {
            Wakeup::Needed
        } else {
            Wakeup::NotNeeded
        }
    }
}

struct World<H: Kind> {
    places: [Place<H>; 2],
    chain: Chain<H>,
    chained: VecDeque<usize>,
    /// Handles outside: all that were popped and kept, and a share of each shared item.
    held: Vec<H>,
    drops: Arc<Mutex<Vec<usize>>>,
}

fn run<H: Kind>(program: &[Step]) {
    let mut world = World::<H> {
        places: [Place::new(), Place::new()],
        chain: Chain::new(),
        chained: VecDeque::new(),
        held: Vec::new(),
        drops: Arc::default(),
    };
    for step in program {
        world.step(step);
        world.check();
    }
    let drops = Arc::clone(&world.drops);
    drop(world); // with whatever is in the queues and the chain
    assert!(drops.lock().unwrap().iter().all(|&drops| drops == 1));
}

impl<H: Kind> World<H> {
    /// A new item, and its number.
    fn make(&mut self) -> (H, usize) {
        let number = self.drops.lock().unwrap().len();
        self.drops.lock().unwrap().push(0);
        let drops = Arc::clone(&self.drops);
        let handle = H::new(Body { number, drops });
        self.held.extend(handle.share());
        (handle, number)
    }

    /// One of the handles outside, if there are any.
    fn take_held(&mut self, which: usize) -> Option<H> {
        let which = which.checked_rem(self.held.len())?;
        let handle = self.held.swap_remove(which);
        self.held.extend(handle.share());
        Some(handle)
    }

    /// What is in a queue or in the chain.
    fn queued(&self) -> impl Iterator<Item = &usize> {
        let places = self.places.iter().flat_map(|place| &place.items);
        places.chain(&self.chained)
    }

    /// Of those popped, keeps every other one, to push it again.
    fn keep_some(&mut self, popped: Vec<H>) {
        for handle in popped {
            if handle.share().is_none() && handle.number() % 2 == 0 {
                self.held.push(handle);
            }
        }
    }

    fn push_new(&mut self, queue: usize) {
        let (handle, number) = self.make();
        let place = &mut self.places[queue];
        let told = handle.push(&place.queue).expect("nobody has pushed it yet");
        assert_eq!(told, place.note_push([number]));
    }

    fn step(&mut self, step: &Step) {
        match step.operation {
            Operation::Push => self.push_new(step.queue),
            Operation::PushHeld(which) => {
                let Some(handle) = self.take_held(which) else {
                    return;
                };
                let number = handle.number();
                let queued = self.queued().any(|&queued| queued == number);
                let place = &mut self.places[step.queue];
                match handle.push(&place.queue) {
                    Ok(told) => {
                        assert!(!queued, "it is in two places");
                        assert_eq!(told, place.note_push([number]));
                    }
                    Err(AlreadyQueued(handle)) => {
                        assert!(queued);
                        assert_eq!(handle.number(), number);
                    }
                }
            }
            Operation::DropHeld(which) => {
                if let Some(which) = which.checked_rem(self.held.len()) {
                    self.held.swap_remove(which);
                }
            }

            Operation::Append(count) => {
                let mut more = Chain::new();
                for _ in 0..count {
                    let (handle, number) = self.make();
                    assert!(handle.append(&mut more).is_ok());
                    self.chained.push_back(number);
                }
                self.chain.append(&mut more);
                assert_eq!((more.len(), more.pop().is_none()), (0, true));
            }
            Operation::AppendHeld(which) => {
                let Some(handle) = self.take_held(which) else {
                    return;
                };
                let number = handle.number();
                let queued = self.queued().any(|&queued| queued == number);
                assert_eq!(handle.append(&mut self.chain).is_err(), queued);
                if !queued {
                    self.chained.push_back(number);
                }
            }
            Operation::PopChain => {
                let popped = self.chain.pop();
                assert_eq!(popped.as_ref().map(H::number), self.chained.pop_front());
                self.keep_some(popped.into_iter().collect());
            }
            Operation::PushChain => {
                let place = &mut self.places[step.queue];
                let told = place.queue.push_chain(mem::take(&mut self.chain));
                assert_eq!(told, place.note_push(mem::take(&mut self.chained)));
            }
            Operation::DropChain => {
                self.chain = Chain::new();
                self.chained.clear();
            }

            Operation::Pop => {
                let place = &mut self.places[step.queue];
                let popped = match place.queue.consumer().unwrap().pop() {
                    Pop::Item(handle) => Some(handle),
                    Pop::Empty => None,
                    Pop::Stalled => panic!("no push is in flight"),
                };
                assert_eq!(popped.as_ref().map(H::number), place.items.pop_front());
                self.keep_some(popped.into_iter().collect());
            }
            Operation::PopWait => {
                let place = &mut self.places[step.queue];
                let popped = place.queue.consumer().unwrap().pop_blocking();
                assert_eq!(popped.as_ref().map(H::number), place.items.pop_front());
                self.keep_some(popped.into_iter().collect());
            }
            Operation::Drain { limit, take, back } => self.drain(step.queue, limit, take, back),

            Operation::Park { pushes, end } => self.park(step.queue, pushes, end),
            Operation::LeakConsumer => {
                let place = &mut self.places[step.queue];
                mem::forget(place.queue.consumer().unwrap());
                assert!(place.queue.consumer().is_err());
                drop(place.queue.consumer_mut());
            }
            Operation::Move => {
                let place = &mut self.places[step.queue];
                let moved = mem::take(&mut *place.queue);
                let _old_address = mem::replace(&mut place.queue, Box::new(moved));
            }
            Operation::Renew => self.places[step.queue] = Place::new(),
        }
    }

    fn drain(&mut self, queue: usize, limit: usize, take: usize, back: bool) {
        // Made beforehand, since the consumer borrows the queue.
        let mut new: Vec<_> = (0..take).map(|_| self.make()).collect();
        let mut popped = Vec::new();
        let Place { queue, items, .. } = &mut self.places[queue];

        let mut consumer = queue.consumer().unwrap();
        let mut drain = consumer.drain(limit);
        let there = limit.min(items.len());
        for _ in 0..take.min(there) {
            let handle = drain.next().expect("there is more");
            assert_eq!(Some(handle.number()), items.pop_front());
            // What is pushed meanwhile is not for this sweep.
            let (handle, number) = if back {
                let number = handle.number();
                (handle, number)
            } else {
                popped.push(handle);
                new.pop().expect("one for each")
            };
            let told = handle.push(queue).expect("it is in no queue");
            assert!(!told.is_needed());
            items.push_back(number);
        }
        if take > there {
            assert!(drain.next().is_none());
            assert!(drain.next().is_none(), "and so it stays");
        }
        assert!(!drain.is_stalled());
        drop(consumer);
        self.keep_some(popped);
    }

    fn park(&mut self, queue: usize, pushes: usize, end: EndOfPark) {
        let mut new: Vec<_> = (0..pushes).map(|_| self.make()).collect();
        let Place {
            queue,
            items,
            parked,
        } = &mut self.places[queue];

        let mut consumer = queue.consumer().unwrap();
        let Some(guard) = consumer.park() else {
            assert!(!items.is_empty());
            return;
        };
        assert!(items.is_empty());
        for (count, (handle, number)) in new.drain(..).enumerate() {
            let told = handle.push(queue).expect("nobody has pushed it yet");
            assert_eq!(told.is_needed(), count == 0, "one push is told");
            items.push_back(number);
        }
        match end {
            EndOfPark::Unpark => assert_eq!(guard.unpark(), pushes == 0),
            EndOfPark::Drop => drop(guard),
            EndOfPark::Leak => mem::forget(guard),
        }
        *parked = matches!(end, EndOfPark::Leak) && pushes == 0;
    }

    fn check(&self) {
        for place in &self.places {
            assert_eq!(place.queue.len(), place.items.len());
            assert_eq!(place.queue.is_empty(), place.items.is_empty());
        }
        assert_eq!(self.chain.len(), self.chained.len());
        assert_eq!(self.chain.is_empty(), self.chained.is_empty());
        // Dropped once, unless somebody holds it.
        let mut expected = vec![1; self.drops.lock().unwrap().len()];
        let queued = self.queued().copied();
        for number in queued.chain(self.held.iter().map(H::number)) {
            expected[number] = 0;
        }
        assert_eq!(*self.drops.lock().unwrap(), expected, "drops of each item");
    }
}

// --- Tasks --------------------------------------------------------------------

/// What a receiver does before it is dropped, or forgotten.
#[derive(Clone, Debug)]
struct Stay {
    steps: Vec<TaskStep>,
    leak: bool,
}

#[derive(Clone, Debug)]
enum TaskStep {
    /// The task of this index polls.
    Poll(usize),
    Push,
    Pop,
}

fn stay() -> impl Strategy<Value = Stay> {
    let step = prop_oneof![
        (0..TASKS).prop_map(TaskStep::Poll),
        Just(TaskStep::Push),
        Just(TaskStep::Pop),
    ];
    (vec(step, 0..12), any::<bool>()).prop_map(|(steps, leak)| Stay { steps, leak })
}

const TASKS: usize = 3;

struct Numbered {
    link: Link,
    number: usize,
}
linked!(Numbered => link: Link);

#[derive(Default)]
struct Task {
    woken: AtomicUsize,
}

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::Relaxed);
    }
}

fn run_task(program: &[Stay]) {
    let mut queue = AsyncQueue::<Box<Numbered>>::new();
    let tasks: [Arc<Task>; TASKS] = Default::default();
    let wakers = tasks.each_ref().map(|task| Waker::from(Arc::clone(task)));

    let mut items = VecDeque::new();
    let mut pushed = 0;
    // Who waits, and how often each was woken.
    let mut waiting = None;
    let mut woken = [0; TASKS];
    // The waker of who waits is in the queue, beside the task and the waker here.
    let check = |waiting, woken: [usize; TASKS]| {
        for (index, task) in tasks.iter().enumerate() {
            assert_eq!(task.woken.load(Ordering::Relaxed), woken[index]);
            let shares = 2 + usize::from(waiting == Some(index));
            assert_eq!(Arc::strong_count(task), shares, "wakers of task {index}");
        }
    };

    for stay in program {
        let mut receiver = queue.receiver_mut();
        for step in &stay.steps {
            match *step {
                TaskStep::Poll(index) => {
                    let mut context = Context::from_waker(&wakers[index]);
                    match receiver.poll_recv(&mut context) {
                        Poll::Ready(item) => assert_eq!(Some(item.number), items.pop_front()),
                        Poll::Pending => {
                            assert!(items.is_empty());
                            waiting = Some(index);
                        }
                    }
                }
                TaskStep::Push => {
                    let (link, number) = (Link::new(), pushed);
                    receiver.queue().push(Box::new(Numbered { link, number }));
                    items.push_back(number);
                    pushed += 1;
                    if let Some(index) = waiting.take() {
                        woken[index] += 1;
                    }
                }
                TaskStep::Pop => match receiver.pop() {
                    Pop::Item(item) => assert_eq!(Some(item.number), items.pop_front()),
                    Pop::Empty => assert!(items.is_empty()),
                    Pop::Stalled => panic!("no push is in flight"),
                },
            }
            check(waiting, woken);
        }
        if stay.leak {
            mem::forget(receiver); // its waker stays
        } else {
            drop(receiver);
            waiting = None;
        }
        check(waiting, woken);
    }
    drop(queue);
    check(None, woken);
}
