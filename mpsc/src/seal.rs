//! What closes the sealed traits for good.

/// An argument of the methods of sealed traits.
///
/// Such a trait cannot be named outside this crate, and so not implemented there. Its
/// methods *can* be called there all the same, through a bound by the public trait
/// above it; but not with an argument that only this crate can make.
#[derive(Clone, Copy, Debug)]
pub struct Seal(());

impl Seal {
    pub(crate) const BROKEN: Self = Self(());
}
