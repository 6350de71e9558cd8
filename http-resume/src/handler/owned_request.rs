//! A request that outlives the call of its handler.

use std::fmt;

use http::Method;

use super::paths::Paths;
use super::request::Request;
use super::state::State;
use crate::metrics::Metrics;
use crate::sync::Arc;
use crate::wire::Message;

/// A request of its own: a copy of its head and body.
///
/// [`Request::to_owned`] makes it. An `async` handler gets one, since it runs beyond the call.
#[derive(Clone)]
pub struct OwnedRequest {
    message: Message,
    paths: Arc<Paths>,
    metrics: Arc<Metrics>,
    state: Arc<State>,
}

impl Request<'_> {
    /// Copies the request, so that it outlives the call of the handler.
    #[must_use]
    pub fn to_owned(&self) -> OwnedRequest {
        OwnedRequest {
            message: self.message.clone(),
            paths: Arc::clone(self.paths),
            metrics: Arc::clone(self.metrics),
            state: Arc::clone(self.state),
        }
    }
}

impl OwnedRequest {
    /// Returns the request as the other handlers see it.
    #[must_use]
    pub fn as_request(&self) -> Request<'_> {
        Request::new(&self.message, &self.paths, &self.metrics, &self.state)
    }

    /// Does what [`Request::headers`] does.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.message.headers()
    }

    /// Does what [`Request::state`] does.
    ///
    /// # Panics
    ///
    /// Panics if there is none. Then the request gets a 500.
    #[must_use]
    pub fn state<T: 'static>(&self) -> &T {
        self.state.get()
    }

    /// Does what [`Request::try_state`] does.
    #[must_use]
    pub fn try_state<T: 'static>(&self) -> Option<&T> {
        self.state.find()
    }

    /// Returns the body alone.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.message.body
    }
}

/// Defines functions of [`OwnedRequest`] that do what those of [`Request`] do.
macro_rules! forward {
    ($($function:ident($($arg:ident: $type:ty)?) -> $result:ty;)*) => {
        impl OwnedRequest {
            $(
                #[doc = concat!("Does what [`Request::", stringify!($function), "`] does.")]
                #[must_use]
                pub fn $function(&self $(, $arg: $type)?) -> $result {
                    self.as_request().$function($($arg)?)
                }
            )*
        }
    };
}

forward! {
    method() -> &Method;
    path() -> &str;
    query() -> Option<&str>;
    param(name: &str) -> Option<&str>;
    header(name: &str) -> Option<&[u8]>;
    body() -> &[u8];
    metrics() -> &Metrics;
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedRequest")
            .field("method", self.method())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
