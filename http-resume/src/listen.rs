//! Listening sockets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Maximum number of connections that wait to be accepted, per event loop. The kernel's own
/// limit, `net.core.somaxconn`, may be smaller.
const BACKLOG: i32 = 4096;

/// Creates `count` sockets that listen on `addr`. Returns them and their address.
///
/// The first one listens before it permits others beside it (`SO_REUSEPORT`), so it fails if another
/// process listens there, even one that starts in the same instant.
pub(crate) fn listen_all(
    addr: SocketAddr,
    count: usize,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let first = listen(bind(new_socket(addr)?, addr)?)?;
    let local = first.local_addr()?;
    let addr = local.as_socket().ok_or(ErrorKind::Unsupported)?;
    let mut sockets = vec![first];
    if count > 1 {
        sockets[0].set_reuse_port(true)?;
    }
    for _ in 1..count {
        let socket = new_socket(addr)?;
        socket.set_reuse_port(true)?;
        sockets.push(listen(bind(socket, addr)?)?);
    }
    let sockets = sockets.into_iter();
    let listeners = sockets.map(|socket| TcpListener::from_std(socket.into()));
    Ok((addr, listeners.collect()))
}

fn new_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Connections of an earlier server in TIME_WAIT do not keep the port.
    socket.set_reuse_address(true)?;
    Ok(socket)
}

fn bind(socket: Socket, addr: SocketAddr) -> io::Result<Socket> {
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn listen(socket: Socket) -> io::Result<Socket> {
    socket.listen(BACKLOG)?;
    Ok(socket)
}
