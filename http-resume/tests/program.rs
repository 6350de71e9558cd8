//! The demonstration program: its routes, metrics, limits, signals and options.

mod support;

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Program, until};

#[test]
fn routes_respond() {
    let pool = ["--threads", "2", "--workers", "2"];
    check_routes(&Program::start(&pool));
    let adaptive = ["--wait", "adaptive", "--worker-wait", "adaptive"];
    check_routes(&Program::start(&[pool, adaptive].concat()));
}

fn check_routes(program: &Program) {
    let mut client = program.connect();
    for (path, status, body) in [
        ("/", 200, "hello"),
        ("/async", 200, "hello"),
        ("/async-fn", 200, "hello"),
        ("/sleep/1", 200, "slept 1"),
        ("/sleep/0", 200, "slept 0"),
        ("/stages/0", 200, "0"),
        ("/stages/1", 200, "1"),
        ("/stages/1000", 200, "1000"),
        ("/sleep/x", 400, "the last path segment must be a number"),
        (
            "/sleep/18446744073709551616",
            400,
            "the last path segment must be a number",
        ),
        ("/stages/-1", 400, "the last path segment must be a number"),
        ("/hello", 200, "hello from background"),
        ("/drop", 500, "internal server error"),
        ("/panic/handler", 500, "internal server error"),
        ("/panic/resumed", 500, "internal server error"),
        ("/panic/worker", 500, "internal server error"),
        (
            "/panic/elsewhere",
            404,
            "expected one of: handler, resumed, worker",
        ),
        ("/nowhere", 404, "no route matches this path"),
        ("/echo", 405, "method not allowed"),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
    for (path, sent, status, body) in [
        ("/ping", "ping", 200, "pong"),
        ("/ping", "pong", 422, "the body must be: ping"),
        ("/ping", "", 422, "the body must be: ping"),
        ("/echo", "", 200, ""),
        ("/echo", "the body", 200, "the body"),
        ("/async", "", 405, "method not allowed"),
    ] {
        let length = sent.len();
        client.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{sent}"
        ));
        let answer = client.answer();
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
}

/// Includes suspensions on both event loops, and work after a panic of the only worker.
#[test]
fn metrics_add_up() {
    let program = Program::start(&["--threads", "2", "--workers", "1"]);
    let mut clients: Vec<_> = (0..8).map(|_| program.connect()).collect();
    for client in &mut clients {
        for path in ["/async", "/stages/3", "/drop", "/panic/worker", "/async"] {
            client.fetch(path);
        }
    }
    let text = clients[0].fetch("/metrics").body;
    assert_eq!(count(&text, "requests_total"), 8 * 5 + 1);
    assert_eq!(count(&text, "suspensions_total"), 8 * 7);
    assert_eq!(count(&text, "suspended_requests"), 0);
    assert_eq!(count(&text, "open_connections"), 8);
    assert_eq!(
        (ended(&text, "resumed"), ended(&text, "dropped")),
        (8 * 5, 8 * 2)
    );
}

/// Returns the value of a metric.
#[track_caller]
fn count(metrics: &str, name: &str) -> u64 {
    let name = format!("http_resume_{name} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name));
    value.expect(&name).parse().expect(metrics)
}

#[track_caller]
fn ended(metrics: &str, by: &str) -> u64 {
    count(metrics, &format!("suspensions_ended_total{{by=\"{by}\"}}"))
}

/// Some suspensions time out, some clients disconnect, and all run concurrently.
#[test]
fn metrics_add_up_after_all_completions() {
    let program = Program::start(&["--threads", "2", "--suspend-timeout", "2"]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = program.connect();
                for path in ["/hello", "/stages/5", "/drop", "/panic/resumed", "/sleep/1"] {
                    client.fetch(path);
                }
                assert_eq!(client.fetch("/sleep/3600000").status, 503);
            });
        }
    });
    let mut client = program.connect();
    let mut leavers: Vec<_> = (0..8).map(|_| program.connect()).collect();
    let mut metrics = || client.fetch("/metrics").body;
    let before = count(&metrics(), "suspensions_total");
    for leaver in &mut leavers {
        leaver.get("/sleep/3600000");
    }
    until(|| count(&metrics(), "suspensions_total") == before + 8);
    leavers.into_iter().for_each(Client::reset);
    until(|| count(&metrics(), "open_connections") == 1);
    let text = metrics();
    assert_eq!(count(&text, "suspended_requests"), 0);
    assert_eq!(
        (ended(&text, "resumed"), ended(&text, "dropped")),
        (8 * 8, 8)
    );
    // On a slow machine, the request of a leaver may time out first.
    assert_eq!(ended(&text, "timed_out") + ended(&text, "abandoned"), 8 + 8);
    assert!(ended(&text, "timed_out") >= 8);
    let ends = [
        "resumed",
        "cancelled",
        "dropped",
        "timed_out",
        "abandoned",
        "shut_down",
    ];
    let all: u64 = ends.iter().map(|by| ended(&text, by)).sum();
    assert_eq!(count(&text, "suspensions_total"), all);
}

