//! Bodies with a length and chunked ones, also announced by `Expect: 100-continue`.
//!
//! RFC 9110, 10.1.1.

use crate::case::{Case, Server, check, last, post, refused, served};
use crate::support::Client;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        served(
            "a body that no handler reads, with a length",
            "POST /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            &["404"],
        ),
        served(
            "the same in chunks, where the method is unknown",
            "DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n",
            &["405"],
        ),
        served(
            "bytes of all kinds",
            [post("Content-Length: 4\r\n", "").as_bytes(), b"\0\r\n\xff"].concat(),
            &["200 POST / \0\r\n\u{fffd}"],
        ),
        served(
            "100 is expected, but there is no body",
            post("Expect: 100-continue\r\n", ""),
            &["200 POST / "],
        ),
        served(
            "nor one of length 0",
            post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
            &["200 POST / "],
        ),
        last(
            "1.0 gets no 100",
            "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
            &["200 POST / hello"],
        ),
        refused(
            413,
            "100 is expected, for too much",
            post("Expect: 100-continue\r\nContent-Length: 1048577\r\n", "b"),
        ),
        refused(
            400,
            "100 is expected, but the head is malformed",
            post("Expect: 100-continue\r\nContent-Length: -1\r\n", "b"),
        ),
        refused(
            501,
            "100 is expected, for an unknown coding",
            post("Expect: 100-continue\r\nTransfer-Encoding: gzip\r\n", "b"),
        ),
    ];
    for expectation in [
        "200-ok",
        "100",
        "100-continue, 200-ok",
        ",100-continue;",
        "100-continue;a",
        "100-continued",
        "\"100-continue\"",
    ] {
        let field = format!("Expect: {expectation}\r\n");
        cases.push(refused(
            417,
            &field,
            post(&format!("{field}Content-Length: 5\r\n"), "hello"),
        ));
    }
    cases
}

#[test]
fn request_body_cases() {
    check(&cases());
}

/// Header fields that announce a body, and the body.
const ANNOUNCED: [(&str, &str); 5] = [
    (
        "Expect: 100-continue, 100-Continue\r\nContent-Length: 5\r\n",
        "hello",
    ),
    ("Content-Length: 5\r\nExpect: 100-continue\r\n", "hello"),
    ("Expect: ,100-continue, \r\nContent-Length: 5\r\n", "hello"),
    ("eXPECT:\t100-Continue \r\ncontent-length: 5\r\n", "hello"),
    (
        "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
    ),
];

#[track_caller]
fn assert_served(client: &mut Client) {
    assert_eq!(client.answer().body, "POST / hello");
    assert_eq!(client.fetch("/").body, "GET / ", "the connection stays");
}

#[test]
fn expected_100_precedes_body() {
    let server = Server::start();
    for (fields, body) in ANNOUNCED {
        let head = post(fields, "");
        for cut in 0..head.len() {
            let mut client = server.connect();
            let (start, rest) = head.as_bytes().split_at(cut);
            server.send(&mut client, &[start, rest]);
            let interim = client.answer();
            assert_eq!(interim.head, "HTTP/1.1 100 Continue\r\n\r\n");
            server.send(&mut client, &body.as_bytes().chunks(1).collect::<Vec<_>>());
            assert_served(&mut client);
        }
    }
}

#[test]
fn received_body_needs_no_100() {
    let server = Server::start();
    for (fields, body) in ANNOUNCED {
        let mut client = server.connect();
        let request = post(fields, body);
        client.send(&request);
        assert_served(&mut client);
        // Nor is it when only a part of it is there.
        let (start, rest) = request.split_at(request.len() - body.len() + 1);
        server.send(&mut client, &[start.as_bytes(), rest.as_bytes()]);
        assert_served(&mut client);
    }
}

#[test]
fn expected_100_follows_earlier_responses() {
    let server = Server::start();
    for (fields, body) in ANNOUNCED {
        let mut client = server.connect();
        client.get("/at/1");
        client.get("/at/2");
        client.send(&post(fields, ""));
        assert_eq!(client.answer().body, "GET /at/1 ");
        assert_eq!(client.answer().body, "GET /at/2 ");
        assert_eq!(client.answer().status, 100);
        client.send(body);
        assert_served(&mut client);
    }
}

#[test]
fn unwanted_body_gets_no_100() {
    let server = Server::start();
    for (status, text) in [
        (
            417,
            post("Expect: 100-continues\r\nContent-Length: 5\r\n", ""),
        ),
        (
            413,
            post("Expect: 100-continue\r\nContent-Length: 1048577\r\n", ""),
        ),
        (
            413,
            post(
                "Expect: 100-continue\r\nContent-Length: 18446744073709551615\r\n",
                "",
            ),
        ),
        (
            400,
            post(
                "Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                "",
            ),
        ),
        (
            200,
            post("Expect: 100-continue\r\nConnection: close\r\n", ""),
        ),
    ] {
        let mut client = server.connect();
        client.send(&text);
        assert_eq!(client.answer().status, status);
        client.assert_closed();
    }
}
