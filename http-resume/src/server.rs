//! The server: its configuration, its threads, and how to stop it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::thread;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;
use crate::error::Error;
use crate::event_loop::EventLoop;
use crate::metrics::Metrics;
use crate::resume::ResumeQueue;
use crate::router::Router;
use crate::sync::Arc;

/// How many connections may wait to be accepted, in each loop. (The kernel has
/// its own limit, `net.core.somaxconn`.)
const BACKLOG: i32 = 4096;

/// An HTTP/1.1 server that is bound, but does not run yet.
///
/// ```
/// use http_resume::{Config, Router, Server, answer};
///
/// let router = Router::new().get("/", answer(|_, response| response.text("hello")));
/// let any_port = ([127, 0, 0, 1], 0).into();
/// let server = Server::bind(Config { addr: any_port, ..Config::default() }, router)?;
/// println!("listening on http://{}", server.local_addr());
///
/// let handle = server.handle();
/// let running = std::thread::spawn(|| server.run());
/// handle.stop();
/// running.join().unwrap()?;
/// # Ok::<(), http_resume::Error>(())
/// ```
///
/// # Threads
///
/// Each event loop is a thread with a listening socket of its own, and the kernel
/// spreads the connections over those (`SO_REUSEPORT`). The loops share nothing:
/// no thread accepts for others, and none is woken in vain by a connection that
/// another one takes. The price: the kernel spreads by a hash of the addresses,
/// evenly only on average, and does not look at which loop is busy.
pub struct Server {
    addr: SocketAddr,
    loops: Vec<EventLoop>,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Binds the address, and gets everything ready.
    ///
    /// # Errors
    ///
    /// [`Error::Listen`], [`Error::Start`], or [`Error::NoThreads`].
    pub fn bind(config: Config, router: Router) -> Result<Self, Error> {
        if config.threads == 0 {
            return Err(Error::NoThreads);
        }
        let addr = config.addr;
        let (addr, listeners) =
            listen_all(&config).map_err(|source| Error::Listen { addr, source })?;
        let (config, router) = (Arc::new(config), Arc::new(router));
        let metrics = Arc::new(Metrics::new(config.threads));
        let event_loop = |(index, listener)| {
            let (config, router) = (Arc::clone(&config), Arc::clone(&router));
            EventLoop::new(listener, config, router, Arc::clone(&metrics), index)
        };
        let loops = listeners.into_iter().enumerate().map(event_loop);
        Ok(Self {
            addr,
            loops: loops.collect::<io::Result<_>>().map_err(Error::Start)?,
            metrics,
        })
    }

    /// What the server counts, also for when it has stopped.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Where the server listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// What stops the server, from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            inboxes: self.loops.iter().map(|it| Arc::clone(it.inbox())).collect(),
        }
    }

    /// Serves until [`Handle::stop`], and returns when every loop has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`], [`Error::Start`] or [`Error::Panicked`]. The other loops are
    /// stopped then.
    pub fn run(self) -> Result<(), Error> {
        let handle = self.handle();
        let mut threads = Vec::new();
        let mut result = Ok(());
        for (index, event_loop) in self.loops.into_iter().enumerate() {
            let stop_all = StopAll(handle.clone());
            let thread = thread::Builder::new().name(format!("loop-{index}"));
            match thread.spawn(move || {
                let _stop_all = stop_all; // when the thread ends, however it does
                event_loop.run()
            }) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    handle.stop();
                    result = Err(Error::Start(error));
                    break;
                }
            }
        }
        for thread in threads {
            result = result.and(match thread.join() {
                Ok(ended) => ended.map_err(Error::Poll),
                Err(_) => Err(Error::Panicked),
            });
        }
        result
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addr", &self.addr)
            .field("loops", &self.loops.len())
            .finish()
    }
}

/// A server runs as a whole: a loop that ends, for whatever reason, takes the
/// others along.
struct StopAll(Handle);

impl Drop for StopAll {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Stops a [`Server`].
#[derive(Clone, Debug)]
pub struct Handle {
    inboxes: Vec<Arc<ResumeQueue>>,
}

impl Handle {
    /// Asks the server to stop: it accepts no more connections, closes those that
    /// are idle, lets requests finish for at most
    /// [`shutdown_timeout`](Config::shutdown_timeout), and answers what is still
    /// suspended then with 503.
    ///
    /// Returns at once; [`Server::run`] returns when all is done. To call it
    /// again, or later, does nothing.
    pub fn stop(&self) {
        for inbox in &self.inboxes {
            inbox.stop();
        }
    }
}

/// A listener for each loop, and the address of them all.
fn listen_all(config: &Config) -> io::Result<(SocketAddr, Vec<TcpListener>)> {
    let shared = config.threads > 1;
    if shared && config.addr.port() != 0 {
        // Sockets that share a port do so with those of another process, too.
        // One that does not share finds out whether someone listens there.
        drop(bind(config.addr, false)?);
    }
    let first = listen(config.addr, shared)?;
    let addr = first.local_addr()?;
    let mut listeners = vec![first];
    for _ in 1..config.threads {
        listeners.push(listen(addr, shared)?);
    }
    Ok((addr, listeners))
}

fn listen(addr: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = bind(addr, shared)?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn bind(addr: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Connections of an earlier server that linger do not keep the port.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}
