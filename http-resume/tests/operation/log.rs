//! A log that cannot be written, or is not read, changes nothing.

use std::process::Command;

use crate::support::{Program, until};

/// Asserts that panics are contained, and that a signal stops the server.
fn check(program: Program, panics: usize) {
    let mut client = program.connect();
    for _ in 0..panics {
        assert_eq!(client.fetch("/panic/handler").status, 500);
    }
    assert_eq!(client.fetch("/panic/worker").status, 500);
    assert_eq!(client.fetch("/async").body, "hello");
    program.signal("TERM");
    assert!(program.wait().success());
}

#[test]
fn closed_pipe() {
    let mut program = Program::start(&["--threads", "1"]);
    program.close_log();
    check(program, 3);
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk() {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_http-resume");
    command.args(["-c", "exec \"$0\" \"$@\" 2> /dev/full", program]);
    let program = Program::start_by(command, &["--threads", "1"]);
    assert_eq!(program.connect().fetch("/panic/handler").status, 500);
    until(|| dropped_lines(&program) > 0);
    check(program, 3);
}

/// More than the pipe and the queue of the log hold.
const MANY: usize = 3000;

#[test]
fn pipe_that_is_not_read() {
    let program = Program::start(&["--threads", "1"]);
    let mut client = program.connect();
    for _ in 0..MANY {
        assert_eq!(client.fetch("/panic/handler").status, 500);
    }
    assert_ne!(dropped_lines(&program), 0);
    check(program, 1);
}

fn dropped_lines(program: &Program) -> u64 {
    let metrics = program.connect().fetch("/metrics").body;
    let mut lines = metrics.lines();
    let dropped = lines.find_map(|line| line.strip_prefix("http_resume_dropped_log_lines_total "));
    let dropped = dropped.and_then(|number| number.parse().ok());
    dropped.expect(&metrics)
}

#[test]
fn panic_is_in_the_log() {
    let mut program = Program::start(&["--threads", "1"]);
    assert_eq!(program.connect().fetch("/panic/handler").status, 500);
    program.wait_for_log("requested by the client");
    program.signal("TERM");
    program.wait_for_log("stopped"); // the last line
    assert!(program.wait().success());
}
