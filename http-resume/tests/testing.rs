//! The testing kit: what its clients receive, and what it counts.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use http_resume::testing::{Get, Kit, Post, run};
use http_resume::{
    Config, HeaderName, HeaderValue, Metric, Pending, Reply, Router, async_handler, sync_handler,
};

type Suspended = Receiver<Pending<String>>;

/// Runs a test with a route that suspends, one that responds with its path, and one with a body.
fn with_routes(test: impl FnOnce(&mut Kit<'_>, &Suspended)) {
    with_config(Config::default(), test);
}

fn with_config(config: Config, test: impl FnOnce(&mut Kit<'_>, &Suspended)) {
    let (sender, suspended) = channel();
    let sender = Mutex::new(sender);
    let router = Router::new()
        .get("/later", move |_, response, work: Option<String>| {
            if let Some(text) = work {
                return response.text(text);
            }
            let (pending, receipt) = response.mark_async(String::new());
            sender.lock().unwrap().send(pending).unwrap();
            receipt.suspended()
        })
        .get(
            "/{path}",
            sync_handler(|request, response| response.text(request.path().to_owned())),
        )
        .post(
            "/echo",
            sync_handler(|request, response| response.send(request.body().to_owned())),
        );
    run(config, router, |kit| test(kit, &suspended));
}

/// A configuration in which a suspended request outlasts everything else.
fn lasting() -> Config {
    const LONG: Duration = Duration::from_secs(1_000_000);
    Config {
        suspend_timeout: LONG,
        request_timeout: LONG,
        ..Config::default()
    }
}

fn panics<T>(code: impl FnOnce() -> T) -> bool {
    catch_unwind(AssertUnwindSafe(code)).is_err()
}

#[test]
fn client_that_hung_up_is_no_other_client() {
    with_routes(|kit, suspended| {
        let first = kit.send(Get("/later"));
        let late = suspended.recv().unwrap();
        kit.hang_up(first);
        assert!(late.is_abandoned());
        let second = kit.send(Get("/second"));
        assert_ne!(first, second);
        assert!(panics(|| kit.response(first)));
        assert!(panics(|| kit.send_from(first, Get("/"))));
        assert!(panics(|| kit.hang_up(first)));

        late.resume();
        assert_eq!(kit.resume(), 0);
        assert_eq!(kit.metrics().total(Metric::LateResumes), 1);
        assert_eq!(kit.response(second).unwrap().text(), "/second");
    });
}

#[test]
fn client_sends_several_requests() {
    with_routes(|kit, suspended| {
        let client = kit.send(Get("/first"));
        let head = "HEAD /second HTTP/1.1\r\nHost: test\r\n\r\n";
        kit.send_from(client, head.as_bytes().to_vec());
        kit.send_from(client, Get("/later"));
        kit.send_from(client, Get("/third"));
        assert_eq!(kit.responses(client).len(), 2, "responses are in order");
        suspended.recv().unwrap().resume_with("later".into());
        assert_eq!(kit.resume(), 1);
        let responses = kit.responses(client);
        let bodies: Vec<_> = responses.iter().map(|response| response.text()).collect();
        assert_eq!(bodies, ["/first", "", "later", "/third"]);
        assert_eq!(responses[1].header("Content-Length"), Some("7"));
        assert_eq!(kit.response(client).unwrap().text(), "/first");

        let pipelined = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
        let client = kit.send(pipelined.into_bytes());
        assert_eq!(kit.responses(client).len(), 2);
        assert_eq!(kit.response(client).unwrap().text(), "/a");
    });
}

#[test]
fn interim_response_is_skipped() {
    with_routes(|kit, _| {
        let head =
            "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        let client = kit.send(head.as_bytes().to_vec());
        assert!(kit.response(client).is_none(), "only 100 was sent");
        kit.send_from(client, b"hello".to_vec());
        assert_eq!(kit.response(client).unwrap().text(), "hello");
        kit.send_from(client, Post("/echo", b"again"));
        assert_eq!(kit.responses(client)[1].text(), "again");
    });
}

#[test]
fn response_has_any_number_of_fields() {
    let router = Router::new().get(
        "/",
        sync_handler(|_, response| {
            let fields = (0..1000).fold(Reply::from("hello"), |reply, number| {
                let name = HeaderName::try_from(format!("x-{number}")).unwrap();
                reply.header(name, HeaderValue::from(number))
            });
            response.reply(fields)
        }),
    );
    run(Config::default(), router, |kit| {
        let client = kit.send(Get("/"));
        let response = kit.response(client).unwrap();
        assert_eq!(response.header("X-999"), Some("999"));
        assert_eq!(response.text(), "hello");
    });
}

#[test]
fn future_that_wakes_itself_for_ever_panics() {
    let endless = async_handler(|_| {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::<Reply>::Pending
        })
    });
    run(Config::default(), Router::new().get("/", endless), |kit| {
        let client = kit.send(Get("/"));
        assert!(panics(|| kit.resume()));
        assert!(kit.response(client).is_none());
        kit.advance(Config::default().suspend_timeout);
        assert_eq!(kit.response(client).unwrap().status, 503);
    });
}

