//! The table of paths: which handler and which limits a request has.

use std::collections::HashMap;

use http::{HeaderValue, Method, StatusCode, header};

use crate::wire::{Message, ResponseParts};

/// All paths of a router, with the methods and limits of each.
#[derive(Default)]
pub(crate) struct Paths {
    matcher: matchit::Router<usize>,
    /// The index in `resources` by path, as it was added.
    pub(super) indices: HashMap<String, usize>,
    resources: Vec<Resource>,
    /// Set if any path has its own limit for bodies.
    limits_bodies: bool,
}

/// A path.
struct Resource {
    methods: Vec<(Method, HandlerId)>,
    allow: HeaderValue,
    /// The path's own limit for bodies, if it has one.
    max_body: Option<usize>,
}

/// The index of a handler in its [`Router`](super::Router).
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlerId(pub(crate) usize);

impl Paths {
    /// Adds a method of a path. Panics if it exists, or if the path is invalid.
    pub(super) fn add(&mut self, method: Method, path: &str, handler: HandlerId) {
        let resource = self.resource(path);
        assert!(
            resource.methods.iter().all(|(known, _)| *known != method),
            "{method} {path} already has a handler"
        );
        resource.methods.push((method, handler));
        resource.allow = allow(&resource.methods);
    }

    /// Sets a path's own limit for bodies. Panics if the path does not exist.
    pub(super) fn limit_body(&mut self, path: &str, bytes: usize) {
        let index = self.indices.get(path);
        let index = *index.unwrap_or_else(|| panic!("no route has the path {path}"));
        self.resources[index].max_body = Some(bytes);
        self.limits_bodies = true;
    }

    fn resource(&mut self, path: &str) -> &mut Resource {
        let next = self.resources.len();
        let index = *self.indices.entry(path.to_owned()).or_insert(next);
        if index == next {
            if let Err(error) = self.matcher.insert(path, index) {
                panic!("invalid path {path}: {error}");
            }
            self.resources.push(Resource {
                methods: Vec::new(),
                allow: HeaderValue::from_static(""),
                max_body: None,
            });
        }
        &mut self.resources[index]
    }

    /// Returns the handler of a request, or the response if there is none.
    pub(crate) fn find(&self, message: &Message) -> Result<HandlerId, ResponseParts> {
        let Ok(found) = self.matcher.at(message.path()) else {
            // RFC 9110: `OPTIONS *` concerns the server as a whole and serves as a ping.
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
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let mut response = ResponseParts::plain(status, "method not allowed");
            response.add(header::ALLOW, resource.allow.clone());
            response
        })
    }

    /// Returns the path's own limit for the body of a request, if it has one.
    pub(crate) fn max_body_of(&self, message: &Message) -> Option<usize> {
        if !self.limits_bodies {
            return None; // fast path
        }
        let found = self.matcher.at(message.path()).ok()?;
        self.resources[*found.value].max_body
    }

    /// Returns the largest limit for bodies of all paths, of which most have `default`.
    pub(crate) fn largest_body(&self, default: usize) -> usize {
        let limits = self.resources.iter().filter_map(|path| path.max_body);
        limits.fold(default, usize::max)
    }

    /// Returns the part of `path` that matches a parameter of its route.
    pub(super) fn param<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        let found = self.matcher.at(path).ok()?;
        found.params.get(name)
    }
}

/// Returns the value of the `Allow` field.
fn allow(methods: &[(Method, HandlerId)]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    HeaderValue::try_from(names.join(", ")).expect("methods are tokens")
}
