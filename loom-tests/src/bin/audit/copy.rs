//! A copy of the workspace, to be broken.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::mutant::Mutant;

/// A folder under `target`, of one job. It is kept from one audit to the next, so that little has
/// to be compiled.
pub(crate) struct Copy {
    pub(crate) root: PathBuf,
}

impl Copy {
    /// Copies the files that git does not ignore, as they are in the working tree, for the job with
    /// this index.
    pub(crate) fn of(workspace: &Path, job: u16) -> Result<Self, Error> {
        let root = match job {
            0 => workspace.join("target/audit"),
            job => workspace.join(format!("target/audit-{job}")),
        };
        let files = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(workspace)
            .output()?;
        if !files.status.success() {
            return Err("`git ls-files` failed: the audit needs a git clone".into());
        }
        let mut copied = HashSet::new();
        for file in String::from_utf8(files.stdout)?.split_terminator('\0') {
            // Cargo finds the configuration in the folder above.
            let original = workspace.join(file);
            if !file.starts_with(".cargo/") && original.exists() {
                let copy = root.join(file);
                update(&copy, &original)?;
                copied.insert(copy);
            }
        }
        remove_others(&root, &copied)?;
        Ok(Self { root })
    }

    /// Calls `judge` while the copy has the fault of `mutant`.
    pub(crate) fn with_fault<T>(
        &self,
        mutant: &Mutant,
        judge: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let file = self.root.join(&mutant.file);
        let original = fs::read(&file)?;
        fs::write(&file, &mutant.text)?;
        let result = judge();
        fs::write(&file, original)?;
        result
    }
}

/// Copies a file, unless the copy is equal: cargo must see no change then.
fn update(copy: &Path, original: &Path) -> io::Result<()> {
    let original = fs::read(original)?;
    if fs::read(copy).is_ok_and(|text| text == original) {
        return Ok(());
    }
    fs::create_dir_all(copy.parent().expect("the file is in a folder"))?;
    fs::write(copy, original)
}

/// Removes what an earlier audit copied and the workspace no longer has.
fn remove_others(folder: &Path, copied: &HashSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if !entry.file_type()?.is_dir() {
            if !copied.contains(&path) {
                fs::remove_file(path)?;
            }
        } else if entry.file_name() != "target" {
            remove_others(&path, copied)?;
        }
    }
    Ok(())
}
