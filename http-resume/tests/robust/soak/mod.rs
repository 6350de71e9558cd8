//! Mixed load with faults injected: every request is accounted for, and the server returns to
//! where it began.
//!
//! The load comes in rounds of equal length, with a rest after each. The first round warms the
//! server up. At each rest, the counters of the server are what the clients expect, and its
//! connections, descriptors, timers, suspended requests and pending bytes are those of an idle
//! server. The last round ends with a signal.
//!
//! | file | question |
//! |---|---|
//! | [`clients`] | what do clients do, and which faults do they inject? |
//! | [`request`] | what do they send, and which response do they expect? |
//! | [`connection`] | what became of each request? |
//! | [`account`] | do all the fates add up, and do the server's counters agree? |
//! | [`effects`] | what does a request add to the server's counters? |
//! | [`log`] | when is the log read, and when does it break? |
//! | [`rest`] | is the server back where it began? |

mod account;
mod clients;
mod connection;
mod effects;
mod log;
mod request;
mod rest;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use self::account::Account;
use self::clients::DESCRIPTORS;
use self::connection::Dialer;
use self::effects::{Counter, Effects};
use self::log::LogReader;
use self::rest::Rest;
use crate::process::descriptors;
use crate::support::Program;

/// Number of clients that visit the server at a time.
const CLIENTS: u64 = 48;

const ROUND: Duration = Duration::from_secs(30);

/// The load before the signal.
const LAST_ROUND: Duration = Duration::from_secs(3);

const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the end of the process may take on a busy machine, after the shutdown timeout.
const GRACE: Duration = Duration::from_secs(1);

/// Growth of the memory after the first round that is not a leak, in KiB. Spare buffers and holes
/// in the allocator's pages vary: within 0.9 MB over 14 rounds. A leak of 32 bytes for each panic
/// of a worker, of which a minute has 10,000, exceeded this after ten minutes.
const TOLERANCE: u64 = 2048;

const OPTIONS: [&str; 18] = [
    "--threads",
    "2",
    "--workers",
    "2",
    "--max-suspended",
    "150",
    "--header-timeout",
    "2",
    "--body-timeout",
    "2",
    "--keep-alive-timeout",
    "5",
    "--send-timeout",
    "2",
    "--suspend-timeout",
    "3", // longer than the send timeout, so that responses wait for longer
    "--shutdown-timeout",
    "2",
];

/// Runs the soak.
pub(crate) fn run(minutes: f64, seed: Option<u64>) {
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let time = Duration::from_secs_f64(minutes * 60.0);
    let rounds = (time.as_secs_f64() / ROUND.as_secs_f64()).round().max(2.0) as u32;
    let time = time / rounds;
    println!("{rounds} rounds of {time:?}; seed {seed}");
    let (mut soak, log) = Soak::start(seed);
    soak.load(time, || {});
    log.start_reading();
    soak.rest();
    soak.load(time, || log.break_pipe());
    soak.rest();
    for _ in 2..rounds {
        soak.load(time, || {});
        soak.rest();
    }
    println!("{} lines of the log were read", log.wait());
    soak.finish();
}

struct Soak {
    program: Program,
    idle_descriptors: usize,
    /// Of the clients and of the observer.
    account: Account,
    /// Seeds the clients.
    rng: Rng,
    rests: Vec<Rest>,
}

