//! HTTP and suspension, as a client sees them.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_resume::{
    Config, Metric, Outcome, OwnedRequest, Pending, Receipt, Request, Response, Router,
    async_handler, sync_handler,
};
use support::{HANGS, NEVER, Running, patient, server_with_later, until};

fn server() -> Running {
    server_with_later(Config::default()).0
}

#[test]
fn each_method_has_a_function() {
    let handler = || sync_handler(|request, response| response.text(request.method().to_string()));
    let router = Router::new()
        .get("/", handler())
        .head("/", handler())
        .post("/", handler())
        .put("/", handler())
        .patch("/", handler())
        .delete("/", handler())
        .options("/", handler())
        .route(Method::TRACE, "/", handler());
    let server = Running::new(router);
    let mut client = server.connect();
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
        client.send(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(client.answer().body, method);
    }
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("4"), "its own");
    client.send("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.answer().status, 405);
}

#[test]
fn handlers_share_state() {
    struct Name(&'static str);
    let count = AtomicUsize::new(0);
    let router = Router::new()
        .state(Name("replaced"))
        .state(Name("shared"))
        .state(count)
        .get(
            "/",
            sync_handler(|request, response| {
                let count = request
                    .state::<AtomicUsize>()
                    .fetch_add(1, Ordering::Relaxed);
                assert_eq!(request.try_state::<String>(), None);
                let name = request.try_state::<Name>().map_or("missing", |name| name.0);
                response.text(format!("{name} {count}"))
            }),
        )
        .get(
            "/async",
            async_handler(async |request: OwnedRequest| {
                let missing = request.try_state::<String>();
                assert_eq!(missing, None);
                request.try_state::<Name>().map_or("missing", |name| name.0)
            }),
        )
        .get(
            "/missing",
            sync_handler(|request, response| response.text(request.state::<String>().clone())),
        );
    let server = Running::new(router);
    let mut client = server.connect();
    for body in ["shared 0", "shared 1"] {
        assert_eq!(client.fetch("/").body, body);
    }
    assert_eq!(client.fetch("/async").body, "shared");
    assert_eq!(client.fetch("/missing").status, 500);
}

#[test]
fn result_becomes_response() {
    fn checked(query: Option<&str>) -> Result<String, StatusCode> {
        let number: u8 = query
            .and_then(|text| text.parse().ok())
            .ok_or(StatusCode::BAD_REQUEST)?;
        Ok(number.to_string())
    }
    let added = (
        HeaderName::from_static("x-added"),
        HeaderValue::from_static("yes"),
    );
    let router = Router::new().get(
        "/",
        sync_handler(move |request, response| {
            let (name, value) = added.clone();
            response.header(name, value).reply(checked(request.query()))
        }),
    );
    let server = Running::new(router);
    let mut client = server.connect();
    for (path, status, body) in [("/?7", 200, "7"), ("/?300", 400, ""), ("/", 400, "")] {
        let answer = client.fetch(path);
        assert_eq!((answer.status, &*answer.body), (status, body), "{path}");
        assert_eq!(answer.field("x-added"), Some("yes"));
    }
}

#[test]
fn routes_and_methods() {
    let server = server();
    let mut client = server.connect();
    let hello = client.fetch("/");
    assert_eq!((hello.status, &*hello.body), (200, "hello"));
    assert_eq!(
        hello.field("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert!(httpdate::parse_http_date(hello.field("date").unwrap()).is_ok());
    assert_eq!(client.fetch("/nothing").status, 404);

    client.send("DELETE /later/1 HTTP/1.1\r\nHost: test\r\n\r\n");
    let refused = client.answer();
    assert_eq!(refused.status, 405);
    assert_eq!(refused.field("allow"), Some("GET, POST, HEAD"));

    client.send("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n");
    let ping = client.answer();
    assert_eq!((ping.status, ping.field("content-length")), (204, None));

    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.head().field("content-length"), Some("5"));
    assert_eq!(client.answer().body, "hello");
}

#[test]
fn connection_persistence() {
    let server = server();
    for (request, stays) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            false,
        ),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
    ] {
        let mut client = server.connect();
        client.send(request);
        let answer = client.answer();
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.field("connection") == Some("close"),
            !stays,
            "{request:?}"
        );
        if stays {
            assert_eq!(client.fetch("/").status, 200, "{request:?}");
        } else {
            client.assert_closed();
        }
    }
}

