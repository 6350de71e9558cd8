//! The instructions of a push that empty the store buffer, and the cost of a pop with a fence.

use std::hint::black_box;
use std::time::Instant;

use mpsc_queue::{Consumer, Form, Pop};
use papers::accesses::{AccessKind, Recorder};
use papers::instructions::Instructions;

use super::sides::fenced;
use crate::experiments::contestants::{Contestant, InForm, Job};

/// The instructions of a push.
pub(super) struct Push {
    pub(super) name: &'static str,
    pub(super) instructions: Instructions,
    /// The number of plain writes, outside the stack, after the last read-modify-write.
    pub(super) writes_after: usize,
}

impl Push {
    pub(super) fn of<Q: Contestant>() -> Self {
        let queue = Box::new(Q::with_room(4));
        let mut consumer = queue.consumer().expect("a new queue has no consumer");
        // Allocates what the queue allocates lazily.
        let _ = queue.push(Q::item(0));
        let _ = papers::Consume::pop(&mut consumer);
        let item = Q::item(0);
        let instructions = Instructions::of(|| _ = queue.push(item));
        let _ = papers::Consume::pop(&mut consumer);
        let item = Q::item(0);
        let mut accesses = Vec::new();
        Recorder::default().record(&mut accesses, || _ = queue.push(item));
        let after = accesses
            .iter()
            .rev()
            .take_while(|access| access.kind != AccessKind::ReadModifyWrite)
            .filter(|access| access.kind == AccessKind::Write && !access.on_stack);
        Self {
            name: Q::NAME,
            writes_after: after.count(),
            instructions,
        }
    }
}

/// A pop of an empty queue, with and without a fence.
pub(super) struct EmptyPop {
    pub(super) name: &'static str,
    pub(super) plain: Instructions,
    pub(super) fenced: Instructions,
    /// In nanoseconds, one for each round.
    pub(super) plain_nanos: Vec<f64>,
    pub(super) fenced_nanos: Vec<f64>,
    round: fn() -> [f64; 2],
}

type Owner<'a, F> = Consumer<&'a InForm<F>>;

impl EmptyPop {
    pub(super) fn of<F: Form>() -> Self
    where
        InForm<F>: Contestant,
    {
        let queue = Box::new(InForm::<F>::default());
        let mut consumer = queue.consumer().expect("a new queue has no consumer");
        Self {
            name: InForm::<F>::NAME,
            plain: Instructions::of(|| assert!(plain(&mut consumer).is_empty())),
            fenced: Instructions::of(|| assert!(fenced(&mut consumer).is_empty())),
            plain_nanos: Vec::new(),
            fenced_nanos: Vec::new(),
            round: round::<F>,
        }
    }

    /// Measures once more.
    pub(super) fn measure(&mut self) {
        let [plain, fenced] = (self.round)();
        self.plain_nanos.push(plain);
        self.fenced_nanos.push(fenced);
    }
}

fn plain<F: Form>(consumer: &mut Owner<'_, F>) -> Pop<Box<Job>> {
    papers::Consume::pop(consumer)
}

fn round<F: Form>() -> [f64; 2] {
    let queue = Box::new(InForm::<F>::default());
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    let mut nanos = |pop: fn(&mut Owner<'_, F>) -> Pop<Box<Job>>| {
        const POPS: u32 = 10_000;
        let start = Instant::now();
        for _ in 0..POPS {
            assert!(black_box(pop(&mut consumer)).is_empty());
        }
        start.elapsed().as_nanos() as f64 / f64::from(POPS)
    };
    [nanos(plain), nanos(fenced)]
}
