//! The table of behaviour over real sockets: what a client sends, what it gets, and
//! whether the connection then stays.
//!
//! There is a file of cases for each row of the table; [`case`] says in which ways
//! each of them is tried. The inputs come from the examples of RFC 9110 and 9112, and
//! from what llhttp (`test/request/*.md`) and httparse (`src/lib.rs`, `tests/uri.rs`)
//! test. What is expected of them is our own: we are stricter.

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
