//! Which queue to take for which use, in sentences that are read from the samples.

use super::findings::Findings;
use super::standing::{best_other, ratio_of, rounded};
use crate::contestant::Role;
use crate::rounds::{Outcome, Row};
use crate::statistics::Median;

/// The answer for one use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What the user has.
    pub(super) have: &'static str,
    /// Which queue to take.
    pub(super) take: String,
    /// By how much.
    pub(super) because: String,
}

/// A use, and the scenarios that resemble it.
struct Use {
    have: &'static str,
    /// The row of ours that is recommended for it.
    ours: &'static str,
    scenarios: &'static [&'static str],
    payload: &'static str,
    /// The others with which ours is compared: those that wait in the same way.
    rivals: Rivals,
}

/// The others with which a row is compared.
#[derive(Clone, Copy)]
enum Rivals {
    All,
    /// Without those that keep a core while they wait.
    NotSpinning,
    /// Without those that spin before they sleep, too.
    Parking,
}

impl Rivals {
    /// Returns the best of them. Queues of the literature are left out, because a user cannot take
    /// one; they are in all tables and plots.
    fn best(self, outcome: &Outcome) -> Option<&Row> {
        let spins = |row: &Row| row.name.ends_with(", spinning");
        let adapts = |row: &Row| row.name.ends_with(", adaptive");
        let others = outcome.measured().filter(|row| row.role == Role::Other);
        let rivals = others.filter(|row| match self {
            Self::All => true,
            Self::NotSpinning => !spins(row),
            Self::Parking => !spins(row) && !adapts(row),
        });
        rivals.min_by(|a, b| a.median().value.total_cmp(&b.median().value))
    }
}

const HEAP: &str = "heap object";