/// The handler cancels the suspension, and the server continues.
#[test]
fn hello_returns_503_without_thread() {
    // Six threads of 1 GiB fit: an event loop, a worker of each pool, the timer, and those of the
    // signals and of the log.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -v 7198576 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_http-resume"))
        .env("RUST_MIN_STACK", (1 << 30).to_string());
    let program = Program::start_by(shell, &["--threads", "1", "--workers", "1"]);
    let mut client = program.connect();
    let answer = client.fetch("/hello");
    assert_eq!(
        (answer.status, answer.field("retry-after"), &*answer.body),
        (503, Some("1"), "cannot start a thread")
    );
    assert_eq!(client.fetch("/async").body, "hello");
    let text = client.fetch("/metrics").body;
    assert_eq!((ended(&text, "cancelled"), ended(&text, "resumed")), (1, 1));
    assert_eq!(count(&text, "suspended_requests"), 0);
}

/// In turn, they would take minutes.
#[test]
fn thousand_sleepers_run_concurrently() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let program = Program::start(&["--threads", "1"]);
    let mut clients: Vec<_> = (0..1000).map(|_| program.connect()).collect();
    clients
        .iter_mut()
        .for_each(|client| client.get("/sleep/200"));
    for client in &mut clients {
        assert_eq!(client.answer().body, "slept 200");
    }
}

/// Without file descriptors, open connections are served, others wait, and the event loop does
/// not spin. It accepts again when connections close.
#[test]
fn connections_wait_for_file_descriptors() {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_http-resume"));
    let program = Program::start_by(shell, &["--threads", "1", "--workers", "1"]);
    let mut first = program.connect();
    assert_eq!(first.fetch("/async").body, "hello");
    let started = Instant::now();
    let mut others: Vec<_> = (0..60).map(|_| program.connect()).collect();
    others.iter_mut().for_each(|client| client.get("/async"));

    let mut fetched = 0;
    let mut metrics = || {
        fetched += 1;
        first.fetch("/metrics").body
    };
    // All connections that fit are accepted and served.
    until(|| {
        let text = metrics();
        count(&text, "accept_failures_total") >= 1
            && count(&text, "open_connections") == ended(&text, "resumed")
    });
    let (before, mut after) = (metrics(), metrics());
    let enough = count(&before, "accept_failures_total") + 5;
    until(|| {
        thread::sleep(Duration::from_millis(20)); // few requests, so that spinning would dominate
        after = metrics();
        count(&after, "accept_failures_total") >= enough
    });
    // The event loop retries ten times per second, and iterates only for that and for the
    // requests of this test, at most twice each: for the connection and for its request.
    let failures = count(&after, "accept_failures_total");
    assert!(u128::from(failures) <= 2 + started.elapsed().as_millis() / 100);
    let iterations =
        count(&after, "loop_iterations_total") - count(&before, "loop_iterations_total");
    let reasons = fetched + failures;
    assert!(
        iterations <= 2 * reasons,
        "{iterations} iterations for {reasons} reasons"
    );
    let open = count(&after, "open_connections");
    assert!((10..40).contains(&open), "{open} connections fit");
    assert_eq!(count(&after, "accepted_connections_total"), open);

    // Each connection that closes makes room for another one.
    for mut client in others {
        assert_eq!(client.answer().body, "hello");
    }
    assert_eq!(first.fetch("/async").body, "hello");
    until(|| count(&first.fetch("/metrics").body, "open_connections") == 1);
    assert_eq!(
        count(&first.fetch("/metrics").body, "accepted_connections_total"),
        61
    );
}

