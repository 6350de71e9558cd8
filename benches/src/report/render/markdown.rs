//! Reports in Markdown.

use std::fmt::Write;

use crate::report::document::{Block, Table};

/// Renders blocks; the first heading is the title. Plots are links to files beside the report, except
/// those among details, which only a page has.
#[must_use]
pub fn markdown(blocks: &[Block]) -> String {
    let mut text = String::new();
    render(&mut text, blocks, 1, false);
    text
}

fn render(text: &mut String, blocks: &[Block], depth: usize, is_detail: bool) {
    let mut depth = depth;
    for block in blocks {
        if is_detail && matches!(block, Block::Plot(_)) {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        // Infallible, here and below: writing to a string.
        let _ = match block {
            Block::Heading(title) => {
                let marks = "#".repeat(depth);
                depth = depth.max(2);
                writeln!(text, "{marks} {title}")
            }
            Block::Paragraph(sentences) => writeln!(text, "{sentences}"),
            Block::List(lines) => lines.iter().try_for_each(|line| writeln!(text, "- {line}")),
            Block::Table(table) => write!(text, "{}", of_table(table)),
            Block::Plot(plot) => writeln!(text, "![{}](plots/{}.svg)", plot.alt, plot.name),
            Block::Details { title, blocks } => {
                let _ = writeln!(text, "{} {title}", "#".repeat(depth + 1));
                render(text, blocks, depth + 1, true);
                Ok(())
            }
        };
    }
}

/// Renders a table.
pub(in crate::report) fn of_table(table: &Table) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&table.head);
    let _ = writeln!(text, "|{}", "---|".repeat(table.head.len()));
    table.rows.iter().for_each(|row| text += &line(row));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::Plot;

    #[test]
    fn details_are_sections_below_their_heading() {
        let mut table = Table::new(["queue", "ns"]);
        table.push(["ours", "4.5"]);
        let plot = |name: &str| Plot {
            name: name.into(),
            alt: "who wins".into(),
            svg: String::new(),
        };
        let blocks = [
            Block::Heading("Title".into()),
            Block::Plot(plot("wins")),
            Block::Heading("Part".into()),
            Block::Details {
                title: "push/2".into(),
                blocks: vec![
                    Block::Paragraph("Two producers push.".into()),
                    Block::Plot(plot("samples")),
                    Block::Table(table),
                ],
            },
            Block::List(vec!["one".into(), "two".into()]),
        ];
        assert_eq!(
            markdown(&blocks),
            "# Title\n\n![who wins](plots/wins.svg)\n\n## Part\n\n### push/2\n\nTwo producers push.\n\n| queue | ns |\n|---|---|\n\
             | ours | 4.5 |\n\n- one\n- two\n"
        );
    }
}