/// One line for each use.
const USES: &[Use] = &[
    Use {
        have: "Objects on the heap, one thread at a time",
        ours: "mpsc-queue",
        scenarios: &["ping-pong", "fill-drain/10", "fill-drain/1000"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "One producer, beside its consumer",
        ours: "mpsc-queue",
        scenarios: &["both/1", "both/1+42+42"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Several producers that work between two pushes, one order of all items",
        ours: "mpsc-queue, back-linked",
        scenarios: &["push/2+12", "push/2+42", "both/2+12", "both/2+42"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Several producers that push without a pause, one order of all items",
        ours: "mpsc-queue, gap-free",
        scenarios: &["push/2", "both/2"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Several producers, an order for each",
        ours: "mpsc-queue, sharded",
        scenarios: &[
            "push/2",
            "push/2+12",
            "push/2+42",
            "both/2",
            "both/2+12",
            "both/2+42",
        ],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "More threads than cores",
        ours: "mpsc-queue, back-linked",
        scenarios: &[
            "push/16",
            "push/16+12",
            "push/16+42",
            "both/16",
            "both/16+12",
            "both/16+42",
        ],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Several items at a time",
        ours: "mpsc-queue, chains of 8",
        scenarios: &["push/1", "push/2", "push/16", "both/2"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "A backlog that is popped later",
        ours: "mpsc-queue",
        scenarios: &["pop/2", "pop/2+12", "pop/2+42"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Bursts, each of which is waited for",
        ours: "mpsc-queue",
        scenarios: &["burst/64"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "Small values",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "small value",
        rivals: Rivals::All,
    },
    Use {
        have: "Values of 64 bytes",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "64-byte value",
        rivals: Rivals::All,
    },
    Use {
        have: "Values of 256 bytes",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "256-byte value",
        rivals: Rivals::All,
    },
    Use {
        have: "A channel of small values",
        ours: "mpsc-queue, channel, boxing, adaptive",
        scenarios: &["channel/seq", "channel/spsc", "channel/mpsc"],
        payload: "small value",
        rivals: Rivals::All,
    },
    Use {
        have: "A channel of boxed values",
        ours: "mpsc-queue, channel, adaptive",
        scenarios: &["channel/seq", "channel/spsc", "channel/mpsc"],
        payload: "boxed value",
        rivals: Rivals::All,
    },
    Use {
        have: "An event loop that sleeps, with a core to spare",
        ours: "mpsc-queue, adaptive",
        scenarios: &["resume/1", "resume/64", "resume-cpu/1", "resume-cpu/64"],
        payload: "",
        rivals: Rivals::NotSpinning,
    },
    Use {
        have: "An event loop that sleeps, without a core to spare",
        ours: "mpsc-queue",
        scenarios: &["resume/64", "resume-cpu/64"],
        payload: "",
        rivals: Rivals::Parking,
    },
    Use {
        have: "The run queue of an executor",
        ours: "mpsc-queue",
        scenarios: &["wake/self", "wake/thread"],
        payload: "",
        rivals: Rivals::All,
    },
    Use {
        have: "A set of futures",
        ours: "mpsc-queue, as a set of futures",
        scenarios: &["oneshots"],
        payload: "",
        rivals: Rivals::All,
    },
    Use {
        have: "A thread that sleeps, few items",
        ours: "mpsc-queue",
        scenarios: &["sleep/park/1k", "sleep/park/10k"],
        payload: HEAP,
        rivals: Rivals::All,
    },
    Use {
        have: "A thread that sleeps, many items, with a core to spare",
        ours: "mpsc-queue, adaptive",
        scenarios: &["sleep/park/100k", "sleep/park/500k"],
        payload: HEAP,
        rivals: Rivals::All,
    },
];

/// Returns the answers whose scenarios were measured.
pub(super) fn answers(findings: &Findings) -> Vec<Answer> {
    let answers = USES.iter();
    answers
        .filter_map(|it| it.answer(&findings.outcomes))
        .collect()
}

/// Returns where every form of ours loses to the best other, for each payload kind, or `None` if that
/// is nowhere. A form loses if its whole interval is above 1. Chains do not count.
pub(super) fn losses(findings: &Findings) -> Option<String> {
    let mut payloads: Vec<&str> = Vec::new();
    for outcome in &findings.outcomes {
        if !payloads.contains(&outcome.group.payload) {
            payloads.push(outcome.group.payload);
        }
    }
    let losses = payloads.iter().filter_map(|payload| {
        let with = |outcome: &&Outcome| outcome.group.payload == *payload;
        losses_with(
            payload,
            &findings.outcomes.iter().filter(with).collect::<Vec<_>>(),
        )
    });
    let losses: Vec<String> = losses.collect();
    (!losses.is_empty()).then(|| {
        format!(
            "Where mpsc-queue loses, whichever form one takes: {}.",
            losses.join("; ")
        )
    })
}

fn losses_with(payload: &str, outcomes: &[&Outcome]) -> Option<String> {
    let mut duels: Vec<Duel<'_>> = outcomes
        .iter()
        .filter_map(|outcome| Duel::of_best(outcome))
        .filter(|duel| duel.ratio.low > 1.0)
        .collect();
    duels.sort_by(|a, b| b.ratio.value.total_cmp(&a.ratio.value));
    if duels.is_empty() {
        return None;
    }
    let described = duels.iter().map(|duel| {
        let times = rounded(duel.ratio.value);
        format!(
            "`{}` {times} (`{}`)",
            duel.outcome.group.scenario, duel.other.name
        )
    });
    let payload = match payload {
        "" => "others",
        payload => payload,
    };
    Some(format!(
        "{payload}, in {} of {} scenarios: {}",
        duels.len(),
        outcomes.len(),
        described.collect::<Vec<_>>().join(", ")
    ))
}

/// Our row in one scenario, against the best other.
struct Duel<'a> {
    outcome: &'a Outcome,
    ours: &'a Row,
    other: &'a Row,
    ratio: Median,
}

impl<'a> Duel<'a> {
    /// Returns the duel of our best row.
    fn of_best(outcome: &'a Outcome) -> Option<Self> {
        let other = best_other(outcome)?;
        let ours = outcome.measured().filter(|row| row.role == Role::Ours);
        let duels = ours.map(|ours| Self {
            outcome,
            ours,
            other,
            ratio: ratio_of(ours, other),
        });
        duels.min_by(|a, b| a.ratio.value.total_cmp(&b.ratio.value))
    }
}

impl Use {
    fn answer(&self, outcomes: &[Outcome]) -> Option<Answer> {
        let duels: Vec<Duel<'_>> = self
            .scenarios
            .iter()
            .filter_map(|name| {
                let outcome = outcomes.iter().find(|outcome| {
                    outcome.group.scenario == *name && outcome.group.payload == self.payload
                })?;
                let (ours, other) = (outcome.row(self.ours)?, self.rivals.best(outcome)?);
                let ratio = ratio_of(ours, other);
                Some(Duel {
                    outcome,
                    ours,
                    other,
                    ratio,
                })
            })
            .collect();
        let by_value = |a: &&Duel<'_>, b: &&Duel<'_>| a.ratio.value.total_cmp(&b.ratio.value);
        let (least, most) = (
            duels.iter().min_by(by_value)?,
            duels.iter().max_by(by_value)?,
        );
        Some(Answer {
            have: self.have,
            take: self.take(&duels),
            because: match duels.len() {
                1 => format!("`{}` takes {}", self.ours, most.described()),
                _ => format!(
                    "`{}` takes {} to {}",
                    self.ours,
                    least.described(),
                    most.described()
                ),
            } + " times as long as the best other"
                + &processor_time(&duels),
        })
    }

    /// Returns which queue to take: another one if ours is behind in all scenarios, either if it is
    /// in some, otherwise ours. Ours is behind if its whole interval is above 1.
    fn take(&self, duels: &[Duel<'_>]) -> String {
        let ours = format!("`{}`", self.ours);
        let mut others: Vec<String> = Vec::new();
        let behind = duels.iter().filter(|duel| duel.ratio.low > 1.0);
        for name in behind.map(|duel| format!("`{}`", duel.other.name)) {
            if !others.contains(&name) {
                others.push(name);
            }
        }
        let others = others.join(" or ");
        if others.is_empty() {
            ours
        } else if duels.iter().all(|duel| duel.ratio.low > 1.0) {
            others
        } else {
            format!("{ours} or {others}")
        }
    }
}

impl Duel<'_> {
    fn described(&self) -> String {
        format!(
            "{} (`{}`, `{}`)",
            rounded(self.ratio.value),
            self.outcome.group.scenario,
            self.other.name
        )
    }
}

/// Compares the processor time of consumers that sleep, whose latency alone says little.
fn processor_time(duels: &[Duel<'_>]) -> String {
    let ratios = duels.iter().filter_map(|duel| {
        let busy = |row: &Row| -> Option<Vec<f64>> {
            let samples = row.sleep.as_ref()?.samples.iter();
            Some(samples.map(|sample| sample.busy).collect())
        };
        let ratio = Median::of_ratios(&busy(duel.ours)?, &busy(duel.other)?);
        Some(format!(
            "{} (`{}`)",
            rounded(ratio.value),
            duel.outcome.group.scenario
        ))
    });
    let ratios: Vec<String> = ratios.collect();
    match ratios.is_empty() {
        true => String::new(),
        false => format!(
            "; its consumer takes this many times the processor time: {}",
            ratios.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::targets::samples::outcome;

    fn findings(ours: f64, other: f64) -> Findings {
        let rows = [
            ("mpsc-queue, gap-free", Role::Ours, [ours; 6]),
            ("kanal", Role::Other, [other; 6]),
        ];
        Findings {
            outcomes: vec![outcome("push/2", &rows), outcome("both/2", &rows)],
            ..Findings::default()
        }
    }

    fn answer(findings: &Findings) -> [String; 2] {
        let mut answers = answers(findings);
        assert_eq!(
            answers.len(),
            1,
            "the scenarios of one use, and a row for one, are there"
        );
        let Answer { take, because, .. } = answers.remove(0);
        [take, because]
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn each_use_has_its_rows_in_a_default_run() {
        let mut groups = crate::scenarios::groups(&[]);
        groups.extend(crate::sleep::groups(&[]));
        groups.retain(|group| group.core);
        for Use {
            have,
            ours,
            scenarios,
            payload,
            ..
        } in USES
        {
            for scenario in *scenarios {
                let mut groups = groups.iter();
                let group = groups
                    .find(|group| group.scenario == *scenario && group.payload == *payload)
                    .unwrap_or_else(|| panic!("{have}: no scenario {scenario}, {payload}"));
                let has = group.cells.iter().any(|cell| cell.name == *ours);
                assert!(has, "{have}: no {ours} in {group}");
            }
        }
    }

    #[test]
    fn ours_is_taken_if_it_is_ahead() {
        let mut findings = findings(2.0, 4.0);
        findings.outcomes[1].rows[1].nanos = vec![8.0; 6];
        let [take, because] = answer(&findings);
        assert_eq!(take, "`mpsc-queue, gap-free`");
        assert_eq!(
            because,
            "`mpsc-queue, gap-free` takes 0.25 (`both/2`, `kanal`) to 0.50 (`push/2`, `kanal`) times \
             as long as the best other"
        );
        assert_eq!(losses(&findings), None);
    }

    #[test]
    fn another_is_taken_if_ours_is_behind() {
        let findings = findings(4.0, 2.0);
        assert_eq!(answer(&findings)[0], "`kanal`");
        assert_eq!(
            losses(&findings).unwrap(),
            "Where mpsc-queue loses, whichever form one takes: heap object, in 2 of 2 scenarios: \
             `push/2` 2.00 (`kanal`), `both/2` 2.00 (`kanal`)."
        );
    }

    #[test]
    fn either_is_taken_if_ours_is_ahead_in_some() {
        let mut findings = findings(2.0, 4.0);
        findings.outcomes[1].rows[1].nanos = vec![1.0; 6];
        assert_eq!(answer(&findings)[0], "`mpsc-queue, gap-free` or `kanal`");
    }

    #[test]
    fn contestant_that_failed_wins_nothing() {
        let mut findings = findings(4.0, 2.0);
        for outcome in &mut findings.outcomes {
            outcome.rows[1].failure = Some("lost an item".into());
        }
        assert!(answers(&findings).is_empty());
    }
}
