//! What every example needs: to listen, to say what to try, and to stop.

use std::{env, io, thread};

use http_resume::{Config, Router, Server};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Serves until SIGINT or SIGTERM, at the address that is given on the command line
/// (port 0 picks one) or else at 127.0.0.1:8080. In `try_it`, each `URL` stands for
/// the address.
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
    let handle = server.shutdown_handle();
    thread::spawn(move || {
        signals.forever().next();
        handle.shut_down();
    });
    Ok(server.run()?)
}
