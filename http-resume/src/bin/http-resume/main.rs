//! The demonstration server. The README lists its routes and options.

mod log;
mod options;
#[path = "../../panic.rs"] // the library keeps it private
mod panic;
mod pool;
mod routes;
mod timer;

use std::error::Error;
use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::{self, ExitCode};
use std::thread;

use clap::Parser;
use http_resume::{Server, Stopper};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use log::Log;
use options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let log = match Log::start() {
        Ok(log) => log,
        Err(error) => {
            let _ = writeln!(io::stderr(), "cannot start the thread of the log: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = run(&options, &log);
    if let Err(error) = &result {
        let error: &(dyn Error + 'static) = &**error;
        tracing::error!(error, "server failed");
    }
    log.flush();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(options: &Options, log: &Log) -> Result<(), Box<dyn Error>> {
    // Each connection needs a file descriptor; the default limit suits interactive programs.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
    // Registered first, so that no later signal is missed.
    let signals = Signals::new([SIGINT, SIGTERM])?;
    let router = routes::router(options.workers.get(), options.worker_wait(), {
        let log = log.clone();
        move || log.dropped()
    })?;
    let config = options.config(resolve(&options.addr)?);
    let threads = config.threads;
    let of_threads = |error: http_resume::Error| match error {
        http_resume::Error::Start(error) => {
            let what = format!("cannot start the {threads} event loops of --threads: {error}");
            io::Error::new(error.kind(), what).into()
        }
        error => Box::<dyn Error>::from(error),
    };
    let server = Server::bind(config, router).map_err(of_threads)?;
    shut_down_on_signal(signals, server.stopper())?;

    // Scripts wait for this line. Ignore the error if stdout is closed.
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "listening on http://{}", server.local_addr());
    let _ = stdout.flush();
    server.run().map_err(of_threads)?;
    tracing::info!("stopped");
    Ok(())
}

/// Returns the first address of `addr`.
fn resolve(addr: &str) -> io::Result<SocketAddr> {
    let no_address = || {
        let message = format!("{addr} (--addr) has no address");
        io::Error::new(io::ErrorKind::NotFound, message)
    };
    addr.to_socket_addrs()?.next().ok_or_else(no_address)
}

/// Shuts the server down gracefully on the first signal and exits on the second.
fn shut_down_on_signal(mut signals: Signals, handle: Stopper) -> io::Result<()> {
    let wait = move || {
        let mut signals = signals.forever();
        if let Some(signal) = signals.next() {
            tracing::info!(signal, "stopping; a second signal exits immediately");
            handle.stop();
        }
        if let Some(signal) = signals.next() {
            process::exit(128 + signal); // the status that shells report for a signal
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .map(drop)
}
