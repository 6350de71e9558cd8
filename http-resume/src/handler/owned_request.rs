//! A request that outlives the call of its handler.

use std::fmt;
use std::sync::Arc;

use http::Method;

use super::state::State;
use crate::wire::find_field;

/// A request of its own: its head, its body, and the parameters of its route.
///
/// [`Request::to_owned`](crate::Request::to_owned) copies it. An `async` handler gets one, since it
/// runs beyond the call.
pub struct OwnedRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) params: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) state: Arc<State>,
}

impl OwnedRequest {
    /// Returns the method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the path as it was sent, without percent-decoding.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the part of the target after the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Returns the part of the path that matches `{name}` in the route.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        let found = params.find(|(known, _)| known == name);
        found.map(|(_, value)| &**value)
    }

    /// Returns the value of the first header field with this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        find_field(self.headers(), name)
    }

    /// Returns all header fields in order, as [`Request::headers`](crate::Request::headers) does.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (&**name, &**value))
    }

    /// Returns the body, which is empty if the request has none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Returns the value of this type, as [`Request::state`](crate::Request::state) does.
    ///
    /// # Panics
    ///
    /// Panics if there is none. Then the request gets a 500.
    #[must_use]
    pub fn state<T: 'static>(&self) -> &T {
        self.state.get()
    }

    /// Returns the value of this type, as [`Request::try_state`](crate::Request::try_state) does.
    #[must_use]
    pub fn try_state<T: 'static>(&self) -> Option<&T> {
        self.state.find()
    }

    /// Returns the body alone.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }
}

impl fmt::Debug for OwnedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
