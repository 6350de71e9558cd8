//! When the consumer of a model pops.

/// When the consumer pops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// After each push, so that the queue becomes empty.
    AtOnce,
    /// After each push, while more items are in the queue.
    Behind,
    /// After all pushes.
    Afterwards,
}

impl Consumer {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Behind, Self::Afterwards];

    /// Returns the title of the table.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AtOnce => "the consumer pops each item before the next push",
            Self::Behind => "the consumer pops an item after each push, and is behind",
            Self::Afterwards => "the consumer pops after all pushes",
        }
    }

    /// Returns a short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::Behind => "behind",
            Self::Afterwards => "afterwards",
        }
    }
}
