//! System calls per request, counted by strace. strace slows the server down, so batches
//! are larger than without it.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::load::Client;
use crate::process::Server;

/// System calls per request.
pub(crate) struct Calls {
    pub(crate) all: f64,
    /// `write` calls. The servers send by `sendto` or `writev`, so these are wake-ups of
    /// the event loop through an eventfd.
    pub(crate) writes: f64,
    /// `futex` calls: workers that are woken or go to sleep.
    pub(crate) futexes: f64,
}

/// Returns `true` if strace is installed.
pub(crate) fn is_available() -> bool {
    let mut strace = Command::new("strace");
    let status = strace.arg("-V").stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Counts while the client, which is warm, loads the server under strace. Begins and ends without
/// requests in flight.
pub(crate) fn count(server: &Server, client: &mut Client, time: Duration) -> io::Result<Calls> {
    client.finish()?;
    let mut strace = Command::new("strace")
        .args([
            "-f",
            "-c",
            "-U",
            "name,calls",
            "-p",
            &server.id().to_string(),
        ])
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stderr = BufReader::new(strace.stderr.take().expect("stderr is piped"));
    let mut text = String::new();
    while !text.contains("attached") {
        assert!(stderr.read_line(&mut text)? > 0, "strace: {text}");
    }
    client.reset();
    client.run(time)?;
    client.finish()?;
    let id = strace.id().try_into().expect("a process id fits a pid_t");
    // SAFETY: the call takes two numbers. The process is our child and has not been
    // waited for, so its id is not reused.
    unsafe { libc::kill(id, libc::SIGINT) };
    stderr.read_to_string(&mut text)?;
    strace.wait()?;

    let calls = |name: &str| {
        let mut rows = text.lines().map(|line| line.split_whitespace());
        let row = rows.find(|row| row.clone().next() == Some(name));
        let count = row.and_then(|mut row| row.nth(1)?.parse::<f64>().ok());
        count.unwrap_or(0.0) / client.requests as f64
    };
    Ok(Calls {
        all: calls("total"),
        writes: calls("write"),
        futexes: calls("futex"),
    })
}
