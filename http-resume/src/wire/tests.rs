//! Accepted and refused requests, for every way in which their bytes arrive.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::limits::MAX_CHUNK_LINE;
use super::replay::{End, Parsed, replay};
use super::usual_head::read_usual_head;
use super::*;

const LIMITS: Limits = Limits {
    request_line: 100,
    headers: 400,
    fields: 100,
    body: 20,
};

/// The requests of a stream, and its end.
type Stream = (Vec<Parsed>, End);

fn read(pieces: &[&[u8]]) -> Stream {
    replay(pieces, &LIMITS)
}

/// Parses a stream whole, in two pieces, split at every position, and byte by byte. Asserts
/// that all results are equal.
#[track_caller]
fn read_in_all_ways(text: &str) -> Stream {
    let bytes = text.as_bytes();
    let whole = read(&[bytes]);
    for at in 0..=bytes.len() {
        assert_eq!(
            read(&[&bytes[..at], &bytes[at..]]),
            whole,
            "split at {at}: {text:?}"
        );
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single), whole, "byte by byte: {text:?}");
    whole
}

#[track_caller]
fn accepts(text: &str, expected: &[(&str, &str, &str)]) {
    let (requests, end) = read_in_all_ways(text);
    let essence = |request: &Parsed| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        (request.method.clone(), request.path.clone(), body)
    };
    let essences: Vec<_> = requests.iter().map(essence).collect();
    let own = |&(method, path, body): &(&str, &str, &str)| {
        (method.to_owned(), path.to_owned(), body.to_owned())
    };
    let expected: Vec<_> = expected.iter().map(own).collect();
    assert_eq!((essences, end), (expected, End::Between), "{text:?}");
}

#[track_caller]
fn refuses(status: u16, text: &str) {
    let (_, end) = read_in_all_ways(text);
    assert_eq!(end, End::Refused(status), "{text:?}");
}

/// Returns a request with these header fields, followed by `rest`.
fn post(fields: &str, rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n{rest}")
}

