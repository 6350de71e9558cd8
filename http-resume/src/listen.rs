//! Listening sockets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Maximum number of connections that wait to be accepted, per event loop. The kernel's own
/// limit, `net.core.somaxconn`, may be smaller.
const BACKLOG: i32 = 4096;

/// A socket that listens alone.
///
/// It listens before it permits others beside it (`SO_REUSEPORT`), so it cannot be created if
/// another process listens there, even one that starts in the same instant.
pub(crate) struct Listener {
    socket: Socket,
    addr: SocketAddr,
}

impl Listener {
    /// Listens on an address.
    pub(crate) fn new(addr: SocketAddr) -> io::Result<Self> {
        let socket = listen(bind(new_socket(addr)?, addr)?)?;
        let local = socket.local_addr()?;
        let addr = local.as_socket().ok_or(ErrorKind::Unsupported)?;
        Ok(Self { socket, addr })
    }

    /// Returns the address. Its port is not 0.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns `count` sockets that share the address.
    pub(crate) fn share(self, count: usize) -> io::Result<Vec<TcpListener>> {
        let addr = self.addr;
        let mut sockets = vec![self.socket];
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
        Ok(listeners.collect())
    }
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
