//! Tests of handlers, without sockets and without waiting.
//!
//! [`run`] gives a test a [`Kit`]: an event loop of which the test is the clock and the clients.
//! The code between the bytes and the handlers is that of the server. Only [`Kit::wait`] waits, for
//! requests that another thread resumes.
//!
//! ```
//! use std::time::Duration;
//! use http_resume::testing::{self, Get};
//! use http_resume::{Config, Outcome, Pending, Request, Response, Router};
//! use std::sync::Mutex;
//!
//! static PENDING: Mutex<Vec<Pending<String>>> = Mutex::new(Vec::new());
//!
//! fn later<'r>(
//!     _: &Request<'_>,
//!     response: Response<'r, String>,
//!     work: Option<String>,
//! ) -> Outcome<'r> {
//!     if let Some(text) = work {
//!         return response.text(text);
//!     }
//!     let (pending, receipt) = response.mark_async(String::new());
//!     PENDING.lock().unwrap().push(pending);
//!     receipt.suspended()
//! }
//!
//! let router = Router::new().get("/later", later);
//! testing::run(Config::default(), router, |kit| {
//!     let first = kit.send(Get("/later"));
//!     assert!(kit.response(first).is_none(), "it is suspended");
//!     PENDING.lock().unwrap().pop().unwrap().resume_with("done".into());
//!     kit.resume();
//!     assert_eq!(kit.response(first).unwrap().text(), "done");
//!
//!     let second = kit.send(Get("/later"));
//!     kit.advance(Duration::from_secs(30));
//!     assert_eq!(kit.response(second).unwrap().status, 503);
//!     assert!(PENDING.lock().unwrap().pop().unwrap().is_abandoned());
//! });
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::connection::{Connection, NextStep, Stream};
use crate::handler::Router;
use crate::metrics::{Metric, Metrics};
use crate::resume::{ResumeConsumer, ResumeQueue};
use crate::service::Service;
use crate::sync::Arc;
use crate::wire::find_field;

/// How often [`Kit::resume`] calls handlers that resume their own requests.
const MAX_ROUNDS: usize = 100_000;

/// How long [`Kit::wait`] waits for a resume.
const PATIENCE: Duration = Duration::from_secs(60);

/// An event loop for a test. See the [module](self).
pub struct Kit<'a> {
    service: Service,
    metrics: Arc<Metrics>,
    consumer: ResumeConsumer<'a>,
    /// The connections by the numbers of their clients.
    connections: BTreeMap<usize, Connection<Pipe>>,
    last_client: usize,
}

/// One request of a test, as bytes.
pub trait IntoBytes {
    /// Returns the request as a client would send it.
    fn into_bytes(self) -> Vec<u8>;
}

/// A GET of a target.
#[derive(Clone, Copy, Debug)]
pub struct Get<'a>(pub &'a str);

/// A POST of a body to a target.
#[derive(Clone, Copy, Debug)]
pub struct Post<'a>(pub &'a str, pub &'a [u8]);

/// A client of a [`Kit`], with a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(usize);

