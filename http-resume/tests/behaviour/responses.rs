//! The form of responses. `case.rs` checks `Date`, `Content-Length` and `Connection` of all
//! responses.
//!
//! RFC 9110, 6.4.1, 8.6, 9.3.2, 15.3.5, 15.4.5 and 15.5.6; RFC 9112, 6.3 and 11.1.

use std::time::Duration;

use http_resume::{Config, Router};

use crate::case::{Case, Server, check, last, refused, served};
use crate::support::Running;

pub(crate) fn cases() -> Vec<Case> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = |path: &str| get(path).replace("GET", "HEAD");
    let mut cases = vec![
        served(
            "an unknown path",
            get("/nothing"),
            &["404 no route matches this path"],
        ),
        served(
            "an unknown method of it",
            "PUT /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
            &["404"],
        ),
        served(
            "a method that a path does not know",
            "PUT /reflect HTTP/1.1\r\nHost: a\r\n\r\n",
            &["405"],
        ),
        served("204", get("/no-content"), &["204 "]),
        served("304", get("/not-modified"), &["304 "]),
        served("HEAD", head("/"), &["200 HEAD"]),
        served("HEAD of an unknown path", head("/nothing"), &["404 HEAD"]),
        served(
            "HEAD, answered with 204",
            head("/no-content"),
            &["204 HEAD"],
        ),
        served(
            "HEAD with a body of its own",
            head("/").replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nb"),
            &["200 HEAD"],
        ),
        served(
            "HEAD, then others",
            [head("/"), head("/at/1"), get("/")].concat(),
            &["200 HEAD", "200 HEAD", "200 GET / "],
        ),
        last("HEAD of 1.0", "HEAD / HTTP/1.0\r\n\r\n", &["200 HEAD"]),
    ];
    // A refused request is answered like one that is served: HEAD without a body.
    for (status, text) in [
        (400, "HEAD / HTTP/1.1\r\n\r\n"),
        (400, "\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n"),
        (
            400,
            "HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
        ),
        (
            413,
            "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n",
        ),
        (417, "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n"),
        (505, "HEAD / HTTP/2.0\r\nHost: a\r\n\r\n"),
        (400, "HEAD / HTTP/1.1\nHost: a\r\n\r\n"),
        (400, "\r\nHEAD  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        cases.push(last(text, text, &[&format!("{status} HEAD")]));
    }
    // Only CR LF may precede a request. What begins otherwise is not a HEAD request, and
    // is answered with a body, whether or not a reader would skip what precedes HEAD.
    for before in [
        "\n", "\r\n\n", "\n\r\n", "\r", "\r\r\n", " ", "\r\n\t", "\x0c",
    ] {
        let text = format!("{before}HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        cases.push(refused(400, &text.escape_debug().to_string(), &text));
    }
    for text in [
        "HEAD\n",
        "HEAD\r\n\r\n",
        "HEAD/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        cases.push(refused(400, text, text));
    }
    cases.push(last(
        "a refused GET after a HEAD has a body",
        [&head("/"), "GET / HTTP/1.1\r\n\r\n"].concat(),
        &["200 HEAD", "400 missing or repeated Host"],
    ));
    cases
}

#[test]
fn response_cases() {
    check(&cases());
}

#[test]
fn head_has_fields_of_get() {
    let server = Server::start();
    let mut client = server.connect();
    for path in ["/nothing", "/no-content", "/not-modified", "/reflect?a"] {
        client.send(&format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let (head, get) = (client.head(), client.fetch(path));
        assert_eq!(head.status, get.status);
        for field in ["Content-Length", "Content-Type", "X-Reflected"] {
            assert_eq!(head.field(field), get.field(field), "{field} of {path}");
        }
    }
}

/// Includes a request of which only the method has arrived.
#[test]
fn slow_head_request_gets_408_without_body() {
    let config = Config {
        header_timeout: Duration::from_millis(1),
        body_timeout: Duration::from_millis(1),
        ..Config::default()
    };
    let server = Running::with(config, Router::new());
    for part in [
        "HEAD / HT",
        "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nb",
    ] {
        let mut client = server.connect();
        client.send(part);
        assert_eq!(client.head().status, 408);
        client.assert_closed();
    }
}

#[test]
fn allow_lists_methods() {
    let server = Server::start();
    let mut client = server.connect();
    for (path, allow) in [
        ("/reflect", "GET, HEAD"),
        ("/at/1", "GET, POST, PUT, OPTIONS, HEAD"),
    ] {
        client.send(&format!("DELETE {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.field("allow")), (405, Some(allow)));
    }
}

/// Text of the client is reflected in a header field unchanged, or not at all.
#[test]
fn header_injection_is_impossible() {
    let server = Server::start();
    for text in [
        "a%0d%0aX-Injected:%201",
        "a%0D%0A%0D%0AHTTP/1.1%20200%20OK",
        "a\\r\\nX-Injected:1",
    ] {
        let answer = server.connect().fetch(&format!("/reflect?{text}"));
        assert_eq!(answer.field("x-reflected"), Some(text));
        assert_eq!(answer.field("x-injected"), None);
    }
    for text in ["a\nX-Injected: 1", "a\rX-Injected: 1", "a\0", "a\x7f"] {
        let mut client = server.connect();
        client.send(&format!(
            "GET /reflect HTTP/1.1\r\nHost: a\r\nX-Text: {text}\r\n\r\n"
        ));
        let answer = client.answer();
        assert_eq!((answer.status, answer.field("x-reflected")), (400, None));
        assert_eq!(answer.field("x-injected"), None);
    }
}
