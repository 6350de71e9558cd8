//! A log that nobody reads at first, that is read, and that breaks.

use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// The end of the program's log that is read. Nobody reads it before
/// [`start_reading`](Self::start_reading).
pub(super) struct LogReader {
    start: Sender<()>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl LogReader {
    pub(super) fn new(pipe: BufReader<ChildStderr>) -> Self {
        let (start, may_start) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = {
            let is_over = Arc::clone(&is_over);
            thread::spawn(move || {
                // Fails if the soak has failed.
                let _ = may_start.recv();
                // Relaxed: nothing else depends on it.
                let is_read = |_: &_| !is_over.load(Ordering::Relaxed);
                pipe.lines().take_while(is_read).count()
            })
        };
        Self {
            start,
            is_over,
            thread,
        }
    }

    pub(super) fn start_reading(&self) {
        self.start.send(()).expect("the reader runs");
    }

    /// Closes the pipe at the next line.
    pub(super) fn break_pipe(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Returns the number of lines that were read before the pipe was closed.
    pub(super) fn wait(self) -> usize {
        self.thread.join().expect("the log is text")
    }
}
