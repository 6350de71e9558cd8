//! The client: connections on one thread, each with a fixed number of requests in flight.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::process::Server;

/// The requests to a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    /// The requests sent at a time. The next ones are sent when all responses have arrived.
    pub(crate) depth: usize,
}

/// One sample of a server.
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// The CPU time of the server.
    pub(crate) cpu: Duration,
    /// The time from sending a request to its response, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

/// Loads the server, and measures it for `time` after `warm_up`.
pub(crate) fn run(
    server: &Server,
    load: Load,
    warm_up: Duration,
    time: Duration,
) -> io::Result<Sample> {
    let mut client = Client::connect(server.addr, load)?;
    client.run(warm_up)?;
    client.requests = 0;
    client.latency.reset();
    let (cpu, started) = (server.cpu()?, Instant::now());
    client.run(time)?;
    let (elapsed, cpu) = (started.elapsed(), server.cpu()? - cpu);
    Ok(Sample {
        requests: client.requests,
        elapsed,
        cpu,
        latency: client.latency,
    })
}

struct Client {
    poll: Poll,
    connections: Vec<Connection>,
    /// The bytes that a connection sends at a time.
    burst: Vec<u8>,
    depth: usize,
    /// The length of every response. Responses differ only in their date.
    response: usize,
    input: Vec<u8>,
    requests: u64,
    latency: Histogram<u64>,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    /// The number of bytes of the responses that have not arrived.
    missing: usize,
}

impl Client {
    fn connect(addr: SocketAddr, load: Load) -> io::Result<Self> {
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
        let mut client = Self {
            connections,
            poll,
            burst: request.repeat(load.depth).into_bytes(),
            depth: load.depth,
            response,
            input: vec![0; 64 * 1024],
            requests: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000_000, 3)
                .expect("the bounds are valid"),
        };
        for index in 0..load.connections {
            client.send(index)?;
        }
        Ok(client)
    }

    fn run(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        let mut events = Events::with_capacity(1024);
        while Instant::now() < end {
            self.poll.poll(&mut events, Some(Duration::from_secs(10)))?;
            assert!(!events.is_empty(), "the server responds within 10 s");
            for event in &events {
                self.receive(event.token().0)?;
            }
        }
        Ok(())
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
        if after == 0 {
            self.send(index)?;
        }
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
