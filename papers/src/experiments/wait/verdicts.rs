//! The claims about waiting, and the verdicts on them.

use std::f64::consts::E;

use super::arrivals::Kind;
use super::policies::Policy;
use super::table::Costs;
use crate::experiments::claims::{Claim, Verdict};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "Spinning for as long as a sleep costs, and then sleeping, costs at most twice the \
            optimum",
        by: "1991-karlin-competitive-spinning",
        falsified: "it costs more than that on one of the sequences",
    },
    Claim {
        text: "A random limit of the spin lowers the bound to e/(e-1) = 1.582, in expectation",
        by: "1991-karlin-competitive-spinning",
        falsified: "on one of the sequences, the mean cost of 50 runs is above that by more than 4 \
            standard errors",
    },
    Claim {
        text: "Among the mixed strategies, adaptive ones perform better than others",
        by: "1991-karlin-competitive-spinning",
        falsified: "on half or more of the random, regular and recorded sequences, \
            `Wait::Adaptive` costs over 1 % more than a spin for as long as a sleep costs",
    },
    Claim {
        text: "`Wait::Adaptive` guarantees no factor of the better choice",
        by: "mpsc/src/wait.rs",
        falsified: "it costs at most twice the optimum on each sequence, as the fixed spin does",
    },
];

/// Returns the verdicts on [`CLAIMS`].
pub(super) fn verdicts(all: &[Costs]) -> Vec<Verdict> {
    vec![
        fixed_is_bounded(all),
        randomised_is_bounded(all),
        adaptive_is_better(all),
        shipped_is_unbounded(all),
    ]
}

/// Returns the sequence on which a policy costs most, among those of the wanted kind.
fn worst(all: &[Costs], policy: Policy, wanted: impl Fn(Kind) -> bool) -> Option<&Costs> {
    let wanted = all.iter().filter(|costs| wanted(costs.sequence.kind));
    wanted.max_by(|a, b| a.of(policy).mean.total_cmp(&b.of(policy).mean))
}

/// Describes the sequence on which a policy costs most.
fn most(all: &[Costs], policy: Policy, wanted: impl Fn(Kind) -> bool) -> String {
    worst(all, policy, wanted).map_or("none".into(), |costs| {
        format!("{:.3} ({})", costs.of(policy).mean, costs.sequence.name)
    })
}

fn is_recorded(kind: Kind) -> bool {
    kind == Kind::Recorded
}

fn is_adversarial(kind: Kind) -> bool {
    kind == Kind::Adversarial
}

/// Random or regular.
fn is_oblivious(kind: Kind) -> bool {
    !is_recorded(kind) && !is_adversarial(kind)
}

/// Describes the most that a policy costs, by kind of sequence.
fn most_of_each(all: &[Costs], policy: Policy) -> String {
    format!(
        "The most in times of the optimum: random or regular {}, recorded {}, adversarial {}.",
        most(all, policy, is_oblivious),
        most(all, policy, is_recorded),
        most(all, policy, is_adversarial)
    )
}

fn fixed_is_bounded(all: &[Costs]) -> Verdict {
    let holds = all.iter().all(|costs| costs.of(Policy::Fixed).mean <= 2.0);
    Verdict::of(holds, most_of_each(all, Policy::Fixed))
}

fn randomised_is_bounded(all: &[Costs]) -> Verdict {
    let holds = all.iter().all(|costs| {
        let ratio = costs.of(Policy::Randomised);
        ratio.mean <= E / (E - 1.0) + 4.0 * ratio.error
    });
    Verdict::of(holds, most_of_each(all, Policy::Randomised))
}

fn adaptive_is_better(all: &[Costs]) -> Verdict {
    let judged = all
        .iter()
        .filter(|costs| !is_adversarial(costs.sequence.kind));
    let loses =
        |costs: &&Costs| costs.of(Policy::Shipped).mean > 1.01 * costs.of(Policy::Fixed).mean;
    let (lost, others): (Vec<_>, Vec<_>) = judged.partition(loses);
    let count = lost.len() + others.len();
    let lost_on = lost.iter().map(|costs| {
        format!(
            "{} ({:.3} against {:.3})",
            costs.sequence.name,
            costs.of(Policy::Shipped).mean,
            costs.of(Policy::Fixed).mean
        )
    });
    let lost_on: Vec<_> = lost_on.collect();
    Verdict::of(
        2 * lost.len() < count,
        format!(
            "Of {count} random, regular and recorded sequences it costs over 1 % more on {} (in \
             times of the optimum: {}).",
            lost.len(),
            if lost_on.is_empty() {
                "-".into()
            } else {
                lost_on.join(", ")
            }
        ),
    )
}

fn shipped_is_unbounded(all: &[Costs]) -> Verdict {
    let most = worst(all, Policy::Shipped, |_| true);
    let holds = most.is_some_and(|costs| costs.of(Policy::Shipped).mean > 2.0);
    Verdict::of(holds, most_of_each(all, Policy::Shipped))
}
