//! The limit on the requests of one connection in flight.

mod support;

use http_resume::{Config, Metric};
use support::{HANGS, server_with_later, until};

/// The most requests of one connection in flight.
const MAX_PIPELINED: usize = 64;

/// A request is in flight until its response goes to the socket: a finished one that
/// waits for others counts.
#[test]
fn next_request_starts_when_first_of_64_is_answered() {
    let (server, suspended) = server_with_later(Config::default());
    let mut client = server.connect();
    let requests: String = (0..2 * MAX_PIPELINED)
        .map(|id| format!("GET /later/{id} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .collect();
    client.send(&requests);
    let next = || {
        suspended
            .recv_timeout(HANGS)
            .expect("there is room for a request")
    };
    let assert_full = || {
        // The event loop has finished with what was received: it has answered this.
        assert_eq!(server.connect().fetch("/").status, 200);
        assert!(
            suspended.try_recv().is_err(),
            "there is no room for a request"
        );
        let count = server.metrics.total(Metric::Suspended);
        usize::try_from(count).expect("a count of requests")
    };

    let mut in_flight: Vec<_> = (0..MAX_PIPELINED).map(|_| next()).collect();
    assert_eq!(assert_full(), MAX_PIPELINED);

    // The second and the last wait for the first, so they make no room.
    in_flight.pop().expect("64 requests are in flight").resume();
    in_flight.remove(1).resume();
    until(|| server.metrics.total(Metric::EndedResumed) == 2);
    assert_eq!(assert_full(), MAX_PIPELINED - 2);

    // The first makes room for two: itself and the second.
    in_flight.remove(0).resume();
    in_flight.extend([next(), next()]);
    assert_eq!(assert_full(), MAX_PIPELINED - 1);
    for id in ["/later/0", "/later/1"] {
        assert_eq!(client.answer().body, id);
    }

    in_flight.remove(0).resume();
    in_flight.push(next());
    assert_eq!(assert_full(), MAX_PIPELINED - 1);
    assert_eq!(client.answer().body, "/later/2");
}

/// Each connection has room of its own.
#[test]
fn full_connection_does_not_hold_up_another() {
    let (server, suspended) = server_with_later(Config::default());
    let mut clients = [server.connect(), server.connect()];
    for client in &mut clients {
        for id in 0..MAX_PIPELINED {
            client.get(&format!("/later/{id}"));
        }
    }
    let next = |_| {
        suspended
            .recv_timeout(HANGS)
            .expect("there is room for a request")
    };
    let in_flight: Vec<_> = (0..2 * MAX_PIPELINED).map(next).collect();
    in_flight.into_iter().for_each(|pending| pending.resume());
    for client in &mut clients {
        for id in 0..MAX_PIPELINED {
            assert_eq!(client.answer().body, format!("/later/{id}"));
        }
    }
}
