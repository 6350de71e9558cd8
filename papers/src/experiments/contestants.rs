//! The contestants: the algorithms of this library and well-known queues, behind one
//! trait.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crossbeam_queue::SegQueue;
use mpsc_queue::{BackLinked, ConsumerTaken, ForwardLinked, GapFree, Link, Pop, Queue, linked};
use papers::cc_synch::CcSynch;
use papers::clh::Clh;
use papers::io_uring::IoUring;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::michael_scott::MichaelScott;
use papers::ring::Ring;
use papers::segmented::Segmented;
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;
use papers::{Consume, Full, Mpsc, Node};

/// A queue whose items carry a `u64`.
pub(crate) trait Contestant: Mpsc<Item: Send> + Send {
    const NAME: &'static str;
    /// Creates an empty queue with room for `items` items.
    fn with_room(items: usize) -> Self;
    fn item(payload: u64) -> Self::Item;
    fn payload(item: &Self::Item) -> u64;
}

/// Calls a generic function for each algorithm of this workspace and for the other named
/// contestants, shows the progress, and collects the results.
macro_rules! for_each {
    ($function:ident $arguments:tt $(, and $other:ty)*) => {
        $crate::experiments::contestants::for_each!(
            @ $function $arguments
            $crate::experiments::contestants::Intrusive,
            papers::vyukov::Vyukov<papers::Node<u64>>,
            papers::io_uring::IoUring<papers::Node<u64>>,
            papers::wfcqueue::WfcQueue<papers::Node<u64>>,
            papers::treiber::Treiber<papers::Node<u64>>,
            papers::michael_scott::MichaelScott<u64>,
            papers::clh::Clh<u64>,
            papers::cc_synch::CcSynch<u64>,
            papers::ring::Ring<u64>,
            papers::segmented::Segmented<u64>,
            papers::jiffy::Jiffy<u64>,
            papers::ltqueue::LtQueue<u64>
            $(, $other)*
        )
    };
    (@ $function:ident $arguments:tt $($queue:ty),*) => {{
        let names = [$(<$queue as $crate::experiments::contestants::Contestant>::NAME),*];
        let bar = $crate::experiments::report::progress(names.len());
        let results = vec![$({
            bar.inc(1);
            $function::<$queue> $arguments
        }),*];
        bar.finish_and_clear();
        results
    }};
}
pub(crate) use for_each;

pub(crate) struct Job {
    link: Link,
    payload: u64,
}
linked!(Job => link: Link);

impl Job {
    pub(crate) fn boxed(payload: u64) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            payload,
        })
    }

    pub(crate) fn payload(&self) -> u64 {
        self.payload
    }

    pub(crate) fn set_payload(&mut self, payload: u64) {
        self.payload = payload;
    }
}

/// Our queue in one of its forms.
pub(crate) type InForm<F> = Queue<Box<Job>, F>;

pub(crate) type Intrusive = InForm<ForwardLinked>;

/// The forms of our queue and their names.
macro_rules! forms {
    ($($name:literal: $form:ty;)*) => {$(
        impl Contestant for InForm<$form> {
            const NAME: &'static str = $name;
            fn with_room(_: usize) -> Self {
                Self::default()
            }
            fn item(payload: u64) -> Box<Job> {
                Job::boxed(payload)
            }
            fn payload(item: &Box<Job>) -> u64 {
                item.payload
            }
        }
    )*};
}

forms! {
    "forward-linked": ForwardLinked;
    "back-linked": BackLinked;
    "gap-free": GapFree;
}

/// A contestant whose items are boxed nodes: its name and its queue.
macro_rules! nodes {
    ($($name:literal: $queue:ident;)*) => {$(
        impl Contestant for $queue<Node<u64>> {
            const NAME: &'static str = $name;
            fn with_room(_: usize) -> Self {
                Self::new()
            }
            fn item(payload: u64) -> Box<Node<u64>> {
                Node::new(payload)
            }
            fn payload(item: &Box<Node<u64>>) -> u64 {
                ***item
            }
        }
    )*};
}

nodes! {
    "vyukov": Vyukov;
    "io_uring": IoUring;
    "wfcqueue": WfcQueue;
    "treiber": Treiber;
}

