//! Mutants of small sources, and verdicts about small outputs.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::models::{Outcome, outcome};
use crate::orderings;
use crate::sources::Source;

fn orderings_of(code: &str) -> (Vec<String>, Vec<String>) {
    let source = Source::new(
        "file.rs".to_owned(),
        format!("use crate::sync; fn f() {{ {code} }}"),
    );
    let (mutants, complaints) = orderings::all(&[source]);
    let texts = mutants.iter().map(|mutant| {
        let body = mutant
            .text
            .split_once("fn f() { ")
            .expect("the function is unchanged")
            .1;
        body.trim_end_matches(" }").to_owned()
    });
    (texts.collect(), complaints)
}

#[test]
fn orderings_are_weakened_by_their_role() {
    let (mutants, complaints) =
        orderings_of("self.a[i].compare_exchange(x, y, Ordering::Release, Ordering::Acquire)");
    assert_eq!(
        mutants,
        [
            "self.a[i].compare_exchange(x, y, Ordering::Relaxed, Ordering::Acquire)",
            "self.a[i].compare_exchange(x, y, Ordering::Release, Ordering::Relaxed)",
        ]
    );
    assert!(complaints.is_empty());
}

#[test]
fn fence_is_weakened_or_removed() {
    let code = "atomic::fence(Ordering::AcqRel); fence(Ordering::Acquire);";
    let (mutants, complaints) = orderings_of(code);
    assert_eq!(
        mutants,
        [
            "atomic::fence(Ordering::Acquire); fence(Ordering::Acquire);",
            "atomic::fence(Ordering::Release); fence(Ordering::Acquire);",
            "(); fence(Ordering::Acquire);",
            "atomic::fence(Ordering::AcqRel); ();",
        ]
    );
    assert!(complaints.is_empty());
}

#[test]
fn unknown_use_of_ordering_is_reported() {
    for code in [
        "push(Ordering::Release);",
        "use atomic::Ordering::{Acquire};",
    ] {
        let (mutants, complaints) = orderings_of(code);
        assert_eq!((mutants.len(), complaints.len()), (0, 1), "{code}");
    }
}

#[test]
fn pattern_ignores_layout() {
    let text = "a\n    .b(c, // why\n        \"d\",\n    )".to_owned();
    let source = Source::new("file.rs".to_owned(), text);
    assert_eq!(source.find("a.b(c, …)").len(), 1);
    assert!(source.find("a.b(c)").is_empty());
}

#[test]
fn branch_limit_and_time_limit_decide_nothing() {
    let failed = ExitStatus::from_raw(101 << 8);
    let limit = "thread 'x' panicked at path.rs:1:2:\nModel exceeded maximum number of branches.";
    let other = "thread 'x' panicked at model.rs:1:2:\nassertion failed";
    let both = format!("{other}\n{limit}\ntest result: FAILED");
    assert!(matches!(
        outcome(Some(failed), limit),
        Outcome::Undecided(_)
    ));
    assert!(matches!(outcome(None, other), Outcome::Undecided(_)));
    assert!(matches!(outcome(Some(failed), &both), Outcome::Failed("")));
    assert!(matches!(
        outcome(Some(failed), ""),
        Outcome::Failed(", crashed")
    ));
    assert!(matches!(
        outcome(Some(ExitStatus::from_raw(0)), ""),
        Outcome::Passed
    ));
}
