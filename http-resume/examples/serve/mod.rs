//! The server that all examples share.

use std::{env, io, thread};

use http_resume::{Config, Router, Server};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Serves until SIGINT or SIGTERM, on the address given as an argument, or the default of
/// [`Config`]. Prints `try_it` with each `URL` replaced by the server's.
pub(crate) fn serve(router: Router, try_it: &[&str]) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let mut config = Config::default();
    if let Some(addr) = env::args().nth(1) {
        config.addr = addr.parse().map_err(io::Error::other)?;
    }
    let server = Server::bind(config, router)?;

    let url = format!("http://{}", server.local_addr());
    println!("listening on {url}");
    for line in try_it {
        println!("try: {}", line.replace("URL", &url));
    }
    let stopper = server.stopper();
    thread::spawn(move || {
        signals.forever().next();
        stopper.stop();
    });
    Ok(server.run()?)
}
