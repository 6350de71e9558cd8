//! The instructions of a request, counted by Callgrind: they are the same in every run to within a
//! percent, which times are not.
//!
//! ```sh
//! cargo test --release -p http-resume --test cost -- --ignored --nocapture
//! ```

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::{Client, Program};

/// Number of connections.
const CONNECTIONS: usize = 64;

/// What a request may cost more than recorded, in parts of a hundred.
const TOLERANCE: u64 = 5;

/// A load, and the instructions that the program executes in user space for each of its requests.
struct Recorded {
    path: &'static str,
    /// Requests that a connection sends at once.
    depth: usize,
    instructions: u64,
}

/// The compiler with which the instructions were counted, on x86-64.
const COMPILER: &str = "rustc 1.95.0 ";

const RECORDED: [Recorded; 4] = [
    Recorded {
        path: "/",
        depth: 1,
        instructions: 2151,
    },
    Recorded {
        path: "/",
        depth: 8,
        instructions: 1609,
    },
    Recorded {
        path: "/async",
        depth: 1,
        instructions: 4061,
    },
    Recorded {
        path: "/async",
        depth: 8,
        instructions: 3680,
    },
];

#[test]
#[ignore = "needs Valgrind and a release build"]
fn request_costs_no_more_than_recorded() {
    if !compiler().starts_with(COMPILER) {
        println!("NOT CHECKED: the figures are those of {COMPILER}");
        return;
    }
    let mut is_dearer = false;
    for load in RECORDED {
        let counted = load.count();
        println!(
            "{} {} deep: {counted} instructions, {} recorded",
            load.path, load.depth, load.instructions
        );
        is_dearer |= counted * 100 > load.instructions * (100 + TOLERANCE);
    }
    assert!(!is_dearer, "a request costs more than recorded");
}

impl Recorded {
    /// Returns the instructions per request: of a long run, less those of a short one.
    fn count(&self) -> u64 {
        const FEW: usize = 10;
        const MANY: usize = 60;
        let requests = (MANY - FEW) * CONNECTIONS * self.depth;
        (self.run(MANY) - self.run(FEW)) / requests as u64
    }

    /// Returns the instructions of a run of the program.
    fn run(&self, rounds: usize) -> u64 {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind.out");
        let mut command = Command::new("valgrind");
        command
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(env!("CARGO_BIN_EXE_http-resume"));
        let options = ["--threads", "1", "--workers", "2"];
        let program = Program::start_by(command, &options);
        let requests = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.path, program.addr
        )
        .repeat(self.depth);
        let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| program.connect()).collect();
        for _ in 0..rounds {
            clients.iter_mut().for_each(|client| client.send(&requests));
            for client in &mut clients {
                for _ in 0..self.depth {
                    assert_eq!(client.answer().status, 200);
                }
            }
        }
        drop(clients);
        program.signal("TERM");
        assert!(program.wait().success());
        total(&file)
    }
}

/// Returns the version of the compiler.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.expect("there is a compiler");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the instructions that Callgrind has counted.
fn total(file: &Path) -> u64 {
    let text = fs::read_to_string(file).expect("Callgrind writes the file");
    let line = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total = line.expect("the file has a line with the totals").trim();
    total.parse().expect("the total is a number")
}