#[test]
fn request_can_arrive_in_pieces() {
    let server = server();
    for request in [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    ] {
        let mut client = server.connect();
        for at in 0..=request.len() {
            client.send(&request[..at]);
            // A response to another client shows that the event loop has read the part.
            assert_eq!(server.connect().fetch("/").status, 200);
            client.send(&request[at..]);
            let answer = client.answer();
            assert_eq!(
                (answer.status, &*answer.body),
                (200, "abc"),
                "split at {at}"
            );
        }
    }
}

#[test]
fn large_body_is_echoed() {
    let server = server();
    let mut client = server.connect();
    let body = "0123456789".repeat(100_000);
    client.send(&format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.send(&body);
    assert!(client.answer().body == body);

    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    client.try_send(&body);
    assert_eq!(client.answer().status, 413);
    client.assert_closed();
}

/// Returns requests with a body of `length` bytes, delimited in both ways. Each is split after
/// the bytes that announce its length.
fn with_body(path: &str, length: usize) -> [(String, String); 2] {
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n");
    let (most, last) = ("b".repeat(length - 1), "b");
    let size = most.len();
    [
        (
            format!("{head}Content-Length: {length}\r\n\r\n"),
            format!("{most}{last}"),
        ),
        (
            format!("{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{most}\r\n1\r\n"),
            format!("{last}\r\n0\r\n\r\n"),
        ),
    ]
}

#[test]
fn max_body_of_path_overrides_config() {
    let length =
        || sync_handler(|request, response| response.text(request.body().len().to_string()));
    let router = Router::new()
        .post("/small/{id}", length())
        .max_body("/small/{id}", 10)
        .post("/large", length())
        .max_body("/large", 5000)
        .post("/other", length());
    let config = Config {
        max_body: 100,
        ..Config::default()
    };
    let server = Running::with(config, router);
    let mut stays = server.connect();
    for (path, limit, status) in [
        ("/small/1", 10, 200),
        ("/large", 5000, 200),
        ("/other", 100, 200),
        ("/nowhere", 100, 404),
    ] {
        for (start, rest) in with_body(path, limit) {
            stays.send(&start);
            stays.send(&rest);
            assert_eq!(stays.answer().status, status, "{start}");
        }
        for (start, _) in with_body(path, limit + 1) {
            let mut client = server.connect();
            client.send(&start);
            assert_eq!(client.answer().status, 413, "{start}");
            client.assert_closed();
        }
        // A client that expects 100 gets the 413 instead.
        let mut client = server.connect();
        let length = limit + 1;
        client.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\
             Expect: 100-continue\r\n\r\n"
        ));
        assert_eq!(client.answer().status, 413);
        client.assert_closed();
    }
}

#[test]
fn expect_continue_gets_100() {
    let server = server();
    let mut client = server.connect();
    let head =
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    client.send(head);
    assert_eq!(client.answer().status, 100);
    client.send("hi");
    assert_eq!(client.answer().body, "hi");
}

#[test]
fn interim_response_waits_for_earlier_responses() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    client.get("/later/1");
    client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    // A response to another client shows that the event loop has read everything.
    assert_eq!(server.connect().fetch("/").status, 200);
    pending.resume();
    assert_eq!(client.answer().body, "/later/1");
    assert_eq!(client.answer().status, 100);
    client.send("hi");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn refused_request_gets_status_and_close() {
    let server = server();
    for (status, request) in [
        (400, "GET / HTTP/1.1\r\n\r\n"),
        (
            400,
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        ),
        (
            400,
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n",
        ),
        (400, "complete nonsense\r\n\r\n"),
        (
            501,
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        ),
        (505, "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
        (414, &format!("GET /{}", "a".repeat(9000))),
        (
            431,
            &format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "A: b\r\n".repeat(14_000)),
        ),
    ] {
        let mut client = server.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        client.send(request);
        // Further bytes are ignored, and must not reset the connection before the response.
        client.try_send(&"more of the same ".repeat(1000));
        assert_eq!(client.answer().status, 200);
        let answer = client.answer();
        assert_eq!(
            (answer.status, answer.field("connection")),
            (status, Some("close"))
        );
        client.assert_closed();
    }
}

#[test]
fn pipelined_responses_are_in_order() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    for path in ["/later/1", "/", "/later/2", "/nothing", "/later/3"] {
        client.get(path);
    }
    // All requests are in flight, and are resumed in reverse order.
    let mut pending: Vec<_> = (0..3)
        .map(|_| suspended.recv_timeout(HANGS).unwrap())
        .collect();
    while let Some(last) = pending.pop() {
        last.resume();
        assert_eq!(
            server.connect().fetch("/").status,
            200,
            "the loop serves others"
        );
    }
    let bodies: Vec<_> = (0..5).map(|_| client.answer().body).collect();
    assert_eq!(bodies[0], "/later/1");
    assert_eq!(bodies[1], "hello");
    assert_eq!(bodies[2], "/later/2");
    assert_eq!(bodies[4], "/later/3");
}

