//! Runs: how often the items of one producer follow each other in the queue.

/// The slots of a cache line in an array of pointers with a flag each, as in `segmented` and
/// crossbeam's `SegQueue`.
pub(super) const SLOTS: usize = 4;

/// The runs of one sample, without the first and the last, in which the other producer has not
/// begun or has ended, unless there are no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Runs {
    /// The mean number of items in a run.
    pub(super) length: f64,
    /// The mean number of runs of which [`SLOTS`] consecutive items are: 1 if one core fills the
    /// line, 4 if the producers take turns.
    pub(super) per_line: f64,
    /// Set if a run has all items of a producer: it would have been longer with more items.
    pub(super) is_cut_off: bool,
}

impl Runs {
    /// Returns the runs of a sample by the producer of each item. Both producers have equally many.
    pub(super) fn of(order: &[u64]) -> Self {
        let changes: Vec<_> = (1..order.len())
            .filter(|&at| order[at] != order[at - 1])
            .collect();
        let inner = match changes[..] {
            [first, .., last] if last - first >= SLOTS => &order[first..last],
            _ => order,
        };
        let lines = inner.chunks_exact(SLOTS);
        let count = lines.len() as f64;
        let in_lines: usize = lines.map(runs_in).sum();
        Self {
            length: inner.len() as f64 / runs_in(inner) as f64,
            per_line: in_lines as f64 / count,
            is_cut_off: changes
                .windows(2)
                .any(|run| 2 * (run[1] - run[0]) >= order.len()),
        }
    }
}

/// Returns the number of runs in a sequence that is not empty.
fn runs_in(items: &[u64]) -> usize {
    1 + items.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the mean length and the runs per line of alternating runs.
    fn runs_of(runs: &[usize]) -> (f64, f64) {
        let runs = runs.iter().zip((0..2).cycle());
        let items = runs.flat_map(|(&length, producer)| vec![producer; length]);
        let runs = Runs::of(&items.collect::<Vec<_>>());
        (runs.length, runs.per_line)
    }

    #[test]
    fn alternating_producers_have_runs_of_one() {
        assert_eq!(runs_of(&[1; 102]), (1.0, 4.0));
    }

    #[test]
    fn first_and_last_run_do_not_count() {
        // The inner runs have 48 items: lines of one run each.
        assert_eq!(runs_of(&[40, 8, 4, 8, 4, 8, 4, 8, 4, 60]), (6.0, 1.0));
    }

    #[test]
    fn two_runs_count() {
        assert_eq!(runs_of(&[200, 100]), (150.0, 1.0));
        assert_eq!(runs_of(&[300]), (300.0, 1.0));
    }

    #[test]
    fn run_of_all_items_of_a_producer_is_cut_off() {
        let cut_off = |order: &[u64]| Runs::of(order).is_cut_off;
        assert!(cut_off(&[0, 1, 1, 1, 1, 0, 0, 0]));
        assert!(!cut_off(&[0, 1, 1, 1, 0, 0, 0, 1]));
    }
}
