//! The instructions and read-modify-writes of a push and of pops, and the lines that a push writes.

use std::collections::BTreeSet;

use papers::Consume;
use papers::accesses::{AccessKind, Recorder};
use papers::cost::{Cost, cost};

use crate::experiments::objects::{Object, Objects};

/// The number of items that are popped in a row.
pub(super) const ROW: usize = 64;

pub(super) struct Counted {
    /// A push into a queue that is not empty.
    pub(super) push: Cost,
    /// The pops of [`ROW`] items in a row.
    pub(super) pops: Cost,
    /// The pop of the only item.
    pub(super) pop_only: Cost,
    pub(super) written: Written,
}

/// The cache lines that a push into a queue that is not empty writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The line of the pushed item.
    pub(super) own: usize,
    /// Lines of the queue.
    pub(super) queue: usize,
    /// The line of the item that was pushed before.
    pub(super) previous: usize,
    /// Further lines, outside the thread's stack.
    pub(super) further: usize,
}

pub(super) fn counted<Q: Objects>() -> Counted {
    let queue = filled::<Q>(1);
    let mut place = Some(Object::boxed(0));
    let push = cost(|| {
        let _ = queue.push(place.take().expect("the object is pushed once"));
    });
    Counted {
        push,
        pops: pops::<Q>(ROW),
        pop_only: pops::<Q>(1),
        written: written::<Q>(),
    }
}

fn filled<Q: Objects>(items: usize) -> Box<Q> {
    let queue = Box::new(Q::with_room(items + 1));
    for value in 0..items {
        let pushed = queue.push(Object::boxed(value as u64));
        assert!(pushed.is_ok(), "there is room for all");
    }
    queue
}

/// Keeps the items, so that freeing them is not counted.
fn pops<Q: Objects>(items: usize) -> Cost {
    let queue = filled::<Q>(items);
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    let mut popped = Vec::with_capacity(items);
    let cost = cost(|| {
        for _ in 0..items {
            popped.extend(consumer.pop().into_item());
        }
    });
    assert_eq!(popped.len(), items, "each item is popped");
    cost
}

fn written<Q: Objects>() -> Written {
    let queue = Box::new(Q::with_room(3));
    let previous = Object::boxed(1);
    let previous_line = line_of(&*previous);
    let _ = queue.push(Object::boxed(0));
    let _ = queue.push(previous);
    let object = Object::boxed(2);
    let own_line = line_of(&*object);
    let mut place = Some(object);

    let mut recorder = Recorder::default();
    let empty = lines(&mut recorder, || ());
    let mut all = lines(&mut recorder, || {
        let _ = queue.push(place.take().expect("the object is pushed once"));
    });
    all.retain(|line| !empty.contains(line));
    let end = line_of(&*queue) + (size_of::<Q>() as u64).div_ceil(LINE);
    let queue_lines = line_of(&*queue)..end;
    let own = usize::from(all.remove(&own_line));
    let previous = usize::from(all.remove(&previous_line));
    let queue = all.iter().filter(|line| queue_lines.contains(line)).count();
    Written {
        own,
        queue,
        previous,
        further: all.len() - queue,
    }
}

const LINE: u64 = 64;

fn line_of<T>(value: *const T) -> u64 {
    value as u64 / LINE
}

/// Returns the lines that `work` writes outside the thread's stack.
fn lines(recorder: &mut Recorder, work: impl FnOnce()) -> BTreeSet<u64> {
    let mut accesses = Vec::new();
    recorder.record(&mut accesses, work);
    let writes = accesses
        .iter()
        .filter(|access| !access.on_stack && access.kind != AccessKind::Read);
    writes.flat_map(papers::accesses::Access::lines).collect()
}
