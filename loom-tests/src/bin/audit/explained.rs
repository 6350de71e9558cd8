//! Mutants that no model can catch, with the reason.

use crate::mutant::Mutant;

/// Part of a mutant's line, and the reason.
const REASONS: &[(&str, &str)] = &[(
    "`push`: `back.load` | Acquire → Relaxed",
    "not in the models, in which a push begins with a guess. Its value is used as that of \
         the failed compare-exchange is, whose acquire the models need",
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
