//! The contestants. `visit` lists those of each payload kind.

mod channels;
mod cordyceps;
mod locked;
mod odin;
mod ours;
mod papers;
mod queues;

pub use self::cordyceps::Cordyceps;
pub use self::papers::{BoundedRing, SafeJiffy, Segments, SegmentsWithBackoff, TreiberStack};
pub use channels::{Crossbeam, Crossfire, Flume, Futures, Kanal, Std, Thingbuf, Tokio};
pub use locked::Locked;
pub use odin::Odin;
pub use ours::{Chained, Named, Sharded, Single};
pub use queues::{Concurrent, Jiffy, Seg};

use std::collections::VecDeque;

use mpsc_queue::{BackLinked, Compact, ForwardLinked, GapFree};

use crate::contestant::Contestant;
use crate::payload::{Item, List, Payload};

/// The packages of the contestants, whose versions the reports state.
pub const PACKAGES: [&str; 11] = [
    "concurrent-queue",
    "cordyceps",
    "crossbeam-channel",
    "crossbeam-queue",
    "crossfire",
    "flume",
    "futures-channel",
    "kanal",
    "nolock",
    "thingbuf",
    "tokio",
];

/// A payload kind that contestants carry.
pub trait Contested: Payload {
    /// Calls `visitor` with each contestant that carries this payload.
    fn visit(visitor: &mut impl Visitor<Self>);
}

/// An operation on each contestant in turn.
pub trait Visitor<T> {
    /// Applies the operation to `C`.
    fn visit<C: Contestant<T>>(&mut self);
}

/// Heap objects: the queue stores a pointer, or links the object itself.
impl Contested for Box<Item> {
    fn visit(visitor: &mut impl Visitor<Self>) {
        visitor.visit::<Single>();
        visitor.visit::<Single<BackLinked>>();
        visitor.visit::<Single<GapFree>>();
        visitor.visit::<Single<Compact<ForwardLinked>>>();
        visitor.visit::<Sharded>();
        visitor.visit::<Chained<8>>();
        visitor.visit::<Chained<64>>();
        visitor.visit::<Cordyceps>();
        visitor.visit::<Odin>();
        visitor.visit::<Locked<List>>();
        visit_generic(visitor);
    }
}

/// Numbers: `Single` and `TreiberStack` box them, the others store them.
impl Contested for u64 {
    fn visit(visitor: &mut impl Visitor<Self>) {
        visitor.visit::<Single>();
        visitor.visit::<TreiberStack>();
        visit_generic(visitor);
    }
}

/// The queues that carry any payload.
fn visit_generic<T: Payload>(visitor: &mut impl Visitor<T>) {
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
    visitor.visit::<Locked<VecDeque<T>>>();
    visitor.visit::<BoundedRing>();
    visitor.visit::<Segments>();
    visitor.visit::<SegmentsWithBackoff>();
    visitor.visit::<SafeJiffy>();
}
