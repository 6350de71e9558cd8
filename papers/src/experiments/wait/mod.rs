//! Whether a consumer that waits spins or sleeps: policies against the offline optimum.

use papers::statistics::Median;

use super::report::{Attachment, Chart, Line, Report};
use arrivals::{Kind, SLEEP, Sequence, seeded};
use policies::Policy;
use recorded::{LEAST, record, sleep_cost};
use table::Costs;
pub(crate) use verdicts::CLAIMS;
use verdicts::{bounds, verdicts};

mod arrivals;
mod policies;
mod recorded;
mod shipped;
mod table;
mod verdicts;

/// The chart cuts off what costs more, so that the rest can be told apart.
const CUT: f64 = 4.0;

pub(crate) fn run() -> Report {
    let sleep = sleep_cost();
    let recorded = record(sleep.value as u64);
    let recording = recorded.iter().flat_map(recorded_rows).collect();
    let sequences = seeded().into_iter().chain(recorded);
    let all: Vec<_> = sequences.map(Costs::of_sequence).collect();

    Report {
        header: Costs::header(),
        rows: all.iter().map(Costs::row).collect(),
        chart: Chart {
            x: "mean of exponential waits, in % of the cost C of a sleep",
            y: "cost in times of the optimum (cut off at 4)",
            logarithmic: true,
            lines: Policy::ALL.map(|policy| line(&all, policy)).into(),
        },
        attached: vec![Attachment::Table {
            suffix: "recorded",
            header: vec!["recording", "cost of a sleep, ns", "wait, ns"],
            rows: recording,
        }],
        findings: findings(&all, sleep),
        verdicts: verdicts(&all),
        caveat: "that a wait depends on the policy: a consumer that is woken late finds more \
            items, and waits less often. A recorded wait is one of a consumer that spins, with the \
            time of a look at the clock. The cost of a sleep counts once, although a sleep also delays the \
            item by its wake-up, and a spin takes a core that others may want. C is 10 µs for the \
            random, regular and adversarial waits. What ships looks at the clock after 16 looks at \
            the queue, of 10 ns each here. The first wait is left out, in which what ships always sleeps.",
    }
}

fn recorded_rows(sequence: &Sequence) -> Vec<Vec<String>> {
    let row = |wait: &u64| {
        vec![
            sequence.name.clone(),
            sequence.sleep.to_string(),
            wait.to_string(),
        ]
    };
    sequence.waits.iter().map(row).collect()
}

/// Returns the cost of a policy by the mean of exponential waits.
fn line(all: &[Costs], policy: Policy) -> Line {
    let points = all.iter().filter_map(|costs| match costs.sequence.kind {
        Kind::Exponential(mean) => Some((mean as f64, costs.of(policy).mean.min(CUT))),
        Kind::Regular | Kind::Adversarial | Kind::Recorded => None,
    });
    Line {
        name: policy.name().to_owned(),
        points: points.collect(),
    }
}

fn findings(all: &[Costs], sleep: Median) -> Vec<String> {
    let mut findings = vec![format!(
        "A sleep costs {:.1} µs on this machine [{:.1} to {:.1}], half a round trip of two threads \
         that wake each other up. The random, regular and adversarial sequences have {} µs.",
        sleep.value / 1000.0,
        sleep.low / 1000.0,
        sleep.high / 1000.0,
        SLEEP / 1000
    )];
    findings.extend(bounds(all));
    let recorded = all.iter().map(|costs| costs.sequence.kind);
    findings.push(format!(
        "{} recordings have at least {LEAST} waits; others are left out.",
        recorded.filter(|kind| *kind == Kind::Recorded).count()
    ));
    findings.extend(all.iter().filter_map(loss));
    findings
}

/// Describes by how much what ships costs more than the cheapest policy, if it does.
fn loss(costs: &Costs) -> Option<String> {
    let (cheapest, shipped) = (costs.cheapest(), costs.of(Policy::Shipped).mean);
    let least = costs.of(cheapest).mean;
    let loses = shipped > 1.005 * least;
    loses.then(|| {
        format!(
            "{}: what ships costs {shipped:.3} times the optimum, and loses to \"{}\", {least:.3}.",
            costs.sequence.name,
            cheapest.name()
        )
    })
}
