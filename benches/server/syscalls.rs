//! System calls for each request, counted by strace. That slows a server down a lot:
//! these figures say nothing of time, and batches come out larger than they are.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::contestant::Contestant;
use crate::load::{self, Load};

/// Per request.
pub(crate) struct Calls {
    pub(crate) all: f64,
    /// Of these, `write`. Each of the servers sends on its sockets with `sendto` or
    /// `writev`, so that these go to an eventfd: they are wake-ups of the loop.
    pub(crate) writes: f64,
    /// Of these, `futex`: workers that are woken, or go to sleep.
    pub(crate) futexes: f64,
}

pub(crate) fn is_there() -> bool {
    let mut strace = Command::new("strace");
    let status = strace.arg("-V").stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

pub(crate) fn count(server: &Contestant, load: Load, time: Duration) -> io::Result<Calls> {
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
    let mut stderr = BufReader::new(strace.stderr.take().expect("it is piped"));
    let mut text = String::new();
    while !text.contains("attached") {
        assert!(stderr.read_line(&mut text)? > 0, "strace: {text}");
    }
    let sample = load::run(server, load, Duration::ZERO, time)?;
    let id = strace.id().try_into().expect("it is a pid_t");
    // SAFETY: it takes two numbers; the process is our child, and not yet waited for.
    unsafe { libc::kill(id, libc::SIGINT) };
    stderr.read_to_string(&mut text)?;
    strace.wait()?;

    let calls = |name: &str| {
        let mut rows = text.lines().map(|line| line.split_whitespace());
        let row = rows.find(|row| row.clone().next() == Some(name));
        let count = row.and_then(|mut row| row.nth(1)?.parse::<f64>().ok());
        count.unwrap_or(0.0) / sample.requests as f64
    };
    Ok(Calls {
        all: calls("total"),
        writes: calls("write"),
        futexes: calls("futex"),
    })
}
