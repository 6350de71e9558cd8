//! The line in which a server process prints its address.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;

const PREFIX: &str = "listening on http://";

/// Prints the address of a server, for the process that has started it.
pub(crate) fn announce(addr: SocketAddr) {
    println!("{PREFIX}{addr}");
}

/// Reads the address from the output of a server.
pub(crate) fn read(stdout: impl Read) -> io::Result<SocketAddr> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let addr = line.trim_end().strip_prefix(PREFIX);
    addr.and_then(|addr| addr.parse().ok())
        .ok_or_else(|| io::Error::other(format!("expected an address, got: {line}")))
}
