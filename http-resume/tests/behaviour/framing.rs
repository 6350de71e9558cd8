//! Framing: where a message ends. Ambiguous messages are refused.
//!
//! RFC 9112, 6 and 7; llhttp: `content-length.md`, `transfer-encoding.md`,
//! `invalid.md`; httparse: `test_chunk_size`.

use crate::case::{Case, check, post, refused, served};

pub(crate) fn cases() -> Vec<Case> {
    [lengths(), codings(), chunks(), trailers()].concat()
}

fn lengths() -> Vec<Case> {
    let mut cases = vec![
        served("no length: no body", post("", ""), &["200 POST / "]),
        served(
            "a GET may have a body",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nHELLO",
            &["200 GET / HELLO"],
        ),
        served(
            "a body that looks like a request",
            post(
                "Content-Length: 27\r\n",
                "GET / HTTP/1.1\r\nHost: b\r\n\r\n",
            ),
            &["200 POST / GET / HTTP/1.1\r\nHost: b\r\n\r\n"],
        ),
        refused(
            400,
            "of 1.0, and malformed",
            "POST / HTTP/1.0\r\nContent-Length: 5x\r\n\r\nhello",
        ),
    ];
    for length in [
        "Content-Length: 5",
        "Content-Length:5",
        "content-length:   5  ",
        "conTENT-Length:\t5\t",
        "Content-Length: 005",
        "Content-Length: 5\r\nOhai: world",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\nX: y\r\nCONTENT-LENGTH: 05",
    ] {
        let text = post(&format!("{length}\r\n"), "hello");
        cases.push(served(length, text, &["200 POST / hello"]));
    }
    for length in [
        "-1",
        "-0",
        "+5",
        "5x",
        "0x5",
        "5.0",
        "5e0",
        "",
        "\t",
        "4 2",
        "13 37",
        "5, 5",
        "5,5",
        "5,",
        ",5",
        "5, 6",
        "5;",
        "\"5\"",
        "five",
        "\u{665}",
        "18446744073709551616",
        "1000000000000000000000",
        "-9223372036854775808",
    ] {
        let field = format!("Content-Length: {length}\r\n");
        cases.push(refused(400, &field, post(&field, "hello")));
    }
    for fields in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 5\r\nContent-Length: -5\r\n",
        "Content-Length: 5\r\nContent-Length:\r\n",
        "Content-Length : 5\r\n",
        "Content-Length\r\n",
        "Content\rLength: 5\r\n",
        "Content-Length: 5\r\n 0\r\n",
        "Content-Length: 3\r\n\r",
    ] {
        cases.push(refused(400, fields, post(fields, "hello")));
    }
    cases
}