#[test]
fn suspended_requests_beyond_limit_get_503() {
    let program = Program::start(&["--threads", "1", "--max-suspended", "1"]);
    let mut client = program.connect();
    client.get("/sleep/3600000");
    let mut other = program.connect();
    // The other request may be served before the first one.
    until(|| other.fetch("/sleep/0").status == 503);
    let answer = other.fetch("/async");
    assert_eq!(
        (answer.status, answer.field("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(
        other.fetch("/").body,
        "hello",
        "this handler never suspends"
    );
    client.reset();
    until(|| other.fetch("/async").status == 200);
}

#[test]
fn timer_resumes_many_requests() {
    let program = Program::start(&["--threads", "1"]);
    let mut clients: Vec<_> = (0..200).map(|_| program.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        for step in 0..10 {
            client.get(&format!("/sleep/{}", (index * 7 + step * 13) % 100));
        }
    }
    for (index, client) in clients.iter_mut().enumerate() {
        for step in 0..10 {
            let millis = (index * 7 + step * 13) % 100;
            assert_eq!(client.answer().body, format!("slept {millis}"));
        }
    }
}

#[test]
fn signal_shuts_down_under_load() {
    for signal in ["TERM", "INT"].repeat(5) {
        let mut program = Program::start(&["--threads", "2", "--workers", "2"]);
        // All clients connect before the signal.
        let clients: Vec<_> = (0..16).map(|_| program.connect()).collect();
        let answered = AtomicUsize::new(0);
        thread::scope(|scope| {
            for (index, mut client) in clients.into_iter().enumerate() {
                let answered = &answered;
                scope.spawn(move || {
                    let path = ["/", "/async", "/sleep/3", "/stages/3", "/hello"][index % 5];
                    loop {
                        client
                            .try_send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(3));
                        for _ in 0..3 {
                            // `next` panics unless the connection ends in order.
                            match client.next() {
                                Some(answer) => assert_eq!(answer.status, 200),
                                None => return,
                            }
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            until(|| answered.load(Ordering::Relaxed) >= 2000);
            program.signal(signal);
        });
        program.wait_for_log("stopped");
        assert_eq!(program.wait().code(), Some(0));
    }
}

#[test]
fn shutdown_timeout_returns_503() {
    let program = Program::start(&["--threads", "2", "--shutdown-timeout", "0.2"]);
    let mut clients: Vec<_> = (0..50).map(|_| program.connect()).collect();
    for client in &mut clients {
        client.get("/sleep/1");
        assert_eq!(client.answer().status, 200);
        client.get("/sleep/3600000");
    }
    program.signal("TERM");
    for client in &mut clients {
        // The connection is closed in order if its request has not arrived.
        if let Some(answer) = client.next() {
            assert_eq!(answer.status, 503);
        }
        client.assert_closed();
    }
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn second_signal_exits_immediately() {
    let mut program = Program::start(&["--shutdown-timeout", "3600"]);
    let mut client = program.connect();
    client.get("/sleep/3600000");
    client.send("GET / HTTP/1.1\r\n");
    program.signal("TERM");
    program.wait_for_log("stopping");
    program.signal("INT");
    assert_eq!(program.wait().code(), Some(128 + 2));
}

/// Each option is given alone: an event loop that spins is not woken, and a worker that spins
/// does not sleep.
#[test]
fn wait_options_reach_loops_and_workers() {
    const REQUESTS: u64 = 200;
    if !thread::available_parallelism().is_ok_and(|threads| threads.get() > 1) {
        return; // with one core, nothing spins
    }
    let start = |option| {
        let program = Program::start(&["--threads", "1", "--workers", "1", option, "spin"]);
        let mut client = program.connect();
        assert_eq!(client.fetch("/async").body, "hello");
        let before = sleeps_of_worker(&program);
        for _ in 0..REQUESTS {
            assert_eq!(client.fetch("/async").body, "hello");
        }
        let sleeps = sleeps_of_worker(&program) - before;
        let wake_ups = count(&client.fetch("/metrics").body, "wake_ups_total");
        (wake_ups, sleeps)
    };
    let (wake_ups, _) = start("--wait");
    assert_eq!(wake_ups, 0);
    // A worker that sleeps does so before each request. One that spins may still have to wait
    // for the kernel.
    let (_, sleeps) = start("--worker-wait");
    assert!(sleeps < REQUESTS / 2, "{sleeps} sleeps");
}

/// Returns how often the worker has given up its core.
fn sleeps_of_worker(program: &Program) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", program.id())).unwrap();
    let read = |task: &fs::DirEntry, name| fs::read_to_string(task.path().join(name)).unwrap();
    let worker = tasks
        .map(Result::unwrap)
        .find(|task| read(task, "comm").trim_end() == "worker-0");
    let status = read(&worker.expect("the program has a worker"), "status");
    let mut lines = status.lines();
    let switches = lines.find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    switches.expect(&status).trim().parse().expect(&status)
}

#[test]
fn port_in_use_fails() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let expected = format!("cannot listen on {addr} (--addr): Address already in use");
    for threads in ["1", "2"] {
        let output = Command::new(env!("CARGO_BIN_EXE_http-resume"))
            .args(["--addr", &addr, "--threads", threads])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        assert!(String::from_utf8_lossy(&output.stderr).contains(&expected));
    }
}

/// The message names the option, its value, and what is expected.
#[test]
fn invalid_options_fail() {
    for (option, value, expected) in [
        ("--threads", "0", "1..=1024"),
        ("--threads", "1025", "1..=1024"),
        ("--workers", "0", "1..=4096"),
        ("--workers", "4097", "1..=4096"),
        ("--max-connections", "0", "from 1 on"),
        ("--max-line", "15", "from 16 on"),
        ("--max-head", "9", "from 10 on"),
        ("--max-fields", "0", "from 1 on"),
        ("--max-pipelined", "0", "from 1 on"),
        ("--max-pipelined", "x", "from 1 on"),
        ("--addr", "nohost", "HOST:PORT"),
        ("--addr", "127.0.0.1", "HOST:PORT"),
        ("--addr", ":0", "HOST:PORT"),
        ("--shutdown-timeout", "-1", "from 0 on"),
        ("--suspend-timeout", "x", "from 0 on"),
        ("--suspend-timeout", "nan", "from 0 on"),
        ("--wait", "x", "park"),
        ("--worker-wait", "x", "park"),
    ] {
        let program = Command::new(env!("CARGO_BIN_EXE_http-resume"))
            .arg(format!("{option}={value}"))
            .output()
            .unwrap();
        assert_eq!(program.status.code(), Some(2), "{option}={value}");
        let said = String::from_utf8(program.stderr).unwrap();
        for part in [option, &format!("'{value}'"), expected] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn invalid_filter_of_the_log_fails() {
    let program = Command::new(env!("CARGO_BIN_EXE_http-resume"))
        .env("RUST_LOG", "info,http_resume=loud")
        .output()
        .unwrap();
    assert_eq!(program.status.code(), Some(1));
    let said = String::from_utf8(program.stderr).unwrap();
    assert!(said.starts_with("invalid RUST_LOG: "), "{said}");
}

/// What the system refuses names the option, too.
#[test]
fn too_few_descriptors_or_threads_fail() {
    for (limit, options, expected) in [
        (
            "ulimit -n 100",
            ["--threads", "200", "--workers", "1"],
            "cannot start 200 event loops (--threads): Too many open files",
        ),
        (
            "ulimit -n 100",
            ["--threads", "60", "--workers", "1"],
            "cannot start 60 event loops (--threads): Too many open files",
        ),
        // Three threads of 1 GiB fit.
        (
            "ulimit -v 4000000",
            ["--threads", "1", "--workers", "4"],
            "cannot start 4 workers (--workers): ",
        ),
        (
            "ulimit -v 6150000",
            ["--threads", "4", "--workers", "1"],
            "cannot start 4 event loops (--threads): ",
        ),
    ] {
        let program = Command::new("sh")
            .args(["-c", &format!("{limit} && exec \"$0\" \"$@\"")])
            .arg(env!("CARGO_BIN_EXE_http-resume"))
            .args(["--addr", "127.0.0.1:0"])
            .args(options)
            .env("RUST_MIN_STACK", (1 << 30).to_string())
            .output()
            .unwrap();
        let said = String::from_utf8(program.stderr).unwrap();
        assert_eq!(program.status.code(), Some(1), "{limit}: {said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn readme_shows_help() {
    let program = Command::new(env!("CARGO_BIN_EXE_http-resume"))
        .arg("--help")
        .output();
    let help = String::from_utf8(program.unwrap().stdout).unwrap();
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("```text\n{help}```\n")), "{help}");
}