#[test]
fn request_lines() {
    accepts("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[("GET", "/", "")]);
    accepts("GET /a?b=/c HTTP/1.0\r\n\r\n", &[("GET", "/a", "")]);
    accepts(
        "\r\nGET /1 HTTP/1.1\r\nHost: a:80\r\n\r\n\r\n\r\nPUT /2 HTTP/1.1\r\nhost: [::1]:80\r\n\
         content-length: 2\r\nContent-Length: 2\r\n\r\nhi",
        &[("GET", "/1", ""), ("PUT", "/2", "hi")],
    );
}

#[test]
fn target_forms() {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    accepts(&get("http://b"), &[("GET", "/", "")]);
    accepts(&get("HTTPS://b:1/c?d"), &[("GET", "/c", "")]);
    accepts(&get("http://b?d"), &[("GET", "/", "")]);
    accepts(
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        &[("OPTIONS", "*", "")],
    );
    for target in [
        "*",
        "a",
        "/#a",
        "ftp://b/",
        "http:///",
        "http://u@b/",
        "http://b:x/",
        "/\u{e9}",
    ] {
        refuses(400, &get(target));
    }
    refuses(501, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n");
}

#[test]
fn host_fields() {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n");
    for host in [
        "a",
        "a.b-c:8080",
        "1.2.3.4",
        "[::1]",
        "[::ffff:1.2.3.4]:1",
        "a:",
    ] {
        accepts(&get(&format!("Host: {host}\r\n")), &[("GET", "/", "")]);
    }
    for host in [
        "", "a b", "a/b", "u@a", "a,b", "a:b", "a:123456", "[", "[]", "[::1]a", ":80", "a?b",
    ] {
        refuses(400, &get(&format!("Host: {host}\r\n")));
    }
    refuses(400, &get(""));
    refuses(400, &get("Host: a\r\nHost: a\r\n"));
}

#[test]
fn malformed_heads_are_refused() {
    for head in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nA: \rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
    ] {
        refuses(400, head);
    }
    refuses(505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n");
    refuses(505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n");
}

#[test]
fn long_heads_are_refused() {
    let long = "a".repeat(100);
    refuses(414, &format!("GET /{long}"));
    refuses(414, &format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"));
    let get = "GET / HTTP/1.1\r\nHost: a\r\n";
    refuses(431, &format!("{get}{}", format!("A: {long}\r\n").repeat(5)));
    refuses(431, &format!("{get}A: {}", long.repeat(5)));
    let many = "a:\r\n".repeat(LIMITS.fields);
    let limits = Limits {
        headers: 4000,
        ..LIMITS
    };
    let head = format!("{get}{many}\r\n");
    let read = Parser::default().read(head.as_bytes(), &mut Message::default(), &limits);
    assert_eq!(read.unwrap_err().status, 431);
}

#[test]
fn content_lengths() {
    accepts(&post("Content-Length: 0\r\n", ""), &[("POST", "/", "")]);
    accepts(
        &post("Content-Length: 020\r\n", &"b".repeat(20)),
        &[("POST", "/", &"b".repeat(20))],
    );
    for length in [
        "-1",
        "+1",
        "1 ",
        "0x1",
        "1,1",
        "1, 2",
        "",
        " ",
        "1.0",
        "18446744073709551616",
    ] {
        let text = post(&format!("Content-Length: {length}\r\n"), "b");
        if length.trim() == "1" {
            accepts(&text, &[("POST", "/", "b")]);
        } else {
            refuses(400, &text);
        }
    }
    refuses(
        400,
        &post("Content-Length: 1\r\nContent-Length: 2\r\n", "bb"),
    );
    refuses(413, &post("Content-Length: 21\r\n", ""));
    refuses(413, &post("Content-Length: 18446744073709551615\r\n", ""));
}

#[test]
fn transfer_codings() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    accepts(
        &post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"),
        &[("POST", "/", "")],
    );
    refuses(
        400,
        &post(&format!("{chunked}Content-Length: 0\r\n"), "0\r\n\r\n"),
    );
    refuses(400, &post(&format!("{chunked}{chunked}"), "0\r\n\r\n"));
    refuses(400, &post("Transfer-Encoding: chunked, chunked\r\n", ""));
    refuses(400, &post("Transfer-Encoding: chunked, gzip\r\n", ""));
    refuses(501, &post("Transfer-Encoding: gzip, chunked\r\n", ""));
    refuses(501, &post("Transfer-Encoding: gzip\r\n", ""));
    refuses(501, &post("Transfer-Encoding: identity\r\n", ""));
    refuses(
        400,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    );
}

#[test]
fn chunked_bodies() {
    let body = |text: &str| post("Transfer-Encoding: chunked\r\n", text);
    accepts(
        &body("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
        &[("POST", "/", "hello!")],
    );
    accepts(
        &body("00A\r\n0123456789\r\n0a\r\n0123456789\r\n000\r\nA: b\r\nC:\r\n\r\n"),
        &[("POST", "/", "01234567890123456789")],
    );
    accepts(
        &body("1;a;b=c;d=\"e;\\\"\";f\r\nx\r\n0;g\r\n\r\n"),
        &[("POST", "/", "x")],
    );
    for bad in [
        "-5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5 \r\nhello\r\n",
        "\r\nhello\r\n",
        "5\nhello\r\n",
        "5\r\nhello!\r\n",
        "5\r\nhello\n",
        "g\r\n",
        "10000000000000000\r\n",
        "1;\r\nx",
        "1;a=\r\nx",
        "1; a\r\nx",
        "1;a=\"\r\nx",
        "1;a=\"b\"c\r\nx",
        "0\r\nA b\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\r\n A: b\r\n\r\n",
    ] {
        refuses(400, &body(bad));
    }
    refuses(413, &body("15\r\n"));
    refuses(413, &body("a\r\n0123456789\r\nb\r\n"));
    refuses(413, &body("ffffffffffffffff\r\n"));
    refuses(431, &body(&format!("0\r\n{}", "A: b\r\n".repeat(100))));
    refuses(400, &body(&"0".repeat(MAX_CHUNK_LINE + 1)));
}

#[test]
fn expect_fields() {
    refuses(417, &post("Expect: 200-ok\r\n", ""));
    let expects = |text: &str| {
        let mut message = Message::default();
        Parser::default()
            .read(text.as_bytes(), &mut message, &LIMITS)
            .unwrap();
        message.expects_continue
    };
    let expects_with =
        |field: &str| expects(&post(&format!("{field}\r\nContent-Length: 1\r\n"), ""));
    assert!(expects_with("Expect: 100-Continue"));
    assert!(expects_with("Expect: ,100-continue"));
    assert!(expects_with("Expect: 100-continue ,\t, 100-continue,"));
    assert!(!expects_with("Expect:"));
    assert!(!expects_with("Expect: , ,"));
    assert!(!expects(&post("Content-Length: 1\r\n", "")));
    assert!(
        !expects(&post("Expect: 100-continue\r\n", "")),
        "without a body, nothing is awaited"
    );
    assert!(!expects(
        "GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    ));
}

#[test]
fn connection_fields() {
    let keeps = |version: &str, connection: &str| {
        let text = format!("GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n");
        let mut message = Message::default();
        Parser::default()
            .read(text.as_bytes(), &mut message, &LIMITS)
            .unwrap();
        message.keep_alive
    };
    assert!(keeps("1.1", "x"));
    assert!(!keeps("1.0", "x"));
    assert!(keeps("1.0", "x, Keep-Alive"));
    assert!(!keeps("1.1", "x ,CLOSE"));
    assert!(!keeps("1.1", "close, keep-alive"));
}

/// Generates requests from well-formed and malformed parts, below and above the limits.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => select(vec!["GET /", "POST /a?b", "OPTIONS *", "HEAD http://b/"])
            .prop_map(|start| format!("{start} HTTP/1.1\r\n")),
        1 => select(vec!["\r\n", "GET / HTTP/1.0\r\n", "GET / HTTP/2.0\r\n", "GET /\n"])
            .prop_map(str::to_owned),
        1 => (70..90_usize).prop_map(|n| format!("GET /{} HTTP/1.1\r\n", "a".repeat(n))),
    ];
    let field = prop_oneof![
        8 => select(vec!["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "A: b\r\n"])
            .prop_map(str::to_owned),
        1 => select(vec!["Content-Length: 21\r\n", "A: b\n", "A : b\r\n", "\r", "Host: a\r\n"])
            .prop_map(str::to_owned),
        1 => (300..400_usize).prop_map(|n| format!("A: {}\r\n", "b".repeat(n))),
    ];
    let body = select(vec![
        "hello",
        "5\r\nhello\r\n",
        "0\r\n",
        "5;a\r\nhello\r\n",
        "\r\n",
        "5\nhello",
        "A: b\r\n",
    ]);
    let request = (line, vec(field, 0..3), vec(body, 0..5)).prop_map(|(line, fields, body)| {
        let (fields, body) = (fields.concat(), body.concat());
        format!("{line}Host: a\r\n{fields}\r\n{body}").into_bytes()
    });
    vec(request, 1..5).prop_map(|requests| requests.concat())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4096,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn result_does_not_depend_on_cuts(stream in stream(), cuts in vec(any::<Index>(), 1..20)) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect();
        prop_assert_eq!(read(&pieces), read(&[&stream]));
    }
}

/// Heads of the usual form are accepted by a parser of their own. A head whose first byte arrives
/// alone is left to the other one.
#[test]
fn both_parsers_of_heads_agree() {
    const HEADS: [&str; 5] = [
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n",
        "GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nAccept: text/html,*/*;q=0.8\r\nConnection: close\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "PUT /a HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 0\r\nX:  \r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ];
    const BYTES: &[u8] = b"\r\n\t\0 :/?#%,\"<>@[]{}aZ09-_~\x7f\x80\xff";
    let limits = Limits {
        fields: 2,
        ..LIMITS
    };
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut accepted = 0;
    for number in 0..400_000 {
        let mut head = HEADS[number % HEADS.len()].as_bytes().to_vec();
        for _ in 0..random.random_range(0..4) {
            let at = random.random_range(0..head.len());
            let byte = BYTES[random.random_range(0..BYTES.len())];
            match random.random_range(0..4) {
                0 => head[at] = byte,
                1 => head.insert(at, byte),
                2 => drop(head.remove(at)),
                _ => head.extend_from_within(at..),
            }
        }
        let is_usual = read_usual_head(&head, &mut Message::default(), &limits).is_some();
        accepted += usize::from(is_usual);
        let whole = replay(&[&head], &limits);
        let text = String::from_utf8_lossy(&head);
        assert_eq!(
            whole,
            replay(&[&head[..1], &head[1..]], &limits),
            "{text:?}"
        );
    }
    assert!(accepted > 50_000, "{accepted} have the usual form");
}
