//! No source files of a package import each other, directly or through other files.
//!
//! A file imports another one if it names something that the other one defines. A module
//! that declares and re-exports its children does not import them, and who imports a
//! re-exported name imports the file that defines it. `#[cfg(test)]` modules do not count.
#![cfg(not(any(loom, shuttle)))]

mod cycles;
mod imports;
mod modules;
mod tests;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cargo_metadata::{MetadataCommand, TargetKind};

use imports::{Imports, imports_of};
use modules::Crate;

#[test]
fn source_files_do_not_import_each_other() {
    let metadata = MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo describes the workspace");
    let mut report = String::new();
    for package in &metadata.packages {
        let folder = package
            .manifest_path
            .parent()
            .expect("a package has a folder");
        for target in &package.targets {
            let kinds = [TargetKind::Lib, TargetKind::Bin, TargetKind::Bench];
            if !target.kind.iter().any(|kind| kinds.contains(kind)) {
                continue;
            }
            let krate = Crate::read(target.src_path.as_str(), &|file| {
                fs::read_to_string(file).ok()
            });
            let name = format!("{} ({})", package.name, target.name);
            report += &describe(&name, folder.as_str(), &imports_of(&krate));
        }
    }
    assert!(
        report.is_empty(),
        "source files that import each other:\n{report}"
    );
}

/// Describes the cycles among the files of one crate; returns nothing if there are none.
fn describe(name: &str, folder: &str, imports: &Imports) -> String {
    let short = |file: &str| {
        file.trim_start_matches(folder)
            .trim_start_matches('/')
            .to_owned()
    };
    let mut report = String::new();
    for cycle in cycles::find(imports) {
        writeln!(report, "\n{name}: {} files", cycle.len()).expect("a string is writable");
        for (from, to) in cycle
            .iter()
            .flat_map(|from| cycle.iter().map(move |to| (from, to)))
        {
            if let Some(names) = imports.get(*from).and_then(|files| files.get(*to)) {
                let names: Vec<_> = names.iter().map(String::as_str).collect();
                writeln!(
                    report,
                    "    {} imports {} ({})",
                    short(from),
                    short(to),
                    names.join(", ")
                )
                .expect("a string is writable");
            }
        }
    }
    report
}
