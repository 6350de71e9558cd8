//! The demonstration: a few routes, most of which suspend their requests. See
//! the README for what they show.

mod demo;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::{self, ExitCode};
use std::thread;

use clap::Parser;
use http_resume::{Config, Handle, Server};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tracing_subscriber::EnvFilter;

use demo::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error: &(dyn Error + 'static) = &*error;
            tracing::error!(error, addr = options.addr, "the server failed");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // A connection is a descriptor, and the usual limit is that of interactive programs.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    // Before anything else: from here on, a signal is not lost.
    let signals = Signals::new([SIGINT, SIGTERM])?;
    let defaults = Config::default();
    let config = Config {
        addr: resolve(&options.addr)?,
        threads: options.threads.map_or(defaults.threads, usize::from),
        max_connections: options.max_connections.unwrap_or(defaults.max_connections),
        max_suspended: options.max_suspended.unwrap_or(defaults.max_suspended),
        max_body: options.max_body.unwrap_or(defaults.max_body),
        header_timeout: options.header_timeout.unwrap_or(defaults.header_timeout),
        body_timeout: options.body_timeout.unwrap_or(defaults.body_timeout),
        body_progress: options.body_progress.unwrap_or(defaults.body_progress),
        keep_alive_timeout: options
            .keep_alive_timeout
            .unwrap_or(defaults.keep_alive_timeout),
        suspend_timeout: options.suspend_timeout.unwrap_or(defaults.suspend_timeout),
        shutdown_timeout: options
            .shutdown_timeout
            .unwrap_or(defaults.shutdown_timeout),
    };
    let router = demo::routes::router(options.workers.into())?;
    let server = Server::bind(config, router)?;
    stop_on_signal(signals, server.handle())?;

    // For scripts that wait for it. Nobody need read it.
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "listening on http://{}", server.local_addr());
    let _ = stdout.flush();
    server.run()?;
    tracing::info!("stopped");
    Ok(())
}

/// The first address that `addr` stands for.
fn resolve(addr: &str) -> io::Result<SocketAddr> {
    let none = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    addr.to_socket_addrs()?.next().ok_or_else(none)
}

/// The first signal stops the server in an orderly way, the second at once.
fn stop_on_signal(mut signals: Signals, handle: Handle) -> io::Result<()> {
    let wait = move || {
        let mut signals = signals.forever();
        if let Some(signal) = signals.next() {
            tracing::info!(signal, "stopping; a second signal does it at once");
            handle.stop();
        }
        if let Some(signal) = signals.next() {
            process::exit(128 + signal); // as a shell reports it
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map(drop)
}
