//! The targets of what is counted: read-modify-writes, allocations, wake-ups.

use mpsc_queue::{BackLinked, Compact, ForwardLinked, GapFree};

use super::target::Target;
use crate::contestants::Named;
use crate::costs::{ALLOCATIONS, Cost, PUSH_READ_MODIFY_WRITES};
use crate::payload::{Item, Payload};
use crate::report::findings::Findings;
use crate::rounds::Outcome;

/// The forms with a single push per item. (A push to a sharded channel announces its shard in
/// addition, if the consumer has emptied it.)
const FORMS: [&str; 4] = [
    ForwardLinked::NAME,
    BackLinked::NAME,
    GapFree::NAME,
    <Compact<ForwardLinked>>::NAME,
];

/// Returns the targets, as far as their figures were counted.
pub(super) fn targets(findings: &Findings) -> [Option<Target>; 3] {
    let costs = &findings.costs;
    [
        exactly(
            costs,
            "every form: exactly 1 read-modify-write per push of a heap object",
            PUSH_READ_MODIFY_WRITES,
            1.0,
        ),
        exactly(
            costs,
            "every form: no allocation for a heap object",
            ALLOCATIONS,
            0.0,
        ),
        wake_ups(&findings.outcomes),
    ]
}

fn exactly(costs: &[Cost], what: &str, column: &str, wanted: f64) -> Option<Target> {
    let costs = costs
        .iter()
        .filter(|cost| cost.payload == <Box<Item>>::KIND);
    let of_forms: Vec<&Cost> = costs.filter(|cost| FORMS.contains(&&*cost.name)).collect();
    let figures = of_forms
        .iter()
        .map(|cost| (&cost.name, cost.figure(column)));
    let described = figures
        .clone()
        .map(|(name, figure)| format!("{name}: {figure}"));
    (!of_forms.is_empty()).then(|| Target {
        what: what.into(),
        figure: described.collect::<Vec<_>>().join("; "),
        met: figures.clone().all(|(_, figure)| figure == wanted),
    })
}

/// Checks the wake-ups, which are the only system calls of a push.
fn wake_ups(outcomes: &[Outcome]) -> Option<Target> {
    let rows = outcomes.iter().flat_map(Outcome::measured);
    let ours = rows.filter(|row| row.role.is_ours());
    let counted: Vec<_> = ours
        .filter_map(|row| {
            let figures = row.sleep.as_ref()?;
            Some((figures.calls?, figures.items))
        })
        .collect();
    let waits: u64 = counted.iter().map(|(calls, _)| calls.waits).sum();
    let wakes: u64 = counted.iter().map(|(calls, _)| calls.wakes).sum();
    let items: u64 = counted.iter().map(|(_, items)| items).sum();
    (waits > 0).then(|| Target {
        what: "at most one wake-up per park".into(),
        figure: format!("{wakes} wake-ups for {waits} parks and {items} items"),
        met: counted.iter().all(|(calls, _)| calls.wakes <= calls.waits),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::COLUMNS;

    #[test]
    fn one_form_with_another_figure_misses() {
        let cost = |name: &str, figure| Cost {
            payload: <Box<Item>>::KIND.into(),
            name: name.into(),
            figures: [figure; COLUMNS.len()],
        };
        let met = |costs: &[Cost]| {
            let target = exactly(costs, "a target", PUSH_READ_MODIFY_WRITES, 1.0);
            target.map(|target| target.met)
        };
        let others = cost("another queue", 2.0);
        assert_eq!(met(&[cost(GapFree::NAME, 1.0), others]), Some(true));
        let forms = [cost(GapFree::NAME, 1.0), cost(BackLinked::NAME, 1.01)];
        assert_eq!(met(&forms), Some(false));
        assert_eq!(met(&[]), None);
    }
}
