//! Observations of the program: by the kernel, and by its metrics.

use std::fs;

use crate::support::{Program, until};

/// Returns the resident memory in KiB.
pub(crate) fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let value = line.unwrap().trim().strip_suffix(" kB").unwrap();
    value.parse().unwrap()
}

/// Returns the number of open file descriptors.
pub(crate) fn descriptors(program: &Program) -> usize {
    let folder = format!("/proc/{}/fd", program.id());
    fs::read_dir(folder).unwrap().count()
}

/// Reads `/metrics` over a new connection each time.
pub(crate) struct Metrics<'a>(pub(crate) &'a Program);

impl Metrics<'_> {
    pub(crate) fn get(&self, name: &str) -> u64 {
        let text = self.0.connect().fetch("/metrics").body;
        let name = format!("http_resume_{name} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&name));
        value.expect(&name).parse().expect(&text)
    }

    pub(crate) fn wait_for(&self, name: &str, value: u64) {
        until(|| self.get(name) == value);
    }

    /// Asserts that each suspension has ended in exactly one way. Returns the counts.
    pub(crate) fn assert_add_up(&self) -> [(&'static str, u64); 6] {
        self.wait_for("suspended_requests", 0);
        let ends = [
            "resumed",
            "cancelled",
            "dropped",
            "timed_out",
            "abandoned",
            "shut_down",
        ];
        let ends = ends.map(|by| {
            let name = format!("suspensions_ended_total{{by=\"{by}\"}}");
            (by, self.get(&name))
        });
        let sum: u64 = ends.iter().map(|(_, count)| count).sum();
        assert_eq!(self.get("suspensions_total"), sum, "{ends:?}");
        ends
    }
}
