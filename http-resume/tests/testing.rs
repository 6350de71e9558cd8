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
    run(Config::default(), router, |kit| test(kit, &suspended));
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
