//! Heads: the request line, `Host`, and the syntax of the fields.
//!
//! RFC 9112, 2 to 5, and RFC 9110, 5.5 and 7.2; llhttp: `invalid.md`, `method.md`,
//! `sample.md`, `uri.md`; httparse: its request vectors, `tests/uri.rs`.

use crate::case::{Case, Server, check, get, refused, served};

pub(crate) fn cases() -> Vec<Case> {
    [examples(), hosts(), targets(), request_lines(), fields()].concat()
}

/// The examples of RFC 9110, 3.9 and RFC 9112, 3.2. Most of their paths have no route.
fn examples() -> Vec<Case> {
    let host = "Host: www.example.org:8001\r\n\r\n";
    let example = |line: &str, answer: &str| served(line, format!("{line}\r\n{host}"), &[answer]);
    vec![
        served(
            "a request",
            "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n\
             Accept-Language: en, mi\r\n\r\n",
            &["404"],
        ),
        example("GET /where?q=now HTTP/1.1", "404"),
        example("GET /pub/WWW/TheProject.html HTTP/1.1", "404"),
        example(
            "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1",
            "404",
        ),
        example("OPTIONS * HTTP/1.1", "204 "),
        example("OPTIONS http://www.example.org:8001 HTTP/1.1", "204 "),
        refused(
            501,
            "CONNECT",
            "CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n",
        ),
    ]
}

