//! What an event loop does with events that arrive together, because a handler has kept it busy.

mod support;

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use http_resume::{Config, Metric, Router, sync_handler};
use socket2::SockRef;
use support::{Client, Running, patient, until};

/// Adds a route whose handler keeps the event loop busy. Returns what says that it does, and what
/// ends it.
fn with_block(router: Router) -> (Router, Receiver<()>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (end, is_over) = channel::<()>();
    let channels = Mutex::new((begun, is_over));
    let block = sync_handler(move |_, response| {
        let (begun, is_over) = &*channels.lock().unwrap();
        begun.send(()).unwrap();
        let _ = is_over.recv();
        response.text("over")
    });
    (router.get("/block", block), has_begun, end)
}

/// A client that closes its half may still have a response to read, and so have sent bytes that the
/// server has not read.
#[test]
fn end_of_client_does_not_cut_a_response_off() {
    const LENGTH: usize = 40_000; // more than the client receives at once, less than sockets buffer
    let large = sync_handler(|_, response| response.text("b".repeat(LENGTH)));
    let (router, has_begun, end) = with_block(Router::new().get("/large", large));
    let server = Running::with(patient(), router);

    let stream = TcpStream::connect(server.addr).unwrap();
    SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    let mut client = Client::new(stream);
    client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    until(|| server.metrics.total(Metric::Requests) == 1);

    let mut other = server.connect();
    other.get("/block");
    has_begun.recv().unwrap(); // so the response is sent, as far as the server is concerned
    client.send("\r\n");
    client.socket().shutdown(Shutdown::Write).unwrap();
    end.send(()).unwrap();
    assert_eq!(other.answer().status, 200);
    assert_eq!(client.answer().body.len(), LENGTH);
    client.assert_closed();
}

/// Connections that have more to do than their quantum have it in turns, with a poll after each,
/// though more arrives for them.
#[test]
fn others_are_served_between_the_turns_of_floods() {
    const FLOODS: usize = 32;
    const TURN: usize = 64;
    const FLOOD: &str = "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n";
    let served = Arc::new(Mutex::new(Vec::new()));
    let late = Arc::new(Mutex::new(Vec::new())); // sent after the first turns
    let (flood, other) = (Arc::clone(&served), Arc::clone(&served));
    let late_of_flood = Arc::clone(&late);
    let flood = sync_handler(move |_, response| {
        let mut served = flood.lock().unwrap();
        served.push("flood");
        if served.len() == FLOODS * TURN + 1 {
            for (mut stream, request) in late_of_flood.lock().unwrap().drain(..) {
                TcpStream::write_all(&mut stream, str::as_bytes(request)).unwrap();
            }
        }
        response.text("")
    });
    let other = sync_handler(move |_, response| {
        other.lock().unwrap().push("other");
        response.text("")
    });
    let router = Router::new().get("/flood", flood).get("/other", other);
    let (router, has_begun, end) = with_block(router);
    let server = Running::with(Config::default(), router);
    let socket_of = |client: &Client| client.socket().try_clone().unwrap();

    let mut blocking = server.connect();
    blocking.get("/block");
    has_begun.recv().unwrap();
    let mut floods: Vec<Client> = (0..FLOODS).map(|_| server.connect()).collect();
    for flood in &mut floods {
        flood.send(&FLOOD.repeat(3 * TURN));
        late.lock().unwrap().push((socket_of(flood), FLOOD));
    }
    let mut other = server.connect();
    let request = "GET /other HTTP/1.1\r\nHost: a\r\n\r\n";
    late.lock().unwrap().push((socket_of(&other), request));
    end.send(()).unwrap();
    assert_eq!(other.answer().status, 200);
    for flood in &mut floods {
        (0..=3 * TURN).for_each(|_| assert_eq!(flood.answer().status, 200));
    }

    let served = served.lock().unwrap();
    let turn = served.iter().position(|&path| path == "other").unwrap();
    let late = turn - FLOODS * TURN;
    assert!(late <= TURN, "after {late} requests of floods");
}
