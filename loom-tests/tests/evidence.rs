//! The table of README.md names what shows each promise; this test looks for each name.
#![cfg(not(any(loom, shuttle)))]

use std::fs;
use std::path::{Path, PathBuf};

/// The columns of the table, and where their names are looked up.
const COLUMNS: [&str; 9] = [
    "promise",
    "proof",
    "invariant",
    "models",
    "C11",
    "schedules",
    "tests",
    "planted mistake",
    "not shown",
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Returns the text of all files below `folder` that end in `extension`.
fn texts(folder: &Path, extension: &str) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all += &texts(&path, extension);
        } else if path.extension().is_some_and(|found| found == extension) {
            all += &fs::read_to_string(path).unwrap();
        }
    }
    all
}

/// Returns the pieces of `cell` that stand between two marks.
fn between(cell: &str, mark: char) -> Vec<&str> {
    cell.split(mark).skip(1).step_by(2).collect()
}

/// A line of AUDIT.md without its layout, if a model fails with its fault.
fn caught(line: &str) -> Option<String> {
    let (fault, by) = line.strip_prefix("| `")?.rsplit_once(" | ")?;
    by.starts_with('`')
        .then(|| fault.replace('`', "").replace(" | ", ", "))
}

/// What the names are looked up in.
struct Evidence {
    proof: String,
    invariants: String,
    models: String,
    schedules: String,
    tests: String,
    faults: Vec<String>,
}

impl Evidence {
    fn read() -> Self {
        let audit = fs::read_to_string(here("AUDIT.md")).unwrap();
        Self {
            proof: texts(&here("proof"), "v"),
            invariants: texts(&here("proof/invariants"), "py").replace("'\n        '", ""),
            models: fs::read_to_string(here("MODELS.md")).unwrap(),
            schedules: texts(&here("tests/schedules"), "rs"),
            tests: texts(&here("../mpsc/tests"), "rs"),
            faults: audit.lines().filter_map(caught).collect(),
        }
    }

    /// Returns whether `name`, of the column `column`, exists.
    fn has(&self, column: &str, name: &str) -> bool {
        let function = format!("fn {name}");
        let is_function = |text: &str| {
            let mut found = text.match_indices(&function);
            found.any(|(at, _)| text[at + function.len()..].starts_with(['(', '<']))
        };
        match column {
            "proof" => ["Lemma", "Theorem"]
                .iter()
                .any(|kind| self.proof.contains(&format!("{kind} {name} "))),
            "invariant" => self.invariants.contains(&format!("'{name}'")),
            "models" => self.has_model(name),
            "C11" => here("c11/clients").join(name).with_extension("c").exists(),
            "schedules" => is_function(&self.schedules),
            "tests" => is_function(&self.tests),
            "planted mistake" => self.faults.iter().any(|fault| fault.contains(name)),
            _ => unreachable!("the column has no names"),
        }
    }

    /// A model is named by its file and function; in MODELS.md, its form stands between.
    fn has_model(&self, name: &str) -> bool {
        let (file, model) = name.split_once("::").expect("the file, and the model");
        let Some((_, section)) = self.models.split_once(&format!("## [`{file}`]")) else {
            return false;
        };
        let section = section.split("\n## ").next().unwrap();
        section.contains(&format!("::{model}`")) || section.contains(&format!("`{model}`"))
    }
}

/// Returns the names in a cell. A mistake that no model can catch was planted by hand.
fn names<'a>(column: &str, cell: &'a str) -> Vec<&'a str> {
    match column {
        "promise" | "not shown" => Vec::new(),
        "invariant" => between(cell, '*'),
        "planted mistake" if cell.starts_with("by hand: ") => Vec::new(),
        "planted mistake" => vec![cell],
        _ => between(cell, '`'),
    }
}

#[test]
fn names_of_the_table_exist() {
    let readme = fs::read_to_string(here("README.md")).unwrap();
    let evidence = Evidence::read();
    let mut lines = readme
        .lines()
        .skip_while(|line| !line.starts_with("| promise |"));
    let head = lines.next().expect("the table is there");
    assert_eq!(split(head).len(), COLUMNS.len());
    let rows: Vec<_> = lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(rows.len() > 20, "the table has its rows");
    let mut missing = Vec::new();
    for row in rows {
        let cells = split(row);
        assert_eq!(cells.len(), COLUMNS.len(), "{row}");
        for (column, cell) in COLUMNS.into_iter().zip(cells) {
            let unknown = names(column, cell).into_iter();
            let unknown = unknown.filter(|name| !evidence.has(column, name));
            missing.extend(unknown.map(|name| format!("{column}: {name}")));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Returns the cells of a line of the table.
fn split(line: &str) -> Vec<&str> {
    let line = line.trim_start_matches('|').trim_end_matches('|');
    line.split('|').map(str::trim).collect()
}
