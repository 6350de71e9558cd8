//! The client: connections on one thread, each with a fixed number of requests in flight.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The requests to a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    /// The requests sent at a time. The next ones are sent when all responses have arrived.
    pub(crate) depth: usize,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = match self.connections {
            1 => "connection",
            _ => "connections",
        };
        write!(f, "`{}`, {} {connections}", self.path, self.connections)?;
        match self.depth {
            1 => Ok(()),
            depth => write!(f, ", pipelined {depth} deep"),
        }
    }
}

/// A client, with all of its connections.
pub(crate) struct Client {
    poll: Poll,
    connections: Vec<Connection>,
    /// The bytes that a connection sends at a time.
    burst: Vec<u8>,
    depth: usize,
    /// The length of every response. Responses differ only in their date.
    response: usize,
    input: Vec<u8>,
    /// The responses since [`reset`](Self::reset).
    pub(crate) requests: u64,
    /// The times from sending these requests to their responses, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    /// The number of bytes of the responses that have not arrived.
    missing: usize,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr, load: Load) -> io::Result<Self> {
        let request = format!("GET {} HTTP/1.1\r\nHost: bench\r\n\r\n", load.path);
        let response = response_length(addr, &request)?;
        let poll = Poll::new()?;
        let connect = |index| {
            let stream = std::net::TcpStream::connect(addr)?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let mut stream = TcpStream::from_std(stream);
            let token = Token(index);
            poll.registry()
                .register(&mut stream, token, Interest::READABLE)?;
            Ok(Connection {
                stream,
                sent: Instant::now(),
                missing: 0,
            })
        };
        let connections = (0..load.connections)
            .map(connect)
            .collect::<io::Result<_>>()?;
        Ok(Self {
            connections,
            poll,
            burst: request.repeat(load.depth).into_bytes(),
            depth: load.depth,
            response,
            input: vec![0; 64 * 1024],
            requests: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000_000, 3)
                .expect("the bounds are valid"),
        })
    }

    /// Begins to count anew.
    pub(crate) fn reset(&mut self) {
        self.requests = 0;
        self.latency.reset();
    }

    /// Sends requests for this time, the next ones whenever all responses have arrived. Leaves
    /// requests in flight.
    pub(crate) fn run(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1024);
        for index in 0..self.connections.len() {
            if self.is_idle(index) {
                self.send(index)?;
            }
        }
        while Instant::now() < end {
            self.wait(&mut events)?;
            for event in &events {
                let index = event.token().0;
                self.receive(index)?;
                if self.is_idle(index) {
                    self.send(index)?;
                }
            }
        }
        Ok(())
    }

    /// Receives the responses to the requests in flight.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while (0..self.connections.len()).any(|index| !self.is_idle(index)) {
            self.wait(&mut events)?;
            for event in &events {
                self.receive(event.token().0)?;
            }
        }
        Ok(())
    }

    /// Waits for responses.
    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        self.poll.poll(events, Some(Duration::from_secs(10)))?;
        assert!(!events.is_empty(), "the server responds within 10 s");
        Ok(())
    }

    fn is_idle(&self, index: usize) -> bool {
        self.connections[index].missing == 0
    }

    fn send(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        connection.sent = Instant::now();
        connection.missing = self.response * self.depth;
        // A burst fits into the socket's buffer.
        let sent = connection.stream.write(&self.burst)?;
        assert_eq!(sent, self.burst.len());
        Ok(())
    }

    fn receive(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        let length = match connection.stream.read(&mut self.input) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        let latency = connection.sent.elapsed().as_nanos();
        let latency = u64::try_from(latency).expect("a latency fits 64 bits");
        // Count a response when its last byte arrives, and check its first bytes.
        let (before, after) = (connection.missing, connection.missing - length);
        let mut begin = before % self.response;
        while begin < length {
            let head = &self.input[begin..length];
            let head = &head[..head.len().min(OK.len())];
            assert!(
                OK.starts_with(head),
                "every response begins with status 200"
            );
            begin += self.response;
        }
        let completed = before.div_ceil(self.response) - after.div_ceil(self.response);
        connection.missing = after;
        self.requests += completed as u64;
        self.latency.saturating_record_n(latency, completed as u64);
        Ok(())
    }
}

const OK: &[u8] = b"HTTP/1.1 200 ";

/// Sends one request, checks the whole response, and returns its length.
fn response_length(addr: SocketAddr, request: &str) -> io::Result<usize> {
    let mut stream = std::net::TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut input = Vec::new();
    loop {
        let mut more = [0; 4096];
        let length = stream.read(&mut more)?;
        assert!(length > 0, "the server keeps the connection open");
        input.extend_from_slice(&more[..length]);
        let mut fields = [httparse::EMPTY_HEADER; 16];
        let mut response = httparse::Response::new(&mut fields);
        let parsed = response.parse(&input).map_err(io::Error::other)?;
        let httparse::Status::Complete(head) = parsed else {
            continue;
        };
        let mut fields = response.headers.iter();
        let length = fields.find(|field| field.name.eq_ignore_ascii_case("content-length"));
        assert_eq!(response.code, Some(200));
        assert_eq!(
            length.expect("the response has a Content-Length").value,
            b"5"
        );
        if input.len() >= head + 5 {
            assert_eq!(&input[head..], b"hello");
            return Ok(head + 5);
        }
    }
}
