//! The contestants. `visit` lists those of each payload kind.

mod boxed;
mod channels;
mod cordyceps;
mod locked;
mod odin;
mod ours;
mod papers;
mod queues;

pub use self::cordyceps::Cordyceps;
pub use self::papers::{
    BoundedRing, ClhLike, Combining, Lanes, Llist, LockFreeList, Mpscq, SafeJiffy, Segments,
    SegmentsWithBackoff, Splice, TreiberStack, VyukovStub,
};
pub use boxed::{Boxed, Linkable};
pub use channels::{Crossbeam, Crossfire, Flume, Futures, Kanal, Std, Thingbuf, Tokio};
pub use locked::Locked;
pub use odin::Odin;
pub use ours::{Async, Chained, Channel, Named, Sharded, Single};
pub use queues::{Concurrent, Jiffy, Seg};

use std::collections::{BTreeSet, VecDeque};

use mpsc_queue::{BackLinked, Compact, ForwardLinked, GapFree};

use crate::contestant::Contestant;
use crate::payload::{Bytes64, Bytes256, Item, List, Payload, Value};

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
        visitor.visit::<VyukovStub>();
        visitor.visit::<Mpscq>();
        visitor.visit::<Splice>();
        visitor.visit::<Llist>();
        visitor.visit::<Locked<List>>();
        visit_generic(visitor);
    }
}

/// Numbers: `Single` and `TreiberStack` box them, the others store them.
impl Contested for u64 {
    fn visit(visitor: &mut impl Visitor<Self>) {
        visitor.visit::<TreiberStack>();
        visit_values(visitor);
    }
}

/// Larger values.
impl Contested for Bytes64 {
    fn visit(visitor: &mut impl Visitor<Self>) {
        visit_values(visitor);
    }
}

/// Still larger values.
impl Contested for Bytes256 {
    fn visit(visitor: &mut impl Visitor<Self>) {
        visit_values(visitor);
    }
}

/// The queues that carry any value.
fn visit_values<T: Value>(visitor: &mut impl Visitor<T>) {
    visitor.visit::<Single>();
    visitor.visit::<Single<GapFree>>();
    visit_generic(visitor);
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
    visitor.visit::<LockFreeList>();
    visitor.visit::<ClhLike>();
    visitor.visit::<Combining>();
    visitor.visit::<BoundedRing>();
    visitor.visit::<Segments>();
    visitor.visit::<SegmentsWithBackoff>();
    visitor.visit::<SafeJiffy>();
    visitor.visit::<Lanes>();
}

/// An operation on the contestants of each payload kind.
pub trait VisitorOfAll:
    Visitor<Box<Item>> + Visitor<u64> + Visitor<Bytes64> + Visitor<Bytes256>
{
}
impl<V> VisitorOfAll for V where
    V: Visitor<Box<Item>> + Visitor<u64> + Visitor<Bytes64> + Visitor<Bytes256>
{
}

/// Calls `visitor` with each contestant, once for each payload kind that it carries.
pub fn visit_all(visitor: &mut impl VisitorOfAll) {
    <Box<Item>>::visit(visitor);
    u64::visit(visitor);
    Bytes64::visit(visitor);
    Bytes256::visit(visitor);
}

/// Returns the packages that the contestants come from, in alphabetical order.
#[must_use]
pub fn packages() -> Vec<&'static str> {
    let mut packages = Packages(BTreeSet::new());
    visit_all(&mut packages);
    packages.0.into_iter().collect()
}

struct Packages(BTreeSet<&'static str>);

impl<T: Payload> Visitor<T> for Packages {
    fn visit<C: Contestant<T>>(&mut self) {
        self.0.extend(C::PACKAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_those_of_all_payloads() {
        let packages = packages();
        // Of a contestant with heap objects only, of one with any payload, and of a channel.
        for package in ["cordyceps", "crossbeam-queue", "kanal"] {
            assert!(packages.contains(&package), "{packages:?}");
        }
        assert!(packages.is_sorted());
    }
}
