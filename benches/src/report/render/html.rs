//! Reports as a page.

use std::fmt::Write;

use crate::report::document::{Block, Table};

/// The policy forbids scripts, and whatever would have to be loaded.
const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
    <meta http-equiv=Content-Security-Policy \
    content=\"default-src 'none'; style-src 'unsafe-inline'\">\
    <meta name=viewport content='width=device-width'><meta name=color-scheme content='light dark'>";

const STYLE: &str = include_str!("page.css");

/// Renders blocks as a page of its own, which loads nothing; the first heading is the title.
pub(in crate::report) fn html(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|block| match block {
        Block::Heading(title) => Some(title.as_str()),
        _ => None,
    });
    let title = escaped(title.unwrap_or_default());
    let mut page = format!("{HEAD}<title>{title}</title><style>{STYLE}</style><main>");
    render(&mut page, blocks, 1);
    page.push_str("</main>\n");
    page
}

fn render(page: &mut String, blocks: &[Block], depth: usize) {
    let mut depth = depth;
    for block in blocks {
        // Infallible, here and below: writing to a string.
        let _ = match block {
            Block::Heading(title) => {
                let level = depth;
                depth = depth.max(2);
                writeln!(page, "<h{level}>{}</h{level}>", escaped(title))
            }
            Block::Paragraph(sentences) => writeln!(page, "<p>{}</p>", escaped(sentences)),
            Block::List(lines) => {
                page.push_str("<ul>");
                for line in lines {
                    let _ = writeln!(page, "<li>{}</li>", escaped(line));
                }
                writeln!(page, "</ul>")
            }
            Block::Table(table) => {
                push_table(page, table);
                Ok(())
            }
            Block::Plot(plot) => writeln!(
                page,
                "<figure role=img aria-label=\"{}\">{}</figure>",
                escaped(&plot.alt),
                plot.svg
            ),
            Block::Details { title, blocks } => {
                let _ = writeln!(page, "<details><summary>{}</summary>", escaped(title));
                render(page, blocks, depth + 1);
                writeln!(page, "</details>")
            }
        };
    }
}

fn push_table(page: &mut String, table: &Table) {
    let row = |tag: &str, cells: &[String]| {
        let cells = cells
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    page.push_str("<div class=table><table>\n");
    page.push_str(&row("th", &table.head));
    table
        .rows
        .iter()
        .for_each(|cells| page.push_str(&row("td", cells)));
    page.push_str("</table></div>\n");
}

/// Escapes text for HTML, and makes words between backticks code.
fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    let parts = text.split('`').enumerate();
    parts
        .map(|(number, part)| match number % 2 {
            1 => format!("<code>{part}</code>"),
            _ => part.into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        let page = html(&[
            Block::Heading("Which?".into()),
            Block::Paragraph("`Mutex<VecDeque>` & \"others\"".into()),
        ]);
        assert!(page.contains("<title>Which?</title>"));
        let text = "<p><code>Mutex&lt;VecDeque&gt;</code> &amp; &quot;others&quot;</p>";
        assert!(page.contains(text), "{page}");
    }

    #[test]
    fn details_are_folded() {
        let blocks = vec![Block::Paragraph("inside".into())];
        let title = "push/2".into();
        let page = html(&[Block::Details { title, blocks }]);
        let folded = "<details><summary>push/2</summary>\n<p>inside</p>\n</details>";
        assert!(page.contains(folded), "{page}");
    }
}