fn hosts() -> Vec<Case> {
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n");
    let mut cases = Vec::new();
    for host in [
        "Host: a",
        "host:a",
        "HOST: \texample.com\t ",
        "Host: www.example.com:80",
        "Host: example.com:",
        "Host: 127.0.0.1:8080",
        "Host: 0.0.0.0=5000",
        "Host: home_0.netscape.com",
        "Host: xn--bcher-kva.example",
        "Host: %41",
        "Host: [::1]",
        "Host: [::1]:8080",
        "Host: [2001:db8::7]:",
        "Host: [::ffff:192.0.2.1]",
        "Accept: */*\r\nHost: a\r\nUser-Agent: b",
    ] {
        cases.push(served(host, get(&format!("{host}\r\n")), &["200 GET / "]));
    }
    for host in [
        "",
        "X-Host: a",
        "Hos: a",
        "Host:",
        "Host: \t ",
        "Host: a\r\nHost: a",
        "Host: a\r\nhost: b",
        "Host: a\r\nHost:",
        "Host: a b",
        "Host: a\tb",
        "Host: a/",
        "Host: /",
        "Host: a/b",
        "Host: a?b",
        "Host: a#b",
        "Host: a\\b",
        "Host: user@a",
        "Host: user:password@a",
        "Host: @",
        "Host: a,b",
        "Host: a, a",
        "Host: http://a",
        "Host: a:x",
        "Host: a:-1",
        "Host: a:+80",
        "Host: a:80:80",
        "Host: a: 80",
        "Host: a:65536",
        "Host: a:123456",
        "Host: :80",
        "Host: :",
        "Host: ::1",
        "Host: [::1",
        "Host: ::1]",
        "Host: []",
        "Host: [:]",
        "Host: [a]",
        "Host: [1.2.3.4]",
        "Host: [::1]a",
        "Host: [::1]]",
        "Host: [::g]",
        "Host: [::1%25lo]",
        "Host: a[::1]",
        "Host: \"a\"",
        "Host: <a>",
        "Host: \u{e9}",
        "Host: a\0",
        "Host: a\x7f",
        "Host : a",
        "Host\t: a",
        " Host: a",
        "Host: a\r\n b",
    ] {
        let fields = match host {
            "" => String::new(),
            host => format!("{host}\r\n"),
        };
        cases.push(refused(400, host, get(&fields)));
    }
    cases.extend([
        served(
            "1.0 needs none",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            &["200 GET / "],
        ),
        refused(
            400,
            "1.0 needs a valid one",
            "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
        ),
        refused(
            400,
            "1.0 needs one at most",
            "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        ),
        refused(
            400,
            "none, with an absolute target",
            "GET http://a/ HTTP/1.1\r\n\r\n",
        ),
        refused(
            400,
            "a bad one, with an absolute target",
            "GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n",
        ),
    ]);
    cases
}

fn targets() -> Vec<Case> {
    let mut cases = Vec::new();
    // Of the origin form.
    for target in [
        "/",
        "/?",
        "/?a=b",
        "/?a/b?c",
        "/at/test.cgi?foo=bar?baz",
        "/at/test.cgi?query=|",
        "/at/with_\"lovely\"_quotes?foo=\\\"bar\\\"",
        "/at/http://b/",
        "/at/:@c:29",
        "/at/[61:24:74]:98",
        "/at/foo%00%51%2",
        "/at/(%28:%3A%29);par?~*",
        "/at/..//../",
        "/at/`{}^",
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        cases.push(served(target, text, &[&format!("200 GET {target} ")]));
    }
    // Of the absolute form: it counts, not `Host`.
    for (target, path) in [
        ("http://a/", "/"),
        ("http://b", "/"),
        ("HTTP://b/at/c", "/at/c"),
        ("https://b:1/at/c?d", "/at/c?d"),
        ("http://hypnotoad.org?hail=all", "/?hail=all"),
        ("http://hypnotoad.org:1234?hail=all", "/?hail=all"),
        ("http://hypnotoad.org:1234", "/"),
        ("http://[::1]:80/at/c", "/at/c"),
        ("http://b/?c=http://d/", "/?c=http://d/"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        cases.push(served(target, text, &[&format!("200 GET {path} ")]));
    }
    for target in [
        // Of no form.
        "a",
        "at/c",
        "test?test",
        "a@b.c",
        ",",
        "?a",
        "\\",
        "http:/a",
        "http:a",
        "://a/",
        "http",
        "ftp://a/",
        "mailto:a@b",
        "xhttp://a/",
        "http:///",
        "http://",
        "http://?a",
        "http://:80/",
        "http://u@a/",
        "http://a%12:b!&*$@hypnotoad.org:1234/toto",
        "http://a b/",
        "http://a:x/",
        "http://a:65536/",
        "http://[::1/",
        "http://a,b/",
        // Of that for another method.
        "*",
        "a:80",
        "*/",
        // Fragments, blanks, control bytes, and what is not ASCII.
        "/#",
        "/at/1?page=1#posts-17408",
        "http://a/#b",
        "/a b",
        "/at/foo bar/",
        "/\ta",
        "/a\x01",
        "/a\x7f",
        "/a\0b",
        "/a\rb",
        "/\u{3b4}",
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        cases.push(refused(400, target, text));
    }
    cases.extend([
        served(
            "the server as a whole",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            &["204 "],
        ),
        served(
            "OPTIONS of a path",
            "OPTIONS /at/a HTTP/1.1\r\nHost: a\r\n\r\n",
            &["200 OPTIONS /at/a "],
        ),
        refused(
            400,
            "not all of it",
            "OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        refused(
            400,
            "a method that is like OPTIONS",
            "options * HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        refused(
            400,
            "M-SEARCH",
            "M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n",
        ),
        refused(400, "PRI", "PRI * HTTP/1.1\r\n\r\nSM\r\n\r\n"),
        refused(
            505,
            "the preface of HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ),
        refused(
            400,
            "bytes that are no UTF-8",
            b"GET /\xe2 HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
    ]);
    // There is no proxy here, and nothing to connect to.
    for target in [
        "a:1",
        "0-home0.netscape.com:443",
        "[::1]:443",
        "/",
        "http://a/",
        "a",
    ] {
        let text = format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\nsome data");
        cases.push(refused(501, &text, &text));
    }
    cases
}

/// The client of a version before HTTP/1.0 sends no fields, and waits.
#[test]
fn request_line_without_a_version_is_refused_at_once() {
    let server = Server::start();
    for line in ["GET /", "GET", "GET / 1.1", "\u{e9}"] {
        let mut client = server.connect();
        client.send(&format!("{line}\r\n"));
        assert_eq!(client.answer().status, 400, "{line}");
        client.assert_closed();
    }
}

fn request_lines() -> Vec<Case> {
    let mut cases = Vec::new();
    for (status, line) in [
        (400, "GET / HTTP/1.1 "),
        (400, "GET /  HTTP/1.1"),
        (400, "GET  / HTTP/1.1"),
        (400, " GET / HTTP/1.1"),
        (400, "GET\t/ HTTP/1.1"),
        (400, "GET\n/ HTTP/1.1"),
        (400, "GET\r/\rHTTP/1.1"),
        (400, "GET  HTTP/1.1"),
        (400, "GET HTTP/1.1"),
        (400, " / HTTP/1.1"),
        (400, "/ HTTP/1.1"),
        (400, "GET /"),
        (400, "GET / "),
        (400, "GET"),
        (400, "GET / HTTP"),
        (400, "GET / HTTP/1"),
        (400, "GET / HTTP/11"),
        (400, "GET / HTTP/1."),
        (400, "GET / HTTP/1.11"),
        (400, "GET / HTTP/01.1"),
        (400, "GET / HTTP/1!1"),
        (400, "GET / HTTP/1,1"),
        (400, "GET / HTTP/a.1"),
        (400, "GET / HTTP/ 1.1"),
        (400, "GET / http/1.1"),
        (400, "GET / Http/1.1"),
        (400, "GET / HTTPS/1.1"),
        (400, "GET / IHTTP/1.0"),
        (400, "GET / ICE/1.0"),
        (400, "GET / HTTP/1.1\rLine: 1"),
        (400, "GET / HTTP/1.1\0"),
        (400, "GET / HTTP/1.1\r"),
        (400, "PUT / RTSP/1.0"),
        (400, "G@T / HTTP/1.1"),
        (400, "P()ST / HTTP/1.1"),
        (400, "GET: / HTTP/1.1"),
        (400, "G\0T / HTTP/1.1"),
        (400, "\u{e9} / HTTP/1.1"),
        (400, "\x16\x03\x01\x02 a handshake of TLS"),
        (505, "GET / HTTP/0.9"),
        (505, "GET / HTTP/1.2"),
        (505, "GET / HTTP/2.0"),
        (505, "GET / HTTP/3.0"),
        (505, "GET / HTTP/5.6"),
        (505, "GET / HTTP/9.9"),
    ] {
        cases.push(refused(status, line, format!("{line}\r\nHost: a\r\n\r\n")));
    }
    // An unknown method does not make the head invalid.
    for method in [
        "REPORT",
        "PURGE",
        "MKCOLA",
        "get",
        "GETT",
        "M-SEARCH",
        "!#$%&'*+-.^_`|~09az",
    ] {
        let text = format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nb");
        cases.push(served(method, text, &["405"]));
    }
    cases
}

fn fields() -> Vec<Case> {
    let mut cases = Vec::new();
    for fields in [
        "A:\r\n",
        "A: \r\n",
        "A:b\r\n",
        "A: \t b \t\r\n",
        "a: b\r\nA: b\r\nA:\r\n",
        "!#$%&'*+-.^_`|~09azAZ: token\r\n",
        "Header2: a\tb  c\r\n",
        "aaaaaaaaaaaaa:++++++++++\r\n",
        "Test: D\u{fc}sseldorf\r\n",
        "A: :\r\n",
        "A: \"b\\\"c\", (d), <e>;f=[g]{h}@?/\\\r\n",
        "Keep-Alive: 300\r\nUpgrade: h2c\r\nTE: trailers\r\nTrailer: a\r\n",
    ] {
        cases.push(served(fields, get(fields), &["200 GET / "]));
    }
    let obs_text = b"GET / HTTP/1.1\r\nHost: a\r\nB: \xff\x80\xe3\x81\xb2\xe3\r\n\r\n";
    cases.push(served(
        "bytes above ASCII in a value",
        obs_text,
        &["200 GET / "],
    ));
    for fields in [
        // Names.
        "A\r\n",
        "A b\r\n",
        "A : b\r\n",
        "A\t: b\r\n",
        "A b: c\r\n",
        ": b\r\n",
        ":\r\n",
        "Fo@: Failure\r\n",
        "A\x01\\test: Bar\r\n",
        "A\0: b\r\n",
        "A\x7f: b\r\n",
        "A\u{e9}: b\r\n",
        "A(b): c\r\n",
        "\"A\": b\r\n",
        "Some-Header\r\x1b\x35eep-Alive\r\n",
        // Line folding, and what looks like it.
        "A: b\r\n c\r\n",
        "A: b\r\n\tc\r\n",
        "A:\r\n b\r\n",
        "A: b\r\n \r\n",
        "A: b\r\n\t\r\n",
        "name\r\n : value\r\n",
        "A: b\r\n Content-Length: 38\r\n",
        // Line ends.
        "A: b\nC: d\r\n",
        "A: b\n\r\n",
        "A: b\rC: d\r\n",
        "A: b\r\r\n",
        "A: b\r\n\n",
        "A: b\r\n\rC: d\r\n",
        "A:\nTransfer-Encoding: chunked\r\n",
        "A:\rTransfer-Encoding: chunked\r\n",
        "\rZGET /evil: HTTP/1.1\r\n",
        // Control bytes in values.
        "A: \0\r\n",
        "A: b\0c\r\n",
        "A: \x01\r\n",
        "A: \x08\r\n",
        "A: \x0b\r\n",
        "A: \x0c\r\n",
        "A: \x1b[0m\r\n",
        "A: \x1f\r\n",
        "A: \x7f\r\n",
        "A: 0123456789012345678901234567890123456789\x7f0123456789\r\n",
        "A: 0123456789012345678901234567890123456789\x000123456789\r\n",
        "Connection: keep\ralive\r\n",
    ] {
        cases.push(refused(400, fields, get(fields)));
    }
    for (name, text) in [
        (
            "blanks before the first field",
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        ),
        ("only LF", "GET / HTTP/1.1\nHost: a\n\n"),
        (
            "LF after the request line",
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
        ),
        ("LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        ("LF after the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        ("LF before a request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "LF after an empty line",
            "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        ("CR before a request", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (
            "a blank line that is not empty",
            " \r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
    ] {
        cases.push(refused(400, name, text));
    }
    cases
}

#[test]
fn head_examples_of_rfc() {
    check(&examples());
}

#[test]
fn head_host_cases() {
    check(&hosts());
}

#[test]
fn head_target_cases() {
    check(&targets());
}

#[test]
fn head_request_line_cases() {
    check(&request_lines());
}

#[test]
fn head_field_cases() {
    check(&fields());
}
