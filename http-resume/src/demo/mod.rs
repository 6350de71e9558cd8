//! The routes of the demonstration, and the threads in their background.

mod mailbox;
pub(crate) mod options;
mod pool;
pub(crate) mod routes;
mod timer;
