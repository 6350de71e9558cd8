//! Regression tests for bugs of the Odin original that no other test covers. All of them are
//! listed in `loom-tests/README.md`.

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use http_resume::{Config, Outcome, Pending, Request, Response, Router, sync_handler};
use support::{HANGS, Running};

/// Returns a router whose requests for `/later` the test resumes.
fn later() -> (Router, Receiver<Pending<()>>) {
    let (sender, suspended) = channel();
    let sender = Mutex::new(sender);
    let router = Router::new().get("/later", move |_, response, work| match work {
        Some(()) => response.text("done"),
        None => {
            let (pending, receipt) = response.mark_async(());
            sender.lock().unwrap().send(pending).unwrap();
            receipt.suspended()
        }
    });
    (router, suspended)
}

/// In the original, `mark_async` had no effect during a shutdown, and the worker found no work.
#[test]
fn suspend_during_shutdown_reaches_worker() {
    let (router, suspended) = later();
    let server = Running::new(router);
    let (mut client, mut idle) = (server.connect(), server.connect());
    client.send("GET /later HTTP/1.1\r\n");
    assert_eq!(idle.fetch("/nothing").status, 404);
    server.stop();
    idle.assert_closed(); // the shutdown has begun
    client.send("Host: test\r\n\r\n");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    assert!(!pending.is_abandoned());
    pending.resume();
    assert_eq!(client.answer().body, "done");
    client.assert_closed();
    server.wait();
}

/// The original waited for ever, because its shutdown checked neither the clock nor the queue.
#[test]
fn shutdown_timeout_ends_suspension() {
    let (router, suspended) = later();
    let config = Config {
        suspend_timeout: HANGS * 100,
        shutdown_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let server = Running::with(config, router);
    let mut client = server.connect();
    client.get("/later");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    server.stop();
    assert_eq!(client.answer().status, 503);
    client.assert_closed();
    server.wait();
    pending.resume(); // after the server has ended
}

/// These bodies crashed the original's process, and with it every suspended request.
#[test]
fn malformed_bodies_do_not_affect_other_requests() {
    let (router, suspended) = later();
    let server =
        Running::new(router.post("/", sync_handler(|_, response| response.text("served"))));
    let mut other = server.connect();
    other.get("/later");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (status, fields, body) in [
        (400, "Content-Length: -1\r\n", "hello"),
        (400, chunked, "-5\r\nhello\r\n0\r\n\r\n"),
        (400, chunked, "5\r\nhello, world\r\n0\r\n\r\n"),
        (200, chunked, "5\r\nhello\r\n0\r\nVary: *\r\n\r\n"),
    ] {
        let mut client = server.connect();
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: test\r\n{fields}\r\n{body}"
        ));
        assert_eq!(client.answer().status, status, "{fields}{body}");
    }
    pending.resume();
    assert_eq!(other.answer().body, "done");
}

/// The original cleared its state after the resumed call, so a request that the call had
/// suspended again was lost. Here other threads and the event loop's own resume it in turn.
#[test]
fn second_call_can_suspend_again() {
    fn handler<'r>(
        _: &Request<'_>,
        response: Response<'r, usize>,
        work: Option<usize>,
    ) -> Outcome<'r> {
        let calls = work.map_or(1, |calls| calls + 1);
        if calls == 10 {
            return response.text(calls.to_string());
        }
        let (pending, receipt) = response.mark_async(calls);
        if calls.is_multiple_of(2) {
            pending.resume();
        } else {
            std::thread::spawn(|| pending.resume());
        }
        receipt.suspended()
    }
    let server = Running::new(Router::new().get("/", handler));
    let mut client = server.connect();
    for _ in 0..3 {
        assert_eq!(client.fetch("/").body, "10");
    }
}

/// A request that returns late, to a slot that has another connection now, does not reach the
/// request that is suspended there, whose cell may be recycled.
#[test]
fn late_resume_does_not_reach_next_request() {
    let (sender, suspended) = channel();
    let sender = Mutex::new(sender);
    let router = Router::new().get(
        "/later/{id}",
        move |request, response, work: Option<String>| match work {
            Some(path) => response.text(path),
            None => {
                let (pending, receipt) = response.mark_async(request.path().to_owned());
                sender.lock().unwrap().send(pending).unwrap();
                receipt.suspended()
            }
        },
    );
    let server = Running::new(router);
    for round in 0..20 {
        // The next connection reuses the slot of this one.
        let mut gone = server.connect();
        gone.get(&format!("/later/gone-{round}"));
        let late: Pending<String> = suspended.recv_timeout(HANGS).unwrap();
        gone.reset();
        support::until(|| late.is_abandoned());

        let mut client = server.connect();
        client.get(&format!("/later/{round}"));
        let next = suspended.recv_timeout(HANGS).unwrap();
        late.resume();
        next.resume();
        assert_eq!(client.answer().body, format!("/later/{round}"));
    }
}
