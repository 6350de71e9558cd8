//! Runs all models, and writes `MODELS.md` from what they record about themselves.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "\
# The models

Written by `cargo models-page`; do not edit. *Threads*: `2 x 1, consumer` is two producers
of one item each, and a consumer. *Bound*: the most preemptions in one execution, and that
of `cargo loom-full` in parentheses. *Executions*: the model fails if loom explores fewer within
the first bound; [README.md](README.md) says what loom misses.
";

/// One line of the record; the fields are those of `Model::report`.
struct Row<'a> {
    line: usize,
    name: &'a str,
    property: &'a str,
    threads: &'a str,
    bound: &'a str,
    full_bound: &'a str,
    executions: &'a str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let record = std::env::temp_dir().join(format!("models-{}.tsv", std::process::id()));
    let run = Command::new(env!("CARGO"))
        // Two threads at least: a single one would not carry the models' names.
        .args(["loom", "--", "--test-threads=2"])
        .current_dir(package)
        .env_remove("LOOM_MAX_PREEMPTIONS")
        .env_remove("LOOM_SET")
        .env("LOOM_RECORD", &record)
        .status()?;
    if !run.success() {
        return Err("a model failed".into());
    }
    let text = fs::read_to_string(&record)?;
    fs::remove_file(&record)?;
    fs::write(package.join("MODELS.md"), page(&text)?)?;
    Ok(())
}

/// Returns the page: a table for each file of models, in the order of its tests.
fn page(record: &str) -> Result<String, Box<dyn Error>> {
    let mut files = BTreeMap::<&str, Vec<Row>>::new();
    for line in record.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [
            file,
            line,
            name,
            property,
            threads,
            bound,
            full_bound,
            executions,
        ] = fields[..]
        else {
            return Err(format!("not the record of a model: {line}").into());
        };
        files.entry(file).or_default().push(Row {
            line: line.parse()?,
            name,
            property,
            threads,
            bound,
            full_bound,
            executions,
        });
    }
    let mut page = HEAD.to_owned();
    for (file, mut rows) in files {
        rows.sort_by_key(|row| (row.line, row.name));
        write!(
            page,
            "\n## [`{file}`](tests/{file}.rs)\n\n\
             | model | property | threads | bound | executions, at least |\n|---|---|---|---|--:|\n"
        )?;
        for row in rows {
            let bound = if row.bound == row.full_bound {
                row.bound.to_owned()
            } else {
                format!("{} ({})", row.bound, row.full_bound)
            };
            writeln!(
                page,
                "| `{}` | {} | {} | {bound} | {} |",
                row.name, row.property, row.threads, row.executions
            )?;
        }
    }
    Ok(page)
}
