//! The command line.

use std::str::FromStr;

use clap::Parser;

/// Breaks the shipped code, one fault at a time, to see the models fail
#[derive(Parser)]
pub(crate) struct Options {
    /// Only mutants whose line contains this
    #[arg(default_value = "")]
    pub(crate) part: String,

    /// Only these files of models; then AUDIT.md is not written
    pub(crate) files: Vec<String>,

    /// Only the K-th of N parts of the mutants, from 1 on; then AUDIT.md is not written
    #[arg(long, value_name = "K/N", conflicts_with = "files")]
    pub(crate) piece: Option<Piece>,

    /// How many mutants to judge at the same time
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: u16,

    /// Run no model: check that every ordering is understood, that every mutation applies, and that
    /// AUDIT.md has their lines
    #[arg(long)]
    pub(crate) check: bool,
}

/// Every `of`-th mutant, from that with this index on.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) index: usize,
    pub(crate) of: usize,
}

impl FromStr for Piece {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse().ok();
        let (index, of) = text.split_once('/').ok_or("expected K/N")?;
        match (number(index), number(of)) {
            (Some(index), Some(of)) if (1..=of).contains(&index) => Ok(Self {
                index: index - 1,
                of,
            }),
            _ => Err("expected K/N, with K from 1 to N"),
        }
    }
}
