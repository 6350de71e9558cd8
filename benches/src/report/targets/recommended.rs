//! The targets of the recommended forms, against the best other queue.

use mpsc_queue::{BackLinked, ForwardLinked, GapFree};

use super::target::{Ratio, Target, judged, to_best_other, with_heap_objects};
use crate::contestant::Contestant;
use crate::contestants::{Named, Sharded};
use crate::payload::Item;
use crate::rounds::Outcome;
use crate::scenarios::WORK_ALONE;

const SHARDED: &str = <Sharded as Contestant<Box<Item>>>::NAME;

/// Returns the form that `mpsc-queue` recommends for a scenario, as its table of forms does.
fn one_order(scenario: &str) -> &'static str {
    match producers(scenario) {
        0 | 1 => ForwardLinked::NAME,
        _ if scenario.starts_with("pop/") => GapFree::NAME,
        _ => BackLinked::NAME,
    }
}

/// Returns the recommendation where the items of several producers need no common order.
fn order_of_each(scenario: &str) -> &'static str {
    match producers(scenario) {
        0 | 1 => ForwardLinked::NAME,
        _ => SHARDED,
    }
}

/// Returns the number of threads that push, or 0 if one thread does everything.
fn producers(scenario: &str) -> u64 {
    match scenario.split_once('/') {
        Some(("push" | "pop" | "both", rest)) => rest
            .split('+')
            .next()
            .and_then(|count| count.parse().ok())
            .unwrap_or(0),
        Some(("burst", _)) => 1,
        _ => 0,
    }
}

/// Set if a list is walked whose items no longer are in the cache, or whose neighbours an array
/// would have loaded with them.
fn is_walk(scenario: &str) -> bool {
    scenario.starts_with("pop/") || ["fill-drain/1000", "fill-drain/1000000"].contains(&scenario)
}

/// Returns the targets, as far as their scenarios were measured.
pub(super) fn targets(outcomes: &[Outcome]) -> Vec<Option<Target>> {
    let mut targets = Vec::new();
    for (order, form) in [
        ("in one order", one_order as fn(&str) -> &'static str),
        ("in an order for each producer", order_of_each),
    ] {
        let judge = |what: &str, limit: f64, wanted: &dyn Fn(&Outcome) -> bool| {
            let ratios: Vec<_> = with_heap_objects(outcomes)
                .filter(|outcome| wanted(outcome))
                .filter_map(|outcome| judged_cell(outcome, form(&outcome.group.scenario)))
                .collect();
            judged(
                format!("recommended form, {order}: {what} at most {limit:.2} of the best other"),
                &ratios,
                limit,
                "",
            )
        };
        let within = |outcome: &Outcome| !outcome.group.oversubscribed;
        let works = |outcome: &Outcome| outcome.group.scenario.contains('+');
        let works_long = |outcome: &Outcome| outcome.group.scenario.ends_with("+42");
        let walks = |outcome: &Outcome| is_walk(&outcome.group.scenario);
        targets.extend([
            judge("with work", 1.0, &|it| within(it) && works(it)),
            judge("with 42 ns of work", 0.75, &|it| {
                within(it) && works_long(it)
            }),
            judge("without work", 1.15, &|it| {
                within(it) && !works(it) && !walks(it)
            }),
            judge("more threads than cores, with work", 1.0, &|it| {
                !within(it) && works(it)
            }),
        ]);
    }
    targets
}

/// Returns the ratio of a form to the best other. If the scenario has work, the note states how
/// much of the best other's time the work alone takes. No queue can be faster than that.
fn judged_cell(outcome: &Outcome, form: &str) -> Option<Ratio> {
    let mut judged = to_best_other(outcome, form)?;
    let work = to_best_other(outcome, WORK_ALONE)
        .map(|work| format!("the work alone {:.2}", work.ratio.value));
    let notes: Vec<String> = work
        .into_iter()
        .chain(reason(outcome, form).map(Into::into))
        .collect();
    judged.note = (!notes.is_empty()).then(|| notes.join("; "));
    Some(judged)
}

/// Returns why the recommended form can be behind in a scenario, if it is known.
fn reason(outcome: &Outcome, form: &str) -> Option<&'static str> {
    let scenario = &*outcome.group.scenario;
    if scenario.starts_with("burst/") {
        Some("a race, see Limits in the README")
    } else if scenario.starts_with("pop/") {
        Some("a list is walked")
    } else if producers(scenario) <= 1 {
        Some("the best others are the same algorithm")
    } else if form == SHARDED {
        None
    } else if scenario.starts_with("both/") {
        Some(
            "a consumer that keeps up takes each small batch by an exchange of the producers' line, \
             where the best others read a link",
        )
    } else {
        Some("a queue whose producers back off keeps the cache line between short pauses")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;
    use crate::report::targets::samples::outcome;

    #[test]
    fn producers_are_read_from_the_name() {
        let names = [
            "push/2",
            "both/16+42",
            "both/1+42+42",
            "ping-pong",
            "burst/64",
            "pop/4+12",
        ];
        assert_eq!(names.map(producers), [2, 16, 1, 0, 1, 4]);
    }

    #[test]
    fn each_cell_is_judged_by_the_limit_of_its_kind() {
        let rows = |ours: f64| {
            [
                (ForwardLinked::NAME, Role::Ours, [ours; 6]),
                (BackLinked::NAME, Role::Ours, [ours; 6]),
                (SHARDED, Role::Ours, [ours; 6]),
                ("other", Role::Other, [1.0; 6]),
            ]
        };
        let met = |scenario, ours| -> Vec<bool> {
            let targets = targets(&[outcome(scenario, &rows(ours))]);
            targets
                .into_iter()
                .flatten()
                .map(|target| target.met)
                .collect()
        };
        assert_eq!(met("push/2+12", 1.0), [true, true]);
        assert_eq!(met("push/2+12", 1.01), [false, false]);
        assert_eq!(met("push/2+42", 0.75), [true; 4]);
        assert_eq!(met("push/2+42", 0.76), [true, false, true, false]);
        assert_eq!(met("push/2", 1.15), [true, true]);
        assert_eq!(met("push/2", 1.16), [false, false]);
        assert!(
            met("pop/2", 9.0).is_empty(),
            "the cost of a list is published, not judged"
        );
    }
}
