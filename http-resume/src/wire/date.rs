//! The `Date` field.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// The value of the `Date` field, formatted once per second.
#[derive(Debug)]
pub(crate) struct Date {
    second: u64,
    text: Vec<u8>,
}

impl Date {
    pub(crate) fn new() -> Self {
        let mut date = Self {
            second: u64::MAX,
            text: Vec::new(),
        };
        date.update();
        date
    }

    /// Updates the value from the system clock.
    pub(crate) fn update(&mut self) {
        let now = SystemTime::now();
        let second = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        if second != self.second {
            self.second = second;
            self.text.clear();
            let date = httpdate::HttpDate::from(now);
            write!(self.text, "{date}").expect("writing to a Vec does not fail");
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}
