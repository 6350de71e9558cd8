//! A tree of minima: each node names the lane, among those below it, whose first item has the
//! least timestamp.
//!
//! ```text
//!                 1: lane 2                        node = version, lane
//!               ┌─────┴─────┐
//!           2: lane 0   3: lane 2                  the children of k are 2k and 2k + 1
//!           ┌───┴──┐    ┌───┴──┐
//!           0      1    2      3                   the lanes, which are in no array here
//! first:    7      -    4      9
//! ```
//!
//! After the first item of a lane has changed, a thread *refreshes* the nodes from the lane to
//! the root. A refresh loads the node, computes the minimum from the children, and replaces the
//! node by a compare-exchange, which fails if another refresh came in between. It is repeated
//! once, and no more:
//!
//! # Why two refreshes suffice
//!
//! *After a thread has refreshed a node, successfully or twice, a refresh that began its load
//! after the thread did has replaced the node* (its own, or another), *and no later value is from
//! a refresh that began before.* If the first refresh fails, another one has succeeded since its
//! load. If the second fails too, yet another has succeeded since the second load, and that one
//! has loaded the node after the first of these successes, because its compare-exchange would
//! have failed otherwise. It read the children later, so it saw the thread's change. Any later
//! success has loaded the node later still.
//!
//! In C11, "after" must mean "happens after". So the load of the node is a read-modify-write
//! that changes nothing: all loads and replacements of a node are read-modify-writes of one word,
//! the loads acquire and release, so a refresh synchronizes with each load before its own, and
//! sees what its thread had seen below. With a plain load, a refresh could miss the change of the
//! child (store buffering), although it comes after the load of the thread that then relies
//! on it. On x86-64, the compiler turns this read-modify-write into a locked instruction on the
//! thread's stack and a load, so it does not take the node's line from other cores.
//!
//! # Versions
//!
//! Each replacement increments a version in the word, so a late compare-exchange fails although
//! the same lane is there again: this emulates load-linked and store-conditional. The version
//! has 48 bits. A refresh would mistake an old word for a new one if its thread slept through an
//! exact multiple of 2^48 replacements of one node. At one replacement per nanosecond, faster than
//! a cache line passes between cores, that is three days.

use std::iter;

use crossbeam_utils::CachePadded;

use super::lane::AFTER_ALL;
use crate::sync::{AtomicU64, Ordering};

/// The bits of a node that name its lane.
const LANE_BITS: u32 = 16;

/// The lane of a node without an item below it.
const NONE: u64 = (1 << LANE_BITS) - 1;

/// The maximum number of lanes.
pub(super) const MAX_LANES: usize = NONE as usize;

/// The tree.
pub(super) struct Minima {
    lanes: usize,
    /// As many as there are lanes, rounded up to a power of two. The root is at 1, and there is
    /// no node 0.
    nodes: Box<[CachePadded<AtomicU64>]>,
}

impl Minima {
    /// Creates the tree of this many lanes, all of them empty.
    pub(super) fn new(lanes: usize) -> Self {
        let nodes = lanes.next_power_of_two().max(2);
        let node = || CachePadded::new(AtomicU64::new(NONE));
        Self {
            lanes,
            nodes: iter::repeat_with(node).take(nodes).collect(),
        }
    }

    /// Returns the lane that the root names. What the refreshes saw that have led to it happens
    /// before.
    #[inline]
    pub(super) fn lane_of_root(&self) -> Option<usize> {
        self.lane_of(1)
    }

    /// Refreshes all nodes above a lane. `first` returns the timestamp of a lane's first item, or
    /// [`AFTER_ALL`].
    #[inline]
    pub(super) fn refresh_above(&self, lane: usize, first: impl Fn(usize) -> u64) {
        let mut node = self.leaf(lane) / 2;
        while node > 0 {
            if !self.refresh(node, &first) {
                self.refresh(node, &first);
            }
            node /= 2;
        }
    }

    /// Replaces a node by the minimum of its children. Fails if another thread has replaced it
    /// meanwhile.
    fn refresh(&self, node: usize, first: &impl Fn(usize) -> u64) -> bool {
        let word = &self.nodes[node];
        // A read-modify-write that changes nothing. Release pairs with the acquire of later
        // refreshes: they see the change below that this thread has seen. Acquire pairs with the
        // release of earlier ones.
        let old = word.fetch_add(0, Ordering::AcqRel);
        let lane = self.minimum_below(node, first);
        // Release pairs with the acquire in `lane_of`: what this refresh has seen. Relaxed on
        // failure: the value is not used, and by coherence later loads return no older one.
        word.compare_exchange(
            old,
            replaced(old, lane),
            Ordering::Release,
            Ordering::Relaxed,
        )
        .is_ok()
    }

    /// Returns the lane with the least timestamp below a node.
    fn minimum_below(&self, node: usize, first: &impl Fn(usize) -> u64) -> Option<usize> {
        let mut minimum = (AFTER_ALL, None);
        for child in [2 * node, 2 * node + 1] {
            let Some(lane) = self.lane_of(child) else {
                continue;
            };
            let timestamp = first(lane);
            if timestamp < minimum.0 {
                minimum = (timestamp, Some(lane));
            }
        }
        minimum.1
    }

    /// Returns the lane of a leaf, or the lane that a node names.
    #[inline]
    fn lane_of(&self, node: usize) -> Option<usize> {
        if let Some(lane) = node.checked_sub(self.nodes.len()) {
            return (lane < self.lanes).then_some(lane);
        }
        // Acquire pairs with the release in `refresh`: what that refresh has seen.
        let word = self.nodes[node].load(Ordering::Acquire);
        let lane = word & NONE;
        (lane != NONE).then_some(lane as usize)
    }

    fn leaf(&self, lane: usize) -> usize {
        self.nodes.len() + lane
    }
}

/// Returns the word that replaces `old`.
#[inline]
fn replaced(old: u64, lane: Option<usize>) -> u64 {
    let version = (old >> LANE_BITS).wrapping_add(1);
    version << LANE_BITS | lane.map_or(NONE, |lane| lane as u64)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Changes the first timestamps one after the other, and returns the lane of the root after
    /// each change.
    fn roots(lanes: usize, changes: &[(usize, u64)]) -> Vec<Option<usize>> {
        let tree = Minima::new(lanes);
        let mut firsts = vec![AFTER_ALL; lanes];
        let change = |&(lane, first): &(usize, u64)| {
            firsts[lane] = first;
            tree.refresh_above(lane, |lane| firsts[lane]);
            tree.lane_of_root()
        };
        changes.iter().map(change).collect()
    }

    #[test]
    fn root_names_lane_with_least_timestamp() {
        let changes = [
            (3, 5),
            (0, 7),
            (4, 4),
            (4, 8),
            (3, AFTER_ALL),
            (0, 9),
            (4, AFTER_ALL),
        ];
        let expected = [3, 3, 4, 3, 0, 4, 0].map(Some);
        assert_eq!(roots(5, &changes), expected);
    }

    #[test]
    fn tree_of_one_lane_has_a_root() {
        assert_eq!(roots(1, &[(0, 3), (0, AFTER_ALL)]), [Some(0), None]);
    }

    #[test]
    fn each_replacement_has_another_version() {
        let old = replaced(NONE, Some(7));
        assert_eq!(old & NONE, 7);
        assert_ne!(replaced(replaced(old, None), Some(7)), old);
    }

    #[test]
    fn version_wraps_around() {
        let last = (u64::MAX << LANE_BITS) | 7;
        assert_eq!(replaced(last, Some(3)), 3);
    }
}
