//! The servers that http-resume is compared with. All serve `/` and `/async` on one
//! event-loop thread.

mod actix;
mod floor;
mod hyper;
mod may;
mod workers;

use std::io;

use workers::Policy;

/// The name of the floor, which treats `/async` like `/`.
pub(crate) const FLOOR: &str = "floor";

/// Serves until the process is killed.
type Serve = fn() -> io::Result<()>;

/// The servers by name.
pub(crate) const CONTESTANTS: [(&str, Serve); 8] = [
    (FLOOR, floor::serve),
    ("hyper-local", || hyper::serve(Policy::Default, true)),
    ("hyper-local-batch", || hyper::serve(Policy::Batch, true)),
    ("hyper", || hyper::serve(Policy::Default, false)),
    ("actix", || actix::serve(Policy::Default)),
    ("actix-batch", || actix::serve(Policy::Batch)),
    ("may", || may::serve(Policy::Default)),
    ("may-batch", || may::serve(Policy::Batch)),
];

/// The packages of the servers, whose versions the report states.
pub(crate) const PACKAGES: [&str; 6] = [
    "hyper",
    "tokio",
    "actix-web",
    "may",
    "may_minihttp",
    "crossbeam-channel",
];
