//! The interface of a contestant: a queue as the scenarios use it.

/// A queue of `T`.
pub trait Contestant<T>: 'static {
    /// The name of the queue in the reports.
    const NAME: &'static str;
    /// The package on crates.io that the queue comes from, whose version the reports state.
    const PACKAGE: Option<&'static str> = None;
    /// The place of the queue in the summary.
    const ROLE: Role = Role::Other;
    /// How many items the queue pushes together.
    const BATCH: usize = 1;

    /// The producers' end; each pushing thread has a clone.
    type Producer: Clone + Send + 'static;
    /// The consumer's end.
    type Consumer: Send + 'static;

    /// Creates a queue. A bounded one must have room for `capacity` items.
    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer);

    /// Appends an item, or keeps it until its batch is complete.
    fn push(producer: &mut Self::Producer, item: T);

    /// Appends the items that `push` has kept.
    fn flush(_: &mut Self::Producer) {}

    /// Removes the oldest item. Returns `None` if the queue is empty or stalled.
    fn pop(consumer: &mut Self::Consumer) -> Option<T>;
}

/// How the summary treats a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The queue of this workspace, one push per item.
    Ours,
    /// The queue of this workspace, several items per push.
    OursChained,
    /// The queue of this workspace, used in a way in which no other one is used here. It is shown,
    /// but it wins nothing.
    OursOnly,
    /// Another queue, which one can take instead.
    Other,
    /// A queue of the literature, implemented in this workspace to be compared with.
    Literature,
    /// The cost of the indispensable part on this machine.
    Floor,
}

impl Role {
    /// Returns `true` for the queues with which ours is compared.
    #[must_use]
    pub fn is_other(self) -> bool {
        matches!(self, Self::Other | Self::Literature)
    }

    /// Returns `true` for each way to use the queue of this workspace.
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OursChained | Self::OursOnly)
    }
}
