//! Which queue to take for which use, read from the samples.

use super::duel::{Duel, Rivals};
use super::findings::Findings;
use super::standing::{busy_ratio, rounded};
use crate::rounds::Outcome;

/// The answer for one use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The objects or values, and the threads, of the user.
    pub(super) have: &'static str,
    /// The queue to take.
    pub(super) take: String,
    /// The time of ours, as multiples of that of the best rival.
    pub(super) because: String,
}

/// The titles of the columns of a table of answers.
pub(super) const COLUMNS: [&str; 3] = [
    "you have",
    "take",
    "time, as a multiple of that of the best other",
];

/// A use, and the scenarios that resemble it.
struct Use {
    have: &'static str,
    /// The row of ours that is recommended for it.
    ours: &'static str,
    scenarios: &'static [&'static str],
    payload: &'static str,
    rivals: Rivals,
}

const HEAP: &str = "heap object";

/// One line for each use.
const USES: &[Use] = &[
    Use {
        have: "Objects on the heap, one thread at a time",
        ours: "mpsc-queue",
        scenarios: &["ping-pong", "fill-drain/10", "fill-drain/1000"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "One producer, beside its consumer",
        ours: "mpsc-queue",
        scenarios: &["both/1", "both/1+42+42"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "Several producers that work between two pushes, one order of all items",
        ours: "mpsc-queue, back-linked",
        scenarios: &["push/2+12", "push/2+42", "both/2+12", "both/2+42"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "Several producers that push without a pause, one order of all items",
        ours: "mpsc-queue, gap-free",
        scenarios: &["push/2", "both/2"],
        payload: HEAP,
        rivals: Rivals::Published,
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
        rivals: Rivals::Published,
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
        rivals: Rivals::Published,
    },
    Use {
        have: "Several items at a time",
        ours: "mpsc-queue, chains of 8",
        scenarios: &["push/1", "push/2", "push/16", "both/2"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "A backlog that is popped later",
        ours: "mpsc-queue, gap-free",
        scenarios: &["pop/2", "pop/2+12", "pop/2+42"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "Bursts, each of which is waited for",
        ours: "mpsc-queue",
        scenarios: &["burst/64"],
        payload: HEAP,
        rivals: Rivals::Published,
    },
    Use {
        have: "Small values",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "small value",
        rivals: Rivals::Published,
    },
    Use {
        have: "Values of 64 bytes",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "64-byte value",
        rivals: Rivals::Published,
    },
    Use {
        have: "Values of 256 bytes",
        ours: "mpsc-queue, boxing",
        scenarios: &["ping-pong", "push/2", "both/1", "both/2"],
        payload: "256-byte value",
        rivals: Rivals::Published,
    },
    Use {
        have: "A channel of small values",
        ours: "mpsc-queue, channel, boxing, adaptive",
        scenarios: &["channel/seq", "channel/spsc", "channel/mpsc"],
        payload: "small value",
        rivals: Rivals::Published,
    },
    Use {
        have: "A channel of boxed values",
        ours: "mpsc-queue, channel, adaptive",
        scenarios: &["channel/seq", "channel/spsc", "channel/mpsc"],
        payload: "boxed value",
        rivals: Rivals::Published,
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
        rivals: Rivals::Published,
    },
    Use {
        have: "A set of futures",
        ours: "mpsc-queue, as a set of futures",
        scenarios: &["oneshots"],
        payload: "",
        rivals: Rivals::Published,
    },
    Use {
        have: "A thread that sleeps, few items",
        ours: "mpsc-queue",
        scenarios: &["sleep/park/1k", "sleep/park/10k"],
        payload: HEAP,
        rivals: Rivals::SpendingNoMore,
    },
    Use {
        have: "A thread that sleeps, many items, with a core to spare",
        ours: "mpsc-queue, adaptive",
        scenarios: &["sleep/park/100k", "sleep/park/500k"],
        payload: HEAP,
        rivals: Rivals::SpendingNoMore,
    },
];

/// Returns the answers whose scenarios were all measured.
pub(super) fn answers(findings: &Findings) -> Vec<Answer> {
    let answers = USES.iter();
    answers
        .filter_map(|it| it.answer(&findings.outcomes))
        .collect()
}

impl Use {
    fn answer(&self, outcomes: &[Outcome]) -> Option<Answer> {
        let duels = self.scenarios.iter().map(|name| {
            let outcome = outcomes.iter().find(|outcome| {
                outcome.group.scenario == *name && outcome.group.payload == self.payload
            })?;
            Duel::of(outcome, outcome.row(self.ours)?, self.rivals)
        });
        let duels: Vec<Duel<'_>> = duels.collect::<Option<_>>()?;
        let by_value = |a: &&Duel<'_>, b: &&Duel<'_>| a.ratio.value.total_cmp(&b.ratio.value);
        let (least, most) = (
            duels.iter().min_by(by_value)?.described(),
            duels.iter().max_by(by_value)?.described(),
        );
        let range = match duels.len() {
            1 => most,
            _ => format!("{least} to {most}"),
        };
        Some(Answer {
            have: self.have,
            take: self.take(&duels),
            because: format!("`{}`: {range}{}", self.ours, processor_time(&duels)),
        })
    }

    /// Returns the queue to take: ours, except in the scenarios in which it loses.
    fn take(&self, duels: &[Duel<'_>]) -> String {
        let mut winners: Vec<(&str, Vec<String>)> = Vec::new();
        for duel in duels.iter().filter(|duel| duel.is_lost()) {
            let scenario = format!("`{}`", duel.outcome.group.scenario);
            match winners
                .iter_mut()
                .find(|(name, _)| *name == duel.other.name)
            {
                Some((_, scenarios)) => scenarios.push(scenario),
                None => winners.push((duel.other.name, vec![scenario])),
            }
        }
        let lost: usize = winners.iter().map(|(_, scenarios)| scenarios.len()).sum();
        if let [(name, _)] = winners[..]
            && lost == duels.len()
        {
            return format!("`{name}`");
        }
        let winners: Vec<String> = winners
            .iter()
            .map(|(name, scenarios)| format!("`{name}` in {}", scenarios.join(", ")))
            .collect();
        let ours = format!("`{}`", self.ours);
        match lost {
            0 => ours,
            lost if lost == duels.len() => winners.join("; "),
            _ => format!("{ours}, but {}", winners.join("; ")),
        }
    }
}

/// Compares the CPU time of consumers that sleep, whose latency alone says little.
fn processor_time(duels: &[Duel<'_>]) -> String {
    let ratios = duels.iter().filter_map(|duel| {
        let ratio = busy_ratio(duel.ours, duel.other)?;
        let scenario = &duel.outcome.group.scenario;
        Some(format!("{} (`{scenario}`)", rounded(ratio.value)))
    });
    let ratios: Vec<String> = ratios.collect();
    match ratios.is_empty() {
        true => String::new(),
        false => format!("; CPU time of its consumer: {}", ratios.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;
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
            "`mpsc-queue, gap-free`: 0.25 (`both/2`, `kanal`) to 0.50 (`push/2`, `kanal`)"
        );
    }

    #[test]
    fn another_is_taken_if_ours_is_behind() {
        let findings = findings(4.0, 2.0);
        assert_eq!(answer(&findings)[0], "`kanal`");
    }

    #[test]
    fn either_is_taken_if_ours_is_ahead_in_some() {
        let mut findings = findings(2.0, 4.0);
        findings.outcomes[1].rows[1].nanos = vec![1.0; 6];
        let but = "`mpsc-queue, gap-free`, but `kanal` in `both/2`";
        assert_eq!(answer(&findings)[0], but);
    }

    #[test]
    fn use_without_all_its_scenarios_has_no_answer() {
        let mut findings = findings(2.0, 4.0);
        findings.outcomes.truncate(1);
        assert!(answers(&findings).is_empty());
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
