//! What a report says, in the order of a reader's questions.

use std::error::Error;

use super::answers::{Answer, COLUMNS, answers};
use super::baseline::Comparison;
use super::details::{counted, details, modelled, samples, standing_of_all};
use super::document::{Block, Table};
use super::findings::Findings;
use super::losses::losses;
use super::plots;
use super::targets::{self, Target, targets};
use crate::rounds::Outcome;

/// Returns the report: the overview, then all figures.
///
/// # Errors
///
/// Fails if a plot cannot be drawn.
pub fn document(
    findings: &Findings,
    comparison: Option<&Comparison>,
) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut blocks = overview(findings, comparison)?;
    blocks.extend(figures(findings)?);
    Ok(blocks)
}

/// Returns which queue to take, by how much, where ours loses, and which targets it meets.
pub(super) fn overview(
    findings: &Findings,
    comparison: Option<&Comparison>,
) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut blocks = vec![Block::Heading("Which MPSC queue?".into())];
    blocks.extend(verdict(findings, table));
    blocks.extend(comparison.into_iter().flat_map(Comparison::blocks));
    blocks.extend(plots::overview(findings)?.into_iter().map(Block::Plot));
    blocks.push(Block::Heading("The targets of mpsc-queue".into()));
    blocks.extend(verdicts(&targets(findings)));
    Ok(blocks)
}

/// Returns all figures, and how they were measured.
pub(super) fn figures(findings: &Findings) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut blocks = vec![Block::Heading("All figures".into())];
    blocks.push(standing_of_all(findings));
    blocks.extend(details(findings)?);
    Ok(blocks)
}

/// Returns the summary for a terminal, whose last lines are on the screen when the run ends. If
/// `selected`, the run measured some scenarios only, and the summary has all of their figures.
#[must_use]
pub fn summary(findings: &Findings, comparison: Option<&Comparison>, selected: bool) -> Vec<Block> {
    let mut blocks = Vec::new();
    if selected {
        for outcome in &findings.outcomes {
            blocks.push(Block::Heading(outcome.title()));
            blocks.push(Block::Table(samples(outcome)));
        }
        let others = [counted(findings), modelled(findings)];
        blocks.extend(others.into_iter().flatten().flat_map(unfolded));
    }
    let targets = targets(findings);
    if !targets.is_empty() {
        blocks.push(Block::Heading("The targets of mpsc-queue".into()));
        blocks.push(Block::List(targets.iter().map(Target::line).collect()));
    }
    blocks.extend(comparison.into_iter().flat_map(Comparison::blocks));
    let unchecked = findings.failures.iter();
    let unchecked = unchecked.map(|it| format!("FAILED the self-check: {}: {}", it.name, it.what));
    let late = findings.outcomes.iter().flat_map(Outcome::failures);
    let late = late.map(|line| format!("FAILED: {line}"));
    blocks.push(Block::List(unchecked.chain(late).collect()));
    let answers = verdict(findings, sentences);
    if !answers.is_empty() {
        blocks.push(Block::Heading("Which MPSC queue?".into()));
        blocks.extend(answers);
    }
    blocks
}

/// Turns details into a section.
fn unfolded(block: Block) -> Vec<Block> {
    match block {
        Block::Details { title, mut blocks } => {
            blocks.insert(0, Block::Heading(title));
            blocks
        }
        block => vec![block],
    }
}

/// Returns which queue to take for which use, and where ours loses.
pub(super) fn verdict(findings: &Findings, block: fn(Vec<Answer>) -> Block) -> Vec<Block> {
    let answers = answers(findings);
    if answers.is_empty() {
        return Vec::new();
    }
    let losses = losses(findings).map(Block::Table);
    [block(answers)].into_iter().chain(losses).collect()
}

pub(super) fn table(answers: Vec<Answer>) -> Block {
    let mut table = Table::new(COLUMNS);
    for answer in answers {
        table.push([answer.have.into(), answer.take, answer.because]);
    }
    Block::Table(table)
}

fn sentences(answers: Vec<Answer>) -> Block {
    let sentence = |it: Answer| format!("{}: take {}. ({})", it.have, it.take, it.because);
    Block::List(answers.into_iter().map(sentence).collect())
}

/// Returns how many targets are met, and each target with its figure and verdict.
#[must_use]
pub fn verdicts(targets: &[Target]) -> [Block; 2] {
    let met = targets.iter().filter(|target| target.met).count();
    let mut table = Table::new(["target", "this run", "verdict"]);
    targets.iter().for_each(|target| table.push(target.cells()));
    [
        Block::Paragraph(format!(
            "{met} of {} targets are met. {}",
            targets.len(),
            targets::METHOD
        )),
        Block::Details {
            title: "All targets".into(),
            blocks: vec![Block::Table(table)],
        },
    ]
}