/// A response that a test has received.
#[derive(Clone, Debug)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The header fields, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Runs a test with an event loop that serves `router`. At its end, the requests that are still
/// suspended are abandoned.
pub fn run<T>(config: Config, router: Router, test: impl FnOnce(&mut Kit<'_>) -> T) -> T {
    let thread = thread::current();
    let queue = Arc::new(ResumeQueue::new(move || thread.unpark()));
    let metrics = Arc::new(Metrics::new(1));
    let service = Service::new(
        Arc::new(config),
        Arc::new(router),
        Arc::clone(&queue),
        Arc::clone(&metrics),
        0,
    );
    let mut kit = Kit {
        service,
        metrics,
        consumer: queue.consumer(),
        connections: BTreeMap::new(),
        last_client: 0,
    };
    let result = test(&mut kit);
    for connection in mem::take(&mut kit.connections).into_values() {
        connection.disconnect(&mut kit.service);
    }
    result
}

impl Kit<'_> {
    /// Sends a request from a new client. Its handler has been called when this returns.
    pub fn send(&mut self, request: impl IntoBytes) -> Client {
        self.last_client += 1; // the number of a client that has hung up is not used again
        let client = Client(self.last_client);
        let connection = Connection::new(Pipe::default(), client.0, self.service.now);
        self.connections.insert(client.0, connection);
        self.send_from(client, request);
        client
    }

    /// Sends another request from a client, on its connection. The server does not read it if it
    /// has closed the connection.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up.
    pub fn send_from(&mut self, client: Client, request: impl IntoBytes) {
        let request = request.into_bytes();
        let connection = self.connection(client);
        let pipe = connection.stream();
        pipe.are_head.push(request.starts_with(b"HEAD "));
        pipe.received.extend(request);
        connection.set_readable(false);
        self.drive(client.0);
        self.service.run_after_handlers();
    }

    /// Calls the handlers of the requests that have been resumed, again until there are no more.
    /// Returns how many requests have come back to their clients' connections.
    ///
    /// # Panics
    ///
    /// Panics if handlers, or futures that wake themselves, resume their own requests without end.
    pub fn resume(&mut self) -> usize {
        let mut count = 0;
        for _ in 0..MAX_ROUNDS {
            let returned: Vec<_> = self.consumer.drain(usize::MAX).collect();
            if returned.is_empty() {
                return count;
            }
            for returned in returned {
                let client = returned.key().connection;
                if let Some(connection) = self.connections.get_mut(&client) {
                    connection.resume(returned, &mut self.service);
                    count += 1;
                    self.drive(client);
                } else {
                    let counters = self.service.counters();
                    counters.count_from_any_thread(Metric::LateResumes);
                }
            }
            self.service.run_after_handlers();
        }
        panic!("after {MAX_ROUNDS} rounds, requests still resume themselves");
    }

    /// Waits until another thread has resumed a request, and calls the handlers as
    /// [`resume`](Self::resume) does.
    ///
    /// # Panics
    ///
    /// Panics if no request comes back within a minute, and as `resume` does.
    pub fn wait(&mut self) -> usize {
        let started = Instant::now();
        loop {
            match self.resume() {
                0 => {}
                count => return count,
            }
            if let Some(_parked) = self.consumer.park() {
                let left = PATIENCE.saturating_sub(started.elapsed());
                assert!(!left.is_zero(), "no request came back within a minute");
                thread::park_timeout(left);
            }
        }
    }

    /// Lets time pass, and what is due happen.
    pub fn advance(&mut self, time: Duration) {
        self.service.now += time;
        let now = self.service.now;
        for connection in self.connections.values_mut() {
            let deadline = connection.deadline(&self.service);
            if deadline.is_some_and(|deadline| deadline <= now) {
                let mut step = connection.on_deadline(&mut self.service);
                while step == NextStep::Drive {
                    step = connection.drive(&mut self.service);
                }
            }
        }
        self.service.run_after_handlers();
    }

    /// Returns the first response that a client has received, or `None` before it.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up.
    #[must_use]
    pub fn response(&mut self, client: Client) -> Option<Received> {
        self.connection(client).stream().responses().next()
    }

    /// Returns all responses that a client has received, without interim ones such as 100.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up.
    #[must_use]
    pub fn responses(&mut self, client: Client) -> Vec<Received> {
        self.connection(client).stream().responses().collect()
    }

    /// Closes the connection of a client with a reset.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up before.
    pub fn hang_up(&mut self, client: Client) {
        let connection = self.connections.remove(&client.0);
        let connection = connection.expect(HUNG_UP);
        connection.disconnect(&mut self.service);
    }

    /// Returns whether the server has closed its half of the connection of a client.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up.
    #[must_use]
    pub fn is_closed(&mut self, client: Client) -> bool {
        self.connection(client).stream().is_ended
    }

    /// Returns the metrics of the event loop.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn connection(&mut self, client: Client) -> &mut Connection<Pipe> {
        self.connections.get_mut(&client.0).expect(HUNG_UP)
    }

    fn drive(&mut self, client: usize) {
        if let Some(connection) = self.connections.get_mut(&client) {
            while connection.drive(&mut self.service) == NextStep::Drive {}
        }
    }
}

const HUNG_UP: &str = "the client has not hung up";

impl IntoBytes for Get<'_> {
    fn into_bytes(self) -> Vec<u8> {
        format!("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", self.0).into_bytes()
    }
}

impl IntoBytes for Post<'_> {
    fn into_bytes(self) -> Vec<u8> {
        let Self(target, body) = self;
        let length = body.len();
        let head =
            format!("POST {target} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }
}

impl IntoBytes for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

impl Received {
    /// Parses the response that `sent` begins with. Returns it, and where it ends. The response to
    /// HEAD has no body.
    fn parse(sent: &[u8], is_of_head: bool) -> Option<(Self, usize)> {
        let lines = sent.iter().filter(|&&byte| byte == b'\n');
        let mut fields = vec![httparse::EMPTY_HEADER; lines.count()];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response
            .parse(sent)
            .expect("the server's responses are valid");
        let httparse::Status::Complete(head) = parsed else {
            return None;
        };
        let headers = response.headers.iter().map(|field| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_ascii_lowercase(), value)
        });
        let mut received = Self {
            status: response.code.expect("the head is complete"),
            headers: headers.collect(),
            body: Vec::new(),
        };
        let length = received.header("content-length").filter(|_| !is_of_head);
        let length = length.map_or(0, |text| text.parse().expect("a length is a number"));
        received.body = sent.get(head..head + length)?.to_owned();
        Some((received, head + length))
    }

    /// Returns the value of a header field.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.headers.iter();
        find_field(headers.map(|(name, value)| (&**name, &**value)), name)
    }

    /// Returns the body as text.
    ///
    /// # Panics
    ///
    /// Panics if it is not UTF-8.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }
}

/// A connection's end of a stream in memory.
#[derive(Default)]
struct Pipe {
    /// What the client has sent, and the server has not read.
    received: VecDeque<u8>,
    /// What the server has sent.
    sent: Vec<u8>,
    /// For each request, whether its method is HEAD.
    are_head: Vec<bool>,
    /// Set if the server sends nothing more.
    is_ended: bool,
}

impl Pipe {
    /// Returns the final responses that were sent completely.
    fn responses(&self) -> impl Iterator<Item = Received> {
        let mut rest = &self.sent[..];
        let mut are_head = self.are_head.iter();
        let next = move || {
            loop {
                let is_of_head = are_head.as_slice().first() == Some(&true);
                let (received, length) = Received::parse(rest, is_of_head)?;
                rest = &rest[length..];
                if received.status >= 200 {
                    are_head.next();
                    return Some(received);
                }
            }
        };
        std::iter::from_fn(next)
    }
}

impl Stream for Pipe {
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.received.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.received.read(buffer)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sent.write(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        self.is_ended = true;
        Ok(())
    }
}
