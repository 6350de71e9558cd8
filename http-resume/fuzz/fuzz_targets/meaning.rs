//! A second parser, simple and strict, finds the same fields and the same end of the body in
//! every request that the server accepts. A proxy in front of the server that disagreed could
//! be used to smuggle requests. The requests must also survive being written down plainly.
//!
//! In `http-resume`, with cargo-fuzz and a nightly toolchain:
//!
//! ```sh
//! cargo +nightly fuzz run meaning fuzz/corpus/meaning fuzz/seeds -- -max_len=700 -dict=fuzz/http.dict
//! ```
#![no_main]

use http_resume::fuzzing::{Parsed, replay};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    let (requests, _) = replay(&[stream]);
    let mut end = 0;
    for request in &requests {
        assert_eq!(request.place.start, end, "requests are adjacent");
        end = request.place.end;
        check(&stream[request.place.clone()], request);
        check_rewritten(request);
    }
});

/// Parses the bytes of a request again, and compares.
fn check(mut bytes: &[u8], request: &Parsed) {
    while let Some(after) = bytes.strip_prefix(b"\r\n") {
        bytes = after;
    }
    let (head, body) = split(bytes, b"\r\n\r\n").expect("the head has an end");
    let mut lines = head.split(|&byte| byte == b'\n').map(without_cr);
    let start: Vec<_> = lines
        .next()
        .expect("the head has a first line")
        .split(|&b| b == b' ')
        .collect();
    let [method, target, version] = start[..] else {
        panic!("expected two spaces in the request line");
    };
    assert_eq!(method, request.method.as_bytes());
    assert!(method != b"CONNECT" && method.iter().all(is_token));
    assert!(
        !target.is_empty()
            && target
                .iter()
                .all(|byte| byte.is_ascii_graphic() && *byte != b'#')
    );
    assert_eq!(
        version,
        if request.is_http10 {
            b"HTTP/1.0"
        } else {
            b"HTTP/1.1"
        }
    );

    let fields: Vec<_> = lines.map(field).collect();
    assert_eq!(fields.len(), request.fields.len());
    for ((name, value), (own_name, own_value)) in fields.iter().zip(&request.fields) {
        assert_eq!((*name, *value), (own_name.as_bytes(), &own_value[..]));
    }
    let all = |wanted: &[u8]| -> Vec<&[u8]> {
        let named = fields
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        named.map(|(_, value)| *value).collect()
    };

    let hosts = all(b"Host");
    assert!(hosts.len() == 1 || (hosts.is_empty() && request.is_http10));
    for host in hosts {
        assert!(!host.is_empty() && !host.iter().any(|byte| b" \t,/@?#".contains(byte)));
    }

    let (codings, lengths) = (all(b"Transfer-Encoding"), all(b"Content-Length"));
    match codings[..] {
        [] => {
            for length in &lengths {
                assert!(!length.is_empty() && length.iter().all(u8::is_ascii_digit));
                assert_eq!(number(length, 10), body.len());
            }
            assert!(!lengths.is_empty() || body.is_empty());
            assert_eq!(body, request.body);
        }
        [coding] => {
            assert!(coding.eq_ignore_ascii_case(b"chunked"));
            assert!(lengths.is_empty() && !request.is_http10);
            assert_eq!(unchunk(body), request.body);
        }
        _ => panic!("several transfer codings were accepted"),
    }
}

/// Encodes the parsed request plainly, and compares what the parser makes of that.
fn check_rewritten(request: &Parsed) {
    let query = request
        .query
        .as_ref()
        .map_or(String::new(), |query| format!("?{query}"));
    let version = if request.is_http10 { "1.0" } else { "1.1" };
    let mut text = format!(
        "{} {}{query} HTTP/{version}\r\n",
        request.method, request.path
    )
    .into_bytes();
    let is_of_body = |name: &str| {
        ["content-length", "transfer-encoding"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own))
    };
    for (name, value) in request.fields.iter().filter(|(name, _)| !is_of_body(name)) {
        text.extend([name.as_bytes(), b":", value, b"\r\n"].concat());
    }
    if !request.body.is_empty() {
        text.extend(format!("Content-Length:{}\r\n", request.body.len()).bytes());
    }
    text.extend(b"\r\n");
    text.extend(&request.body);

    let (again, _) = replay(&[&text]);
    let Some(again) = again.first() else {
        return; // exceeds a limit
    };
    assert_eq!(again.place.end, text.len());
    assert_eq!(
        (&again.method, &again.path),
        (&request.method, &request.path)
    );
    assert_eq!((&again.query, &again.body), (&request.query, &request.body));
    assert_eq!(again.keep_alive, request.keep_alive);
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let (line, after) = split(bytes, b"\r\n").expect("a chunk has a size line");
        let digits = line
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        assert!(line.len() == digits || line[digits] == b';');
        let size = number(&line[..digits], 16);
        if size == 0 {
            let trailers = after
                .strip_suffix(b"\r\n")
                .expect("the trailers end with an empty line");
            for line in trailers.split_inclusive(|&byte| byte == b'\n') {
                field(
                    line.strip_suffix(b"\r\n")
                        .expect("a trailer ends with CR LF"),
                );
            }
            return body;
        }
        body.extend(&after[..size]);
        bytes = after[size..]
            .strip_prefix(b"\r\n")
            .expect("chunk data ends with CR LF");
    }
}

/// Returns the name of a field, and its value without surrounding white space.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let (name, mut value) = split(line, b":").expect("a field has a colon");
    assert!(!name.is_empty() && name.iter().all(is_token));
    assert!(
        !value
            .iter()
            .any(|byte| byte.is_ascii_control() && *byte != b'\t')
    );
    while let [b' ' | b'\t', after @ ..] = value {
        value = after;
    }
    while let [before @ .., b' ' | b'\t'] = value {
        value = before;
    }
    (name, value)
}

fn is_token(byte: &u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte)
}

fn number(digits: &[u8], radix: u32) -> usize {
    let text = std::str::from_utf8(digits).expect("digits are ASCII");
    usize::from_str_radix(text, radix).expect("the digits are a number")
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let begin = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..begin], &bytes[begin + at.len()..]))
}