impl Soak {
    fn start(seed: u64) -> (Self, LogReader) {
        let mut limited = Command::new("sh");
        let script = format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\"");
        limited.args(["-c", &script, env!("CARGO_BIN_EXE_http-resume")]);
        // glibc keeps freed blocks between those in use: tens of megabytes after such a load. If
        // it maps blocks of a page and more one by one, the resident memory is what the server
        // holds.
        limited.env("MALLOC_MMAP_THRESHOLD_", "4096");
        let mut program = Program::start_by(limited, &OPTIONS);
        let log = LogReader::new(program.take_log());
        let soak = Self {
            idle_descriptors: descriptors(&program),
            program,
            account: Account::default(),
            rng: Rng::with_seed(seed),
            rests: Vec::new(),
        };
        (soak, log)
    }

    /// Loads the server for a while, and calls `halfway` after half of it.
    fn load(&mut self, time: Duration, halfway: impl FnOnce()) {
        let is_stopping = AtomicBool::new(false);
        let mut pause = Duration::ZERO;
        let account = load(self.program.addr, &mut self.rng, &is_stopping, || {
            pause = sleep(time / 2);
            halfway();
            pause = pause.max(sleep(time / 2));
        });
        if pause > Duration::from_secs(1) {
            println!("this machine stood still for {pause:?}: requests may have timed out");
        }
        self.account.add(account);
        self.account.assert_complete();
    }

    /// Waits until the server is at rest, and compares its counters with the account.
    fn rest(&mut self) {
        let rest = Rest::wait(&self.program, self.idle_descriptors);
        let by_observer = [(Counter::Accepted, 1), (Counter::Requests, rest.requests)];
        self.account.count_effects(Effects::of(&by_observer));
        println!(
            "at rest: {} requests so far, memory of {} KiB",
            rest.metric("requests_total"),
            rest.memory
        );
        self.account.assert_agrees(|name| rest.metric(name));
        self.rests.push(rest);
    }

    /// Stops the server under load, and closes the account.
    fn finish(mut self) {
        let rest = self.rests.last().expect("every round ends with a rest");
        for fault in ["accept_failures_total", "dropped_log_lines_total"] {
            println!("{fault}: {}", rest.metric(fault));
            assert_ne!(rest.metric(fault), 0, "a fault that was not injected");
        }
        self.account.print_counters(|name| rest.metric(name));
        self.check_memory();

        let is_stopping = AtomicBool::new(false);
        let mut stop = None;
        let addr = self.program.addr;
        let account = load(addr, &mut self.rng, &is_stopping, || {
            thread::sleep(LAST_ROUND);
            is_stopping.store(true, Ordering::Relaxed);
            let signalled = Instant::now();
            self.program.signal("TERM");
            let status = self.program.wait();
            stop = Some((status.code(), signalled.elapsed()));
        });
        self.account.add(account);
        self.account.print();
        self.account.assert_complete();
        let (code, took) = stop.expect("the server was stopped");
        println!("the server ended with {code:?}, {took:?} after the signal");
        assert_eq!(code, Some(0));
        assert!(took < SHUTDOWN_TIMEOUT + GRACE, "the stop took {took:?}");
    }

    /// Asserts that the memory is what it was after the first round.
    fn check_memory(&self) {
        let memory: Vec<u64> = self.rests.iter().map(|rest| rest.memory).collect();
        println!("memory at each rest, in KiB: {memory:?}");
        let (first, last) = (memory[0], memory[memory.len() - 1]);
        assert!(last <= first + TOLERANCE, "memory grows: {memory:?}");
    }
}

/// Sleeps, and returns the longest time by which the machine prolonged a short sleep.
fn sleep(time: Duration) -> Duration {
    const STEP: Duration = Duration::from_millis(50);
    let end = Instant::now() + time;
    let mut longest = Duration::ZERO;
    while Instant::now() < end {
        let started = Instant::now();
        thread::sleep(STEP);
        longest = longest.max(started.elapsed() - STEP);
    }
    longest
}

/// Has clients visit the server until `meanwhile` returns. Returns their account.
fn load(
    addr: SocketAddr,
    rng: &mut Rng,
    is_stopping: &AtomicBool,
    meanwhile: impl FnOnce(),
) -> Account {
    let account = Mutex::new(Account::default());
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let mut rng = rng.fork();
            let (account, is_over) = (&account, &is_over);
            scope.spawn(move || {
                let dialer = Dialer {
                    addr,
                    account: RefCell::default(),
                    is_stopping,
                };
                while !is_over.load(Ordering::Relaxed) {
                    let is_gone = clients::visit(&dialer, &mut rng).is_none();
                    if is_gone && dialer.is_stopping() {
                        break;
                    }
                }
                account.lock().unwrap().add(dialer.account.into_inner());
            });
        }
        meanwhile();
        is_over.store(true, Ordering::Relaxed);
    });
    account.into_inner().unwrap()
}
