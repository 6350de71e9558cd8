//! Faults that no model can catch, and why the code has no such fault all the same.

use crate::Mutant;

/// Part of a mutant's line, and the reason.
const REASONS: &[(&str, &str)] = &[(
    "the resume queue stays in the cell",
    "a second line of defence. What lies in the queue would keep its queue alive, but \
     nothing stays there: a loop that ends, or a later drain, takes it out",
)];

/// Why it is all right that no model catches this one.
pub(crate) fn why(mutant: &Mutant) -> Option<&'static str> {
    let line = mutant.to_string();
    let reason = REASONS.iter().find(|(part, _)| line.contains(part));
    reason.map(|(_, why)| *why)
}
