//! Clients cannot keep a stop from ending.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use crate::support::Program;

/// Sends requests, and discards the responses, until the server closes the connection. Another
/// request has always begun.
fn flood(mut stream: TcpStream) {
    let mut responses = stream.try_clone().unwrap();
    let sender = thread::spawn(move || {
        let burst = "/ HTTP/1.1\r\nHost: a\r\n\r\nGET ".repeat(100);
        let _ = stream.write_all(b"GET ");
        while stream.write_all(burst.as_bytes()).is_ok() {}
    });
    let mut buffer = [0; 64 * 1024];
    while responses.read(&mut buffer).is_ok_and(|n| n > 0) {}
    drop(responses);
    sender.join().unwrap();
}

/// Without a time-out, the server ends when no client has a request in flight.
#[test]
fn flood_does_not_prolong_a_stop() {
    let program = Program::start(&["--threads", "1", "--shutdown-timeout", "off"]);
    let floods: Vec<_> = (0..4)
        .map(|_| {
            let stream = TcpStream::connect(program.addr).unwrap();
            thread::spawn(|| flood(stream))
        })
        .collect();
    let mut client = program.connect();
    assert_eq!(client.fetch("/async").status, 200, "beside the floods");
    program.signal("TERM");
    assert!(program.wait().success());
    floods.into_iter().for_each(|flood| flood.join().unwrap());
}
