//! Which items are delivered while one push is frozen.

use papers::Node;
use papers::clh::Clh;
use papers::jiffy::Jiffy;
use papers::ltqueue::LtQueue;
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;

use super::claims::{Claim, Verdict, named};
use super::contestants::{Contestant, Crossbeam, Intrusive, Locked, for_each};
use super::frozen::{Last, Observed, Sweep};
use super::report::{Chart, Report};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "A producer stopped between exchange and link stops the consumer",
        by: "2010-vyukov-mpsc",
        falsified: "all items are delivered wherever the push of `vyukov` is frozen",
    },
    Claim {
        text: "The consumer can be told instead of made to wait",
        by: "2012-desnoyers-lai-wfcqueue",
        falsified: "while a push of `wfcqueue`, or of our queue, is frozen, an operation does not \
            return, or a pop that delivers no item does not return `Stalled` although one is in the \
            queue",
    },
    Claim {
        text: "A stack that is taken as a whole has no gap",
        by: "hypothesis",
        falsified: "a frozen push of `treiber` delays an item of the other thread",
    },
    Claim {
        text: "A queue whose consumer looks at its predecessor's node, as the waiters of a CLH lock \
            do, needs no link, and so has no gap",
        by: "hypothesis",
        falsified: "a frozen push of `clh` delays an item of the other thread",
    },
    Claim {
        text: "Both operations are wait-free (here: no operation waits for a frozen push)",
        by: "2005-jayanti-petrovic-ltqueue",
        falsified: "a frozen push of `ltqueue` delays an item of the other thread",
    },
    Claim {
        text: "The consumer never waits for a late producer (here: our version, one push frozen into \
            an empty queue)",
        by: "2020-adas-friedman-jiffy",
        falsified: "a frozen push of `jiffy` delays an item of the other thread",
    },
];

/// The number of items that the other thread pushes.
const OTHERS: usize = 100;

pub(crate) fn run() -> Report {
    fn of<Q: Contestant>() -> Sweep {
        Sweep::of::<Q>(OTHERS)
    }
    let sweeps = for_each!(of(), and Crossbeam, and Locked);

    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "frozen there: all delivered",
            "some or none delivered",
            "a push or pop blocks",
            "least delivered of 100",
        ],
        rows: sweeps.iter().map(row).collect(),
        chart: Chart {
            x: "frozen before this instruction of the push",
            y: "delivered of 100 items of another thread",
            logarithmic: false,
            lines: sweeps.iter().map(|sweep| sweep.line(delivered)).collect(),
        },
        attached: Vec::new(),
        findings: sweeps.iter().map(finding).collect(),
        verdicts: verdicts(&sweeps),
        caveat: "how often a thread is stopped there without help: the time between the two \
            instructions in relation to the time between two pushes. The push is frozen in one place, \
            alone and into an empty queue: not while it retries, nor at the end of a block. The number \
            of instructions of a push to `SegQueue` or to the deque varies from run to run.",
    }
}

fn delivered(observed: Observed) -> usize {
    match observed {
        Observed::Delivered { items, .. } => items,
        Observed::Blocked => 0,
    }
}

/// Returns the number of instructions before which the frozen push delays an item.
fn gap(sweep: &Sweep) -> usize {
    sweep.count(|observed| delivered(observed) < OTHERS)
}

fn blocked(sweep: &Sweep) -> usize {
    sweep.count(|observed| observed == Observed::Blocked)
}

/// Returns the number of instructions at which the consumer is not told that an item is late.
fn untold(sweep: &Sweep) -> usize {
    sweep.count(|observed| match observed {
        Observed::Delivered { items, last } => items < OTHERS && last != Last::Stalled,
        Observed::Blocked => true,
    })
}

fn least(sweep: &Sweep) -> usize {
    sweep.observations().map(delivered).min().unwrap_or(OTHERS)
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(sweeps: &[Sweep]) -> Vec<Verdict> {
    let of = |name| named(sweeps, name);
    let delays = |sweep: &Sweep| {
        format!(
            "`{}` delays items at {} of the {} instructions of its push, and then delivers {} of \
             {OTHERS} at least.",
            sweep.name,
            gap(sweep),
            sweep.instructions(),
            least(sweep)
        )
    };
    let vyukov = of(Vyukov::<Node<u64>>::NAME);
    let (wfcqueue, ours) = (of(WfcQueue::<Node<u64>>::NAME), of(Intrusive::NAME));
    let without_gap = |sweep| Verdict::of(gap(sweep) == 0, delays(sweep));
    vec![
        Verdict::of(gap(vyukov) > 0, delays(vyukov)),
        Verdict::of(
            untold(wfcqueue) + untold(ours) == 0,
            format!(
                "The consumer is not told, or an operation does not return, at {} of the {} \
                 instructions at which `{}` delays items, and at {} of {} of `{}`.",
                untold(wfcqueue),
                gap(wfcqueue),
                wfcqueue.name,
                untold(ours),
                gap(ours),
                ours.name
            ),
        ),
        without_gap(of(Treiber::<Node<u64>>::NAME)),
        without_gap(of(Clh::<u64>::NAME)),
        without_gap(of(LtQueue::<u64>::NAME)),
        without_gap(of(Jiffy::<u64>::NAME)),
    ]
}

fn row(sweep: &Sweep) -> Vec<String> {
    let (gap, blocked) = (gap(sweep), blocked(sweep));
    vec![
        sweep.name.to_string(),
        sweep.instructions().to_string(),
        (sweep.instructions() - gap).to_string(),
        (gap - blocked).to_string(),
        blocked.to_string(),
        least(sweep).to_string(),
    ]
}

fn finding(sweep: &Sweep) -> String {
    let name = sweep.name;
    match (gap(sweep), blocked(sweep)) {
        (0, _) => format!("{name}: a frozen push delays no other item."),
        (gap, 0) => format!(
            "{name}: a push that is frozen before one of {gap} instructions delays later items \
             ({} of {OTHERS} delivered); no other operation blocks.",
            least(sweep)
        ),
        (gap, blocked) => format!(
            "{name}: a push that is frozen before one of {gap} instructions delays later items; \
             before {blocked} of these, another operation blocks."
        ),
    }
}
