//! Which handler serves a request.

use std::any::TypeId;
use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;

use http::{HeaderValue, Method, StatusCode, header};

use crate::request::Request;
use crate::response::{Call, Outcome, Response};
use crate::resume::Returned;
use crate::wire::{Message, ResponseParts};

/// The routes of a server: from a path and a method to a handler.
///
/// A path may have parameters, `/users/{id}`, and a rest, `/files/{*path}`, as in
/// [`matchit`]. A `GET` handler serves `HEAD`, too, unless there is one for that.
///
/// A handler is called again after each resume. It tells the calls apart by its
/// third argument: the work, and `None` in the first call.
///
/// ```
/// use http_resume::{Outcome, Request, Response, Router, answer};
///
/// /// The work: what the background computes.
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
///     .get("/", answer(|_, response| response.text("hello")))
///     .get("/square/{number}", square);
/// ```
#[derive(Default)]
pub struct Router {
    paths: matchit::Router<usize>,
    /// By path, while routes are added.
    known: HashMap<String, usize>,
    resources: Vec<Resource>,
    /// Whether a path has a limit of its own.
    limits_bodies: bool,
    handlers: Vec<Box<dyn ErasedHandler>>,
    middleware: Vec<Box<Middleware>>,
    after_handlers: Vec<Box<dyn Fn() + Send + Sync>>,
}

/// What is called before a handler is: it answers, or passes the response on.
pub(crate) type Middleware = dyn for<'r> Fn(&Request<'_>, Response<'r>) -> ControlFlow<Outcome<'r>, Response<'r>>
    + Send
    + Sync;

/// What stands at a path.
struct Resource {
    methods: Vec<(Method, HandlerId)>,
    allow: HeaderValue,
    /// If it has a limit of its own.
    max_body: Option<usize>,
}

/// Names a handler of a [`Router`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerId(pub(crate) usize);

impl Router {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a handler for `GET`.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[must_use]
    pub fn get<W, F>(self, path: &str, handler: F) -> Self
    where
        W: 'static,
        F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
        F: Send + Sync + 'static,
    {
        self.route(Method::GET, path, handler)
    }

    /// Adds a handler for `POST`.
    ///
    /// # Panics
    ///
    /// As [`route`](Self::route).
    #[must_use]
    pub fn post<W, F>(self, path: &str, handler: F) -> Self
    where
        W: 'static,
        F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
        F: Send + Sync + 'static,
    {
        self.route(Method::POST, path, handler)
    }

    /// Adds a handler for a method.
    ///
    /// # Panics
    ///
    /// If there is a handler for both already, or the path is malformed or
    /// ambiguous.
    #[must_use]
    pub fn route<W, F>(mut self, method: Method, path: &str, handler: F) -> Self
    where
        W: 'static,
        F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
        F: Send + Sync + 'static,
    {
        let id = HandlerId(self.handlers.len());
        self.handlers.push(Box::new(Typed {
            handler,
            work: PhantomData,
        }));
        let resource = self.resource(path);
        assert!(
            resource.methods.iter().all(|(known, _)| *known != method),
            "{method} {path} has a handler already"
        );
        resource.methods.push((method, id));
        resource.allow = allow(&resource.methods);
        self
    }

    /// Sets the largest body that a path accepts, in bytes, by whatever method: larger
    /// or smaller than [`Config::max_body`](crate::Config::max_body), which holds for
    /// all other paths.
    ///
    /// A larger one is answered with 413, and the connection closed, as soon as it is
    /// announced: by its `Content-Length`, or by the chunk that is too much.
    ///
    /// ```
    /// use http_resume::{Router, answer};
    ///
    /// let router = Router::new()
    ///     .post("/upload", answer(|_, response| response.text("thank you")))
    ///     .max_body("/upload", 64 * 1024 * 1024);
    /// ```
    ///
    /// # Panics
    ///
    /// If no route with this path, spelt so, was added before.
    #[must_use]
    pub fn max_body(mut self, path: &str, bytes: usize) -> Self {
        let known = self.known.get(path);
        let index = *known.unwrap_or_else(|| panic!("there is no route {path}"));
        self.resources[index].max_body = Some(bytes);
        self.limits_bodies = true;
        self
    }

    /// Adds something to be called before the handler of every request, also of one
    /// that has no handler. What was added first is called first.
    ///
    /// It answers in the handler's place (`Break`), or passes the response on
    /// (`Continue`), with header fields that are to stand in the answer, whoever
    /// gives that and however late. (Status and `close` that it sets are not passed
    /// on.) It is called once for a request: what comes back from the background
    /// goes straight to the handler that suspended.
    ///
    /// ```
    /// use std::ops::ControlFlow::{Break, Continue};
    /// use http_resume::{HeaderName, HeaderValue, Router, StatusCode, answer};
    ///
    /// let router = Router::new()
    ///     .middleware(|request, response| match request.header("authorization") {
    ///         Some(b"Bearer secret") => Continue(response),
    ///         _ => Break(response.status(StatusCode::UNAUTHORIZED).text("who are you?")),
    ///     })
    ///     .middleware(|_, response| {
    ///         let name = HeaderName::from_static("x-frame-options");
    ///         Continue(response.header(name, HeaderValue::from_static("DENY")))
    ///     })
    ///     .get("/", answer(|_, response| response.text("hello")));
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

