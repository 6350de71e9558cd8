//! Every memory ordering of the modelled code, replaced by every weaker one.

use crate::mutant::Mutant;
use crate::sources::Source;

/// Returns the mutants, and a complaint for each ordering that was not understood.
pub(crate) fn all(sources: &[Source]) -> (Vec<Mutant>, Vec<String>) {
    let (mut mutants, mut complaints) = (Vec::new(), Vec::new());
    for source in sources.iter().filter(|source| is_modelled(source)) {
        let mut seen = Vec::new();
        for start in source
            .find("Ordering::")
            .into_iter()
            .map(|found| found.start)
        {
            let order = start + 3;
            if !matches!(
                source.token(order),
                "Relaxed" | "Acquire" | "Release" | "AcqRel" | "SeqCst"
            ) {
                if matches!(source.token(order), "{" | "*") {
                    complaints.push(complaint(source, start)); // would be used without its path
                }
                continue; // or `cmp::Ordering`
            }
            let Some(operation) = Operation::around(source, start) else {
                complaints.push(complaint(source, start));
                continue;
            };
            let weaker = weaker(operation.kind, source.token(order));
            if weaker.is_empty() {
                continue;
            }
            let place = format!("`{}`: `{}`", source.function_at(start), operation.name);
            let earlier = seen.iter().filter(|seen| **seen == place).count();
            seen.push(place.clone());
            let again = match earlier {
                0 => String::new(),
                n => format!(", again ({})", n + 1),
            };
            for change in weaker {
                let text = match change {
                    &REMOVED => source.replaced(operation.call_start..order + 2, "()"),
                    weaker => source.replaced(order..order + 1, weaker),
                };
                mutants.push(Mutant {
                    file: source.file.clone(),
                    place: place.clone() + &again,
                    change: format!("{} → {change}", source.token(order)),
                    text,
                });
            }
        }
    }
    (mutants, complaints)
}

/// Whether the models contain the atomics of this file: they do if the atomics come
/// from the crate's `sync`, which takes them from loom.
fn is_modelled(source: &Source) -> bool {
    !source.find("crate::sync").is_empty()
}

fn complaint(source: &Source, index: usize) -> String {
    let line = source.line_at(index);
    format!(
        "{}:{line}: an ordering that is not the argument of a known operation",
        source.file
    )
}

/// How an ordering is used.
#[derive(Clone, Copy)]
enum Kind {
    Load,
    Store,
    ReadModifyWrite,
    Fence,
}

/// The call that has an ordering as its argument.
struct Operation {
    kind: Kind,
    /// Method, with the name of the atomic.
    name: String,
    /// Index of the first token of the call of a fence.
    call_start: usize,
}

impl Operation {
    /// Finds the call around the token at `index`.
    fn around(source: &Source, index: usize) -> Option<Self> {
        let (mut depth, mut commas, mut open) = (0, 0, index);
        loop {
            open = open.checked_sub(1)?;
            match source.token(open) {
                ")" | "]" | "}" => depth += 1,
                "(" if depth == 0 => break,
                "[" | "{" if depth == 0 => return None,
                "(" | "[" | "{" => depth -= 1,
                "," if depth == 0 => commas += 1,
                _ => {}
            }
        }
        let callee = open.checked_sub(1)?;
        let method = source.token(callee);
        let kind = match (method, commas) {
            ("fence", 0) => Kind::Fence,
            ("load", 0) => Kind::Load,
            ("store", 1) => Kind::Store,
            ("swap", 1) | ("compare_exchange" | "compare_exchange_weak", 2) => {
                Kind::ReadModifyWrite
            }
            ("compare_exchange" | "compare_exchange_weak", 3) | ("fetch_update", 1) => Kind::Load,
            ("fetch_update", 0) => Kind::ReadModifyWrite,
            (_, 1) if method.starts_with("fetch_") => Kind::ReadModifyWrite,
            _ => return None,
        };
        if let Kind::Fence = kind {
            let mut call_start = callee;
            while source.token(call_start - 1) == ":" {
                call_start -= 3;
            }
            return Some(Self {
                kind,
                name: method.to_owned(),
                call_start,
            });
        }
        let receiver = receiver(source, callee)?;
        Some(Self {
            kind,
            name: format!("{receiver}.{method}"),
            call_start: callee,
        })
    }
}

/// Returns the last name of the expression whose method is at `callee`.
fn receiver(source: &Source, callee: usize) -> Option<&str> {
    if source.token(callee - 1) != "." {
        return None;
    }
    let mut last = callee - 2;
    if source.token(last) == "}" {
        last -= 1; // `unsafe { next_of(node) }`
    }
    while matches!(source.token(last), ")" | "]") {
        let mut depth = 0;
        loop {
            match source.token(last) {
                ")" | "]" => depth += 1,
                "(" | "[" => depth -= 1,
                _ => {}
            }
            last = last.checked_sub(1)?;
            if depth == 0 {
                break;
            }
        }
    }
    Some(source.token(last))
}

const REMOVED: &str = "removed";

/// Returns what is weaker than `order`. No fence is weaker than an acquire or a
/// release fence, so those are removed.
fn weaker(kind: Kind, order: &str) -> &'static [&'static str] {
    match (order, kind) {
        ("SeqCst", Kind::Load) => &["Acquire", "Relaxed"],
        ("SeqCst", Kind::Store) => &["Release", "Relaxed"],
        ("SeqCst", Kind::ReadModifyWrite) => &["AcqRel", "Acquire", "Release", "Relaxed"],
        ("SeqCst", Kind::Fence) => &["AcqRel", "Acquire", "Release", REMOVED],
        ("AcqRel", Kind::Fence) => &["Acquire", "Release", REMOVED],
        ("Acquire" | "Release", Kind::Fence) => &[REMOVED],
        ("AcqRel", _) => &["Acquire", "Release", "Relaxed"],
        ("Acquire" | "Release", _) => &["Relaxed"],
        _ => &[],
    }
}
