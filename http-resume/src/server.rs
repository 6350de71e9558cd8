//! A server: its event-loop threads, and their shutdown.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::thread;

use crate::config::Config;
use crate::error::Error;
use crate::event_loop::EventLoop;
use crate::handler::Router;
use crate::listen::Listener;
use crate::metrics::Metrics;
use crate::resume::{self, StopOnDrop, Stopper};
use crate::sync::Arc;

/// An HTTP/1.1 server that is bound but not running.
///
/// ```
/// use http_resume::{Config, Router, Server, sync_handler};
///
/// let router = Router::new().get("/", sync_handler(|_, response| response.text("hello")));
/// let any_port = ([127, 0, 0, 1], 0).into();
/// let server = Server::bind(Config { addr: any_port, ..Config::default() }, router)?;
/// println!("listening on http://{}", server.local_addr());
///
/// let stopper = server.stopper();
/// let running = std::thread::spawn(|| server.run());
/// stopper.stop();
/// running.join().unwrap()?;
/// # Ok::<(), http_resume::Error>(())
/// ```
///
/// # Threads
///
/// Each event loop is a thread with its own listening socket (`SO_REUSEPORT`). It accepts its
/// own connections, and a new connection wakes only that event loop. The kernel assigns
/// connections by address hash: evenly on average, but regardless of load.
pub struct Server {
    addr: SocketAddr,
    loops: Vec<EventLoop>,
    metrics: Arc<Metrics>,
}

impl Server {
    /// Binds the address and creates the event loops.
    ///
    /// # Errors
    ///
    /// [`Error::TooSmall`], [`Error::Listen`] or [`Error::Start`].
    pub fn bind(config: Config, router: Router) -> Result<Self, Error> {
        config.check()?;
        let addr = config.addr;
        let first = Listener::new(addr).map_err(|source| Error::Listen { addr, source })?;
        let addr = first.addr();
        // What fails from here on fails for want of descriptors or memory.
        let listeners = first.share(config.threads).map_err(Error::Start)?;
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

    /// Returns the address that the server listens on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the metrics. They remain valid after the server has stopped.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// Returns what stops the server, from any thread.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        let queues = self.loops.iter().map(EventLoop::resume_queue);
        resume::stopper(queues.map(Arc::clone).collect())
    }

    /// Serves until [`Stopper::stop`] is called, and returns when every event
    /// loop has ended.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`], [`Error::Start`] or [`Error::Panicked`], after shutting down the
    /// remaining event loops.
    pub fn run(self) -> Result<(), Error> {
        let stopper = self.stopper();
        let mut threads = Vec::new();
        let mut result = Ok(());
        for (index, event_loop) in self.loops.into_iter().enumerate() {
            let own = Arc::clone(event_loop.resume_queue());
            let stop_all = StopOnDrop::new(own, stopper.clone());
            let thread = thread::Builder::new().name(format!("loop-{index}"));
            match thread.spawn(move || {
                let _stop_all = stop_all; // also if the event loop panics
                event_loop.run()
            }) {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    stopper.stop();
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
