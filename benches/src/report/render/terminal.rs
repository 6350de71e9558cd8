//! Reports for a terminal.

use std::fmt::Write;

use comfy_table::{Table, presets};

use crate::report::document::Block;

/// Renders blocks, except for plots and details.
#[must_use]
pub fn terminal(blocks: &[Block]) -> String {
    let mut text = String::new();
    for block in blocks {
        // Infallible: writing to a string.
        let _ = match block {
            Block::Heading(title) => writeln!(text, "\n{title}\n{}", "=".repeat(title.len())),
            Block::Paragraph(sentences) => writeln!(text, "{sentences}"),
            Block::List(lines) => lines.iter().try_for_each(|line| writeln!(text, "- {line}")),
            Block::Table(table) => {
                let mut drawn = Table::new();
                drawn
                    .load_style(presets::ASCII_MARKDOWN)
                    .set_header(&table.head);
                drawn.add_rows(&table.rows);
                writeln!(text, "{drawn}")
            }
            Block::Plot(_) | Block::Details { .. } => Ok(()),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_omitted() {
        let details = Block::Details {
            title: "push/2".into(),
            blocks: vec![Block::Paragraph("Two producers push.".into())],
        };
        let blocks = [Block::Heading("Which?".into()), details];
        assert_eq!(terminal(&blocks), "\nWhich?\n======\n");
    }
}
