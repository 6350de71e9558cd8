//! Middleware.

mod support;

use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use http_resume::{Config, Metric, Outcome, Pending, Request, Response, Router, sync_handler};
use support::{HANGS, Running, until};

const ADDED: HeaderName = HeaderName::from_static("x-added");

/// Suspends three times. A query makes the handler drop or forget each pending request.
fn staged<'r>(
    request: &Request<'_>,
    response: Response<'r, u32>,
    work: Option<u32>,
) -> Outcome<'r> {
    let done = work.unwrap_or(0);
    if done == 3 {
        return response.text("done");
    }
    let (pending, receipt) = response.mark_async(done + 1);
    match request.query() {
        Some("drop") => drop(pending),
        Some("forget") => std::mem::forget(pending),
        _ => Pending::resume(pending),
    }
    receipt.suspended()
}

/// Starts a server whose middleware counts its calls, adds a field, and responds to some
/// requests.
fn server(suspend_timeout: Duration) -> (Running, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let router = Router::new()
        .middleware(move |_, response| {
            counter.fetch_add(1, Ordering::SeqCst);
            let value = HeaderValue::from_static("1");
            // A status set by middleware is ignored.
            Continue(
                response
                    .status(StatusCode::IM_A_TEAPOT)
                    .header(ADDED, value),
            )
        })
        .middleware(|request, response| match request.query() {
            Some("break") => Break(response.status(StatusCode::FORBIDDEN).text("no")),
            Some("panic") => panic!("as the test wishes"),
            _ => Continue(response),
        })
        .get("/", sync_handler(|_, response| response.text("hello")))
        .get("/staged", staged)
        .get("/panic", sync_handler(|_, _| panic!("as the test wishes")));
    let config = Config {
        suspend_timeout,
        ..Config::default()
    };
    (Running::with(config, router), calls)
}

#[test]
fn middleware_runs_once_and_adds_fields_to_every_response() {
    let (server, calls) = server(Duration::from_millis(1));
    let mut client = server.connect();
    for (index, (path, status)) in [
        ("/", 200),
        ("/staged", 200),
        ("/staged?drop", 500),
        ("/staged?forget", 503), // its deadline passes
        ("/panic", 500),
        ("/nowhere", 404),
        ("/?break", 403),
        ("/staged?panic", 500),
        ("/", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = client.fetch(path);
        assert_eq!(
            (answer.status, answer.field("x-added")),
            (status, Some("1")),
            "{path}"
        );
        assert_eq!(calls.load(Ordering::SeqCst), index + 1, "{path}");
    }
}

/// The message of an abandoned request is reused.
#[test]
fn abandoned_request_leaves_no_middleware_fields() {
    let (server, _) = server(HANGS);
    let mut leaver = server.connect();
    leaver.get("/staged?forget");
    until(|| server.metrics.total(Metric::Suspended) == 1);
    leaver.reset();
    until(|| server.metrics.total(Metric::EndedAbandoned) == 1);
    let answer = server.connect().fetch("/");
    assert_eq!(answer.head.matches("x-added").count(), 1);
}

#[test]
fn middleware_break_skips_handler() {
    let handled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&handled);
    let router = Router::new()
        .middleware(|_, response| Break(response.text("middleware")))
        .middleware(|_, _| panic!("it is not asked"))
        .get(
            "/",
            sync_handler(move |_, response| {
                counter.fetch_add(1, Ordering::SeqCst);
                response.text("handler")
            }),
        );
    let server = Running::new(router);
    assert_eq!(server.connect().fetch("/").body, "middleware");
    assert_eq!(handled.load(Ordering::SeqCst), 0);
}

/// A client that awaits 100 need not send its body.
#[test]
fn middleware_refuses_before_the_body() {
    let handled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&handled);
    let router = Router::new()
        .middleware(|request, response| match request.header("authorization") {
            Some(_) => Continue(response),
            None => Break(response.status(StatusCode::UNAUTHORIZED).text("no")),
        })
        .post(
            "/",
            sync_handler(move |request, response| {
                counter.fetch_add(1, Ordering::SeqCst);
                response.send(request.body().to_owned())
            }),
        );
    let server = Running::new(router);
    let post =
        |field: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{field}\r\nContent-Length: 5\r\n\r\n");
    let mut client = server.connect();
    client.send(&post("Expect: 100-continue"));
    assert_eq!(client.answer().status, 401);
    client.assert_closed();

    let mut client = server.connect();
    client.send(&(post("X: y") + "he"));
    assert_eq!(client.answer().status, 401, "the rest does not come");
    client.assert_closed();

    let mut client = server.connect();
    client.send(&(post("Authorization: x") + "hello"));
    assert_eq!(client.answer().body, "hello");
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(
        client.answer().status,
        401,
        "the connection stays without a body"
    );
    client.send(&(post("Authorization: x") + "again"));
    assert_eq!(client.answer().body, "again");
    assert_eq!(handled.load(Ordering::SeqCst), 2);
}

#[test]
fn responses_pass_middleware() {
    let router = Router::new()
        .on_response(|request, reply| {
            assert_ne!(request.query(), Some("panic"));
            let seen = format!("{} {}", request.path(), reply.status().as_u16());
            reply.header(ADDED, HeaderValue::try_from(seen).unwrap())
        })
        .on_response(|_, reply| match reply.status() {
            StatusCode::NOT_FOUND => reply.with_status(StatusCode::GONE),
            _ => {
                let length = reply.as_bytes().len().to_string();
                reply.text(length)
            }
        })
        .get("/", sync_handler(|_, response| response.text("hello")))
        .get("/staged", staged);
    let server = Running::new(router);
    let mut client = server.connect();
    for (path, status, added, body) in [
        ("/", 200, Some("/ 200"), "5"),
        ("/staged", 200, Some("/staged 200"), "4"),
        ("/staged?drop", 500, Some("/staged 500"), "21"),
        (
            "/nowhere",
            410,
            Some("/nowhere 404"),
            "no route matches this path",
        ),
        ("/?panic", 500, None, "internal server error"),
        ("/", 200, Some("/ 200"), "5"),
    ] {
        let answer = client.fetch(path);
        let got = (answer.status, answer.field("x-added"), &*answer.body);
        assert_eq!(got, (status, added, body), "{path}");
    }
}

/// A refusal is counted, but passes no middleware. What middleware refuses counts as a request.
#[test]
fn refusals_of_server_skip_middleware() {
    let router = Router::new()
        .middleware(|_, response| Break(response.status(StatusCode::FORBIDDEN).text("no")))
        .on_response(|_, reply| reply.header(ADDED, HeaderValue::from_static("1")));
    let server = Running::new(router);
    let metrics = &server.metrics;
    for (length, status, added, requests, refused) in [
        ("x", 400, None, 0, 1),
        ("1048577", 413, None, 0, 2),
        ("1048576", 403, Some("1"), 1, 2),
    ] {
        let mut client = server.connect();
        client.send(&format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
        ));
        let answer = client.answer();
        assert_eq!((answer.status, answer.field("x-added")), (status, added));
        let counts =
            [Metric::Requests, Metric::RefusedRequests].map(|metric| metrics.total(metric));
        assert_eq!(counts, [requests, refused], "{length}");
    }
}
