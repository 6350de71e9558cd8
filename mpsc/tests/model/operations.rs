//! The operations of a program.

use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// One operation on one of two queues.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) queue: usize,
    pub(crate) operation: Operation,
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Push,
    /// Pushes an item that the program holds: an item that was popped, or a share of an
    /// item that may be queued.
    PushHeld(usize),
    DropHeld(usize),
    /// Appends this many new items to the chain.
    Append(usize),
    AppendHeld(usize),
    PopChain,
    PushChain,
    DropChain,
    Pop(PopMethod),
    Drain {
        limit: usize,
        take: usize,
        /// Pushes each item back at once, instead of a new item.
        push_back: bool,
    },
    Park {
        /// The number of pushes while the guard lives.
        pushes: usize,
        end: EndOfPark,
    },
    Close,
    /// Leaks the consumer, then takes its place.
    LeakConsumer,
    /// Moves the queue to another address.
    Move,
    /// Drops the queue with its items and makes another.
    Renew,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PopMethod {
    Pop,
    PopFenced,
    PopBlocking,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum EndOfPark {
    Unpark,
    Drop,
    Leak,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    use Operation::*;
    let end = prop_oneof![
        Just(EndOfPark::Unpark),
        Just(EndOfPark::Drop),
        Just(EndOfPark::Leak)
    ];
    let operation = prop_oneof![
        6 => Just(Push),
        5 => any::<usize>().prop_map(PushHeld),
        1 => any::<usize>().prop_map(DropHeld),
        2 => (0..4usize).prop_map(Append),
        2 => any::<usize>().prop_map(AppendHeld),
        1 => Just(PopChain),
        2 => Just(PushChain),
        1 => Just(DropChain),
        8 => Just(Pop(PopMethod::Pop)),
        2 => Just(Pop(PopMethod::PopFenced)),
        2 => Just(Pop(PopMethod::PopBlocking)),
        4 => (0..6usize, 0..6usize, any::<bool>())
            .prop_map(|(limit, take, push_back)| Drain { limit, take, push_back }),
        4 => (0..3usize, end).prop_map(|(pushes, end)| Park { pushes, end }),
        1 => Just(Close),
        1 => Just(LeakConsumer),
        2 => Just(Move),
        1 => Just(Renew),
    ];
    (0..2usize, operation).prop_map(|(queue, operation)| Step { queue, operation })
}
