//! The client: connections that each keep a fixed number of requests in flight, on one
//! thread.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::contestant::Contestant;

/// What is asked of a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    /// Requests sent at a time; the next are sent when all are answered.
    pub(crate) depth: usize,
}

/// What came of it.
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Of the server.
    pub(crate) cpu: Duration,
    /// From the sending of a request to its answer, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

/// Loads the server for `warm_up`, unmeasured, and then for `time`.
pub(crate) fn run(
    server: &Contestant,
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
    /// What each connection sends at a time.
    burst: Vec<u8>,
    depth: usize,
    /// The length of every answer: a server gives the same one, but for its date.
    answer: usize,
    input: Vec<u8>,
    requests: u64,
    latency: Histogram<u64>,
}

struct Connection {
    stream: TcpStream,
    sent: Instant,
    /// Bytes of the burst's answers that are still to come.
    missing: usize,
}

impl Client {
    fn connect(addr: SocketAddr, load: Load) -> io::Result<Self> {
        let request = format!("GET {} HTTP/1.1\r\nHost: bench\r\n\r\n", load.path);
        let answer = measure_answer(addr, &request)?;
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
            answer,
            input: vec![0; 64 * 1024],
            requests: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("the bounds are fine"),
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
            assert!(!events.is_empty(), "the server has fallen silent");
            for event in &events {
                self.receive(event.token().0)?;
            }
        }
        Ok(())
    }

    fn send(&mut self, index: usize) -> io::Result<()> {
        let connection = &mut self.connections[index];
        connection.sent = Instant::now();
        connection.missing = self.answer * self.depth;
        // A burst is much shorter than the socket's buffer.
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
        let latency = u64::try_from(latency).expect("nothing takes centuries");
        // An answer is there when its last byte is; where one begins, it says so.
        let (before, after) = (connection.missing, connection.missing - length);
        let mut begin = before % self.answer;
        while begin < length {
            let head = &self.input[begin..length];
            let head = &head[..head.len().min(OK.len())];
            assert!(OK.starts_with(head), "not an answer");
            begin += self.answer;
        }
        let answered = before.div_ceil(self.answer) - after.div_ceil(self.answer);
        connection.missing = after;
        self.requests += answered as u64;
        self.latency.saturating_record_n(latency, answered as u64);
        if after == 0 {
            self.send(index)?;
        }
        Ok(())
    }
}

const OK: &[u8] = b"HTTP/1.1 200 ";

/// Has one request answered, and checks that as strictly as later there is no time to.
fn measure_answer(addr: SocketAddr, request: &str) -> io::Result<usize> {
    let mut stream = std::net::TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut input = Vec::new();
    loop {
        let mut more = [0; 4096];
        let length = stream.read(&mut more)?;
        assert!(length > 0, "the server closed the connection");
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
        assert_eq!(length.expect("it tells its length").value, b"5");
        if input.len() >= head + 5 {
            assert_eq!(&input[head..], b"hello");
            return Ok(head + 5);
        }
    }
}
