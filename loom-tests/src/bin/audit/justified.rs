//! Faults that no model can catch, and why the code has no such fault all the same.

use crate::Mutant;

/// Part of a mutant's line, and the reason.
const REASONS: &[(&str, &str)] = &[];

/// Why it is all right that no model catches this one.
pub(crate) fn why(mutant: &Mutant) -> Option<&'static str> {
    let line = mutant.to_string();
    let reason = REASONS.iter().find(|(part, _)| line.contains(part));
    reason.map(|(_, why)| *why)
}
