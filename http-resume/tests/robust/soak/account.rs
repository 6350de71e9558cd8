//! The account of the clients: what became of each request.

use std::collections::BTreeMap;

use super::effects::{Effects, NAMES};

/// What became of a request.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    /// The response was the expected one.
    Answered,
    /// The response was a status that says why the request was not served.
    Refused,
    /// The client closed or reset the connection, or never read from it.
    GivenUp,
    /// The server closed the connection because it was stopping.
    Stopped,
    /// None of these.
    Lost,
}

const FATES: [&str; 5] = ["answered", "refused", "given up", "stopped", "LOST"];

/// The requests of one kind.
#[derive(Clone, Copy, Default)]
struct Row {
    sent: u64,
    fates: [u64; FATES.len()],
}

#[derive(Default)]
pub(super) struct Account {
    rows: BTreeMap<&'static str, Row>,
    /// What the requests have added to the server's counters at least, and at most. They differ
    /// because a client does not know how far a request came that it gave up.
    least: Effects,
    most: Effects,
    complaints: Vec<String>,
}

impl Account {
    pub(super) fn count_sent(&mut self, kind: &'static str) {
        self.rows.entry(kind).or_default().sent += 1;
    }

    pub(super) fn count_fate(&mut self, kind: &'static str, fate: Fate) {
        self.rows.entry(kind).or_default().fates[fate as usize] += 1;
    }

    /// Counts effects that are certain.
    pub(super) fn count_effects(&mut self, effects: Effects) {
        self.least += effects;
        self.most += effects;
    }

    /// Counts effects that are possible.
    pub(super) fn count_possible(&mut self, effects: Effects) {
        self.most += effects;
    }

    /// Makes effects certain that were counted as possible.
    pub(super) fn confirm(&mut self, effects: Effects) {
        self.least += effects;
    }

    /// Notes something that must not happen.
    pub(super) fn complain(&mut self, what: String) {
        self.complaints.push(what);
    }

    pub(super) fn add(&mut self, other: Self) {
        for (kind, row) in other.rows {
            let sum = self.rows.entry(kind).or_default();
            sum.sent += row.sent;
            for (count, more) in sum.fates.iter_mut().zip(row.fates) {
                *count += more;
            }
        }
        self.least += other.least;
        self.most += other.most;
        self.complaints.extend(other.complaints);
    }

    /// Asserts that each request has one fate, and that none is lost.
    pub(super) fn assert_complete(&self) {
        const SHOWN: usize = 20;
        for complaint in self.complaints.iter().take(SHOWN) {
            println!("{complaint}");
        }
        for (kind, row) in &self.rows {
            let known: u64 = row.fates.iter().sum();
            assert_eq!(row.sent, known, "requests unaccounted: {kind}");
        }
        let count = self.complaints.len();
        assert_eq!(count, 0, "complaints, of which {SHOWN} are shown above");
    }

    /// Asserts that each of the server's counters is what the clients expect.
    pub(super) fn assert_agrees(&self, counter: impl Fn(&str) -> u64) {
        for (name, (least, most)) in self.expected() {
            let value = counter(name);
            let range = least..=most;
            assert!(range.contains(&value), "{name} is {value}, not {range:?}");
        }
    }

    fn expected(&self) -> impl Iterator<Item = (&'static str, (u64, u64))> {
        NAMES
            .into_iter()
            .zip(self.least.0.into_iter().zip(self.most.0))
    }

    pub(super) fn print(&self) {
        let [answered, refused, given_up, stopped, lost] = FATES;
        println!(
            "{:24}{:>10}{answered:>10}{refused:>10}{given_up:>10}{stopped:>10}{lost:>6}",
            "requests", "sent"
        );
        let mut total = Row::default();
        for (kind, row) in &self.rows {
            print_row(kind, row);
            total.sent += row.sent;
            (0..FATES.len()).for_each(|fate| total.fates[fate] += row.fates[fate]);
        }
        print_row("total", &total);
    }

    pub(super) fn print_counters(&self, counter: impl Fn(&str) -> u64) {
        println!("{:44}{:>10}{:>22}", "counters", "server", "clients");
        for (name, (least, most)) in self.expected() {
            println!(
                "{name:44}{:>10}{:>22}",
                counter(name),
                format!("{least} to {most}")
            );
        }
    }
}

fn print_row(kind: &str, row: &Row) {
    let [answered, refused, given_up, stopped, lost] = row.fates;
    println!(
        "{kind:24}{:>10}{answered:>10}{refused:>10}{given_up:>10}{stopped:>10}{lost:>6}",
        row.sent
    );
}
