//! Runs: how often the items of one producer follow each other in the queue.

/// The slots of a cache line in an array of pointers with a flag each, as in `segmented` and
/// crossbeam's `SegQueue`.
pub(crate) const SLOTS: usize = 4;

/// If less than this part of the items is left without the first and the last run, or if a run has
/// that much, one producer has pushed while the other was not running.
const PART: f64 = 0.25;

/// The runs of one sample, without the first and the last, in which the other producer has not
/// begun or has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Runs {
    /// The mean number of items in a run.
    pub(crate) length: f64,
    /// The mean number of runs of which [`SLOTS`] consecutive items are: 1 if one core fills the
    /// line, 4 if the producers take turns.
    pub(crate) per_line: f64,
}

impl Runs {
    /// Returns `None` if the producers hardly overlapped: see [`PART`].
    pub(crate) fn of(order: &[u64]) -> Option<Self> {
        let changes: Vec<_> = (1..order.len())
            .filter(|&at| order[at] != order[at - 1])
            .collect();
        let (&first, &last) = changes.first().zip(changes.last())?;
        let inner = &order[first..last];
        let longest = changes.windows(2).map(|run| run[1] - run[0]).max()?;
        let part = PART * order.len() as f64;
        if inner.len() < SLOTS || (inner.len() as f64) < part || longest as f64 >= part {
            return None;
        }
        let lines = inner.chunks_exact(SLOTS);
        let count = lines.len() as f64;
        let in_lines: usize = lines.map(runs_in).sum();
        Some(Self {
            length: inner.len() as f64 / runs_in(inner) as f64,
            per_line: in_lines as f64 / count,
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

    /// Returns the order of alternating runs of these lengths.
    fn order_of(runs: &[usize]) -> Vec<u64> {
        let runs = runs.iter().zip((0..2).cycle());
        let items = runs.flat_map(|(&length, producer)| vec![producer; length]);
        items.collect()
    }

    #[test]
    fn alternating_producers_have_runs_of_one() {
        let (length, per_line) = (1.0, 4.0);
        assert_eq!(
            Runs::of(&order_of(&[1; 100])),
            Some(Runs { length, per_line })
        );
    }

    #[test]
    fn first_and_last_run_do_not_count() {
        // The inner runs have 48 items: lines of one run each.
        let order = order_of(&[40, 8, 4, 8, 4, 8, 4, 8, 4, 60]);
        let (length, per_line) = (6.0, 1.0);
        assert_eq!(Runs::of(&order), Some(Runs { length, per_line }));
    }

    #[test]
    fn producers_that_hardly_overlap_have_none() {
        let short_overlap = order_of(&[200, 8, 4, 8, 4, 200]);
        let one_descheduled = order_of(&[100, 2000, 900, 1000]);
        let one_after_the_other = order_of(&[2000, 2000]);
        for order in [short_overlap, one_descheduled, one_after_the_other] {
            assert_eq!(Runs::of(&order), None);
        }
        assert_eq!(Runs::of(&[0; 9]), None);
        assert_eq!(Runs::of(&[]), None);
    }
}
