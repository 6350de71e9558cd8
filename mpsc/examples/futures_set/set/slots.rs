//! Where the tasks of a set are.

use slab::Slab;

/// Values under keys. Unlike a [`Slab`], which is one array, this does not move them as it grows.
pub(super) struct Slots<T> {
    chunks: Vec<Slab<T>>,
    /// The chunks that have room.
    open: Vec<usize>,
    len: usize,
}

const CHUNK: usize = 64;

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            open: Vec::new(),
            len: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Inserts the value that `create` makes for its key.
    pub(super) fn insert_with(&mut self, create: impl FnOnce(usize) -> T) {
        let number = match self.open.last() {
            Some(number) => *number,
            None => self.open_chunk(),
        };
        let chunk = &mut self.chunks[number];
        let entry = chunk.vacant_entry();
        let key = number * CHUNK + entry.key();
        entry.insert(create(key));
        if chunk.len() == CHUNK {
            self.open.pop();
        }
        self.len += 1;
    }

    pub(super) fn remove(&mut self, key: usize) -> T {
        let number = key / CHUNK;
        let chunk = &mut self.chunks[number];
        if chunk.len() == CHUNK {
            self.open.push(number);
        }
        self.len -= 1;
        chunk.remove(key % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        let chunks = self.chunks.iter();
        chunks.flat_map(|chunk| chunk.iter().map(|(_, value)| value))
    }

    fn open_chunk(&mut self) -> usize {
        let number = self.chunks.len();
        self.chunks.push(Slab::with_capacity(CHUNK));
        self.open.push(number);
        number
    }
}

#[cfg(test)]
#[test]
fn slots_are_used_again() {
    let mut slots = Slots::new();
    let mut keys = Vec::new();
    for _ in 0..3 * CHUNK {
        slots.insert_with(|key| keys.push(key));
    }
    for key in keys.drain(..) {
        slots.remove(key);
    }
    for _ in 0..3 * CHUNK {
        slots.insert_with(|key| keys.push(key));
    }
    assert_eq!((slots.len(), slots.chunks.len()), (3 * CHUNK, 3));
}
