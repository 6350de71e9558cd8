//! Tests of handlers, without sockets and without waiting.
//!
//! [`run`] gives a test a [`Kit`]: an event loop of which the test is the clock and the clients. The
//! code between the bytes and the handlers is that of the server.
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

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::thread;
use std::time::Duration;

use slab::Slab;

use crate::config::Config;
use crate::connection::{Connection, NextStep, Stream};
use crate::handler::Router;
use crate::metrics::Metrics;
use crate::resume::{ResumeConsumer, ResumeQueue};
use crate::service::Service;
use crate::sync::Arc;
use crate::wire::find_field;

/// An event loop for a test. See the [module](self).
pub struct Kit<'a> {
    service: Service,
    metrics: Arc<Metrics>,
    consumer: ResumeConsumer<'a>,
    connections: Slab<Connection<Pipe>>,
}

/// A request of a test, as bytes.
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

/// A client of a [`Kit`], which has sent one request.
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
        connections: Slab::new(),
    };
    let result = test(&mut kit);
    let clients: Vec<usize> = kit.connections.iter().map(|(slot, _)| slot).collect();
    clients
        .into_iter()
        .for_each(|client| kit.hang_up(Client(client)));
    result
}

impl Kit<'_> {
    /// Sends a request from a new client. Its handler has been called when this returns.
    pub fn send(&mut self, request: impl IntoBytes) -> Client {
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        let pipe = Pipe {
            received: request.into_bytes().into(),
            sent: Vec::new(),
        };
        entry
            .insert(Connection::new(pipe, slot, self.service.now))
            .set_readable(false);
        self.drive(slot);
        self.service.run_after_handlers();
        Client(slot)
    }

    /// Calls the handlers of the requests that have been resumed, again until there are no more.
    /// Returns how many calls that were.
    pub fn resume(&mut self) -> usize {
        let mut calls = 0;
        loop {
            let returned: Vec<_> = self.consumer.drain(usize::MAX).collect();
            if returned.is_empty() {
                return calls;
            }
            for returned in returned {
                let slot = returned.key().connection;
                if let Some(connection) = self.connections.get_mut(slot) {
                    connection.resume(returned, &mut self.service);
                    calls += 1;
                    self.drive(slot);
                }
            }
            self.service.run_after_handlers();
        }
    }

    /// Waits until another thread has resumed a request, and calls the handlers as
    /// [`resume`](Self::resume) does.
    pub fn wait(&mut self) -> usize {
        loop {
            match self.resume() {
                0 => {}
                calls => return calls,
            }
            if let Some(_parked) = self.consumer.park() {
                thread::park();
            }
        }
    }

    /// Lets time pass, and what is due happen.
    pub fn advance(&mut self, time: Duration) {
        self.service.now += time;
        let now = self.service.now;
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let connection = &mut self.connections[slot];
            let deadline = connection.deadline(&self.service);
            if deadline.is_some_and(|deadline| deadline <= now) {
                connection.on_deadline(&mut self.service);
            }
        }
    }

    /// Returns what a client has received, or `None` before its response.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up.
    #[must_use]
    pub fn response(&mut self, client: Client) -> Option<Received> {
        Received::parse(&self.connections[client.0].stream().sent)
    }

    /// Closes the connection of a client with a reset.
    ///
    /// # Panics
    ///
    /// Panics if the client has hung up before.
    pub fn hang_up(&mut self, client: Client) {
        let connection = self.connections.remove(client.0);
        connection.disconnect(&mut self.service);
    }

    /// Returns the metrics of the event loop.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn drive(&mut self, slot: usize) {
        while self.connections[slot].drive(&mut self.service) == NextStep::Drive {}
    }
}

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
    fn parse(sent: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; 100];
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
        Some(Self {
            status: response.code.expect("the head is complete"),
            headers: headers.collect(),
            body: sent[head..].to_owned(),
        })
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
struct Pipe {
    /// What the client has sent, and the server has not read.
    received: VecDeque<u8>,
    /// What the server has sent.
    sent: Vec<u8>,
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
        Ok(())
    }
}
