//! Limits on the parts of a request, to the byte.

use crate::case::{Case, check, get, post, refused, served};

const KIB: usize = 1024;

pub(crate) fn cases() -> Vec<Case> {
    [request_lines(), fields(), trailers(), bodies()].concat()
}

/// Returns a request whose request line has `length` bytes.
fn line_of(length: usize) -> String {
    let path = "a".repeat(length - "GET /at/ HTTP/1.1\r\n".len());
    format!("GET /at/{path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn request_lines() -> Vec<Case> {
    let longest = line_of(8 * KIB);
    let answer = format!("200 {} ", longest.split(" HTTP").next().unwrap_or_default());
    vec![
        served("the longest request line", &longest, &[&answer]),
        served("after an empty one", format!("\r\n{longest}"), &[&answer]),
        refused(414, "one byte more", line_of(8 * KIB + 1)),
        refused(414, "much more", line_of(80 * KIB)),
        refused(
            414,
            "more, without an end",
            line_of(9 * KIB).replace("HTTP/1.1\r\n", ""),
        ),
        refused(
            414,
            "more, with a mere LF",
            line_of(9 * KIB).replace("\r\n", "\n"),
        ),
        refused(
            414,
            "more, in the query",
            line_of(9 * KIB).replace("/at/", "/at?"),
        ),
        refused(414, "more, of nothing", vec![b'a'; 9 * KIB]),
    ]
}

/// Returns fields of `length` bytes, including the empty line.
fn fields_of(length: usize) -> String {
    let value = "b".repeat(length - "Host: a\r\nA: \r\n\r\n".len());
    format!("Host: a\r\nA: {value}\r\n\r\n")
}

fn fields() -> Vec<Case> {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}");
    let many = |count: usize| get(&format!("Host: a\r\n{}\r\n", "B: c\r\n".repeat(count - 1)));
    let after_a_long_line = line_of(8 * KIB).replace("Host: a\r\n\r\n", "");
    vec![
        served(
            "the longest fields",
            get(&fields_of(64 * KIB)),
            &["200 GET / "],
        ),
        refused(431, "one byte more", get(&fields_of(64 * KIB + 1))),
        refused(431, "a little more", get(&fields_of(70 * KIB))),
        refused(431, "much more", get(&fields_of(200 * KIB))),
        refused(
            431,
            "more, without an end",
            get(&fields_of(65 * KIB)).replace("\r\n\r\n", ""),
        ),
        refused(
            431,
            "more, with a mere LF",
            get(&format!("{}\n", fields_of(65 * KIB).trim_end())),
        ),
        refused(
            431,
            "one byte more after a long line",
            after_a_long_line + &fields_of(64 * KIB + 1),
        ),
        refused(
            400,
            "a fault within the limit",
            get(&format!("A\n{}", fields_of(65 * KIB))),
        ),
        served("the most fields", many(100), &["200 GET / "]),
        refused(431, "one more", many(101)),
        refused(431, "many more", many(5000)),
    ]
}

fn trailers() -> Vec<Case> {
    let body = |trailers: &str| {
        post(
            "Transfer-Encoding: chunked\r\n",
            &format!("5\r\nhello\r\n0\r\n{trailers}\r\n"),
        )
    };
    let field_of = |length: usize| format!("A: {}\r\n", "b".repeat(length - "A: \r\n\r\n".len()));
    let extension_of = |length: usize| {
        let name = "a".repeat(length - "5;\r\n".len());
        let rest = format!("5;{name}\r\nhello\r\n0\r\n\r\n");
        post("Transfer-Encoding: chunked\r\n", &rest)
    };
    vec![
        served(
            "the longest trailers",
            body(&field_of(64 * KIB)),
            &["200 POST / hello"],
        ),
        refused(431, "one byte more", body(&field_of(64 * KIB + 1))),
        refused(431, "much more", body(&field_of(200 * KIB))),
        refused(
            431,
            "more, with a mere LF",
            body(&format!("{}\n", field_of(65 * KIB).trim_end())),
        ),
        served(
            "the most trailers",
            body(&"A: b\r\n".repeat(100)),
            &["200 POST / hello"],
        ),
        refused(431, "one more", body(&"A: b\r\n".repeat(101))),
        served(
            "the longest extension",
            extension_of(4 * KIB),
            &["200 POST / hello"],
        ),
        refused(400, "one byte more", extension_of(4 * KIB + 1)),
        refused(400, "much more", extension_of(40 * KIB)),
    ]
}

fn bodies() -> Vec<Case> {
    let body = "b".repeat(KIB * KIB);
    let answer = format!("200 POST / {body}");
    let chunked = |rest: &str| post("Transfer-Encoding: chunked\r\n", rest);
    vec![
        served(
            "the longest body",
            post("Content-Length: 1048576\r\n", &body),
            &[&answer],
        ),
        refused(
            413,
            "one byte more",
            post("Content-Length: 1048577\r\n", ""),
        ),
        refused(
            413,
            "much more",
            post("Content-Length: 18446744073709551615\r\n", "b"),
        ),
        refused(
            413,
            "more, with all of it",
            post("Content-Length: 1048577\r\n", &format!("{body}b")),
        ),
        served(
            "the longest chunk",
            chunked(&format!("100000\r\n{body}\r\n0\r\n\r\n")),
            &[&answer],
        ),
        refused(413, "one byte more", chunked("100001\r\n")),
        refused(413, "much more", chunked("ffffffffffffffff\r\nb")),
        refused(
            413,
            "one more chunk",
            chunked(&format!("100000\r\n{body}\r\n1\r\nb\r\n0\r\n\r\n")),
        ),
        refused(
            413,
            "with another field",
            get("Content-Length: 1048577\r\nConnection: close\r\n"),
        ),
    ]
}

#[test]
fn request_line_limit() {
    check(&request_lines());
}

#[test]
fn fields_limit() {
    check(&fields());
}

#[test]
fn trailers_limit() {
    check(&trailers());
}

#[test]
fn body_limit() {
    check(&bodies());
}
