//! Request routing.

use std::fmt;
use std::ops::ControlFlow;

use http::Method;

use super::handler_fn::{ErasedHandler, erase};
use super::outcome::Outcome;
use super::paths::{HandlerId, Paths};
use super::reply::Reply;
use super::request::Request;
use super::response::Response;
use super::state::State;
use crate::sync::Arc;

/// The routes of a server, from a path and a method to a handler.
///
/// A path may have parameters, as in `/users/{id}`, and a rest, as in `/files/{*path}`; the
/// syntax is that of [`matchit`]. A `GET` handler also serves `HEAD`, unless the path has a
/// handler for `HEAD`.
///
/// A handler is called again after each resume. Its third argument is `None` in the first
/// call, and the work in later calls.
///
/// ```
/// use http_resume::{Outcome, Request, Response, Router, sync_handler};
///
/// /// The work that the background does.
/// struct Square {
///     number: u64,
/// }
///
/// fn square<'r>(
///     request: &Request<'_>,
///     response: Response<'r, Square>,
///     work: Option<Square>,
/// ) -> Outcome<'r> {
///     if let Some(done) = work {
///         return response.text(done.number.to_string());
///     }
///     let number = request.param("number").and_then(|text| text.parse().ok());
///     let (mut pending, receipt) = response.mark_async(Square { number: number.unwrap_or(0) });
///     std::thread::spawn(move || {
///         pending.work_mut().number *= pending.work().number;
///         pending.resume();
///     });
///     receipt.suspended()
/// }
///
/// let router = Router::new()
///     .get("/", sync_handler(|_, response| response.text("hello")))
///     .get("/square/{number}", square);
/// ```
///
/// # Panics of handlers
///
/// A request whose handler panics gets a 500, and the event loop continues. The panic drops what
/// the handler owns, the work included. If such a drop panics too, Rust aborts the process: a panic
/// within another one cannot be contained. A panicking drop alone is contained, on every thread on
/// which the server drops work.
#[derive(Default)]
pub struct Router {
    paths: Arc<Paths>,
    handlers: Vec<Box<dyn ErasedHandler>>,
    middleware: Vec<Box<Middleware>>,
    response_middleware: Vec<Box<ResponseMiddleware>>,
    after_handlers: Vec<Box<dyn Fn() + Send + Sync>>,
    state: Arc<State>,
}

type Middleware = dyn for<'r> Fn(&Request<'_>, Response<'r>) -> Flow<'r> + Send + Sync;

type Flow<'r> = ControlFlow<Outcome<'r>, Response<'r>>;

