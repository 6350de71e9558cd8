//! The queues and the arrangements of their producers, in rounds.

use std::time::Duration;

use mpsc_queue::{BackLinked, GapFree};
use papers::work::Work;

use super::spinning::Spinning;
use super::traffic::{Arrangement, Tally};
use crate::experiments::claims::Named;
use crate::experiments::contestants::{Contestant, Crossbeam, InForm, Intrusive, Locked};
use crate::experiments::report::progress;

const ROUNDS: usize = 8;

/// The mean work between two pushes, where there is any.
const NANOS: u64 = 200;

/// The producers are on the other core, one of them or all; or one shares the consumer's.
const CORES: [(&str, &str, &[usize]); 3] = [
    ("1 producer", "1 producer, work", &[1]),
    ("2 producers", "2 producers, work", &[1, 0]),
    (
        "8 producers on one core",
        "8 producers on one core, work",
        &[1; 8],
    ),
];

/// The numbers of arrangements.
pub(super) const OVERSUBSCRIBED: usize = 4;
pub(super) const OVERSUBSCRIBED_WITH_WORK: usize = 5;

pub(super) fn arrangements() -> Vec<Arrangement> {
    let with_and_without = |&(bare, working, cores): &(_, _, &'static [usize])| {
        // A producer that is stopped in its window waits for the turns of the others on its core.
        let round = Duration::from_millis(if cores.len() > 2 { 200 } else { 60 });
        [(bare, None), (working, Some(Work(NANOS)))].map(|(name, work)| Arrangement {
            name,
            cores,
            work,
            round,
        })
    };
    CORES.iter().flat_map(with_and_without).collect()
}

/// A queue, and what its consumer has met in each arrangement.
pub(super) struct Met {
    pub(super) name: &'static str,
    round: fn(&Arrangement, &mut Tally),
    pub(super) tallies: Vec<Tally>,
}

impl Named for Met {
    fn name(&self) -> &str {
        self.name
    }
}

impl Met {
    fn new<Q: Contestant>(arrangements: usize) -> Self {
        Self {
            name: Q::NAME,
            round: Arrangement::round::<Q>,
            tallies: (0..arrangements).map(|_| Tally::new()).collect(),
        }
    }
}

/// Interleaves the queues, round by round.
pub(super) fn measured(arrangements: &[Arrangement]) -> Vec<Met> {
    let count = arrangements.len();
    let mut all = vec![
        Met::new::<Intrusive>(count),
        Met::new::<InForm<BackLinked>>(count),
        Met::new::<InForm<GapFree>>(count),
        Met::new::<Spinning>(count),
        Met::new::<Crossbeam>(count),
        Met::new::<Locked>(count),
    ];
    let bar = progress(ROUNDS * count);
    for _ in 0..ROUNDS {
        for (number, arrangement) in arrangements.iter().enumerate() {
            for met in &mut all {
                (met.round)(arrangement, &mut met.tallies[number]);
            }
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    all
}
