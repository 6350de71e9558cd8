//! A mutant: the shipped code with one fault.

use std::fmt;

/// One deliberate fault.
pub(crate) struct Mutant {
    /// Path of the source file in the workspace.
    pub(crate) file: String,
    /// Function, and operation if the fault is an ordering.
    pub(crate) place: String,
    /// Description of the fault.
    pub(crate) change: String,
    /// Text of the file with the fault.
    pub(crate) text: String,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` | {} | {}", self.file, self.place, self.change)
    }
}
