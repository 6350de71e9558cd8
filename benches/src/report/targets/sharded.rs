//! The targets of the sharded channel.

use mpsc_queue::ForwardLinked;

use super::target::{Ratio, Target, judged, named, to_best_other, to_row};
use crate::contestant::Contestant;
use crate::contestants::{Named, Sharded};
use crate::payload::Item;
use crate::rounds::Outcome;
use crate::scenarios::WORK_ITSELF;

const SHARDED: &str = <Sharded as Contestant<Box<Item>>>::NAME;

/// Returns the targets, as far as their scenarios were measured.
pub(super) fn targets(outcomes: &[Outcome]) -> [Option<Target>; 3] {
    let judge = |what: &str,
                 scenarios: &[&str],
                 limit: f64,
                 reason: &str,
                 ratio: fn(&Outcome) -> Option<Ratio>| {
        let ratios: Vec<_> = named(outcomes, scenarios).filter_map(ratio).collect();
        judged(what, &ratios, limit, reason)
    };
    [
        judge(
            "sharded, push/2: at most 0.7 of the best other",
            &["push/2"],
            0.7,
            "",
            |outcome| to_best_other(outcome, SHARDED),
        ),
        judge(
            "sharded, push/2 with work: at most 1.1 of the work with a chain per producer",
            &["push/2+12", "push/2+42"],
            1.1,
            "each push exchanges a word of its own, where a chain stores",
            |outcome| to_row(outcome, SHARDED, WORK_ITSELF),
        ),
        judge(
            "sharded, both/1 and ping-pong: at most 1.1 of the plain queue",
            &["both/1", "ping-pong"],
            1.1,
            "a shard that the consumer has emptied is announced by a second push",
            |outcome| to_row(outcome, SHARDED, ForwardLinked::NAME),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;
    use crate::report::targets::samples::outcome;

    fn rows(sharded: f64, plain: f64, other: f64) -> [(&'static str, Role, [f64; 3]); 4] {
        [
            (WORK_ITSELF, Role::Floor, [10.0; 3]),
            (ForwardLinked::NAME, Role::Ours, [plain; 3]),
            (SHARDED, Role::Ours, [sharded; 3]),
            ("other", Role::Other, [other; 3]),
        ]
    }

    #[test]
    fn each_target_has_its_scenarios_and_limit() {
        let verdicts =
            |outcomes: &[Outcome]| targets(outcomes).map(|target| target.map(|target| target.met));
        let met = [
            outcome("push/2", &rows(7.0, 1.0, 10.0)),
            outcome("push/2+12", &rows(11.0, 1.0, 1.0)),
            outcome("push/2+42", &rows(11.0, 1.0, 1.0)),
            outcome("both/1", &rows(5.5, 5.0, 1.0)),
            outcome("ping-pong", &rows(5.5, 5.0, 1.0)),
        ];
        assert_eq!(verdicts(&met), [Some(true); 3]);
        let missed = [
            outcome("push/2", &rows(7.1, 10.0, 10.0)),
            outcome("push/2+12", &rows(11.0, 20.0, 20.0)),
            outcome("push/2+42", &rows(11.1, 20.0, 20.0)),
            outcome("both/1", &rows(5.6, 5.0, 10.0)),
        ];
        assert_eq!(verdicts(&missed), [Some(false); 3]);
        assert_eq!(verdicts(&met[..1]), [Some(true), None, None]);
    }
}
