//! The servers that are compared. All serve `/` and `/async` on one event-loop thread.

mod actix;
mod floor;
mod hyper;
mod may;
mod workers;

use std::io;

use benches::contestant::Role;
use workers::Policy;

/// The routes that are measured.
pub(crate) const ROUTES: [&str; 2] = ["/", "/async"];

/// The name of the floor, which treats `/async` like `/`.
pub(crate) const FLOOR: &str = "floor";

/// The name of the server of this workspace, of its package and of its program.
pub(crate) const OURS: &str = "http-resume";

/// The name of the same server on its route that is an `async` function.
pub(crate) const OURS_ASYNC_FN: &str = "http-resume-async-fn";

/// A server.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// The path that is requested to measure each of the [`ROUTES`]. `None` if the server is not
    /// measured there.
    pub(crate) paths: [Option<&'static str>; 2],
    pub(crate) program: Program,
}

/// What serves.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    /// The program of http-resume.
    Ours,
    /// A function of this program, which serves until the process is killed. Its argument is the
    /// number of threads of http-resume.
    Here(fn(usize) -> io::Result<()>),
}

use Program::{Here, Ours};

const BOTH: [Option<&str>; 2] = [Some("/"), Some("/async")];
const PLAIN: [Option<&str>; 2] = [Some("/"), None];
const ASYNC: [Option<&str>; 2] = [None, Some("/async")];
const ASYNC_FN: [Option<&str>; 2] = [None, Some("/async-fn")];

/// The servers in the order of the rounds, in which ours follow their floor.
pub(crate) static CONTESTANTS: [Contestant; 11] = [
    contestant(
        "floor-one-thread",
        Role::Floor,
        PLAIN,
        Here(|_| floor::serve(1)),
    ),
    contestant(FLOOR, Role::Floor, BOTH, Here(floor::serve)),
    contestant(OURS, Role::Ours, BOTH, Ours),
    contestant(OURS_ASYNC_FN, Role::OursOnly, ASYNC_FN, Ours),
    peer("hyper-local", BOTH, |_| hyper::serve(Policy::Default, true)),
    peer("hyper-local-batch", ASYNC, |_| {
        hyper::serve(Policy::Batch, true)
    }),
    peer("hyper", BOTH, |_| hyper::serve(Policy::Default, false)),
    peer("actix", BOTH, |_| actix::serve(Policy::Default)),
    peer("actix-batch", ASYNC, |_| actix::serve(Policy::Batch)),
    peer("may", BOTH, |_| may::serve(Policy::Default)),
    peer("may-batch", ASYNC, |_| may::serve(Policy::Batch)),
];

const fn contestant(
    name: &'static str,
    role: Role,
    paths: [Option<&'static str>; 2],
    program: Program,
) -> Contestant {
    Contestant {
        name,
        role,
        paths,
        program,
    }
}

const fn peer(
    name: &'static str,
    paths: [Option<&'static str>; 2],
    serve: fn(usize) -> io::Result<()>,
) -> Contestant {
    contestant(name, Role::Other, paths, Here(serve))
}

/// The packages of the servers, whose versions the report states.
pub(crate) const PACKAGES: [&str; 6] = [
    "hyper",
    "tokio",
    "actix-web",
    "may",
    "may_minihttp",
    "crossbeam-channel",
];
