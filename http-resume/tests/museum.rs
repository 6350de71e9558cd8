//! What the server that this one descends from got wrong about suspended requests,
//! where no other test shows it. The whole list: `loom-tests/README.md`.

mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use http_resume::{Config, Outcome, Pending, Request, Response, Router, sync_handler};
use support::{HANGS, Running};

/// A route `/later`, which the test resumes.
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

/// A request that is suspended while the server stops is suspended as ever: the
/// original did nothing then, and the worker found no work.
#[test]
fn suspended_while_stopping() {
    let (router, suspended) = later();
    let server = Running::new(router);
    let (mut client, mut idle) = (server.connect(), server.connect());
    client.send("GET /later HTTP/1.1\r\n");
    assert_eq!(idle.fetch("/nothing").status, 404);
    server.stop();
    idle.assert_closed(); // it is stopping now
    client.send("Host: test\r\n\r\n");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    assert!(!pending.is_abandoned());
    pending.resume();
    assert_eq!(client.answer().body, "done");
    client.assert_closed();
    server.wait();
}

/// A stop does not wait longer than it was told to for what is suspended: the
/// original waited for ever, because nobody looked at the clock, or at its queue.
#[test]
fn suspended_for_longer_than_a_stop_may_take() {
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
    pending.resume(); // nobody is there any more
}

/// Bodies that ended the original's process, and with it every request that was
/// suspended: here the client is told, if it is to blame, and nobody else notices.
#[test]
fn bodies_that_killed_the_original() {
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

/// Suspended again by the call that was resumed, each time by another thread, or
/// by the loop's own before the call returns: the original cleared its state after
/// that call, and the request was lost.
#[test]
fn suspended_again_by_the_second_call() {
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

/// A resume that nobody waits for any more, of a request whose connection now has
/// another one suspended *in the very cell* that may have been recycled: the next
/// request gets its own work, never that of the one before.
#[test]
fn a_late_resume_does_not_reach_the_next_request() {
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
        // The slot of the connection is given away again.
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
