//! Handlers: the requests they receive, the responses they give, and the routes to them.

mod async_fn;
mod handler_fn;
mod outcome;
mod owned_request;
mod paths;
mod reply;
mod request;
mod response;
mod router;
mod state;

pub use async_fn::async_handler;
pub use handler_fn::sync_handler;
pub(crate) use outcome::HandlerResult;
pub use outcome::Outcome;
pub use owned_request::OwnedRequest;
pub(crate) use paths::HandlerId;
pub use reply::Reply;
pub use request::Request;
pub(crate) use response::Call;
pub use response::{Receipt, Response};
pub use router::Router;
