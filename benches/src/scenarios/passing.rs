//! Passing many items through a contestant.

use std::hint::black_box;

use crate::contestant::Contestant;
use crate::payload::Payload;
use papers::backoff::Backoff;

/// Writes the number of the producer and ascending numbers into its items, which are in
/// its core's cache afterwards.
pub(super) fn write_all<T: Payload>(items: &mut [T], number: u64) {
    for (item, index) in items.iter_mut().zip(0..) {
        item.write(number << 32 | index);
    }
}

/// Moves the items into places, from which a loop takes them one by one.
///
/// A loop over a vector that is emptied keeps its position in memory if a push may unwind, and
/// then the measured figure is in part that of the loop. A loop over places does not.
pub(super) fn places<T>(items: impl IntoIterator<Item = T>) -> Vec<Option<T>> {
    items.into_iter().map(Some).collect()
}

/// Pushes the items of all places, and calls `after` after each push.
pub(super) fn push_all<T, C: Contestant<T>>(
    producer: &mut C::Producer,
    places: &mut [Option<T>],
    mut after: impl FnMut(),
) {
    for place in places {
        C::push(producer, place.take().expect("each item is pushed once"));
        after();
    }
    C::flush(producer);
}

/// Pops until `got` holds `count` items, and calls `each` with each item.
pub(super) fn pop_all<T, C: Contestant<T>>(
    consumer: &mut C::Consumer,
    count: usize,
    got: &mut Vec<T>,
    mut each: impl FnMut(&T),
) {
    let mut backoff = Backoff::new();
    while got.len() < count {
        match C::pop(consumer) {
            Some(item) => {
                each(&item);
                got.push(item);
                backoff = Backoff::new();
            }
            None => backoff.snooze(),
        }
    }
}

/// Reads an item, as its user would.
pub(super) fn read<T: Payload>(item: &T) {
    black_box(item.value());
}