#[test]
fn responses_exceeding_socket_buffer_are_sent() {
    let body = "0123456789".repeat(50_000);
    let of_handler = body.clone();
    let large = sync_handler(move |_, response| response.text(of_handler.clone()));
    let server = Running::new(Router::new().get("/", large));
    let mut client = server.connect();
    let count = 50;
    client.send(&"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(count));
    // All requests arrive at once, so only space in the socket lets the server continue.
    for _ in 0..count {
        assert!(client.answer().body == body);
    }
}

#[test]
fn unsafe_requests_are_served_alone() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    client.get("/later/1");
    for id in [2, 3] {
        client.send(&format!(
            "POST /later/{id} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb"
        ));
    }
    client.get("/later/4");
    for id in 1..=4 {
        let pending = suspended.recv_timeout(HANGS).unwrap();
        assert_eq!(*pending.work(), format!("/later/{id}"));
        assert!(suspended.try_recv().is_err(), "the next must wait");
        pending.resume();
        assert_eq!(client.answer().body, format!("/later/{id}"));
    }
}

#[test]
fn pipelined_requests_beyond_limit_are_served() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    let count = 1000;
    let requests: String = (0..count)
        .map(|id| format!("GET /later/{id} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .collect();
    client.send(&requests);
    for id in 0..count {
        suspended.recv_timeout(HANGS).unwrap().resume();
        assert_eq!(client.answer().body, format!("/later/{id}"));
    }
}

#[test]
fn dropped_pending_returns_500() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    client.get("/later/1");
    drop(suspended.recv_timeout(HANGS).unwrap());
    assert_eq!(client.answer().status, 500);
    assert_eq!(client.fetch("/").status, 200);
}

#[test]
fn handler_panic_returns_500() {
    fn panics<'r>(_: &Request<'_>, response: Response<'r, ()>, work: Option<()>) -> Outcome<'r> {
        assert!(work.is_none(), "the later call panics");
        let (pending, receipt) = response.mark_async(());
        pending.resume();
        receipt.suspended()
    }
    /// Panics after suspending. The request that it left in the background returns late.
    fn panics_late<'r>(_: &Request<'_>, response: Response<'r, ()>, _: Option<()>) -> Outcome<'r> {
        let (pending, _receipt) = response.mark_async(());
        std::thread::spawn(move || pending.resume());
        panic!("with a receipt in its hands");
    }
    let server = Running::new(
        Router::new()
            .get(
                "/first",
                sync_handler(|_, _| panic!("the first call panics")),
            )
            .get("/later", panics)
            .get("/both", panics_late)
            .get("/", sync_handler(|_, response| response.text("hello"))),
    );
    let mut client = server.connect();
    for path in ["/first", "/later", "/both", "/both"] {
        assert_eq!(client.fetch(path).status, 500, "{path}");
        assert_eq!(client.fetch("/").status, 200, "{path}");
    }
}

#[test]
fn handler_can_cancel_and_suspend_again() {
    fn indecisive<'r>(
        _: &Request<'_>,
        response: Response<'r, u32>,
        work: Option<u32>,
    ) -> Outcome<'r> {
        if let Some(work) = work {
            return response.text(work.to_string());
        }
        let (pending, receipt) = response.mark_async(1);
        let (response, work) = receipt.cancel_async(pending);
        let (mut pending, receipt) = response.mark_async(work + 1);
        *pending.work_mut() += 1;
        pending.resume(); // before the handler returns, on the event loop's thread
        receipt.suspended()
    }
    fn gives_up<'r>(_: &Request<'_>, response: Response<'r, u32>, _: Option<u32>) -> Outcome<'r> {
        let (pending, receipt) = response.mark_async(1);
        let (response, _) = receipt.cancel_async(pending);
        response
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .text("not now")
    }
    let server = Running::new(Router::new().get("/a", indecisive).get("/b", gives_up));
    let mut client = server.connect();
    for _ in 0..3 {
        assert_eq!(client.fetch("/a").body, "3");
        assert_eq!(client.fetch("/b").status, 503);
    }
}

