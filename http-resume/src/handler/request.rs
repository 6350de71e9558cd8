//! A request as a handler sees it.

use std::fmt;

use http::Method;

use super::paths::Paths;
use super::state::State;
use crate::metrics::Metrics;
use crate::sync::Arc;
use crate::wire::{Message, find_field};

/// A request: its head and its collected body, borrowed for one call of the handler.
///
/// Later calls of the handler, after a resume, borrow the same request.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub(super) message: &'a Message,
    pub(super) paths: &'a Arc<Paths>,
    pub(super) metrics: &'a Arc<Metrics>,
    pub(super) state: &'a Arc<State>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        message: &'a Message,
        paths: &'a Arc<Paths>,
        metrics: &'a Arc<Metrics>,
        state: &'a Arc<State>,
    ) -> Self {
        Self {
            message,
            paths,
            metrics,
            state,
        }
    }

    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        &self.message.method
    }

    /// Returns the path as it was sent, without percent-decoding.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.message.path()
    }

    /// Returns the part of the target after the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&'a str> {
        self.message.query.map(|query| self.message.text(query))
    }

    /// Returns the part of the path that matches `{name}` in the route.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        // Matched again for each call, rather than stored for every request.
        self.paths.param(self.message.path(), name)
    }

    /// Returns the value of the first header field with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        find_field(self.headers(), name)
    }

    /// Returns all header fields in order. Names are as they were sent; values are without
    /// surrounding white space.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> + use<'a> {
        self.message.headers()
    }

    /// Returns the body, which is empty if the request has none.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        &self.message.body
    }

    /// Returns the value of this type that [`Router::state`](crate::Router::state) has added.
    ///
    /// # Panics
    ///
    /// Panics if there is none. Then the request gets a 500.
    #[must_use]
    pub fn state<T: 'static>(&self) -> &'a T {
        self.state.get()
    }

    /// Returns the value of this type that [`Router::state`](crate::Router::state) has added, if
    /// any.
    #[must_use]
    pub fn try_state<T: 'static>(&self) -> Option<&'a T> {
        self.state.find()
    }

    /// Returns the metrics of the server that received the request.
    #[must_use]
    pub fn metrics(&self) -> &'a Metrics {
        self.metrics
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", self.method())
            .field("path", &self.path())
            .finish_non_exhaustive()
    }
}
