//! Runs: how often the items of one producer follow each other in the queue.

/// The slots of a cache line in an array of pointers with a flag each, as in `segmented` and
/// crossbeam's `SegQueue`.
pub(super) const SLOTS: usize = 4;

/// The part of the pushes that must be left without the first and the last run.
const LEAST: f64 = 0.25;

/// The runs of one sample, without the first and the last, in which other producers have not begun
/// or have ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Runs {
    /// The mean number of items in a run.
    pub(super) length: f64,
    /// The mean number of runs of which [`SLOTS`] consecutive items are: 1 if one core fills the
    /// line, 4 if the producers take turns.
    pub(super) per_line: f64,
}

impl Runs {
    /// Returns `None` if the producers hardly overlapped: if the runs between the first and the last
    /// have less than [`LEAST`] of the items.
    pub(super) fn of(order: &[u64]) -> Option<Self> {
        let changes: Vec<_> = (1..order.len())
            .filter(|&at| order[at] != order[at - 1])
            .collect();
        let (&first, &last) = changes.first().zip(changes.last())?;
        let inner = &order[first..last];
        if inner.len() < SLOTS || (inner.len() as f64) < LEAST * order.len() as f64 {
            return None;
        }
        let lines = inner.chunks_exact(SLOTS);
        let count = lines.len() as f64;
        let runs: usize = lines.map(runs_in).sum();
        Some(Self {
            length: inner.len() as f64 / runs_in(inner) as f64,
            per_line: runs as f64 / count,
        })
    }
}

/// Returns the number of runs in a sequence that is not empty.
fn runs_in(items: &[u64]) -> usize {
    1 + items.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternating_producers_have_runs_of_one() {
        let order: Vec<_> = (0..100).map(|at| at % 2).collect();
        let (length, per_line) = (1.0, 4.0);
        assert_eq!(Runs::of(&order), Some(Runs { length, per_line }));
    }

    #[test]
    fn first_and_last_run_do_not_count() {
        // The inner runs have 12 items, three lines of one run each.
        let runs = [(0, 10), (1, 8), (0, 4), (1, 12)];
        let order: Vec<_> = runs
            .into_iter()
            .flat_map(|(producer, length)| vec![producer; length])
            .collect();
        let (length, per_line) = (6.0, 1.0);
        assert_eq!(Runs::of(&order), Some(Runs { length, per_line }));
    }

    #[test]
    fn producers_that_hardly_overlap_have_none() {
        let runs = [vec![0; 100], vec![1; 4], vec![0; 4], vec![1; 100]];
        assert_eq!(Runs::of(&runs.concat()), None);
        assert_eq!(Runs::of(&[0, 0, 0, 1, 1, 1]), None);
        assert_eq!(Runs::of(&[0; 9]), None);
        assert_eq!(Runs::of(&[]), None);
    }
}
