//! What the clients do, well-behaved or not. Each function is one visit of a client.

use std::io::Write;
use std::thread;
use std::time::Duration;

use fastrand::Rng;

use super::connection::{Connection, Dialer};
use super::request::{
    MAX_BODY, Request, any, cheap, echo_expected, echo_of, late, metrics, refused, sleep, slow,
    unfinished,
};

/// The limit of the server's open files.
pub(super) const DESCRIPTORS: usize = 256;

type Visit = fn(&Dialer<'_>, &mut Rng) -> Option<()>;

/// The visits, with their weights. A visit returns `None` if the server is gone.
const VISITS: [(u32, Visit); 15] = [
    (400, ordinary),
    (100, half_close),
    (100, disconnect),
    (60, cut_off),
    (60, refuse),
    (60, expect_continue),
    (40, slow_writer),
    (20, flood),
    (10, slow_reader),
    (10, stall),
    (10, late_resumes),
    (5, many_suspended),
    (3, never_reader),
    (2, idle),
    (2, crowd),
];

/// Makes one visit, chosen at random.
pub(super) fn visit(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let total = VISITS.iter().map(|(weight, _)| weight).sum();
    let mut choice = rng.u32(0..total);
    for (weight, visit) in VISITS {
        if choice < weight {
            return visit(dialer, rng);
        }
        choice -= weight;
    }
    unreachable!("the choice is below the sum of the weights")
}

fn some(most: usize, rng: &mut Rng, request: impl Fn(&mut Rng) -> Request) -> Vec<Request> {
    (0..rng.usize(1..=most)).map(|_| request(rng)).collect()
}

/// Sends a few requests at a time, and receives their responses.
fn ordinary(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    for _ in 0..rng.u32(1..20) {
        connection.send_all(some(4, rng, any));
        connection.receive_all().then_some(())?;
    }
    Some(())
}

/// Closes its half after the requests, and receives all responses.
fn half_close(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.send_all(some(6, rng, any));
    connection.close_half();
    connection.receive_all().then_some(())?;
    connection.receive_end();
    Some(())
}

/// Closes or resets the connection while requests are served or suspended.
fn disconnect(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.send_all(some(4, rng, any));
    if rng.bool() {
        connection.receive_all().then_some(())?;
    }
    connection.send_all(some(8, rng, slow));
    leave(connection, rng);
    Some(())
}

/// Closes, half-closes or resets the connection within a request.
fn cut_off(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.send_all(some(2, rng, any));
    let answered = rng.bool();
    if answered {
        connection.receive_all().then_some(())?;
    }
    let mut cut = unfinished(rng);
    cut.expected.kind = "cut off";
    connection.send(cut);
    if answered && rng.bool() {
        connection.close_half();
        connection.give_up();
        connection.receive_end();
    } else {
        leave(connection, rng);
    }
    Some(())
}

fn leave(connection: Connection<'_>, rng: &mut Rng) {
    match rng.bool() {
        true => drop(connection),
        false => connection.reset(),
    }
}

/// Sends a request that the server refuses, behind others.
fn refuse(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    let mut requests = some(3, rng, cheap);
    requests.push(refused(rng));
    connection.send_all(requests);
    connection.receive_all().then_some(())?;
    connection.receive_end();
    Some(())
}

/// Sends a body once the server asks for it.
fn expect_continue(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    for _ in 0..rng.u32(1..5) {
        let (head, request) = echo_expected(rng);
        connection.expect(request.expected);
        connection.write(head.as_bytes());
        connection.receive_continue().then_some(())?;
        connection.write(&request.bytes);
        connection.receive_all().then_some(())?;
    }
    Some(())
}

/// Sends requests in pieces.
fn slow_writer(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    for _ in 0..rng.u32(1..4) {
        connection.send_slowly(any(rng), Duration::from_millis(rng.u64(1..10)));
        connection.receive_all().then_some(())?;
    }
    Some(())
}

/// Pipelines many requests, and receives their responses meanwhile.
fn flood(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    let bytes = connection.expect_all(some(3000, rng, cheap));
    let mut writer = connection.writer();
    // An error is found by the reader.
    thread::scope(|scope| {
        scope.spawn(move || writer.write_all(&bytes));
        connection.receive_all()
    })
    .then_some(())?;
    Some(())
}

/// Sends large bodies, and receives them slowly.
fn slow_reader(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.shrink_window();
    let requests = some(8, rng, |rng| echo_of(rng.usize(1..MAX_BODY), rng));
    let mut writer = connection.writer();
    let pause = Duration::from_millis(rng.u64(1..100));
    let is_whole = thread::scope(|scope| {
        let bytes = connection.expect_all(requests);
        scope.spawn(move || writer.write_all(&bytes));
        thread::sleep(pause);
        connection.receive_all()
    });
    is_whole.then_some(())?;
    Some(())
}

/// Sends the beginning of a request, until that is refused.
fn stall(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.send(unfinished(rng));
    connection.receive_all().then_some(())?;
    connection.receive_end();
    Some(())
}

/// Waits for requests that are resumed too late.
fn late_resumes(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.send_all(some(10, rng, |_| late()));
    connection.receive_all().then_some(())
}

/// Has more requests suspended than the server's limit.
fn many_suspended(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connections = Vec::new();
    for _ in 0..8 {
        let mut connection = dialer.connect()?;
        connection.send_all(some(64, rng, |rng| sleep(rng.u64(50..300))));
        connections.push(connection);
    }
    close_each(connections)
}

/// Sends requests with long responses, and never receives anything.
fn never_reader(dialer: &Dialer<'_>, _: &mut Rng) -> Option<()> {
    let mut connection = dialer.connect()?;
    connection.shrink_window();
    // More than the sockets hold: 3 KB each. They are not suspended, so none is refused.
    connection.send_all((0..3000).map(|_| metrics()));
    connection.wait_for_disconnect();
    Some(())
}

/// Sends nothing.
fn idle(dialer: &Dialer<'_>, _: &mut Rng) -> Option<()> {
    dialer.connect()?.receive_end();
    Some(())
}

/// Opens more connections than the server has descriptors for.
fn crowd(dialer: &Dialer<'_>, rng: &mut Rng) -> Option<()> {
    let mut connections = Vec::new();
    for _ in 0..DESCRIPTORS + 50 {
        let mut connection = dialer.connect()?;
        connection.send(sleep(rng.u64(0..300)));
        connections.push(connection);
    }
    close_each(connections)
}

/// Receives the responses of each connection, and closes it.
fn close_each(connections: Vec<Connection<'_>>) -> Option<()> {
    for mut connection in connections {
        connection.receive_all().then_some(())?;
    }
    Some(())
}
