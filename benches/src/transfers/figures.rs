//! The figures of the model, as lines of a child process and as tables.

use papers::transfers::Consumer;

/// The numbers of producers that are modelled.
pub const PRODUCERS: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];

/// The floors, which push only.
pub const FLOORS: [&str; 3] = ["swap", "swap + link", "fetch_add"];

/// The modelled transfers per operation of a contestant or a floor.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfers {
    /// The name of the contestant or the floor.
    pub name: String,
    /// The number of producers.
    pub producers: usize,
    /// When the consumer pops. For a floor, which has no consumer, [`Consumer::Afterwards`].
    pub consumer: Consumer,
    /// Transfers of the producers per push.
    pub push: f64,
    /// Transfers of the consumer per pop, with the reading of the item. `None` for a floor.
    pub pop: Option<f64>,
}

impl Transfers {
    pub(super) fn line(&self) -> String {
        let pop = self.pop.map_or(String::new(), |pop| pop.to_string());
        let (name, consumer) = (&self.name, self.consumer.name());
        format!(
            "{name}\t{}\t{consumer}\t{}\t{pop}",
            self.producers, self.push
        )
    }

    pub(super) fn parsed(line: &str) -> Option<Self> {
        let parts: Vec<_> = line.split('\t').collect();
        let [name, producers, consumer, push, pop] = parts.try_into().ok()?;
        Some(Self {
            name: name.into(),
            producers: producers.parse().ok()?,
            consumer: *Consumer::ALL.iter().find(|kind| kind.name() == consumer)?,
            push: push.parse().ok()?,
            pop: match pop {
                "" => None,
                pop => Some(pop.parse().ok()?),
            },
        })
    }

    /// Returns the figures for a table: those of push and pop.
    fn cell(&self) -> String {
        let pop = self.pop.map_or(String::new(), |pop| format!(" + {pop:.2}"));
        format!("{:.2}{pop}", self.push)
    }
}

/// A table of figures.
pub struct Table {
    /// The title.
    pub title: &'static str,
    /// The names of the columns.
    pub header: Vec<String>,
    /// The cells of each row, as many as the header has.
    pub rows: Vec<Vec<String>>,
}

/// Returns a table for each kind of consumer, with a row for each contestant and a column for
/// each number of producers. A cell reads `push + pop`.
#[must_use]
pub fn tables(transfers: &[Transfers]) -> [Table; Consumer::ALL.len()] {
    Consumer::ALL.map(|consumer| {
        let mut header = vec!["producers".to_owned()];
        header.extend(PRODUCERS.map(|number| number.to_string()));
        let (title, rows) = (consumer.title(), rows(transfers, consumer));
        Table {
            title,
            header,
            rows,
        }
    })
}

fn rows(transfers: &[Transfers], consumer: Consumer) -> Vec<Vec<String>> {
    let mut names: Vec<_> = transfers
        .iter()
        .filter(|row| row.consumer == consumer)
        .map(|row| &*row.name)
        .collect();
    names.dedup();
    let cell = |name: &str, producers| {
        let cell = find(transfers, name, producers, consumer).map(Transfers::cell);
        cell.unwrap_or_else(|| "-".into())
    };
    let row = |name: &str| {
        let cells = PRODUCERS.map(|producers| cell(name, producers));
        [vec![name.to_owned()], cells.into()].concat()
    };
    names.into_iter().map(row).collect()
}

/// Returns the figures of a contestant or a floor.
#[must_use]
pub fn find<'a>(
    transfers: &'a [Transfers],
    name: &str,
    producers: usize,
    consumer: Consumer,
) -> Option<&'a Transfers> {
    let mut rows = transfers.iter();
    rows.find(|row| row.name == name && row.producers == producers && row.consumer == consumer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfers(name: &str, producers: usize, pop: Option<f64>) -> Transfers {
        Transfers {
            name: name.into(),
            producers,
            consumer: Consumer::Afterwards,
            push: 1.5,
            pop,
        }
    }

    #[test]
    fn parsed_line_equals_figures() {
        for pop in [Some(0.25), None] {
            let transfers = transfers("mpsc-queue, chains of 8", 16, pop);
            assert_eq!(Transfers::parsed(&transfers.line()), Some(transfers));
        }
        assert_eq!(Transfers::parsed("ours\t2\tsometimes\t1\t1"), None);
        assert_eq!(Transfers::parsed("ours\t2\tbehind\t1"), None);
    }

    #[test]
    fn tables_have_a_row_per_contestant() {
        let figures = [
            transfers("swap", 2, None),
            transfers("ours", 2, Some(1.0)),
            transfers("ours", 128, Some(2.0)),
        ];
        let [at_once, behind, afterwards] = tables(&figures);
        assert!(at_once.rows.is_empty() && behind.rows.is_empty());
        assert_eq!(afterwards.header.join(" "), "producers 2 4 8 16 32 64 128");
        let rows: Vec<_> = afterwards.rows.iter().map(|row| row.join("|")).collect();
        assert_eq!(
            rows,
            [
                "swap|1.50|-|-|-|-|-|-",
                "ours|1.50 + 1.00|-|-|-|-|-|1.50 + 2.00"
            ]
        );
    }
}