#[test]
fn cancel_of_another_request_panics() {
    /// Leaves the pending request of the first call to the second one.
    fn confused<'r>(
        left: &Mutex<Option<Pending<()>>>,
        response: Response<'r, ()>,
        work: Option<()>,
    ) -> Outcome<'r> {
        if work.is_some() {
            return response.text("resumed");
        }
        let (pending, receipt): (_, Receipt<'r, ()>) = response.mark_async(());
        let mut left = left
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match left.replace(pending) {
            None => receipt.suspended(),
            Some(other) => {
                drop(left);
                receipt.cancel_async(other).0.text("cancelled")
            }
        }
    }
    let left = Mutex::new(None);
    let server = Running::new(Router::new().get("/", move |_, response, work| {
        confused(&left, response, work)
    }));
    let (mut first, mut second) = (server.connect(), server.connect());
    first.get("/");
    // A single event loop serves connections in the order of their requests.
    assert_eq!(server.connect().fetch("/nothing").status, 404);
    second.get("/");
    assert_eq!(second.answer().status, 500);
    assert_eq!(first.answer().status, 500);
}

#[test]
fn handler_cannot_set_server_fields() {
    fn handler<'r>(_: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
        let fields = [
            ("content-length", "0"),
            ("transfer-encoding", "chunked"),
            ("x-own", "1"),
        ];
        let add = |response: Response<'r>, (name, value)| {
            response.header(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        fields.into_iter().fold(response, add).text("hello")
    }
    let server = Running::new(Router::new().route(Method::GET, "/", sync_handler(handler)));
    let answer = server.connect().fetch("/");
    assert_eq!((answer.field("x-own"), &*answer.body), (Some("1"), "hello"));
    assert_eq!(answer.field("transfer-encoding"), None);
}

#[test]
fn late_resume_is_dropped() {
    let (server, suspended) = server_with_later(Config {
        suspend_timeout: Duration::from_millis(1),
        ..Config::default()
    });
    let mut client = server.connect();
    client.get("/later/1");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    assert_eq!(client.answer().status, 503);
    assert!(pending.is_abandoned());
    // The late resume arrives while the next request of the connection is suspended.
    client.get("/later/2");
    let next = suspended.recv_timeout(HANGS).unwrap();
    pending.resume_with("not for the second".into());
    next.resume();
    let answer = client.answer();
    assert!(
        answer.status == 503 || answer.body == "/later/2",
        "{answer:?}"
    );
}

#[test]
fn half_close_is_not_disconnect() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    client.get("/later/1");
    client.close_our_half();
    let pending = suspended.recv_timeout(HANGS).unwrap();
    assert_eq!(server.connect().fetch("/").status, 200);
    assert!(!pending.is_abandoned());
    pending.resume();
    assert_eq!(client.answer().body, "/later/1");
    client.assert_closed();
}

/// The response closes the last connection before the event loop polls.
#[test]
fn response_to_half_closed_client_ends_shutdown() {
    for _ in 0..10 {
        let (server, suspended) = server_with_later(Config {
            shutdown_timeout: NEVER,
            ..patient()
        });
        let metrics = Arc::clone(&server.metrics);
        let iterations = || metrics.total(Metric::LoopIterations);
        let mut client = server.connect();
        client.get("/later/1");
        let pending = suspended.recv_timeout(HANGS).unwrap();
        client.close_our_half();
        let before = iterations();
        server.stop();
        until(|| iterations() > before); // the shutdown has probably begun
        pending.resume();
        assert_eq!(client.answer().body, "/later/1");
        client.assert_closed();
        let (ended, has_ended) = channel();
        std::thread::spawn(move || {
            server.wait();
            ended.send(())
        });
        has_ended.recv_timeout(HANGS).expect("the shutdown ends");
    }
}

#[test]
fn disconnect_abandons_suspended_request() {
    let (server, suspended) = server_with_later(Config::default());
    // With no further input, and with more than the server reads ahead.
    for behind in [0, 100_000] {
        let mut client = server.connect();
        client.send("POST /later/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        client.send(&"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(behind / 27));
        let pending = suspended.recv_timeout(HANGS).unwrap();
        assert_eq!(server.connect().fetch("/").status, 200);
        client.reset();
        until(|| pending.is_abandoned());
        pending.resume();
        assert_eq!(server.connect().fetch("/").status, 200);
    }
}

