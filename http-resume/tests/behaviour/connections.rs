//! Persistence of connections, and the order of responses.
//!
//! RFC 9112, 2.2 and 9.3; llhttp: `connection.md`, `pipelining.md`, `sample.md`.

use crate::case::{Case, check, get, last, post, served};

const ROOT: &str = "200 GET / ";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        served("1.1 stays by default", get(""), &[ROOT]),
        last("1.0 does not", "GET / HTTP/1.0\r\n\r\n", &[ROOT]),
        last(
            "nor if a length is given",
            "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nb",
            &["200 POST / b"],
        ),
        served("a leading empty line", format!("\r\n{}", get("")), &[ROOT]),
        served(
            "several, and between requests",
            format!("\r\n\r\n{}\r\n\r\n\r\n{}", get(""), get("")),
            &[ROOT, ROOT],
        ),
        served(
            "an empty line after a body that has none of it",
            post(
                "Content-Length: 4\r\n",
                "q=42\r\nGET /at/1 HTTP/1.1\r\nHost: a\r\n\r\n",
            ),
            &["200 POST / q=42", "200 GET /at/1 "],
        ),
        served(
            "pipelined, of all kinds",
            "POST /at/aaa HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nAAA\
             PUT /at/bbb HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             4\r\nBBBB\r\n0\r\n\r\n\
             GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n\
             HEAD /at/ddd HTTP/1.1\r\nHost: a\r\n\r\n\
             OPTIONS /at/eee HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            &[
                "200 POST /at/aaa AAA",
                "200 PUT /at/bbb BBBB",
                "404",
                "200 HEAD",
                "200 OPTIONS /at/eee ",
            ],
        ),
        served(
            "pipelined, some of them suspended",
            "GET /later/1 HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /at/2 HTTP/1.1\r\nHost: a\r\n\r\n\
             HEAD /later/3 HTTP/1.1\r\nHost: a\r\n\r\n\
             POST /later/4 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
             GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /later/6 HTTP/1.1\r\nHost: a\r\n\r\n",
            &[
                "200 GET /later/1 ",
                "200 GET /at/2 ",
                "200 HEAD",
                "200 POST /later/4 abc",
                "404",
                "200 GET /later/6 ",
            ],
        ),
        last(
            "refused behind one that is suspended",
            "GET /later/1 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            &["200 GET /later/1 ", "400"],
        ),
        last(
            "the last one is suspended",
            "GET /later/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            &["200 GET /later/1 "],
        ),
        last(
            "nothing is served after the last one",
            format!("{}{}", get("Connection: close\r\n"), get("")),
            &[ROOT],
        ),
        last(
            "nor after one of 1.0",
            format!("PUT / HTTP/1.0\r\n\r\n{}", get("")),
            &["200 PUT / "],
        ),
    ];
    for stays in [
        "keep-alive",
        "Something",
        "closed",
        "close-not",
        "\"close\"",
        "keep-alive, upgrade",
        "",
        ",",
    ] {
        let field = format!("Connection: {stays}\r\n");
        cases.push(served(&field, get(&field), &[ROOT]));
    }
    for closes in [
        "close",
        "CLOSE",
        "Close\t",
        " close, token, upgrade, token, keep-alive",
        "keep-alive ,cLoSe",
        ",,close",
        "a\r\nConnection: close",
        "close\r\nConnection: keep-alive",
    ] {
        let field = format!("Connection: {closes}\r\n");
        cases.push(last(&field, get(&field), &[ROOT]));
    }
    for (value, stays) in [
        ("keep-alive", true),
        ("Keep-Alive", true),
        ("x,KEEP-ALIVE\t,y", true),
        ("x\r\nconnection: keep-alive", true),
        ("keep-alive, close", false),
        ("keepalive", false),
        ("", false),
    ] {
        let text = format!("GET / HTTP/1.0\r\nConnection: {value}\r\n\r\n");
        let case = if stays { served } else { last };
        cases.push(case(&text, &text, &[ROOT]));
    }
    cases
}

#[test]
fn connection_cases() {
    check(&cases());
}
