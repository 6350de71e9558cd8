//! How this crate's traits are sealed.

/// An argument that only this crate can make.
///
/// Another crate cannot name this type, so it can neither implement a trait with a method
/// that takes it nor call such a method.
#[derive(Clone, Copy, Debug)]
pub struct Internal(());

pub(crate) const INTERNAL: Internal = Internal(());
