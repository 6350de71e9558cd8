//! Who takes part.

mod channels;
mod intrusive;
mod locked;
mod odin;
mod ours;
mod papers;
mod queues;

pub use channels::{Crossbeam, Crossfire, Flume, Futures, Kanal, Std, Thingbuf, Tokio};
pub use intrusive::Cordyceps;
pub use locked::{List, LockedDeque, LockedList};
pub use odin::Odin;
pub use ours::{Chained, Single};
pub use papers::{BoundedRing, SafeJiffy, Segments, TreiberStack};
pub use queues::{Concurrent, Jiffy, Seg};

use crate::contestant::{Item, Payload, Visitor};

/// All that can carry a heap object: what is queued is a pointer.
pub(crate) fn of_heap_objects(visitor: &mut impl Visitor<Box<Item>>) {
    visitor.visit::<Single>();
    visitor.visit::<Chained<8>>();
    visitor.visit::<Chained<64>>();
    visitor.visit::<Cordyceps>();
    visitor.visit::<Odin>();
    visitor.visit::<LockedList>();
    of_anything(visitor);
}

/// All that can carry a number: ours must box it, the others store it.
pub(crate) fn of_small_values(visitor: &mut impl Visitor<u64>) {
    visitor.visit::<Single>();
    visitor.visit::<TreiberStack>();
    of_anything(visitor);
}

fn of_anything<T: Payload>(visitor: &mut impl Visitor<T>) {
    visitor.visit::<Seg>();
    visitor.visit::<Concurrent>();
    visitor.visit::<Jiffy>();
    visitor.visit::<Std>();
    visitor.visit::<Crossbeam>();
    visitor.visit::<Flume>();
    visitor.visit::<Kanal>();
    visitor.visit::<Crossfire>();
    visitor.visit::<Tokio>();
    visitor.visit::<Thingbuf>();
    visitor.visit::<Futures>();
    visitor.visit::<LockedDeque>();
    visitor.visit::<BoundedRing>();
    visitor.visit::<Segments>();
    visitor.visit::<SafeJiffy>();
}
