//! Handlers: the requests they receive, the responses they give, and the routes to them.

mod handler_fn;
mod outcome;
mod paths;
mod request;
mod response;
mod router;

pub use handler_fn::sync_handler;
pub(crate) use outcome::HandlerResult;
pub use outcome::Outcome;
pub(crate) use paths::HandlerId;
pub use request::Request;
pub(crate) use response::Call;
pub use response::{Receipt, Response};
pub use router::Router;
