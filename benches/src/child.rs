//! Child processes of this program, each for one contestant.

use std::io;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use papers::cores;

/// The time limit of a child process.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls [`run`] for each contestant, as many at a time as there are cores: nothing is timed. Returns
/// the results in the order of the contestants.
pub(crate) fn run_all<'a>(
    option: &str,
    contestants: &[&'a str],
) -> Vec<(&'a str, Result<String, String>)> {
    let (next, results) = (
        Mutex::new(contestants.iter().enumerate()),
        Mutex::new(Vec::new()),
    );
    let take = || next.lock().expect("no thread panics with the lock").next();
    thread::scope(|scope| {
        for _ in 0..cores::count() {
            scope.spawn(|| {
                while let Some((place, contestant)) = take() {
                    let result = (place, *contestant, run(option, contestant));
                    let mut results = results.lock().expect("no thread panics with the lock");
                    results.push(result);
                }
            });
        }
    });
    let mut results = results
        .into_inner()
        .expect("no thread panics with the lock");
    results.sort_by_key(|(place, ..)| *place);
    let results = results.into_iter();
    results
        .map(|(_, contestant, result)| (contestant, result))
        .collect()
}

/// Runs this program with `--option=contestant`, and returns its output, or how it
/// failed. A contestant that panics, hangs or corrupts memory does not affect the others.
fn run(option: &str, contestant: &str) -> Result<String, String> {
    output(option, contestant).map_err(|error| error.to_string())?
}

fn output(option: &str, contestant: &str) -> io::Result<Result<String, String>> {
    let start = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .arg(format!("--{option}={contestant}"))
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // The output fits into the pipes.
    while child.try_wait()?.is_none() {
        if start.elapsed() > TIMEOUT {
            child.kill()?;
            child.wait()?;
            return Ok(Err(format!("timed out after {TIMEOUT:?}")));
        }
        sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into()));
    }
    let errors = String::from_utf8_lossy(&output.stderr)
        .replace('\n', " ")
        .replace('`', "'");
    Ok(Err(format!("{}: {}", output.status, errors.trim())))
}
