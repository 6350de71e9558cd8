//! The demonstration server. The README lists its routes and options.

mod log;
mod options;
#[path = "../../panic.rs"] // the library keeps it private
mod panic;
mod pool;
mod routes;
mod sync;
mod timer;

use std::error::Error;
use std::io::{self, Write};
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
            let _ = writeln!(io::stderr(), "{error}");
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
    let router = routes::router(options.workers, options.worker_wait(), {
        let log = log.clone();
        move || log.dropped()
    })?;
    let config = options.config();
    let threads = config.threads;
    let of_options = |error| name_options(error, threads);
    let server = Server::bind(config, router).map_err(of_options)?;
    shut_down_on_signal(signals, server.stopper())?;

    // Scripts wait for this line. Ignore the error if stdout is closed.
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "listening on http://{}", server.local_addr());
    let _ = stdout.flush();
    server.run().map_err(of_options)?;
    tracing::info!("stopped");
    Ok(())
}

/// Names the options that an error of the server comes from.
fn name_options(error: http_resume::Error, threads: usize) -> Box<dyn Error> {
    use http_resume::Error::{Listen, Start};
    match error {
        Listen { addr, source } => format!("cannot listen on {addr} (--addr): {source}").into(),
        Start(source) => format!("cannot start {threads} event loops (--threads): {source}").into(),
        error => error.into(),
    }
}

/// Shuts the server down gracefully on the first signal and exits on the second.
fn shut_down_on_signal(mut signals: Signals, stopper: Stopper) -> io::Result<()> {
    let wait = move || {
        let mut signals = signals.forever();
        if let Some(signal) = signals.next() {
            tracing::info!(signal, "stopping; a second signal exits immediately");
            stopper.stop();
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