/// The methods of a contestant whose items are the `u64` itself.
macro_rules! carries_the_value {
    () => {
        fn item(payload: u64) -> u64 {
            payload
        }
        fn payload(item: &u64) -> u64 {
            *item
        }
    };
}

/// A contestant whose items are the `u64` itself: its name, its queue, and how to create one
/// with room for so many items.
macro_rules! values {
    ($($name:literal: $queue:ident, $items:pat => $new:expr;)*) => {$(
        impl Contestant for $queue<u64> {
            const NAME: &'static str = $name;
            fn with_room($items: usize) -> Self {
                $new
            }
            carries_the_value!();
        }
    )*};
}

values! {
    "michael_scott": MichaelScott, items => Self::new(items);
    "clh": Clh, _ => Self::new();
    "cc_synch": CcSynch, _ => Self::new();
    "ring": Ring, items => Self::new(items.next_power_of_two().max(2));
    "segmented": Segmented, _ => Self::new();
    "jiffy": Jiffy, _ => Self::new();
    // Two threads push at a time.
    "ltqueue": LtQueue, _ => Self::new(2);
}

/// crossbeam's `SegQueue`. Its pop returns an `Option`, and waits for a late push.
pub(crate) struct Crossbeam<T = u64>(SegQueue<T>);

impl<T> Crossbeam<T> {
    pub(crate) fn new() -> Self {
        Self(SegQueue::new())
    }
}

impl<T: Send> Mpsc for Crossbeam<T> {
    type Item = T;
    type Consumer<'q>
        = &'q Self
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        self.0.push(item);
        Ok(())
    }

    fn consumer(&self) -> Result<&Self, ConsumerTaken> {
        Ok(self)
    }
}

impl<T> Consume for &Crossbeam<T> {
    type Item = T;

    fn pop(&mut self) -> Pop<T> {
        self.0.pop().map_or(Pop::Empty, Pop::Item)
    }
}

impl Contestant for Crossbeam {
    const NAME: &'static str = "SegQueue";
    fn with_room(_: usize) -> Self {
        Self::new()
    }
    carries_the_value!();
}

/// A lock around a deque.
pub(crate) struct Locked<T = u64>(Mutex<VecDeque<T>>);

impl<T> Locked<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }
}

impl<T: Send> Mpsc for Locked<T> {
    type Item = T;
    type Consumer<'q>
        = &'q Self
    where
        T: 'q;

    fn push(&self, item: T) -> Result<(), Full<T>> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.push_back(item);
        Ok(())
    }

    fn consumer(&self) -> Result<&Self, ConsumerTaken> {
        Ok(self)
    }
}

impl<T> Consume for &Locked<T> {
    type Item = T;

    fn pop(&mut self) -> Pop<T> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.pop_front().map_or(Pop::Empty, Pop::Item)
    }
}

impl Contestant for Locked {
    const NAME: &'static str = "Mutex<VecDeque>";
    fn with_room(_: usize) -> Self {
        Self::new()
    }
    carries_the_value!();
}

/// The intrusive queue with a pop that does not distinguish stalled from empty.
pub(crate) struct WithOption(Intrusive);

pub(crate) struct OptionConsumer<'q>(mpsc_queue::Consumer<&'q Intrusive>);

impl Mpsc for WithOption {
    type Item = Box<Job>;
    type Consumer<'q> = OptionConsumer<'q>;

    fn push(&self, item: Box<Job>) -> Result<(), Full<Box<Job>>> {
        Mpsc::push(&self.0, item)
    }

    fn consumer(&self) -> Result<OptionConsumer<'_>, ConsumerTaken> {
        self.0.consumer().map(OptionConsumer)
    }
}

impl Consume for OptionConsumer<'_> {
    type Item = Box<Job>;

    fn pop(&mut self) -> Pop<Box<Job>> {
        match self.0.pop() {
            Pop::Item(job) => Pop::Item(job),
            Pop::Empty | Pop::Stalled(_) | Pop::Closed => Pop::Empty,
        }
    }
}

impl Contestant for WithOption {
    const NAME: &'static str = "forward-linked, Option pop";
    fn with_room(_: usize) -> Self {
        Self(Queue::new())
    }
    fn item(payload: u64) -> Box<Job> {
        Job::boxed(payload)
    }
    fn payload(item: &Box<Job>) -> u64 {
        item.payload
    }
}
