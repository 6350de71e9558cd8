//! What a queue must do to take part, and what it carries.

use std::sync::atomic::AtomicPtr;
use std::time::Duration;

use mpsc_queue::{Link, linked};

use crate::floor;

/// A queue, as the scenarios use it. `T` is what it carries.
pub trait Contestant<T>: 'static {
    /// What the reports call it.
    const NAME: &'static str;
    /// Whose it is.
    const ROLE: Role = Role::Other;
    /// How many items it pushes together.
    const BATCH: usize = 1;

    /// One per thread that pushes.
    type Producer: Clone + Send + 'static;
    /// The one that pops.
    type Consumer: Send + 'static;

    /// A new queue, with room for `capacity` items if it cannot grow.
    fn open(capacity: usize) -> (Self::Producer, Self::Consumer);

    /// Appends an item, or keeps it for the rest of its batch.
    fn push(producer: &mut Self::Producer, item: T);

    /// Appends what `push` has kept.
    fn flush(_: &mut Self::Producer) {}

    /// Takes the oldest item out. `None`: none could be had just now.
    fn pop(consumer: &mut Self::Consumer) -> Option<T>;
}

/// What the summary does with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The queue of this workspace, one push per item.
    Ours,
    /// The same, with several items per push.
    OursChained,
    /// One that somebody might take instead.
    Other,
    /// What the hardware or the kernel takes for the indispensable part.
    Floor,
}

/// A family: what the queues carry.
pub trait Payload: Send + Sync + Sized + 'static {
    /// What the reports call it.
    const FAMILY: &'static str;

    /// An item that can be recognised by `value`.
    fn new(value: u64) -> Self;

    /// Makes it recognisable by another value, as whoever fills it in would.
    fn write(&mut self, value: u64);

    /// What was written last.
    fn value(&self) -> u64;

    /// What a pop at least does: the floor's name, and how long `items` pops take.
    const POP_FLOOR: (&'static str, fn(u64) -> Duration);

    /// Lets `visitor` see all contestants that carry this.
    fn contestants<V: Visitor<Self>>(visitor: &mut V);
}

/// Sees one contestant after the other.
pub trait Visitor<T> {
    /// Sees `C`.
    fn visit<C: Contestant<T>>(&mut self);
}

/// The heap object that is handed over, with the nodes of all intrusive queues.
///
/// It fills a cache line, so that neither its neighbours nor where a field lies
/// makes a difference between contestants.
#[repr(align(64))]
pub struct Item {
    pub(crate) value: u64,
    pub(crate) link: Link,
    pub(crate) cordyceps: cordyceps::mpsc_queue::Links<Self>,
    /// For the lists that are written out here.
    pub(crate) next: AtomicPtr<Self>,
}
linked!(Item => link: Link);

impl Item {
    pub(crate) fn with_links(value: u64, cordyceps: cordyceps::mpsc_queue::Links<Self>) -> Self {
        Self {
            value,
            link: Link::new(),
            cordyceps,
            next: AtomicPtr::default(),
        }
    }
}

impl Payload for Box<Item> {
    const FAMILY: &'static str = "heap object";
    const POP_FLOOR: (&'static str, fn(u64) -> Duration) = ("list, one thread", floor::list_walk);

    fn new(value: u64) -> Self {
        Self::new(Item::with_links(value, cordyceps::mpsc_queue::Links::new()))
    }

    fn write(&mut self, value: u64) {
        self.value = value;
    }

    fn value(&self) -> u64 {
        self.value
    }

    fn contestants<V: Visitor<Self>>(visitor: &mut V) {
        crate::contestants::of_heap_objects(visitor);
    }
}

impl Payload for u64 {
    const FAMILY: &'static str = "small value";
    const POP_FLOOR: (&'static str, fn(u64) -> Duration) = ("ring, one thread", floor::ring_walk);

    fn new(value: u64) -> Self {
        value
    }

    fn write(&mut self, value: u64) {
        *self = value;
    }

    fn value(&self) -> u64 {
        *self
    }

    fn contestants<V: Visitor<Self>>(visitor: &mut V) {
        crate::contestants::of_small_values(visitor);
    }
}
