//! The table of `proof/PROGRESS.md` is what the schedules show.

use std::path::Path;
use std::{env, fs};

use crate::cases::{cases, stalls};
use crate::operations::Kind;
use crate::schedules::Counts;
use crate::{BackLinked, ForwardLinked, GapFree};

#[test]
fn page_has_the_greatest_counts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proof/PROGRESS.md");
    let page = fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has a table");
    let (_, after) = rest.split_once(END).expect("the table has an end");
    let expected = format!("{before}{BEGIN}\n{}{END}{after}", table());
    if env::var_os("PROGRESS_WRITE").is_some() {
        fs::write(&path, &expected).expect("the page is writable");
        return;
    }
    for (old, new) in page.lines().zip(expected.lines()) {
        assert_eq!(old, new, "PROGRESS_WRITE=1 writes the page anew");
    }
    assert!(page == expected, "the page has a table of another length");
}

const BEGIN: &str = "<!-- The test `progress` writes this table. -->";
const END: &str = "<!-- The end of the table. -->";

fn table() -> String {
    let mut table = String::from(
        "| operation | meanwhile | result | forward-linked | back-linked | gap-free | schedules |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let columns = [
        measured::<ForwardLinked>(true),
        measured::<BackLinked>(true),
        measured::<GapFree>(false),
    ];
    let words = cases::<ForwardLinked>().into_iter().chain(stalls());
    for (number, case) in words.enumerate() {
        let cells = columns
            .each_ref()
            .map(|column| column.get(number).copied().flatten());
        let schedules: usize = cells.iter().flatten().map(|(_, schedules)| schedules).sum();
        let [forward, back, gap_free] = cells.map(cell);
        table += &format!(
            "| {} | {} | `{}` | {forward} | {back} | {gap_free} | {schedules} |\n",
            case.words, case.meanwhile, case.result
        );
    }
    table
}

fn measured<F: Kind>(can_stall: bool) -> Vec<Option<(Counts, usize)>> {
    let stalls = if can_stall { stalls::<F>() } else { Vec::new() };
    let cases = cases::<F>().into_iter().chain(stalls);
    cases.map(|case| case.measure()).collect()
}

fn cell(counts: Option<(Counts, usize)>) -> String {
    let Some((counts, _)) = counts else {
        return "".into();
    };
    let Counts {
        loads,
        stores,
        changes,
        waits,
    } = counts;
    let waits = if waits > 0 { ", waits" } else { "" };
    format!("{loads} + {stores} + {changes}{waits}")
}
