//! Our queue with a pop that spins while the queue is stalled.

use std::hint::spin_loop;

use mpsc_queue::{ConsumerTaken, Pop};
use papers::{Consume, Full, Mpsc};

use crate::experiments::contestants::{Contestant, Intrusive, Job};

pub(super) struct Spinning(Intrusive);

pub(super) struct SpinningConsumer<'q>(mpsc_queue::Consumer<&'q Intrusive>);

impl Mpsc for Spinning {
    type Item = Box<Job>;
    type Consumer<'q> = SpinningConsumer<'q>;

    fn push(&self, item: Box<Job>) -> Result<(), Full<Box<Job>>> {
        Mpsc::push(&self.0, item)
    }

    fn consumer(&self) -> Result<SpinningConsumer<'_>, ConsumerTaken> {
        self.0.consumer().map(SpinningConsumer)
    }
}

impl Consume for SpinningConsumer<'_> {
    type Item = Box<Job>;

    fn pop(&mut self) -> Pop<Box<Job>> {
        loop {
            match Consume::pop(&mut self.0) {
                Pop::Stalled(_) => spin_loop(),
                other => return other,
            }
        }
    }
}

impl Contestant for Spinning {
    const NAME: &'static str = "forward-linked, spinning pop";
    fn with_room(items: usize) -> Self {
        Self(Intrusive::with_room(items))
    }
    fn item(payload: u64) -> Box<Job> {
        Job::boxed(payload)
    }
    fn payload(item: &Box<Job>) -> u64 {
        Intrusive::payload(item)
    }
}
