//! A report as blocks. Each output format renders the blocks in its own way.

/// A part of a report.
pub enum Block {
    /// The title of a section.
    Heading(String),
    /// Text.
    Paragraph(String),
    /// Sentences that are read one by one.
    List(Vec<String>),
    /// Figures.
    Table(Table),
    /// A drawing, which formats without drawings omit.
    Plot(Plot),
    /// Details: folded on a page, a section in Markdown, omitted in a terminal.
    Details {
        /// What the details are about.
        title: String,
        /// The details.
        blocks: Vec<Block>,
    },
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The titles of the columns.
    pub head: Vec<String>,
    /// The rows, each with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A drawing.
pub struct Plot {
    /// The name of the drawing's file, without a suffix.
    pub name: String,
    /// What the drawing shows, for readers who cannot see it.
    pub alt: String,
    /// The drawing, as a complete SVG document.
    pub svg: String,
}

impl Table {
    /// Creates a table without rows.
    pub fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        let head = head.into_iter().map(Into::into).collect();
        let rows = Vec::new();
        Self { head, rows }
    }

    /// Appends a row.
    ///
    /// # Panics
    ///
    /// Panics if the row has not as many cells as the table has columns.
    pub fn push<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(cells.len(), self.head.len(), "a cell for each column");
        self.rows.push(cells);
    }
}