type ResponseMiddleware = dyn Fn(&Request<'_>, Reply) -> Reply + Send + Sync;

impl Router {
    /// Creates a router without routes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler for a method.
    ///
    /// # Panics
    ///
    /// Panics if the path already has a handler for the method, or if the path is malformed
    /// or conflicts with another one.
    #[must_use]
    pub fn route<W, F>(mut self, method: Method, path: &str, handler: F) -> Self
    where
        W: 'static,
        F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
        F: Send + Sync + 'static,
    {
        let id = HandlerId(self.handlers.len());
        unshared(&mut self.paths).add(method, path, id);
        self.handlers.push(erase(handler));
        self
    }

    /// Adds a value that all handlers can read, as [`Request::state`]: the state of the
    /// application, or a part of it. It replaces an earlier value of its type.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use http_resume::{Router, sync_handler};
    ///
    /// #[derive(Default)]
    /// struct Visits(AtomicU64);
    ///
    /// let router = Router::new().state(Visits::default()).get(
    ///     "/",
    ///     sync_handler(|request, response| {
    ///         let visits = request.state::<Visits>().0.fetch_add(1, Ordering::Relaxed);
    ///         response.text(visits.to_string())
    ///     }),
    /// );
    /// ```
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        unshared(&mut self.state).insert(value);
        self
    }

    /// Sets the maximum length of a request body for a path and all its methods. It may be
    /// larger or smaller than [`Config::max_body`](crate::Config::max_body), which applies to
    /// all other paths.
    ///
    /// ```
    /// use http_resume::{Router, sync_handler};
    ///
    /// let router = Router::new()
    ///     .post("/upload", sync_handler(|_, response| response.text("received")))
    ///     .max_body("/upload", 64 * 1024 * 1024);
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if no route with exactly this path was added before.
    #[must_use]
    pub fn max_body(mut self, path: &str, bytes: usize) -> Self {
        unshared(&mut self.paths).limit_body(path, bytes);
        self
    }

    /// Adds a function that is called once for every request that is not refused for its head, as
    /// soon as that has been received: before the body, which is empty then, and before the
    /// handler. That includes requests without a handler, and not those that announce a body beyond
    /// its limit, which get a 413. Middleware is called in the order in which it was added.
    ///
    /// Return `Continue` to call the next middleware, or the handler after the last one.
    /// Header fields set here are added to the final response, including one sent after a
    /// suspension; the status and `close` are not, and a `Content-Type` only if the response has
    /// none. Return `Break` to respond instead; if the request has a body, it is not read, and the
    /// connection is closed.
    ///
    /// ```
    /// use std::ops::ControlFlow::{Break, Continue};
    /// use http_resume::{HeaderName, HeaderValue, Router, StatusCode, sync_handler};
    ///
    /// let router = Router::new()
    ///     .middleware(|request, response| match request.header("authorization") {
    ///         Some(b"Bearer secret") => Continue(response),
    ///         _ => Break(response.status(StatusCode::UNAUTHORIZED).text("invalid token")),
    ///     })
    ///     .middleware(|_, response| {
    ///         let name = HeaderName::from_static("x-frame-options");
    ///         Continue(response.header(name, HeaderValue::from_static("DENY")))
    ///     })
    ///     .get("/", sync_handler(|_, response| response.text("hello")));
    /// ```
    #[must_use]
    pub fn middleware<F>(mut self, middleware: F) -> Self
    where
        F: for<'r> Fn(&Request<'_>, Response<'r>) -> ControlFlow<Outcome<'r>, Response<'r>>,
        F: Send + Sync + 'static,
    {
        self.middleware.push(Box::new(middleware));
        self
    }

    /// Adds a function that is called with every response to a request, before it is sent, and
    /// returns what is sent: the same with changes, or another reply. Called in the order in which
    /// they were added. A panic is answered with 500.
    ///
    /// It sees the responses of handlers, of middleware, and those of the server to a request that
    /// it could read, such as 404; not its refusals, such as 400.
    ///
    /// ```
    /// use http_resume::{HeaderName, HeaderValue, Router, sync_handler};
    ///
    /// let router = Router::new()
    ///     .on_response(|request, reply| {
    ///         println!("{} {}: {}", request.method(), request.path(), reply.status());
    ///         let name = HeaderName::from_static("cache-control");
    ///         reply.header(name, HeaderValue::from_static("no-store"))
    ///     })
    ///     .get("/", sync_handler(|_, response| response.text("hello")));
    /// ```
    #[must_use]
    pub fn on_response<F>(mut self, middleware: F) -> Self
    where
        F: Fn(&Request<'_>, Reply) -> Reply + Send + Sync + 'static,
    {
        self.response_middleware.push(Box::new(middleware));
        self
    }

    /// Adds a callback that each event loop runs on its thread after it has called the
    /// handlers that were due.
    ///
    /// Use it to hand over requests that handlers have collected, for example in a
    /// [`Chain`](mpsc_queue::Chain), with one wake-up of a worker. It runs in every
    /// iteration of the event loop, even if no handler was called. A panic is caught and
    /// logged.
    #[must_use]
    pub fn after_handlers<F>(mut self, callback: F) -> Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.after_handlers.push(Box::new(callback));
        self
    }

    pub(crate) fn paths(&self) -> &Arc<Paths> {
        &self.paths
    }

    pub(crate) fn shared_state(&self) -> &Arc<State> {
        &self.state
    }

    pub(crate) fn handler(&self, id: HandlerId) -> &dyn ErasedHandler {
        &*self.handlers[id.0]
    }

    /// Returns the number of handlers. All ids are smaller.
    pub(crate) fn handler_count(&self) -> usize {
        self.handlers.len()
    }

    /// Returns the middleware in the order of the calls.
    pub(crate) fn all_middleware(&self) -> &[Box<Middleware>] {
        &self.middleware
    }

    /// Returns the middleware of responses in the order of the calls.
    pub(crate) fn all_response_middleware(&self) -> &[Box<ResponseMiddleware>] {
        &self.response_middleware
    }

    pub(crate) fn run_after_handlers(&self) {
        self.after_handlers.iter().for_each(|callback| callback());
    }
}

/// Returns what requests will share.
fn unshared<T>(shared: &mut Arc<T>) -> &mut T {
    Arc::get_mut(shared).expect("requests come later")
}

/// Defines a function for each method.
macro_rules! methods {
    ($($function:ident $method:ident,)*) => {
        impl Router {
            $(
                #[doc = concat!("Adds a handler for `", stringify!($method), "`.")]
                ///
                /// # Panics
                ///
                /// Panics in the same cases as [`route`](Self::route).
                #[must_use]
                pub fn $function<W, F>(self, path: &str, handler: F) -> Self
                where
                    W: 'static,
                    F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
                    F: Send + Sync + 'static,
                {
                    self.route(Method::$method, path, handler)
                }
            )*
        }
    };
}

methods! {
    get GET,
    head HEAD,
    post POST,
    put PUT,
    patch PATCH,
    delete DELETE,
    options OPTIONS,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("paths", &self.paths.indices.keys())
            .finish_non_exhaustive()
    }
}