#[test]
fn connection_lingers_for_last_response() {
    let (server, _suspended) = server_with_later(Config {
        max_connections: 1,
        ..Config::default()
    });
    let started = Instant::now();
    let mut first = server.connect();
    first.send("nonsense\r\n\r\n");
    assert_eq!(first.answer().status, 400);
    first.assert_closed();
    // The server has closed its half. It closes the socket when the client closes its half,
    // which it does not, or after a second. Then it accepts another connection.
    assert_eq!(server.connect().fetch("/").status, 200);
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn idle_and_slow_connections_time_out() {
    let server = Running::with(
        Config {
            header_timeout: Duration::from_millis(1),
            body_timeout: Duration::from_millis(1),
            keep_alive_timeout: Duration::from_millis(50),
            ..Config::default()
        },
        Router::new().post("/", sync_handler(|_, response| response.text("hello"))),
    );
    server.connect().assert_closed();
    for part in [
        "GET / HT",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nb",
    ] {
        let mut client = server.connect();
        client.send(part);
        assert_eq!(client.answer().status, 408);
        client.assert_closed();
    }
}

/// The client sends one byte per round trip.
#[test]
fn slow_body_times_out() {
    let length = 1024 * 1024;
    let (server, _suspended) = server_with_later(Config {
        body_timeout: Duration::from_millis(100),
        body_progress: length / 2,
        ..Config::default()
    });
    let (mut client, mut other) = (server.connect(), server.connect());
    client.send(&format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
    ));
    let mut sent = 0;
    while server.metrics.total(Metric::RefusedRequests) == 0 && sent < length {
        client.try_send("b");
        sent += 1;
        assert_eq!(other.fetch("/").status, 200);
    }
    assert_eq!(client.answer().status, 408);
    client.assert_closed();
}

#[test]
fn connections_beyond_limit_wait() {
    let (server, _suspended) = server_with_later(Config {
        max_connections: 1,
        ..Config::default()
    });
    let mut first = server.connect();
    assert_eq!(first.fetch("/").status, 200);
    let mut second = server.connect();
    second.get("/");
    assert_eq!(first.fetch("/").status, 200);
    drop(first);
    assert_eq!(second.answer().status, 200);
}

#[test]
fn shutdown_finishes_suspended_requests() {
    let (server, suspended) = server_with_later(Config::default());
    let (mut idle, mut busy, mut half) = (server.connect(), server.connect(), server.connect());
    assert_eq!(idle.fetch("/").status, 200);
    busy.get("/later/1");
    half.send("GET / HTTP/1.1\r\n");
    let pending = suspended.recv_timeout(HANGS).unwrap();
    assert_eq!(server.connect().fetch("/").status, 200);
    server.stop();
    idle.assert_closed();
    half.send("Host: a\r\n\r\n");
    let answer = half.answer();
    assert_eq!(
        (answer.status, answer.field("connection")),
        (200, Some("close"))
    );
    pending.resume();
    let answer = busy.answer();
    assert_eq!(
        (&*answer.body, answer.field("connection")),
        ("/later/1", Some("close"))
    );
    drop((idle, busy, half));
    server.wait();
}

#[test]
fn shutdown_serves_backlog() {
    let (entered, is_entered) = channel();
    let (release, released) = channel::<()>();
    let both = Mutex::new((entered, released));
    let block = sync_handler(move |_, response| {
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.recv().unwrap();
        response.text("hello")
    });
    let server = Running::new(Router::new().get("/", block));
    let mut first = server.connect();
    first.get("/");
    is_entered.recv_timeout(HANGS).unwrap();
    // The event loop is busy, so these stay in the backlog until the shutdown begins. All but
    // one have sent a request.
    let mut others: Vec<_> = (0..20).map(|_| server.connect()).collect();
    others.iter_mut().for_each(|client| client.get("/"));
    let mut silent = server.connect();
    server.stop();
    for _ in 0..=others.len() {
        release.send(()).unwrap();
    }
    assert_eq!(first.answer().status, 200);
    for client in &mut others {
        assert_eq!(client.answer().status, 200);
        client.assert_closed();
    }
    silent.assert_closed();
    drop((first, others, silent));
    server.wait();
}

#[test]
fn shutdown_timeout_returns_503() {
    let (server, suspended) = server_with_later(Config {
        shutdown_timeout: Duration::from_millis(100),
        suspend_timeout: 10 * HANGS, // longer than the test
        ..Config::default()
    });
    let mut client = server.connect();
    client.get("/later/1");
    client.get("/later/2");
    let pending = [
        suspended.recv_timeout(HANGS).unwrap(),
        suspended.recv_timeout(HANGS).unwrap(),
    ];
    server.stop();
    assert_eq!(client.answer().status, 503);
    let last = client.answer();
    assert_eq!(
        (last.status, last.field("connection")),
        (503, Some("close"))
    );
    client.assert_closed();
    server.wait();
    assert!(pending.iter().all(Pending::is_abandoned));
    pending.into_iter().for_each(Pending::resume); // after the server has ended
}
