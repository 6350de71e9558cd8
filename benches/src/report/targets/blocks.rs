//! The target of the queue of blocks: whether it is the answer for values that are copied.

use super::target::{Ratio, Target, judged};
use crate::report::standing::ratio_of;
use crate::rounds::Outcome;

/// The row of the queue of blocks in the channels' own benchmarks.
const BLOCKS: &str = "papers: segmented, back-off, flag + unpark, adaptive";

/// Returns the target, if the channels' own benchmarks were measured.
pub(super) fn target(outcomes: &[Outcome]) -> Option<Target> {
    let channels = outcomes
        .iter()
        .filter(|outcome| outcome.group.scenario.starts_with("channel/"));
    let ratios: Vec<Ratio> = channels.filter_map(to_std_and_crossbeam).collect();
    judged(
        "queue of blocks, in every cell of the channels' benchmarks: ahead of std and crossbeam",
        &ratios,
        1.0,
        "in channel/spsc, the distance of the cores decides (see Limits in the README)",
    )
}

/// Returns the ratio to the faster of the two.
fn to_std_and_crossbeam(outcome: &Outcome) -> Option<Ratio> {
    let blocks = outcome.row(BLOCKS)?;
    let rivals = ["std::sync::mpsc", "crossbeam-channel"];
    let ratios = rivals.map(|name| outcome.row(name).map(|row| ratio_of(blocks, row)));
    let highest = ratios.into_iter().flatten();
    Some(Ratio {
        scenario: outcome.group.to_string(),
        ratio: highest.max_by(|a, b| a.value.total_cmp(&b.value))?,
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;
    use crate::report::targets::samples::outcome;

    #[test]
    fn faster_of_the_two_is_the_measure() {
        let met = |blocks: f64| {
            let rows = [
                (BLOCKS, Role::Literature, [blocks; 6]),
                ("std::sync::mpsc", Role::Other, [4.0; 6]),
                ("crossbeam-channel", Role::Other, [3.0; 6]),
                ("kanal", Role::Other, [1.0; 6]),
            ];
            target(&[outcome("channel/spsc", &rows)]).map(|target| target.met)
        };
        assert_eq!(met(3.0), Some(true));
        assert_eq!(met(3.1), Some(false));
        assert!(target(&[outcome("push/2", &[(BLOCKS, Role::Literature, [1.0; 6])])]).is_none());
    }
}
