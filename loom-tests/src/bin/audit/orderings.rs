//! Which orderings there are, and what is weaker than each.

use std::error::Error;

use regex::Regex;

use crate::Mutant;
use crate::copy::Copy;

/// Every ordering of the queue and of what two threads touch of the server,
/// replaced by every weaker one.
pub(crate) fn all(copy: &Copy) -> Result<Vec<Mutant>, Box<dyn Error>> {
    let mut files = copy.sources("mpsc/src")?;
    let of_server = ["cell", "pending", "queue"];
    files.extend(of_server.map(|name| format!("http-resume/src/resume/{name}.rs")));
    let mut mutants = Vec::new();
    for file in files {
        weaken(&file, &copy.read(&file)?, &mut mutants)?;
    }
    Ok(mutants)
}

fn weaken(file: &str, text: &str, mutants: &mut Vec<Mutant>) -> Result<(), Box<dyn Error>> {
    let ordering = Regex::new(r"Ordering::(\w+)")?;
    let function = Regex::new(r"\bfn (\w+)")?;
    let operation = Regex::new(r"(\w+)\s*\.(load|store|swap|compare_exchange|fetch_\w+)\(")?;
    let mut seen = Vec::new();
    for found in ordering.captures_iter(text) {
        let (whole, order) = (found.get(0).expect("group 0"), &found[1]);
        let before = &text[..whole.start()];
        let is_comment = before
            .rsplit('\n')
            .next()
            .is_some_and(|line| line.trim_start().starts_with("//"));
        let Some(last) = operation.captures_iter(before).last() else {
            continue; // an import
        };
        if is_comment {
            continue;
        }
        let name = function
            .captures_iter(before)
            .last()
            .map_or("", |f| f.get(1).map_or("", |name| name.as_str()));
        let operation_of = format!("`{name}`: `{}.{}`", &last[1], &last[2]);
        let earlier = seen.iter().filter(|place| **place == operation_of).count();
        let place = match earlier {
            0 => operation_of.clone(),
            n => format!("{operation_of}, again ({})", n + 1),
        };
        if !weaker(&last[2], order).is_empty() {
            seen.push(operation_of);
        }
        for weaker in weaker(&last[2], order) {
            mutants.push(Mutant {
                file: file.to_owned(),
                place: place.clone(),
                change: format!("{order} → {weaker}"),
                text: format!("{before}Ordering::{weaker}{}", &text[whole.end()..]),
            });
        }
    }
    Ok(())
}

fn weaker(operation: &str, order: &str) -> &'static [&'static str] {
    match (order, operation) {
        ("SeqCst", "load") => &["Acquire", "Relaxed"],
        ("SeqCst", "store") => &["Release", "Relaxed"],
        ("SeqCst", _) => &["AcqRel", "Acquire", "Release", "Relaxed"],
        ("AcqRel", _) => &["Acquire", "Release", "Relaxed"],
        ("Acquire" | "Release", _) => &["Relaxed"],
        _ => &[],
    }
}
