//! The type of a stall.

/// What a [`Pop::Stalled`](crate::Pop::Stalled) holds: a push is in its gap.
///
/// The pops of a [`GapFree`](crate::GapFree) queue hold an uninhabited type instead, so that
/// they cannot be stalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall;
