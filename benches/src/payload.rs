//! Payload kinds: what the queues carry.

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::Ordering;

use cordyceps::mpsc_queue::Links;
use mpsc_queue::{Link, linked};
use papers::{Next, has_next};

/// A payload kind.
pub trait Payload: Send + Sync + Sized + 'static {
    /// The name of the kind in the reports.
    const KIND: &'static str;

    /// The least container that holds such items: the floor of a pop.
    type Container: Container<Self>;

    /// Creates an item with this value.
    fn new(value: u64) -> Self;

    /// Overwrites the item's value, as its user would before a push.
    fn write(&mut self, value: u64);

    /// Returns the value that was written last.
    fn value(&self) -> u64;
}

/// A FIFO container for a single thread.
pub trait Container<T>: Default {
    /// The name of the container as a floor.
    const FLOOR: &'static str;
    /// The name of a lock around the container.
    const LOCKED: &'static str;

    /// Appends an item.
    fn push(&mut self, item: T);

    /// Removes the oldest item.
    fn pop(&mut self) -> Option<T>;
}

/// The heap object, with the nodes of all intrusive queues.
///
/// An item fills a cache line, so that neither its neighbours nor the position of a
/// node makes a difference between contestants.
#[repr(align(64))]
pub struct Item {
    pub(crate) value: u64,
    pub(crate) link: Link,
    pub(crate) cordyceps: Links<Self>,
    /// The node of `List`, of Odin's queue and of those of `papers`.
    pub(crate) next: Next<Self>,
}
linked!(Item => link: Link);
has_next!(Item => next);

impl Item {
    pub(crate) fn with_links(value: u64, cordyceps: Links<Self>) -> Self {
        Self {
            value,
            link: Link::new(),
            cordyceps,
            next: Next::new(),
        }
    }
}

impl Payload for Box<Item> {
    const KIND: &'static str = "heap object";
    type Container = List;

    fn new(value: u64) -> Self {
        Self::new(Item::with_links(value, Links::new()))
    }

    fn write(&mut self, value: u64) {
        self.value = value;
    }

    fn value(&self) -> u64 {
        self.value
    }
}

impl Payload for u64 {
    const KIND: &'static str = "small value";
    type Container = VecDeque<Self>;

    fn new(value: u64) -> Self {
        value
    }

    fn write(&mut self, value: u64) {
        *self = value;
    }

    fn value(&self) -> u64 {
        *self
    }
}

/// A value of `N` words, the first of which is written and read. A move copies all of them.
#[derive(Clone, Copy)]
pub struct Words<const N: usize>([u64; N]);

/// A value of 32 bytes.
pub type Bytes32 = Words<4>;

/// A value of 64 bytes, a cache line.
pub type Bytes64 = Words<8>;

/// A value of 256 bytes, four cache lines.
pub type Bytes256 = Words<32>;

impl<const N: usize> Payload for Words<N> {
    const KIND: &'static str = match N {
        4 => "32-byte value",
        8 => "64-byte value",
        32 => "256-byte value",
        _ => panic!("a size without a name"),
    };
    type Container = VecDeque<Self>;

    fn new(value: u64) -> Self {
        Self([value; N])
    }

    fn write(&mut self, value: u64) {
        self.0[0] = value;
    }

    fn value(&self) -> u64 {
        self.0[0]
    }
}

/// A payload that is not on the heap: the queues copy it in.
pub trait Value: Payload {}

impl Value for u64 {}
impl<const N: usize> Value for Words<N> {}

impl<T> Container<T> for VecDeque<T> {
    const FLOOR: &'static str = "ring, one thread";
    const LOCKED: &'static str = "Mutex<VecDeque>";

    fn push(&mut self, item: T) {
        self.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }
}

/// A singly linked list of boxes. Either both ends are null or neither is.
pub struct List {
    oldest: *mut Item,
    newest: *mut Item,
}

// SAFETY: the list owns its items, which are `Send`.
unsafe impl Send for List {}

impl Default for List {
    fn default() -> Self {
        let (oldest, newest) = (ptr::null_mut(), ptr::null_mut());
        Self { oldest, newest }
    }
}

impl Container<Box<Item>> for List {
    const FLOOR: &'static str = "list, one thread";
    const LOCKED: &'static str = "Mutex<intrusive list>";

    // All accesses are relaxed: `&mut self` excludes other threads.
    fn push(&mut self, item: Box<Item>) {
        item.next.store(ptr::null_mut(), Ordering::Relaxed);
        let item = Box::into_raw(item);
        if self.newest.is_null() {
            self.oldest = item;
        } else {
            // SAFETY: the newest item is in the list, hence valid.
            unsafe { (*self.newest).next.store(item, Ordering::Relaxed) };
        }
        self.newest = item;
    }

    fn pop(&mut self) -> Option<Box<Item>> {
        if self.oldest.is_null() {
            return None;
        }
        // SAFETY: the pointer came from a box in `push`, and leaves the list here.
        let item = unsafe { Box::from_raw(self.oldest) };
        self.oldest = item.next.load(Ordering::Relaxed);
        if self.oldest.is_null() {
            self.newest = ptr::null_mut();
        }
        Some(item)
    }
}

impl Drop for List {
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}
