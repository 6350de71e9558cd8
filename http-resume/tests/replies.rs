//! Replies as values, and the type of a response, which may come from many places.

mod support;

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::ControlFlow;

use http_resume::http::header;
use http_resume::{
    HeaderName, HeaderValue, Outcome, Reply, Request, Response, Router, StatusCode, sync_handler,
};
use support::{Client, Running};

const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html";

fn of_type(text: &'static str) -> (HeaderName, HeaderValue) {
    (header::CONTENT_TYPE, HeaderValue::from_static(text))
}

/// A handler that responds in one of many ways, named by the path.
fn typed<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let typed = |response: Response<'r>, text| {
        let (name, value) = of_type(text);
        response.header(name, value)
    };
    let html = |reply: Reply| {
        let (name, value) = of_type(HTML);
        reply.header(name, value)
    };
    match request.path() {
        "/text" => response.text("hello"),
        "/field-text" => typed(response, HTML).text("hello"),
        "/fields-text" => typed(typed(response, "image/png"), HTML).text("hello"),
        "/bytes" => response.send(b"hello".as_slice()),
        "/field-bytes" => typed(response, HTML).send(b"hello".as_slice()),
        "/reply-text-field" => response.reply(html(Reply::from("hello"))),
        "/reply-field-text" => response.reply(html(Reply::from("")).text("hello")),
        "/field-reply" => typed(response, HTML).reply("hello"),
        "/field-reply-field" => typed(response, "image/png").reply(html("hello".into())),
        "/reply-without" => {
            response.reply(Reply::from("hello").without_header(header::CONTENT_TYPE))
        }
        path => unreachable!("{path}"),
    }
}

/// The type that each response has: without middleware, and with middleware that adds a type.
const TYPES: [(&str, Option<&str>, &str); 10] = [
    ("/text", Some(PLAIN), PLAIN),
    ("/field-text", Some(HTML), HTML),
    ("/fields-text", Some(HTML), HTML),
    ("/bytes", None, "of/middleware"),
    ("/field-bytes", Some(HTML), HTML),
    ("/reply-text-field", Some(HTML), HTML),
    ("/reply-field-text", Some(HTML), HTML),
    ("/field-reply", Some(HTML), HTML),
    ("/field-reply-field", Some(HTML), HTML),
    ("/reply-without", None, "of/middleware"),
];

fn router_of_types() -> Router {
    TYPES.iter().fold(Router::new(), |router, (path, _, _)| {
        router.get(path, sync_handler(typed))
    })
}

/// Returns the types that the head of the response has.
fn types_of(client: &mut Client, path: &str) -> Vec<String> {
    let head = client.fetch(path).head;
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let types = fields.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types.map(|(_, value)| value.to_owned()).collect()
}

#[test]
fn last_explicit_content_type_wins() {
    let plain = Running::new(router_of_types());
    let with_middleware =
        ["image/png", "of/middleware"]
            .into_iter()
            .fold(router_of_types(), |router, text| {
                router.middleware(move |_, response| {
                    let (name, value) = of_type(text);
                    ControlFlow::Continue(response.header(name, value))
                })
            });
    let with_middleware = Running::new(with_middleware);
    let (mut client, mut other) = (plain.connect(), with_middleware.connect());
    for (path, expected, with_middleware) in TYPES {
        let types = types_of(&mut client, path);
        assert_eq!(types, Vec::from_iter(expected), "{path}");
        assert_eq!(types_of(&mut other, path), [with_middleware], "{path}");
    }
}

#[test]
fn middleware_of_responses_replaces_their_types_and_bodies() {
    let router = router_of_types().on_response(|_, reply| {
        let types = |reply: &Reply| {
            let fields = reply.headers();
            let types = fields.filter(|(name, _)| *name == header::CONTENT_TYPE);
            types.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let before = types(&reply);
        let (name, value) = of_type("of/response");
        let reply = reply.header(name, value);
        assert_eq!(types(&reply), ["of/response"]);
        let reply = before.first().map_or(reply.clone(), |value| {
            let seen = HeaderName::from_static("x-seen");
            reply.header(seen, value.clone())
        });
        let body = reply.clone().into_body();
        reply.body([&body, b" again".as_slice()].concat())
    });
    let server = Running::new(router);
    let mut client = server.connect();
    for (path, expected, _) in TYPES {
        assert_eq!(types_of(&mut client, path), ["of/response"], "{path}");
        let answer = client.fetch(path);
        assert_eq!(answer.field("x-seen"), expected, "{path}");
        assert_eq!(answer.body, "hello again");
    }
}

/// RFC 9110, 15.3.5, 15.3.6 and 15.4.5.
#[test]
fn statuses_without_content_have_no_body_and_no_type() {
    let statuses = sync_handler(|request, response| {
        let status = request.param("status").and_then(|text| text.parse().ok());
        response.status(status.unwrap()).text("not to be sent")
    });
    let server = Running::new(Router::new().get("/{status}", statuses));
    let mut client = server.connect();
    for (status, length) in [(204, None), (205, Some("0")), (304, None)] {
        let answer = client.fetch(&format!("/{status}"));
        assert_eq!(answer.status, status);
        assert_eq!(answer.field("content-length"), length);
        assert_eq!(answer.field("content-type"), None);
        assert_eq!(answer.body, "");
    }
}

#[test]
fn values_become_replies() {
    let bytes: &'static [u8] = b"bytes";
    let never: Result<&str, Infallible> = Ok("text");
    let failed: Result<&str, (StatusCode, String)> = Err((StatusCode::GONE, "text".into()));
    for (reply, status, is_text, body) in [
        (Reply::from(StatusCode::GONE), 410, false, ""),
        ("text".into(), 200, true, "text"),
        (String::from("text").into(), 200, true, "text"),
        (Cow::Borrowed("text").into(), 200, true, "text"),
        (bytes.into(), 200, false, "bytes"),
        (bytes.to_owned().into(), 200, false, "bytes"),
        ((StatusCode::CREATED, bytes).into(), 201, false, "bytes"),
        (never.into(), 200, true, "text"),
        (failed.into(), 410, true, "text"),
    ] {
        assert_eq!(reply.status().as_u16(), status);
        let types: Vec<_> = reply.headers().map(|(_, value)| value.clone()).collect();
        assert_eq!(types, if is_text { vec![PLAIN] } else { vec![] });
        assert_eq!(reply.as_bytes(), body.as_bytes());
    }
}

#[test]
#[should_panic = "100 Continue is not the status of a final response"]
fn informational_status_is_refused() {
    let _ = Reply::from((StatusCode::CONTINUE, "text"));
}
