//! Equivalent mutants: faults that no execution shows, with the reason.

use crate::mutant::Mutant;

/// Part of a mutant's line, and the reason.
const REASONS: &[(&str, &str)] = &[(
    "the resume queue stays in the cell",
    "the queue would keep itself alive while a request is in it, but no request stays: the loop \
     that ends pops what was queued before, and what comes later is refused",
)];

/// Returns why no model can fail with the fault of `mutant`.
pub(crate) fn reason(mutant: &Mutant) -> Option<&'static str> {
    let line = mutant.to_string();
    let reason = REASONS.iter().find(|(part, _)| line.contains(part));
    reason.map(|(_, reason)| *reason)
}

/// Returns a complaint for each reason that belongs to no mutant.
pub(crate) fn complaints(mutants: &[Mutant]) -> Vec<String> {
    let is_unused = |part: &str| !mutants.iter().any(|m| m.to_string().contains(part));
    let unused = REASONS.iter().filter(|(part, _)| is_unused(part));
    unused
        .map(|(part, _)| format!("a reason without its mutant: {part}"))
        .collect()
}
