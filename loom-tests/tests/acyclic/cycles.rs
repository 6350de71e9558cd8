//! Cycles of imports.

use std::collections::BTreeSet;

use crate::imports::Imports;

/// Returns the largest sets of files in which each imports every other, directly or
/// through others of the set.
pub(crate) fn find(imports: &Imports) -> Vec<BTreeSet<&String>> {
    let mut cycles: Vec<BTreeSet<&String>> = Vec::new();
    for file in imports.keys() {
        if cycles.iter().any(|cycle| cycle.contains(file)) {
            continue;
        }
        let imported = reachable(imports, file);
        let is_mutual = |other: &&String| reachable(imports, other).contains(file);
        let cycle: BTreeSet<_> = imported.into_iter().filter(is_mutual).collect();
        if !cycle.is_empty() {
            cycles.push(cycle);
        }
    }
    cycles
}

/// Returns the files that `file` imports, directly or through others. Contains `file`
/// if it is in a cycle.
fn reachable<'a>(imports: &'a Imports, file: &String) -> BTreeSet<&'a String> {
    let mut found = BTreeSet::new();
    let mut left: Vec<_> = imports
        .get(file)
        .into_iter()
        .flat_map(|files| files.keys())
        .collect();
    while let Some(file) = left.pop() {
        if found.insert(file) {
            left.extend(imports.get(file).into_iter().flat_map(|files| files.keys()));
        }
    }
    found
}
