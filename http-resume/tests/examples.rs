//! The examples as programs: their responses, and their shutdown by a signal.

mod support;

use std::process::{Command, Stdio};
use std::{env, fs};

use support::{Client, Program, until};

/// Starts an example. `cargo test` builds the examples; `cargo test --test examples` does not.
fn example(name: &str) -> Program {
    let this = env::current_exe().expect("a test knows where it is");
    let profile = this.ancestors().nth(2).expect("it is in PROFILE/deps");
    let path = profile.join("examples").join(name);
    assert!(path.exists(), "run `cargo build --examples` before");
    Program::spawn(Command::new(path).arg("127.0.0.1:0"))
}

fn post(client: &mut Client, path: &str, body: &str) {
    let length = body.len();
    client.send(&format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}"
    ));
}

fn stop(program: Program, signal: &str) {
    program.signal(signal);
    assert_eq!(program.wait().code(), Some(0));
}

#[test]
fn ping_pong() {
    let program = example("ping_pong");
    let mut client = program.connect();
    for (body, status, answer) in [
        ("ping", 200, "pong"),
        ("pong", 422, "not a ping"),
        ("ping ", 422, "not a ping"),
        ("", 422, "not a ping"),
        ("ping", 200, "pong"),
    ] {
        post(&mut client, "/ping", body);
        let got = client.answer();
        assert_eq!((got.status, &*got.body), (status, answer), "{body:?}");
    }
    assert_eq!(client.fetch("/ping").status, 405);
    stop(program, "TERM");
}

#[test]
fn without_body_async() {
    let program = example("without_body_async");
    let mut clients: Vec<_> = (0..20).map(|_| program.connect()).collect();
    for path in ["/thread", "/pool"] {
        for client in &mut clients {
            client.get(path);
            client.get(path);
        }
        for client in &mut clients {
            for answer in [client.answer(), client.answer()] {
                assert_eq!(answer.status, 200);
                assert_eq!(answer.body, "hello from background");
            }
        }
    }
    stop(program, "INT");
}

#[test]
fn with_body_async() {
    let program = example("with_body_async");
    let mut clients: Vec<_> = (0..20).map(|_| program.connect()).collect();
    let body = |index: usize| format!("{index}").repeat(index * 1000);
    for path in ["/thread", "/pool"] {
        for (index, client) in clients.iter_mut().enumerate() {
            post(client, path, &body(index));
        }
        for (index, client) in clients.iter_mut().enumerate() {
            let answer = client.answer();
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, body(index));
        }
    }
    stop(program, "TERM");
}

#[test]
fn adapters() {
    let program = example("adapters");
    let mut client = program.connect();
    let bad = "the last path segment must be a number up to a million";
    for (path, status, body) in [
        ("/rayon/primes/10", 200, "4 primes"),
        ("/rayon/primes/100000", 200, "9592 primes"),
        ("/rayon/primes/0", 200, "0 primes"),
        ("/rayon/primes/1000001", 400, bad),
        ("/tokio/wait/0", 200, "waited 0 ms"),
        ("/tokio/wait/20", 200, "waited 20 ms"),
        ("/tokio/wait/x", 400, bad),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
    stop(program, "INT");
}

#[test]
fn async_fn() {
    let program = example("async_fn");
    let mut client = program.connect();
    let bad = "expected a number up to a million";
    for (path, status, body) in [
        ("/sum/100000", 200, "5000050000"),
        ("/sum/0", 200, "0"),
        ("/sum/x", 400, bad),
        ("/wait/0", 200, "waited 0 ms"),
        ("/wait/20", 200, "waited 20 ms"),
        ("/wait/1000001", 400, bad),
        ("/count", 200, "number 1"),
        ("/count", 200, "number 2"),
    ] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
    }
    stop(program, "TERM");
}

#[test]
fn limits() {
    let program = example("limits");
    for (number, status) in [200, 200, 200, 429, 429].into_iter().enumerate() {
        let mut client = program.connect();
        // The body of a refused request does not come.
        let body = if status == 200 { "text" } else { "" };
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: a\r\nClient: me\r\nContent-Length: 4\r\n\r\n{body}"
        ));
        assert_eq!(client.answer().status, status, "{number}");
    }
    assert_eq!(program.connect().fetch("/").status, 401);
    stop(program, "TERM");
}

/// Returns how many requests wait for an event.
fn waiting(observer: &mut Client) -> usize {
    observer.fetch("/waiting").body.parse().unwrap()
}

/// Some have left, and some do not read.
#[test]
fn long_poll() {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let count = usize::try_from(files - 100).unwrap().min(10_000);
    let program = example("long_poll");
    let mut observer = program.connect();
    let mut clients: Vec<Client> = (0..count).map(|_| program.connect()).collect();
    clients
        .iter_mut()
        .for_each(|client| client.get("/events?after=0"));
    until(|| waiting(&mut observer) == count);
    let left: Vec<Client> = clients.drain(..count / 4).collect();
    left.into_iter().for_each(Client::reset);
    post(&mut observer, "/events", "it rains");
    assert_eq!(
        observer.answer().body,
        format!("{count} have waited for it\n")
    );
    let slow = clients.split_off(count / 2);
    for client in &mut clients {
        assert_eq!(client.answer().body, "it rains");
        client.get("/events?after=1");
    }
    until(|| waiting(&mut observer) == clients.len());
    post(&mut observer, "/events", "it\nsnows");
    assert_eq!(observer.answer().status, 200);
    for client in &mut clients {
        assert_eq!(client.answer().body, "it snows");
    }
    assert_eq!(observer.fetch("/events?after=0").body, "it rains\nit snows");
    assert_eq!(observer.fetch("/events?after=x").status, 400);
    for mut client in slow {
        assert_eq!(client.answer().body, "it rains");
    }
    stop(program, "TERM");
}

/// The page waits for an event that comes while it waits.
#[test]
#[ignore = "needs Chromium"]
fn long_poll_in_a_browser() {
    let program = example("long_poll");
    let mut observer = program.connect();
    post(&mut observer, "/events", "before");
    assert_eq!(observer.answer().status, 200);
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let profile = env::temp_dir().join(format!("long_poll-{}", program.id()));
    let browser = Command::new(
        names
            .into_iter()
            .find(is_there)
            .expect("there is a browser"),
    )
    .args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--dump-dom",
    ])
    // Time passes for the page only while it waits for nothing.
    .arg("--virtual-time-budget=1000")
    .arg(format!("--user-data-dir={}", profile.display()))
    .arg(format!("http://{}/", program.addr))
    .stdout(Stdio::piped())
    .stderr(Stdio::null())
    .spawn()
    .expect("the browser starts");
    for event in ["while it waits", "<b>text</b>", "end"] {
        until(|| waiting(&mut observer) == 1);
        post(&mut observer, "/events", event);
        assert_eq!(observer.answer().body, "1 have waited for it\n");
    }
    let shown = browser.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout);
    let _ = fs::remove_dir_all(profile);
    for item in ["before", "while it waits", "&lt;b&gt;text&lt;/b&gt;"] {
        assert!(shown.contains(&format!("<li>{item}</li>")), "{shown}");
    }
    assert!(shown.contains(">ended<"), "{shown}");
    stop(program, "TERM");
}
