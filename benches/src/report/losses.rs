//! Where ours loses.

use super::document::Table;
use super::duel::Duel;
use super::findings::Findings;
use crate::rounds::Outcome;

/// Returns the scenarios in which the best form of ours loses to the best other, for each payload
/// kind, or `None` if there are none. The queues of the literature count as others.
pub(super) fn losses(findings: &Findings) -> Option<Table> {
    let mut payloads: Vec<&str> = Vec::new();
    for outcome in &findings.outcomes {
        if !payloads.contains(&outcome.group.payload) {
            payloads.push(outcome.group.payload);
        }
    }
    let mut table = Table::new([
        "where every form of `mpsc-queue` loses",
        "",
        "times as long",
    ]);
    for payload in payloads {
        let with = |outcome: &&Outcome| outcome.group.payload == payload;
        let outcomes: Vec<&Outcome> = findings.outcomes.iter().filter(with).collect();
        let lost = lost(&outcomes);
        if !lost.is_empty() {
            let described: Vec<String> = lost.iter().map(Duel::described).collect();
            table.push([
                match payload {
                    "" => "programs".into(),
                    payload => payload.to_owned(),
                },
                format!("{} of {} scenarios", lost.len(), outcomes.len()),
                described.join(", "),
            ]);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

/// Returns the lost duels, the worst first.
fn lost<'a>(outcomes: &[&'a Outcome]) -> Vec<Duel<'a>> {
    let duels = outcomes
        .iter()
        .filter_map(|outcome| Duel::of_best_form(outcome));
    let mut lost: Vec<Duel<'_>> = duels.filter(Duel::is_lost).collect();
    lost.sort_by(|a, b| b.ratio.value.total_cmp(&a.ratio.value));
    lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contestant::Role;
    use crate::report::targets::samples::{self, outcome};
    use crate::sleep::Load;

    fn findings(ours: [f64; 2], other: f64) -> Findings {
        let rows = [
            ("mpsc-queue", Role::Ours, [ours[0]; 6]),
            ("mpsc-queue, gap-free", Role::Ours, [ours[1]; 6]),
            ("mpsc-queue, spinning", Role::OursOnly, [0.1; 6]),
            ("kanal", Role::Other, [other; 6]),
        ];
        Findings {
            outcomes: vec![outcome("push/2", &rows)],
            ..Findings::default()
        }
    }

    #[test]
    fn best_form_decides() {
        let rows = |ours, other| losses(&findings(ours, other)).map(|table| table.rows);
        let lost = [[
            "heap object",
            "1 of 1 scenarios",
            "2.00 (`push/2`, `kanal`)",
        ]];
        assert_eq!(rows([6.0, 4.0], 2.0).unwrap(), lost);
        assert_eq!(rows([6.0, 2.0], 2.0), None);
    }

    /// A consumer that spins is faster, and spends more.
    #[test]
    fn sleepers_lose_to_those_that_spend_no_more() {
        let losses_to = |busy: f64| {
            let mut findings = findings([6.0, 4.0], 2.0);
            let outcome = &mut findings.outcomes[0];
            outcome.group.load = Some(Load::Saturation);
            for row in &mut outcome.rows {
                let busy = if row.name == "kanal" { busy } else { 1.0 };
                row.sleep = Some(samples::sleeping(&row.nanos, busy));
            }
            losses(&findings).map(|table| table.rows.len())
        };
        assert_eq!(losses_to(1.1), None);
        assert_eq!(losses_to(1.0), Some(1));
    }
}
