//! The test, tested with small crates.

use std::collections::BTreeSet;

use crate::cycles;
use crate::imports::imports_of;
use crate::modules::Crate;

/// Returns the cycles of a crate of these files; the first one is its root.
fn cycles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let read = |name: &str| {
        let file = files.iter().find(|(file, _)| format!("src/{file}") == name);
        file.map(|(_, text)| (*text).to_owned())
    };
    let krate = Crate::read(&format!("src/{}", files[0].0), &read);
    let imports = imports_of(&krate);
    let name = |file: &String| file.trim_start_matches("src/").to_owned();
    let cycles = cycles::find(&imports).into_iter();
    cycles
        .map(|cycle: BTreeSet<_>| cycle.into_iter().map(name).collect())
        .collect()
}

const NONE: [[&str; 2]; 0] = [];

#[test]
fn imports_in_one_direction_are_no_cycle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use a::A;"),
        (
            "a.rs",
            "use crate::b::B; use super::c; pub struct A(B, c::C);",
        ),
        ("b.rs", "use crate::c::C; pub struct B(C);"),
        ("c.rs", "use std::fmt; pub struct C;"),
    ];
    assert_eq!(cycles_of(&files), NONE);
}

#[test]
fn pair_is_cycle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{self as other, B}; pub struct A(B);"),
        ("b.rs", "pub struct B; fn f(_: super::a::A) {}"),
        ("c.rs", "use crate::a::A;"),
    ];
    assert_eq!(cycles_of(&files), [["a.rs", "b.rs"]]);
}

#[test]
fn longer_cycle_is_found() {
    let files = [
        ("main.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b; pub struct A; fn f() { b::f(); }"),
        ("b.rs", "use crate::c::C; pub fn f() { C::f() }"),
        (
            "c.rs",
            "pub struct C; fn f() { println!(\"{}\", crate::a::A); }",
        ),
    ];
    assert_eq!(cycles_of(&files), [["a.rs", "b.rs", "c.rs"]]);
}

#[test]
fn re_export_is_no_import_and_is_resolved_to_its_definition() {
    let mut files = [
        ("lib.rs", "mod queue; mod user;"),
        (
            "queue/mod.rs",
            "mod core; mod pop; pub use self::core::*; pub(crate) use pop::Pop; pub struct Tag;",
        ),
        (
            "queue/core.rs",
            "use super::{Pop, Tag}; pub struct Queue(Pop, Tag);",
        ),
        ("queue/pop.rs", "pub struct Pop;"),
        ("user.rs", "use crate::queue::{Pop, Queue};"),
    ];
    assert_eq!(cycles_of(&files), NONE);

    files[3].1 = "use crate::queue::Queue; pub struct Pop;";
    assert_eq!(cycles_of(&files), [["queue/core.rs", "queue/pop.rs"]]);
}

#[test]
fn parent_that_uses_its_child_imports_it() {
    let files = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod b; pub struct A; fn f() { b::f() }"),
        ("a/b.rs", "use super::A; pub fn f() -> A { A }"),
    ];
    assert_eq!(cycles_of(&files), [["a.rs", "a/b.rs"]]);
}

#[test]
fn modules_of_tests_do_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "#[cfg(all(test, not(loom)))] mod tests { use crate::b::B; } pub struct A;",
        ),
        ("b.rs", "use crate::a::A; pub struct B(A);"),
    ];
    assert_eq!(cycles_of(&files), NONE);
}

#[test]
fn macros_are_looked_into() {
    let files = [
        ("lib.rs", "cfg_std! { mod a; mod b; }"),
        ("a.rs", "pub struct A; make! { [crate::b::B::new()] }"),
        (
            "b.rs",
            "macro_rules! make { () => { $crate::a::A } } pub struct B; ",
        ),
    ];
    assert_eq!(cycles_of(&files), [["a.rs", "b.rs"]]);
}