fn codings() -> Vec<Case> {
    let mut cases = Vec::new();
    for coding in [
        "Transfer-Encoding: chunked",
        "transfer-encoding:CHUNKED",
        "TRANSFER-ENCODING: \tChunked ",
    ] {
        let text = post(&format!("{coding}\r\n"), "5\r\nhello\r\n0\r\n\r\n");
        cases.push(served(coding, text, &["200 POST / hello"]));
    }
    for (status, fields) in [
        (400, "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        (400, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        (400, "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
        (400, "Transfer-Encoding: chunked, chunked\r\n"),
        (
            400,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        ),
        (400, "Transfer-Encoding: chunked, deflate\r\n"),
        (
            400,
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: deflate\r\n",
        ),
        (400, "Transfer-Encoding: chunked, identity\r\n"),
        (400, "Transfer-Encoding: chunked\r\n  abc\r\n"),
        (400, "Transfer-Encoding : chunked\r\n"),
        (400, "Transfer-Encoding: chunked\0\r\n"),
        (400, "Transfer-Encoding: \x0bchunked\r\n"),
        (501, "Transfer-Encoding: pigeons\r\n"),
        (501, "Transfer-Encoding: identity\r\n"),
        (501, "Transfer-Encoding: gzip, chunked\r\n"),
        (
            501,
            "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n",
        ),
        (501, "Transfer-Encoding: chunkedchunked\r\n"),
        (501, "Transfer-Encoding: xchunked\r\n"),
        (501, "Transfer-Encoding: chunked;q=1\r\n"),
        (501, "Transfer-Encoding: \"chunked\"\r\n"),
        (501, "Transfer-Encoding:\r\n"),
        (501, "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
    ] {
        cases.push(refused(
            status,
            fields,
            post(fields, "5\r\nhello\r\n0\r\n\r\n"),
        ));
    }
    for field in ["chunked", "identity", "gzip"] {
        let text = format!(
            "POST / HTTP/1.0\r\nTransfer-Encoding: {field}\r\nConnection: keep-alive\r\n\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        );
        cases.push(refused(400, &text, &text));
    }
    cases
}

/// Returns a request with this chunked body.
fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked\r\n", body)
}

fn chunks() -> Vec<Case> {
    let mut cases = Vec::new();
    for (body, text) in [
        ("0\r\n\r\n", ""),
        ("000\r\n\r\n", ""),
        ("5\r\nhello\r\n6\r\n world\r\n000\r\n\r\n", "hello world"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        (
            "1e\r\nall your base are belong to us\r\n0\r\n\r\n",
            "all your base are belong to us",
        ),
        ("0000000000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("3\r\n0\r\n\r\n0\r\n\r\n", "0\r\n"),
        // Extensions.
        (
            "5;ilovew3;somuchlove=aretheseparametersfor;another=withvalue\r\nhello\r\n\
             6;blahblah;blah\r\n world\r\n0\r\n\r\n",
            "hello world",
        ),
        (
            "5;ilovew3=\"I \\\"love\\\"; \\\\extensions\\\\\";blah;foo=bar\r\nhello\r\n\
             0;last=\"\"\r\n\r\n",
            "hello",
        ),
        ("5;a=\"\tb\u{e9}\"\r\nhello\r\n0\r\n\r\n", "hello"),
    ] {
        let answer = format!("200 POST / {text}");
        cases.push(served(body, chunked(body), &[&answer]));
    }
    for body in [
        // Sizes.
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5h\r\nhello\r\n0\r\n\r\n",
        "5_\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "567xf8a\r\nhello\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "5\t\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        ";a\r\nhello\r\n0\r\n\r\n",
        "5,5\r\nhello\r\n0\r\n\r\n",
        "10000000000000000\r\nhello\r\n",
        "1ffffffffffffffff\r\nhello\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "-0\r\n\r\n",
        // Line ends.
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "5\r\r\nhello\r\n0\r\n\r\n",
        "5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n",
        "3 \n  \r\n\\\r\nfoo\r\n\r\n",
        // Data that does not end where it should.
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhell\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r0\r\n\r\n",
        "5\r\nhello\r\r\n0\r\n\r\n",
        "3\r\nfoo\r\n\r\n",
        // Extensions.
        "2 erfrferferf\r\naa\r\n0 rrrr\r\n\r\n",
        "2;\r\naa\r\n0\r\n\r\n",
        "2;;a\r\naa\r\n0\r\n\r\n",
        "2; a\r\naa\r\n0\r\n\r\n",
        "2 ;a\r\naa\r\n0\r\n\r\n",
        "2;a=\r\naa\r\n0\r\n\r\n",
        "2;=b\r\naa\r\n0\r\n\r\n",
        "2;a=b=c\r\naa\r\n0\r\n\r\n",
        "2;a b\r\naa\r\n0\r\n\r\n",
        "2;a=\"b\"c\r\naa\r\n0\r\n\r\n",
        "2;a=\"\0\"\r\naa\r\n0\r\n\r\n",
        "2;a=\"\\\r\naa\r\n0\r\n\r\n",
        "2;\0\r\naa\r\n0\r\n\r\n",
        "2;a\rb\r\naa\r\n0\r\n\r\n",
        "2;a\nb\r\naa\r\n0\r\n\r\n",
        "5;a=\"abc\";b=\"def; ghi\r\nhello\r\n0\r\n\r\n",
        "0;\r\n\r\n",
    ] {
        cases.push(refused(400, body, chunked(body)));
    }
    cases
}

fn trailers() -> Vec<Case> {
    let mut cases = Vec::new();
    for trailers in [
        "Vary: *\r\nContent-Type: text/plain\r\n",
        "A:\r\n",
        // They are not part of the head, and have no effect.
        "Content-Length: 5\r\nTransfer-Encoding: gzip\r\nConnection: close\r\nHost: b\r\n",
    ] {
        let text = chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
        cases.push(served(trailers, text, &["200 POST / hello"]));
    }
    for trailers in [
        "A\r\n",
        "A b\r\n",
        "A : b\r\n",
        ": b\r\n",
        " A: b\r\n",
        "A: b\r\n c\r\n",
        "A: b\nC: d\r\n",
        "A: b\rC: d\r\n",
        "A: \0\r\n",
        "A@: b\r\n",
        "\n",
        "GET / HTTP/1.1\r\n",
    ] {
        let text = chunked(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"));
        cases.push(refused(400, trailers, text));
    }
    cases
}

#[test]
fn framing_by_content_length() {
    check(&lengths());
}

#[test]
fn framing_by_transfer_coding() {
    check(&codings());
}

#[test]
fn framing_by_chunks() {
    check(&chunks());
}

#[test]
fn framing_of_trailers() {
    check(&trailers());
}
