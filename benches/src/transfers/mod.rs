//! Cache-line transfers per operation with more cores than this machine has, modelled.
//!
//! The compiled operations of each contestant are executed one at a time, on a thread for each
//! modelled core, and their memory accesses are replayed to a simulator of the cores' caches.

mod figures;
mod measured;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod model;

pub use figures::{FLOORS, PRODUCERS, Table, Transfers, find, tables};
pub use measured::{Compared, Comparison, compare};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use model::one;

use crate::check::{self, Failure};
use crate::child;

/// Set if this platform supports the model.
pub const IS_SUPPORTED: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// The description of the model, for the reports.
pub const METHOD: &str = "Modelled, not measured: how many cache lines the push and the pop of a \
    heap object transfer between cores. Each producer and the consumer have a core of their own, \
    with an unbounded cache that is kept coherent by the MESI protocol. The compiled code of a \
    contestant runs on a thread for each core, one operation at a time, and its memory accesses \
    are replayed to the caches in this order, by lines of 64 bytes. The producers take turns in \
    random order (with a fixed seed), equally often; a turn is one push, or a whole chain. A \
    consumer that is behind is behind by 64 items, or by a chain. A transfer is a miss that \
    another core's cache serves, or a write to a line of which other cores have copies, so a load \
    and a later write of the same line can be two. Before each push, the producer writes to the \
    item, which the consumer had. That transfer, one for each item, is not in the figures; the \
    reading of the item after the pop is. Misses that memory serves are no transfers. The figures \
    are those of the second round of at least 256 items. With 128 producers, each pushes twice per \
    round, and a queue of its own (sharded) is mostly empty. Where a queue does not align its \
    fields, and where it allocates, its figures depend on the addresses that the allocator \
    returns, and differ between runs: a lock and its data can lie in one line or in two. The model \
    leaves out what depends on time: operations that overlap, hence compare-exchanges that fail, \
    locks that are held, back-off, stalled pops, and lines that pass to one core more often than \
    to others; store buffers and prefetchers; caches that cores share, and the distance between \
    sockets; how long a transfer takes, and how many are under way at once; the kernel. Items \
    return to their producers without cost.";

/// Models all contestants that carry heap objects, except those left out, and the floors, each in
/// a child process, which calls [`one`]. Returns the failures as well.
#[must_use]
pub fn all(left_out: &[String]) -> (Vec<Transfers>, Vec<Failure>) {
    if !IS_SUPPORTED {
        return Default::default();
    }
    let is_in = |name: &&str| !left_out.iter().any(|out| out == name);
    let names: Vec<_> = FLOORS
        .into_iter()
        .chain(check::names().into_iter().filter(is_in))
        .collect();
    let (mut transfers, mut failures) = (Vec::new(), Vec::new());
    for (name, output) in child::run_all("transfers", &names) {
        match output.and_then(|output| parsed(&output)) {
            Ok(of_one) => transfers.extend(of_one),
            Err(what) => failures.push(Failure {
                name: name.into(),
                what,
            }),
        }
    }
    (transfers, failures)
}

fn parsed(output: &str) -> Result<Vec<Transfers>, String> {
    let parsed = output
        .lines()
        .map(|line| Transfers::parsed(line).ok_or(line));
    parsed
        .collect::<Result<_, _>>()
        .map_err(|line| format!("unexpected output: {line}"))
}

/// Fails, because this platform does not support the model.
///
/// # Panics
///
/// Panics always.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
pub fn one(_: &str) {
    panic!("the model needs Linux on x86-64")
}
