//! The log: a bounded queue to one thread that writes it, so that no other thread waits for it.

use std::env::{self, VarError};
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use mpsc_queue::channel::{Receiver, Sender, channel};
use mpsc_queue::{Link, linked};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The most lines that wait to be written. Further ones are dropped, and counted.
const MAX_WAITING: usize = 1024;

/// The time allowed to write what waits when the program ends, because the log may not be read.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The log. A clone is another handle of the same log.
#[derive(Clone)]
pub(crate) struct Log {
    entries: Sender<Box<Entry>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

struct Entry {
    link: Link,
    content: Content,
}
linked!(Entry => link: Link);

enum Content {
    Line(Vec<u8>),
    /// Is dropped when everything before has been written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Starts the thread that writes the log, and sends all events and panics to it.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let (entries, receiver) = channel();
        let counts = Arc::<Counts>::default();
        let log = Self {
            entries,
            counts: Arc::clone(&counts),
        };
        let filter = filter()?;
        thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(receiver, &counts))
            .map_err(|error| format!("cannot start the thread of the log: {error}"))?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(log.clone())
            .with_ansi(io::stderr().is_terminal())
            .init();
        // The default hook writes to stderr itself, and would wait for a reader.
        panic::set_hook(Box::new(log_panic));
        Ok(log)
    }

    /// Returns the number of lines that were dropped because too many waited, or that could not be
    /// written.
    pub(crate) fn dropped(&self) -> u64 {
        // Relaxed: a statistic.
        self.counts.dropped.load(Ordering::Relaxed)
    }

    /// Waits until the lines so far are written, but not for a log that is not read.
    pub(crate) fn flush(&self) {
        let (written, is_written) = sync_channel(0);
        self.send(Content::Flush(written));
        let _ = is_written.recv_timeout(LAST_WORDS);
    }

    fn send(&self, content: Content) {
        let link = Link::new();
        // The thread that writes ends after the last sender only.
        drop(self.entries.send(Box::new(Entry { link, content })));
    }
}

/// Each event is one write.
impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // Relaxed, here and below: a count. The queue orders the lines.
        if self.counts.waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            self.send(Content::Line(line.to_owned()));
        } else {
            self.counts.waiting.fetch_sub(1, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Writes to stderr. An error, such as that of a closed pipe or a full disk, is only counted.
fn write_all(receiver: Receiver<Box<Entry>>, counts: &Counts) {
    for entry in receiver {
        match entry.content {
            Content::Line(line) => {
                if io::stderr().write_all(&line).is_err() {
                    counts.dropped.fetch_add(1, Ordering::Relaxed);
                }
                counts.waiting.fetch_sub(1, Ordering::Relaxed);
            }
            Content::Flush(written) => drop(written),
        }
    }
}

/// Returns which events are logged.
fn filter() -> Result<EnvFilter, String> {
    match env::var(EnvFilter::DEFAULT_ENV) {
        Err(VarError::NotPresent) => Ok(EnvFilter::new("info")),
        Err(VarError::NotUnicode(_)) => Err("it is no text".into()),
        Ok(directives) => EnvFilter::try_new(directives).map_err(|error| error.to_string()),
    }
    .map_err(|error| format!("invalid {}: {error}", EnvFilter::DEFAULT_ENV))
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let thread = thread.name().unwrap_or("<unnamed>");
    let at = panic.location().map(tracing::field::display);
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(thread, at, message, "panic");
}
