//! Command-line options. Their defaults are those of [`Config`].

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::sync::LazyLock;
use std::time::Duration;

use clap::builder::{PossibleValue, RangedU64ValueParser};
use clap::{Parser, ValueEnum};
use http_resume::{Config, Wait};

/// The most event loops and workers. Many more than cores gain nothing, and a process can run out
/// of memory maps, which aborts it, before it runs out of threads.
const MAX_THREADS: u64 = 1024;
const MAX_WORKERS: u64 = 4096;

static DEFAULTS: LazyLock<Config> = LazyLock::new(Config::default);

/// An HTTP/1.1 server whose handlers can be suspended and resumed
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, value_name = "HOST:PORT", default_value_t = DEFAULTS.addr, value_parser = resolve)]
    addr: SocketAddr,

    /// Event loops, at most 1024 [default: one per core]
    #[arg(long, value_name = "N", value_parser = within(MAX_THREADS))]
    threads: Option<usize>,

    /// Threads of each worker pool, at most 4096
    #[arg(long, value_name = "N", default_value = "2", value_parser = within(MAX_WORKERS))]
    pub(crate) workers: usize,

    /// Connections per event loop; further ones wait in the backlog
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.max_connections)]
    #[arg(value_parser = at_least(1))]
    max_connections: usize,

    /// Suspended requests per event loop; at the limit, requests that might suspend get 503
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.max_suspended)]
    max_suspended: usize,

    /// Longest request line, at least 16; a longer one gets 414
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.max_line)]
    #[arg(value_parser = at_least(Config::MIN_LINE))]
    max_line: usize,

    /// Longest header fields, together, at least 10; longer ones get 431
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.max_head)]
    #[arg(value_parser = at_least(Config::MIN_HEAD))]
    max_head: usize,

    /// Header fields of a request; more get 431
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.max_fields)]
    #[arg(value_parser = at_least(1))]
    max_fields: usize,

    /// Requests of a connection served at the same time; further ones are not read
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.max_pipelined)]
    #[arg(value_parser = at_least(1))]
    max_pipelined: usize,

    /// Bytes of a connection's suspended requests and unsent responses; beyond, it is not read
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.max_pending)]
    max_pending: usize,

    /// The same for all connections of an event loop, with unfinished requests; beyond, they and requests that might suspend get 503
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.max_pending_total)]
    max_pending_total: usize,

    /// Largest request body; a longer one gets 413
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.max_body)]
    max_body: usize,

    /// Seconds allowed to receive the head of a request; then 408
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.header_timeout))]
    header_timeout: Seconds,

    /// Seconds allowed to receive each --body-progress bytes of a request body; then 408
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.body_timeout))]
    body_timeout: Seconds,

    /// Bytes of the body required within each --body-timeout
    #[arg(long, value_name = "BYTES", default_value_t = DEFAULTS.body_progress)]
    body_progress: usize,

    /// Seconds after which an idle connection is closed; 0 closes it after its first response
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.keep_alive_timeout))]
    keep_alive_timeout: Seconds,

    /// Seconds within which a client must accept some byte of a response; then it is disconnected
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.send_timeout))]
    send_timeout: Seconds,

    /// Seconds that each suspension of a request may last; then 503
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.suspend_timeout))]
    suspend_timeout: Seconds,

    /// Seconds until a request must have its response, however often it is suspended; then 503
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.request_timeout))]
    request_timeout: Seconds,

    /// Seconds allowed to finish requests after a signal; then suspended ones get 503
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.shutdown_timeout))]
    shutdown_timeout: Seconds,

    /// How an event loop waits while requests are suspended
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Strategy(DEFAULTS.wait))]
    wait: Strategy,

    /// How a worker waits for a request
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Strategy(Wait::Park))]
    worker_wait: Strategy,
}

impl Options {
    /// Returns the configuration of the server.
    pub(crate) fn config(&self) -> Config {
        Config {
            addr: self.addr,
            threads: self.threads.unwrap_or(DEFAULTS.threads),
            max_connections: self.max_connections,
            max_suspended: self.max_suspended,
            max_line: self.max_line,
            max_head: self.max_head,
            max_fields: self.max_fields,
            max_pipelined: self.max_pipelined,
            max_pending: self.max_pending,
            max_pending_total: self.max_pending_total,
            max_body: self.max_body,
            header_timeout: self.header_timeout.0,
            body_timeout: self.body_timeout.0,
            body_progress: self.body_progress,
            keep_alive_timeout: self.keep_alive_timeout.0,
            send_timeout: self.send_timeout.0,
            suspend_timeout: self.suspend_timeout.0,
            request_timeout: self.request_timeout.0,
            shutdown_timeout: self.shutdown_timeout.0,
            wait: self.wait.0,
        }
    }

    /// Returns how a worker waits.
    pub(crate) fn worker_wait(&self) -> Wait {
        self.worker_wait.0
    }
}

/// Returns the first address of a host and a port.
fn resolve(text: &str) -> Result<SocketAddr, String> {
    let expected =
        |why: &dyn fmt::Display| format!("expected HOST:PORT, such as localhost:8080 ({why})");
    let mut found = text.to_socket_addrs().map_err(|error| expected(&error))?;
    found
        .next()
        .ok_or_else(|| expected(&"the host has no address"))
}

/// Returns a parser of numbers from 1 to `maximum`.
fn within(maximum: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=maximum)
}

/// Returns a parser of numbers from `minimum` on.
fn at_least(minimum: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|&number| number >= minimum);
        number.ok_or_else(|| format!("expected a whole number from {minimum} on"))
    }
}

/// A number of seconds, with or without a fraction; the longest duration stands for no limit.
#[derive(Clone, Copy, Debug)]
struct Seconds(Duration);

/// The word for no limit.
const OFF: &str = "off";

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == OFF {
            return Ok(Self(Duration::MAX));
        }
        let seconds = text.parse().ok().filter(|&seconds: &f64| seconds >= 0.0);
        let expected = || format!("expected a number of seconds from 0 on, or `{OFF}`");
        let seconds = seconds.ok_or_else(expected)?;
        // What exceeds the longest duration is no limit either.
        let duration = Duration::try_from_secs_f64(seconds);
        Ok(Self(duration.unwrap_or(Duration::MAX)))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Duration::MAX => OFF.fmt(f),
            duration => duration.as_secs_f64().fmt(f),
        }
    }
}

/// A wait strategy, by its name.
#[derive(Clone, Copy, Debug)]
struct Strategy(Wait);

impl ValueEnum for Strategy {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(Wait::Park), Self(Wait::ADAPTIVE), Self(Wait::Spin)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self.0 {
            Wait::Park => "park",
            Wait::Adaptive { .. } => "adaptive",
            Wait::Spin => "spin",
        }))
    }
}
