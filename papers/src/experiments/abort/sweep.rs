//! Pops that abort while a push is frozen: their effects, and the answers of later operations.

use mpsc_queue::Pop;
use papers::Consume;
use papers::effects::{Effects, effects};

use crate::experiments::claims::Named;
use crate::experiments::contestants::Contestant;
use crate::experiments::frozen::{FROZEN, while_frozen};

/// The number of pops in a row that abort, and whose effects are found.
pub(super) const IN_A_ROW: usize = 3;

/// The numbers of items that are pushed before the frozen push begins, and while it is frozen.
const PLACES: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// A push that was frozen before each of its instructions, in each place among other pushes.
pub(super) struct Sweep {
    pub(super) name: &'static str,
    /// For each place, in the order of the instructions.
    observations: Vec<Vec<Observation>>,
    /// Pops that returned while no push was in flight.
    pub(super) solo: Solo,
}

#[derive(Default)]
pub(super) struct Solo {
    pub(super) pops: usize,
    pub(super) aborts: usize,
}

/// A push that was frozen before one instruction.
pub(super) struct Observation {
    /// The effects of successive pops that aborted; empty if a pop finds another answer.
    pub(super) aborts: Vec<Effects>,
    /// Set if the items come out in another order, or not all of them, because pops aborted.
    pub(super) changes_answers: bool,
}

impl Named for Sweep {
    fn name(&self) -> &str {
        self.name
    }
}

impl Sweep {
    pub(super) fn of<Q: Contestant>() -> Self {
        let mut solo = Solo::default();
        let in_place = |place| {
            let mut of_place = Vec::new();
            while let Some(observation) = Observation::of::<Q>(place, of_place.len(), &mut solo) {
                of_place.push(observation);
            }
            of_place
        };
        Self {
            name: Q::NAME,
            observations: PLACES.map(in_place).into(),
            solo,
        }
    }

    /// Returns the number of instructions of a push into an empty queue.
    pub(super) fn instructions(&self) -> usize {
        self.observations[0].len()
    }

    pub(super) fn observations(&self) -> impl Iterator<Item = &Observation> {
        self.observations.iter().flatten()
    }

    /// Returns the observations of the pushes at which pops aborted.
    pub(super) fn aborted(&self) -> impl Iterator<Item = &Observation> {
        self.observations().filter(|one| !one.aborts.is_empty())
    }

    /// Returns the most words of memory that an abort with this number in a row changed.
    pub(super) fn most_changed(&self, number: usize) -> usize {
        let changed = self.aborted().map(|one| one.aborts[number].changed_words());
        changed.max().unwrap_or(0)
    }

    /// Returns the most writes of a pop that aborted.
    pub(super) fn most_writes(&self) -> usize {
        let aborts = self.aborted().flat_map(|one| &one.aborts);
        aborts.map(|effects| effects.writes).max().unwrap_or(0)
    }

    pub(super) fn changed_answers(&self) -> usize {
        self.observations()
            .filter(|one| one.changes_answers)
            .count()
    }
}

/// The pops while a push is frozen.
#[derive(Clone, Copy)]
enum Pops {
    None,
    /// Until a pop returns no item.
    UntilNone,
    /// So many that return an item, and then pops that abort.
    ThenAborts(usize),
}

/// A run of a place and an instruction.
struct Run {
    is_frozen: bool,
    /// The payloads in the order of the pops, before the thaw and after it.
    payloads: Vec<u64>,
    /// How many of them were popped while the push was frozen.
    early: usize,
    /// Set if the last pop before the thaw aborted.
    aborts: bool,
    effects: Vec<Effects>,
}

impl Observation {
    /// Returns `None` if the push has fewer instructions.
    fn of<Q: Contestant>(
        place: (usize, usize),
        instruction: usize,
        solo: &mut Solo,
    ) -> Option<Self> {
        let mut run = |pops| run::<Q>(place, instruction, pops, solo);
        let without = run(Pops::None);
        let first = run(Pops::UntilNone);
        let then = if first.aborts {
            Some(run(Pops::ThenAborts(first.early)))
        } else {
            None
        };
        let differs = |other: &Run| other.payloads != without.payloads;
        let observation = Self {
            changes_answers: differs(&first) || then.as_ref().is_some_and(differs),
            aborts: then.map_or(Vec::new(), |run| run.effects),
        };
        without.is_frozen.then_some(observation)
    }
}

fn run<Q: Contestant>(
    (before, behind): (usize, usize),
    instruction: usize,
    pops: Pops,
    solo: &mut Solo,
) -> Run {
    let queue = Box::new(Q::with_room(8));
    let mut consumer = queue.consumer().expect("a new queue has no consumer");
    // Allocates what the queue allocates lazily.
    let _ = queue.push(Q::item(0));
    let _ = consumer.pop();
    let push = |payload: usize| {
        let pushed = queue.push(Q::item(payload as u64));
        assert!(pushed.is_ok(), "there is room for all");
    };
    (0..before).for_each(push);
    let (mut payloads, mut aborts, mut found) = (Vec::new(), false, Vec::new());
    let (is_frozen, ()) = while_frozen(&*queue, Q::item(FROZEN), instruction, || {
        (before..before + behind).for_each(push);
        let limit = match pops {
            Pops::None => 0,
            Pops::UntilNone => usize::MAX,
            Pops::ThenAborts(items) => items,
        };
        while payloads.len() < limit {
            match consumer.pop() {
                Pop::Item(item) => payloads.push(Q::payload(&item)),
                other => {
                    aborts = other.is_stalled();
                    break;
                }
            }
        }
        if let Pops::ThenAborts(_) = pops {
            found.extend((0..IN_A_ROW).map(|_| effects_of_abort::<Q>(&mut consumer)));
        }
    });
    let early = payloads.len();
    push(before + behind); // a later operation
    loop {
        solo.pops += 1;
        match consumer.pop() {
            Pop::Item(item) => payloads.push(Q::payload(&item)),
            other => {
                solo.aborts += usize::from(other.is_stalled());
                break;
            }
        }
    }
    Run {
        is_frozen,
        payloads,
        early,
        aborts,
        effects: found,
    }
}

fn effects_of_abort<Q: Contestant>(consumer: &mut Q::Consumer<'_>) -> Effects {
    let mut answer = Pop::Empty;
    // SAFETY: a pop that returns no item frees nothing, and pops write no vectors. The push that is
    // in flight is frozen, and no other thread runs.
    let effects = unsafe { effects(|| answer = consumer.pop()) };
    assert!(
        answer.is_stalled(),
        "a pop of {} aborts as it did in the run before",
        Q::NAME
    );
    effects
}
