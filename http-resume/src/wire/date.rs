//! The `Date` field.

use std::time::{SystemTime, UNIX_EPOCH};

/// The line end and the field that give a body the type of plain text.
pub(super) const TEXT_TYPE: &str = "\r\nContent-Type: text/plain; charset=utf-8";

/// The line end and the name of the field with the length of a body.
pub(super) const LENGTH: &str = "\r\nContent-Length: ";

/// The `Date` field, formatted once per second.
#[derive(Debug)]
pub(crate) struct Date {
    second: u64,
    value: String,
    /// How responses with status 200 and a body of plain text begin, up to its length.
    beginning_of_text: String,
}

impl Date {
    pub(crate) fn new() -> Self {
        let mut date = Self {
            second: u64::MAX,
            value: String::new(),
            beginning_of_text: String::new(),
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
            let date = httpdate::HttpDate::from(now);
            self.value = date.to_string();
            self.beginning_of_text = format!("HTTP/1.1 200 OK\r\nDate: {date}{TEXT_TYPE}{LENGTH}");
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.value.as_bytes()
    }

    pub(super) fn beginning_of_text(&self) -> &[u8] {
        self.beginning_of_text.as_bytes()
    }
}
