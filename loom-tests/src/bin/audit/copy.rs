//! A copy of the workspace that may be broken.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Mutant;

/// A folder under `target`, kept from one audit to the next, so that little is
/// compiled again.
pub(crate) struct Copy {
    workspace: PathBuf,
    pub(crate) root: PathBuf,
}

impl Copy {
    /// Copies what git knows of, as it is in the working tree.
    pub(crate) fn of_workspace() -> Result<Self, Box<dyn Error>> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let root = workspace.join("target/audit");
        let files = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&workspace)
            .output()?;
        if !files.status.success() {
            return Err("the audit needs git, and a clone".into());
        }
        let copy = Self { workspace, root };
        for file in String::from_utf8(files.stdout)?.split_terminator('\0') {
            // The aliases are found in the folder above: twice would be too often.
            if !file.starts_with(".cargo/") && copy.workspace.join(file).exists() {
                copy.update(file)?;
            }
        }
        Ok(copy)
    }

    /// The text of a file.
    pub(crate) fn read(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(self.root.join(file))
    }

    /// The names of the files in a folder that are Rust sources.
    pub(crate) fn sources(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.root.join(folder))? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".rs") {
                files.push(format!("{folder}/{name}"));
            }
        }
        files.sort();
        Ok(files)
    }

    /// Does something while the copy has the fault of `mutant`.
    pub(crate) fn with_fault<T>(
        &self,
        mutant: &Mutant,
        judge: impl FnOnce() -> Result<T, Box<dyn Error>>,
    ) -> Result<T, Box<dyn Error>> {
        let file = self.root.join(&mutant.file);
        let original = fs::read(&file)?;
        fs::write(&file, &mutant.text)?;
        let result = judge();
        fs::write(&file, original)?;
        result
    }

    /// Makes a file of the copy the same as the original. Writes only if it is
    /// not, so that cargo sees no change where there is none.
    fn update(&self, file: &str) -> io::Result<()> {
        let original = fs::read(self.workspace.join(file))?;
        let copied = self.root.join(file);
        if fs::read(&copied).is_ok_and(|text| text == original) {
            return Ok(());
        }
        fs::create_dir_all(copied.parent().expect("it is inside the copy"))?;
        fs::write(copied, original)
    }

    /// Writes a file of the workspace itself.
    pub(crate) fn keep(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.workspace.join(file), text)
    }
}
