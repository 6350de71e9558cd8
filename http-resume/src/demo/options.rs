//! The command line.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Parser;

/// A small HTTP/1.1 server whose handlers can be suspended and resumed.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Where to listen; port 0 picks one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) addr: String,

    /// Event loops [default: one per core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Threads that work in the background
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) workers: NonZeroUsize,

    /// The most connections of each event loop [default: 10000]
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<usize>,

    /// The most suspended requests of each event loop [default: 65536]
    #[arg(long, value_name = "N")]
    pub(crate) max_suspended: Option<usize>,

    /// The largest body of a request [default: 1 MiB]
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_body: Option<usize>,

    /// How long the head of a request may take, in seconds [default: 10]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) header_timeout: Option<Duration>,

    /// How long a body may take for each --body-progress [default: 30]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) body_timeout: Option<Duration>,

    /// How much of a body must come in that time [default: 64 KiB]
    #[arg(long, value_name = "BYTES")]
    pub(crate) body_progress: Option<usize>,

    /// How long a connection may be idle [default: 60]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) keep_alive_timeout: Option<Duration>,

    /// How long a request may be suspended at a time [default: 30]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) suspend_timeout: Option<Duration>,

    /// How long requests may take when the server is stopped [default: 5]
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) shutdown_timeout: Option<Duration>,
}

/// A number of seconds, with or without a fraction; at most a year.
fn seconds(text: &str) -> Result<Duration, String> {
    const MAX: f64 = 365.0 * 24.0 * 3600.0;
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=MAX).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number of seconds is wanted".into()),
    }
}