    /// Adds something to be called on the thread of an event loop when the handlers
    /// that were due have been called, and before the loop does anything else that
    /// takes time.
    ///
    /// For what handlers collect in order to hand it over at once, in a
    /// [`Chain`](mpsc_queue::Chain): that wakes a worker once for many requests. It
    /// is called often, also if there is nothing to do. A panic in it is contained.
    #[must_use]
    pub fn after_handlers<F>(mut self, hand_over: F) -> Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.after_handlers.push(Box::new(hand_over));
        self
    }

    fn resource(&mut self, path: &str) -> &mut Resource {
        let next = self.resources.len();
        let index = *self.known.entry(path.to_owned()).or_insert(next);
        if index == next {
            if let Err(error) = self.paths.insert(path, index) {
                panic!("the path {path} cannot be routed: {error}");
            }
            self.resources.push(Resource {
                methods: Vec::new(),
                allow: HeaderValue::from_static(""),
                max_body: None,
            });
        }
        &mut self.resources[index]
    }

    /// The handler for a request, or the answer if there is none.
    pub(crate) fn find(&self, message: &Message) -> Result<HandlerId, ResponseParts> {
        let Ok(found) = self.paths.at(message.path()) else {
            // RFC 9110: `OPTIONS *` asks the server as a whole, as a kind of ping.
            return Err(match message.path() {
                "*" => ResponseParts::new(StatusCode::NO_CONTENT),
                _ => ResponseParts::plain(StatusCode::NOT_FOUND, "no route matches this path"),
            });
        };
        let resource = &self.resources[*found.value];
        let handler_of = |method: &Method| {
            let mut methods = resource.methods.iter();
            methods
                .find(|(known, _)| known == method)
                .map(|(_, id)| *id)
        };
        let handler = handler_of(&message.method).or_else(|| match message.method {
            Method::HEAD => handler_of(&Method::GET),
            _ => None,
        });
        handler.ok_or_else(|| {
            let reason = "method not allowed";
            let mut answer = ResponseParts::plain(StatusCode::METHOD_NOT_ALLOWED, reason);
            answer.headers.push((header::ALLOW, resource.allow.clone()));
            answer
        })
    }

    /// How long the body of this request may be, if its path has its own limit.
    pub(crate) fn max_body_of(&self, message: &Message) -> Option<usize> {
        if !self.limits_bodies {
            return None; // so that nobody pays for what nobody uses
        }
        let found = self.paths.at(message.path()).ok()?;
        self.resources[*found.value].max_body
    }

    /// The longest body that any path accepts, with this limit for all others.
    pub(crate) fn largest_body(&self, default: usize) -> usize {
        let own = self.resources.iter().filter_map(|it| it.max_body);
        own.fold(default, usize::max)
    }

    /// What stands in `path` for a parameter of its route.
    pub(crate) fn param<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        let found = self.paths.at(path).ok()?;
        found.params.get(name)
    }

    pub(crate) fn handler(&self, id: HandlerId) -> &dyn ErasedHandler {
        &*self.handlers[id.0]
    }

    /// In the order of the calls.
    pub(crate) fn all_middleware(&self) -> &[Box<Middleware>] {
        &self.middleware
    }

    pub(crate) fn hand_over(&self) {
        for hand_over in &self.after_handlers {
            hand_over();
        }
    }

    /// How many handlers there are: their ids are less than this.
    pub(crate) fn handler_count(&self) -> usize {
        self.handlers.len()
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("paths", &self.known.keys())
            .finish_non_exhaustive()
    }
}

/// The value of the `Allow` field.
fn allow(methods: &[(Method, HandlerId)]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    HeaderValue::try_from(names.join(", ")).expect("methods are tokens")
}

/// Makes a handler out of a function that always answers at once.
pub fn answer<F>(
    handler: F,
) -> impl for<'r> Fn(&Request<'_>, Response<'r>, Option<Infallible>) -> Outcome<'r>
where
    F: for<'r> Fn(&Request<'_>, Response<'r>) -> Outcome<'r>,
{
    move |request, response, _| handler(request, response)
}

/// A handler whose work is of a type that is forgotten.
pub(crate) trait ErasedHandler: Send + Sync {
    /// Calls the handler: the first time, or with what came back.
    fn call<'r>(
        &self,
        request: &Request<'_>,
        call: &'r Call<'r>,
        returned: Option<Returned>,
    ) -> Outcome<'r>;

    /// Whether it may suspend a request.
    fn suspends(&self) -> bool;
}

struct Typed<W, F> {
    handler: F,
    work: PhantomData<fn(W) -> W>,
}

impl<W, F> ErasedHandler for Typed<W, F>
where
    W: 'static,
    F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
    F: Send + Sync,
{
    fn call<'r>(
        &self,
        request: &Request<'_>,
        call: &'r Call<'r>,
        returned: Option<Returned>,
    ) -> Outcome<'r> {
        let work = returned.map(|suspended| {
            let (work, vacant) = suspended
                .open::<W>()
                .expect("what comes back is given to the handler that suspended");
            call.spare.set(Some(vacant));
            work
        });
        (self.handler)(request, Response::new(call), work)
    }

    fn suspends(&self) -> bool {
        // There is no work of this type to be had, hence no `mark_async`.
        TypeId::of::<W>() != TypeId::of::<Infallible>()
    }
}
