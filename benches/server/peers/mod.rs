//! The servers that http-resume is compared with, each to be run in a process of its
//! own. All serve `/` and `/async`, on one event-loop thread.

mod actix;
mod floor;
mod hyper;
mod may;
mod workers;

use std::io;
use std::net::SocketAddr;

use workers::Policy;

/// The bound from below; knows no `/async` of its own, and answers it at once.
pub(crate) const FLOOR: &str = "floor";

/// Serves until the process is killed.
type Serve = fn() -> io::Result<()>;

pub(crate) const PEERS: [(&str, Serve); 8] = [
    (FLOOR, floor::serve),
    ("hyper-local", || hyper::serve(Policy::Default, true)),
    ("hyper-local-batch", || hyper::serve(Policy::Batch, true)),
    ("hyper", || hyper::serve(Policy::Default, false)),
    ("actix", || actix::serve(Policy::Default)),
    ("actix-batch", || actix::serve(Policy::Batch)),
    ("may", || may::serve(Policy::Default)),
    ("may-batch", || may::serve(Policy::Batch)),
];

/// Their packages.
pub(crate) const PACKAGES: [&str; 6] = [
    "hyper",
    "tokio",
    "actix-web",
    "may",
    "may_minihttp",
    "crossbeam-channel",
];

/// Says where a server listens, for the process that has started it.
fn announce(addr: SocketAddr) {
    println!("listening on http://{addr}");
}
