//! Closed connections leave nothing behind.

use crate::limits::metric;
use crate::support::{Program, until};

#[test]
fn timers_of_closed_connections() {
    let program = Program::start(&["--threads", "1"]);
    let mut observer = program.connect();
    for _ in 0..2000 {
        program.connect().reset();
    }
    until(|| metric(&mut observer, "open_connections") == "1");
    until(|| metric(&mut observer, "timers").parse::<u64>().unwrap() < 100);
}
