//! The configuration of a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::Duration;

use mpsc_queue::Wait;

use crate::error::Error;

/// The configuration of a [`Server`](crate::Server).
///
/// The [default](Config::default) values are listed in the crate's documentation, under
/// "Options". Every time limit may be 0, or [`Duration::MAX`]: then it never ends.
///
/// ```
/// use http_resume::Config;
///
/// let config = Config { threads: 2, ..Config::default() };
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// Address to listen on. Port 0 picks a free port.
    pub addr: SocketAddr,
    /// Number of event loops, each on its own thread. At least 1.
    pub threads: usize,
    /// Maximum number of connections per event loop. Further ones wait in the backlog. At least 1.
    pub max_connections: usize,
    /// Maximum number of suspended requests per event loop. At the limit, a request whose
    /// handler can suspend is answered with 503 and `Retry-After`.
    pub max_suspended: usize,
    /// Maximum length of a request line in bytes. A longer one is answered with 414. At least
    /// [`MIN_LINE`](Self::MIN_LINE).
    pub max_line: usize,
    /// Maximum length of all header fields in bytes, and of all trailer fields. Longer ones are
    /// answered with 431. At least [`MIN_HEAD`](Self::MIN_HEAD).
    pub max_head: usize,
    /// Maximum number of header fields, and of trailer fields. More are answered with 431. At least
    /// 1, for `Host`.
    pub max_fields: usize,
    /// Maximum number of requests of a connection that are served at the same time. Further ones
    /// are not read. At least 1.
    pub max_pipelined: usize,
    /// Maximum number of bytes of a connection's suspended requests and unsent responses. While
    /// there are more, its next request is not read.
    pub max_pending: usize,
    /// Maximum number of such bytes per event loop, and of requests that are being received. While
    /// other connections have more, a connection that has any is not read, no more of a request is
    /// received (503), and a request whose handler can suspend is answered with 503 and
    /// `Retry-After`. So a connection adds one response at most.
    pub max_pending_total: usize,
    /// Maximum length of a request body in bytes. A longer one is answered with 413.
    /// [`Router::max_body`](crate::Router::max_body) overrides it for a path.
    pub max_body: usize,
    /// Time allowed to receive the head of a request. Then it is answered with 408.
    pub header_timeout: Duration,
    /// Time allowed to receive each [`body_progress`](Self::body_progress) bytes of a
    /// request body, or the rest of it. Then the request is answered with 408.
    pub body_timeout: Duration,
    /// Number of bytes of a request body required within each
    /// [`body_timeout`](Self::body_timeout). It sets a minimum rate, so that a slow sender
    /// cannot hold a connection. 0 is treated as 1.
    pub body_progress: usize,
    /// Time after which an idle connection is closed. With 0, a connection is closed after its
    /// first response.
    pub keep_alive_timeout: Duration,
    /// Time within which a client must accept some byte of a response. Then its connection is
    /// closed.
    pub send_timeout: Duration,
    /// Time that each suspension of a request may last. Then it is answered with 503.
    pub suspend_timeout: Duration,
    /// Time from the end of a request until its response, over all its suspensions. Then it is
    /// answered with 503, and its handler is not called again.
    pub request_timeout: Duration,
    /// Time allowed to finish requests after a shutdown was requested. Then the suspended
    /// ones are answered with 503.
    pub shutdown_timeout: Duration,
    /// How an event loop waits while requests of its connections are suspended. Otherwise, it
    /// sleeps.
    ///
    /// With [`Wait::Park`], the default, it sleeps at once, and a resume wakes it. With the other
    /// strategies, it spins first and notices a resume without a wake-up. A spinning event loop
    /// polls its sockets, checks its deadlines and yields its core every few microseconds.
    /// [`Wait::Spin`] keeps a core busy for as long as a request is suspended.
    ///
    /// Spinning can pay if it leaves cores for the threads that resume requests, and for clients on
    /// the same machine. If they share cores with the event loop, it takes the CPU time that they
    /// need, and gains little or nothing. If more threads spin than there are cores, a request
    /// waits for their time slices, which takes milliseconds.
    pub wait: Wait,
}

impl Config {
    /// The least [`max_line`](Self::max_line): the length of the shortest request line with GET.
    pub const MIN_LINE: usize = "GET / HTTP/1.1\r\n".len();

    /// The least [`max_head`](Self::max_head): the length of the shortest field `Host`, and of the
    /// empty line.
    pub const MIN_HEAD: usize = "Host:a\r\n\r\n".len();

    /// Checks that requests can be served.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let fields = [
            ("threads", self.threads, 1),
            ("max_connections", self.max_connections, 1),
            ("max_line", self.max_line, Self::MIN_LINE),
            ("max_head", self.max_head, Self::MIN_HEAD),
            ("max_fields", self.max_fields, 1),
            ("max_pipelined", self.max_pipelined, 1),
        ];
        let too_small = fields.iter().find(|(_, value, minimum)| value < minimum);
        too_small.map_or(Ok(()), |&(field, value, minimum)| {
            Err(Error::TooSmall {
                field,
                value,
                minimum,
            })
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            threads: thread::available_parallelism().map_or(1, usize::from),
            max_connections: 10_000,
            max_suspended: 65_536,
            max_line: 8 * 1024,
            max_head: 64 * 1024,
            max_fields: 100,
            max_pipelined: 64,
            max_pending: 1024 * 1024,
            max_pending_total: 256 * 1024 * 1024,
            max_body: 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            body_progress: 64 * 1024,
            keep_alive_timeout: Duration::from_secs(60),
            send_timeout: Duration::from_secs(30),
            suspend_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(5),
            wait: Wait::Park,
        }
    }
}
