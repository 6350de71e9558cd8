//! The claims about waiting, and the verdicts on them.

use std::cmp::Ordering;
use std::f64::consts::E;

use super::arrivals::Kind;
use super::policies::Policy;
use super::table::Costs;
use crate::experiments::claims::{Claim, Verdict};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "`Wait::Adaptive` costs less than a fixed spin on most waits that are not made against \
            it",
        by: "hypothesis",
        falsified: "of the random, regular and recorded sequences, it costs more than a spin for as \
            long as a sleep costs on as many as it costs less, or on more",
    },
    Claim {
        text: "`Wait::Adaptive` can cost more than twice the optimum, the bound of the fixed spin",
        by: "mpsc/src/wait.rs",
        falsified: "it costs at most twice the optimum on each sequence",
    },
];

/// Returns the verdicts on [`CLAIMS`].
pub(super) fn verdicts(all: &[Costs]) -> Vec<Verdict> {
    vec![adaptive_is_better(all), shipped_is_beyond(all)]
}

/// Describes what the policies with a bound cost at most.
///
/// # Panics
///
/// If one of them is beyond its bound, by more than chance: the bounds are theorems, so that this
/// program is wrong then.
pub(super) fn bounds(all: &[Costs]) -> [String; 2] {
    let bound = E / (E - 1.0);
    for costs in all {
        let (fixed, random) = (costs.of(Policy::Fixed), costs.of(Policy::Randomised));
        assert!(fixed.mean <= 2.0, "{}: {fixed}", costs.sequence.name);
        let limit = bound + 6.0 * random.error;
        assert!(random.mean <= limit, "{}: {random}", costs.sequence.name);
    }
    [
        format!(
            "A spin for as long as a sleep costs, and then a sleep, cost at most twice the optimum \
             (a theorem). {}",
            most_of_each(all, Policy::Fixed)
        ),
        format!(
            "A random limit of the spin lowers the bound to e/(e-1) = {bound:.3}, in expectation (a \
             theorem). {}",
            most_of_each(all, Policy::Randomised)
        ),
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
        format!("{} ({})", costs.of(policy), costs.sequence.name)
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

fn adaptive_is_better(all: &[Costs]) -> Verdict {
    let judged = all
        .iter()
        .filter(|costs| !is_adversarial(costs.sequence.kind));
    let compared = |costs: &Costs| {
        let [adaptive, fixed] = [Policy::Shipped, Policy::Fixed].map(|policy| costs.of(policy));
        adaptive.mean.total_cmp(&fixed.mean)
    };
    let compared: Vec<_> = judged.map(compared).collect();
    let count = |wanted| compared.iter().filter(|order| **order == wanted).count();
    let (less, more) = (count(Ordering::Less), count(Ordering::Greater));
    Verdict::of(
        less > more,
        format!(
            "Of {} random, regular and recorded sequences it costs less on {less}, as much on {}, and \
             more on {more}.",
            compared.len(),
            count(Ordering::Equal)
        ),
    )
}

fn shipped_is_beyond(all: &[Costs]) -> Verdict {
    let most = worst(all, Policy::Shipped, |_| true);
    let holds = most.is_some_and(|costs| costs.of(Policy::Shipped).mean > 2.0);
    Verdict::of(holds, most_of_each(all, Policy::Shipped))
}
