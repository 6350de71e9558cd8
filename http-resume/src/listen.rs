//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Maximum number of connections that wait to be accepted, per event loop. The kernel's own
/// limit, `net.core.somaxconn`, may be smaller.
const BACKLOG: i32 = 4096;

/// Creates `count` sockets that listen on `addr`. Returns them and their address.
pub(crate) fn listen_all(
    addr: SocketAddr,
    count: usize,
) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let is_shared = count > 1;
    if is_shared && addr.port() != 0 {
        // `SO_REUSEPORT` also shares the port with other processes. A socket without it
        // fails if one of them listens there.
        drop(bind(addr, false)?);
    }
    let first = listen(addr, is_shared)?;
    let addr = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..count {
        listeners.push(listen(addr, is_shared)?);
    }
    Ok((addr, listeners))
}

fn listen(addr: SocketAddr, is_shared: bool) -> io::Result<TcpListener> {
    let socket = bind(addr, is_shared)?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn bind(addr: SocketAddr, is_shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Connections of an earlier server in TIME_WAIT do not keep the port.
    socket.set_reuse_address(true)?;
    if is_shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}
