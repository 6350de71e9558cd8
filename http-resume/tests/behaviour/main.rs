//! A table of behaviour over real sockets: what a client sends, what it receives, and whether
//! the connection persists.
//!
//! Each file has the cases of one topic; [`case`] tries each case in several ways. The inputs
//! come from the examples of RFC 9110 and 9112, and from the tests of llhttp
//! (`test/request/*.md`) and httparse (`src/lib.rs`, `tests/uri.rs`). The expectations are
//! stricter than theirs.

mod bodies;
mod case;
mod connections;
mod cuts;
mod framing;
mod head;
mod limits;
mod responses;
#[path = "../support/mod.rs"]
mod support;
