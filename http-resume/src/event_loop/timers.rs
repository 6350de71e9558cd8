//! Timers of connections.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Times at which the deadlines of connections are checked.
///
/// Each connection has at most one current timer, which the connection stores; other entries
/// with its slot are obsolete. A deadline that moved on is noticed when the timer fires, so
/// requests add entries only if they have deadlines that are earlier than the others.
#[derive(Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, usize)>>);

impl Timers {
    /// Returns the time of the first entry.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((when, _))| *when)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes the entries for which `is_current` returns `false`.
    pub(super) fn retain(&mut self, is_current: impl Fn(Instant, usize) -> bool) {
        self.0
            .retain(|Reverse((when, slot))| is_current(*when, *slot));
        self.0.shrink_to(2 * self.0.len());
    }

    /// Makes the connection's current timer fire at `deadline` or earlier. Returns whether that
    /// needed an entry.
    pub(super) fn set(
        &mut self,
        slot: usize,
        timer: &mut Option<Instant>,
        deadline: Instant,
    ) -> bool {
        let is_earlier = timer.is_none_or(|timer| deadline < timer);
        if is_earlier {
            *timer = Some(deadline);
            self.0.push(Reverse((deadline, slot)));
        }
        is_earlier
    }

    /// Removes the first entry whose time has come, and returns its time and slot.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, usize)> {
        if self.first()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}
