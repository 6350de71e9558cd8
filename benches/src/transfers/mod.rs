//! Cache-line transfers per operation, modelled.

mod figures;
mod mesi;
mod model;
mod turns;

pub use figures::{Consumer, PRODUCERS, Table, Transfers, find, tables};
pub use model::one;