#[test]
fn deadline_runs_callbacks() {
    let calls = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&calls);
    let router = Router::new().after_handlers(move || *counter.lock().unwrap() += 1);
    run(Config::default(), router, |kit| {
        kit.advance(Duration::from_secs(1));
        assert_eq!(*calls.lock().unwrap(), 1);
    });
}

/// A response that waits for another one is not sent yet, so no client is slow to accept it.
#[test]
fn response_that_waits_has_no_send_timeout() {
    with_config(lasting(), |kit, suspended| {
        let client = kit.send(Get("/later"));
        kit.send_from(client, Get("/b"));
        let pending = suspended.recv().unwrap();
        for _ in 0..10 {
            kit.advance(lasting().send_timeout);
        }
        pending.resume_with("a".into());
        kit.resume();
        let texts: Vec<_> = kit
            .responses(client)
            .into_iter()
            .map(|it| it.body)
            .collect();
        assert_eq!(texts, [&b"a"[..], b"/b"]);
        assert_eq!(kit.metrics().total(Metric::SendTimeouts), 0);
    });
}

/// Empty lines before a request are a part of its head, for which there is one time.
#[test]
fn empty_lines_do_not_prolong_the_head() {
    with_routes(|kit, _| {
        for first in [&b"\r"[..], b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n\r"] {
            let client = kit.send(first.to_owned());
            let part = Config::default().header_timeout / 3;
            for byte in [b"\n", b"\r", b"\n", b"\r"] {
                assert!(!kit.is_closed(client));
                kit.advance(part);
                kit.send_from(client, byte.to_vec());
            }
            assert!(kit.is_closed(client));
        }
    });
}

/// What is not read yet counts, too.
#[test]
fn full_event_loop_receives_no_heads() {
    const PART: &[u8] = b"GET /a HTTP/1.1\r\nHost: ";
    let config = Config {
        max_pending_total: 2 * PART.len() - 1,
        ..Config::default()
    };
    with_config(config, |kit, _| {
        let clients = [(); 3].map(|()| kit.send(PART.to_owned()));
        let pending = kit.metrics().total(Metric::PendingBytes);
        assert_eq!(pending, 2 * PART.len() as u64);
        assert_eq!(kit.response(clients[2]).unwrap().status, 503);
        for client in &clients[..2] {
            kit.send_from(*client, b"a\r\n\r\n".to_vec());
            assert_eq!(kit.response(*client).unwrap().status, 200);
        }
        assert_eq!(kit.metrics().total(Metric::PendingBytes), 0);
    });
}

/// The head says that the body is not wanted.
#[test]
fn body_for_unknown_path_is_not_asked_for() {
    with_routes(|kit, _| {
        for (head, status) in [("POST /no/where", 404), ("PUT /echo", 405)] {
            let fields = "Host: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
            let client = kit.send(format!("{head} HTTP/1.1\r\n{fields}").into_bytes());
            assert_eq!(kit.response(client).unwrap().status, status);
            assert!(kit.is_closed(client));
        }
    });
}

#[test]
fn closed_connection_reads_no_more() {
    with_routes(|kit, suspended| {
        let client = kit.send(Get("/a"));
        kit.advance(Config::default().keep_alive_timeout);
        assert!(kit.is_closed(client));
        kit.send_from(client, Get("/later"));
        assert!(suspended.try_recv().is_err());
        assert_eq!(kit.responses(client).len(), 1);
        kit.advance(Config::default().send_timeout); // the client is no longer expected to close
        assert_eq!(kit.responses(client).len(), 1);
        kit.hang_up(client);
        assert!(panics(|| kit.is_closed(client)));
    });
}

/// Even if no time is allowed.
#[test]
fn first_request_is_served() {
    let config = Config {
        keep_alive_timeout: Duration::ZERO,
        header_timeout: Duration::ZERO,
        ..Config::default()
    };
    with_config(config, |kit, _| {
        let client = kit.send(Vec::new());
        kit.advance(Duration::from_millis(1));
        kit.send_from(client, Get("/a"));
        assert_eq!(kit.response(client).unwrap().status, 200);
        assert!(kit.is_closed(client));
    });
}
