//! What `Stalled` is: an operation that aborts without effect, and only under overlap.

mod sweep;

use papers::Node;
use papers::clh::Clh;
use papers::io_uring::IoUring;
use papers::ring::Ring;
use papers::segmented::Segmented;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;

use mpsc_queue::{BackLinked, GapFree};

use super::claims::{Claim, Verdict, named};
use super::contestants::{Contestant, InForm, Intrusive};
use super::report::{Chart, Line, Report, progress};
use sweep::{IN_A_ROW, Sweep};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "An operation that aborts has no effect on the object",
        by: "2013-hadzilacos-toueg-abortable",
        falsified: "after pops that aborted, the items of a queue come out in another order, or \
            not all of them; or a pop that aborts again in a row changes a word of memory",
    },
    Claim {
        text: "Operations complete normally if executed solo, and may abort if executed \
            concurrently",
        by: "2013-hadzilacos-toueg-abortable",
        falsified: "a pop aborts while no push is in flight, or no pop aborts at all",
    },
    Claim {
        text: "Our queue aborts without a trace: also the first pop that aborts changes no word of memory",
        by: "hypothesis",
        falsified: "an aborted pop of a form of our queue leaves a word other than before",
    },
];

/// What shows for all executions of a small model, or for all executions, what this experiment
/// shows instruction by instruction.
const ELSEWHERE: &str = "For all executions of their size, the models \
    `pop_results::pop_without_push_in_flight_never_stalls` and \
    `batches::stalled_walk_keeps_its_place` of loom-tests show the same of our three forms; for \
    all executions under sequential consistency, the theorem `pop_item_spec` of its proof does. A pop \
    of our gap-free form cannot abort, by its type.";

pub(crate) fn run() -> Report {
    let sweeps = sweeps();
    Report {
        header: vec![
            "queue",
            "instructions of the push",
            "pushes frozen",
            "a pop aborts at",
            "writes of an aborted pop",
            "words that the 1st changes",
            "the 2nd",
            "the 3rd",
            "other answers afterwards",
            "pops without a push in flight",
            "of which abort",
        ],
        rows: sweeps.iter().map(row).collect(),
        chart: Chart {
            x: "number of the pop among those that abort in a row",
            y: "most words of memory that it changes",
            logarithmic: false,
            lines: sweeps.iter().map(line).collect(),
        },
        attached: Vec::new(),
        findings: findings(&sweeps),
        verdicts: verdicts(&sweeps),
        caveat: "how often pops abort, and for how long: see `abort-live`. A push is frozen before \
            each instruction, in four places: into an empty queue or behind an item, and with or \
            without a push behind it. Only one push is frozen at a time.",
    }
}

/// Examines each form of our queue, and the queues whose pop can return `Stalled`.
fn sweeps() -> Vec<Sweep> {
    let all = [
        Sweep::of::<Intrusive>,
        Sweep::of::<InForm<BackLinked>>,
        Sweep::of::<InForm<GapFree>>,
        Sweep::of::<Vyukov<Node<u64>>>,
        Sweep::of::<IoUring<Node<u64>>>,
        Sweep::of::<WfcQueue<Node<u64>>>,
        Sweep::of::<Clh<u64>>,
        Sweep::of::<Ring<u64>>,
        Sweep::of::<Segmented<u64>>,
    ];
    let bar = progress(all.len());
    let sweeps = all.map(|sweep| {
        bar.inc(1);
        sweep()
    });
    bar.finish_and_clear();
    sweeps.into()
}

fn row(sweep: &Sweep) -> Vec<String> {
    let figures = [
        sweep.instructions(),
        sweep.observations().count(),
        sweep.aborted().count(),
        sweep.most_writes(),
        sweep.most_changed(0),
        sweep.most_changed(1),
        sweep.most_changed(2),
        sweep.changed_answers(),
        sweep.solo.pops,
        sweep.solo.aborts,
    ];
    let figures = figures.map(|figure| figure.to_string());
    [sweep.name.to_string()]
        .into_iter()
        .chain(figures)
        .collect()
}

fn line(sweep: &Sweep) -> Line {
    let points = (0..IN_A_ROW).map(|number| {
        let changed = sweep.most_changed(number);
        ((number + 1) as f64, changed as f64)
    });
    Line {
        name: sweep.name.to_string(),
        points: points.collect(),
    }
}

fn findings(sweeps: &[Sweep]) -> Vec<String> {
    let mut findings: Vec<_> = sweeps.iter().map(finding).collect();
    findings.push(ELSEWHERE.to_string());
    findings
}

fn finding(sweep: &Sweep) -> String {
    let (name, aborted) = (sweep.name, sweep.aborted().count());
    if aborted == 0 {
        return format!("{name}: no pop aborts, wherever a push is frozen.");
    }
    let trace = match sweep.most_changed(0) {
        0 => "an aborted pop leaves all memory as it was".to_string(),
        words => format!(
            "the first aborted pop changes at most {words} words of the memory of the queue, on \
             which no later answer depends, and further ones at most {}",
            sweep.most_changed(1).max(sweep.most_changed(2))
        ),
    };
    format!(
        "{name}: pops abort at {aborted} of the {} instructions before which a push is frozen; \
         {trace}.",
        sweep.observations().count()
    )
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(sweeps: &[Sweep]) -> Vec<Verdict> {
    let sum = |figure: fn(&Sweep) -> usize| sweeps.iter().map(figure).sum::<usize>();
    let most = |figure: &dyn Fn(&Sweep) -> usize| sweeps.iter().map(figure).max().unwrap_or(0);
    let aborted = sum(|sweep| sweep.aborted().count());
    let frozen = sum(|sweep| sweep.observations().count());
    let answers = sum(Sweep::changed_answers);
    let again = most(&|sweep| sweep.most_changed(1).max(sweep.most_changed(2)));
    let (solo_pops, solo_aborts) = (sum(|sweep| sweep.solo.pops), sum(|sweep| sweep.solo.aborts));
    let [forward, back] =
        [Intrusive::NAME, <InForm<BackLinked>>::NAME].map(|name| named(sweeps, name));
    vec![
        Verdict::of(
            answers + again == 0,
            format!(
                "Pops abort at {aborted} of {frozen} instructions of the frozen pushes of {} \
                 queues. Later operations answer otherwise at {answers} of them. Aborts that are \
                 repeated change {again} words at most.",
                sweeps.len()
            ),
        )
        .if_shown(aborted > 0),
        Verdict::of(
            aborted > 0 && solo_aborts == 0,
            format!(
                "{solo_aborts} of {solo_pops} pops abort while no push is in flight, and pops \
                 abort at {aborted} of the {frozen} instructions of a push in flight."
            ),
        ),
        Verdict::of(
            forward.most_changed(0) + back.most_changed(0) == 0,
            format!(
                "An aborted pop of `{}` writes up to {} times, and leaves at most {} words other \
                 than before. The first one of `{}` leaves up to {}.",
                forward.name,
                forward.most_writes(),
                forward.most_changed(0),
                back.name,
                back.most_changed(0)
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The models and the theorem that the findings name.
    #[test]
    fn evidence_elsewhere_exists() {
        let sources = [
            (
                "pop_results",
                include_str!("../../../../loom-tests/tests/pop_results.rs"),
            ),
            (
                "batches",
                include_str!("../../../../loom-tests/tests/batches.rs"),
            ),
        ];
        for (file, source) in sources {
            let (_, rest) = ELSEWHERE.split_once(&format!("`{file}::")).unwrap();
            let (model, _) = rest.split_once('`').unwrap();
            assert!(source.contains(&format!("fn {model}")), "{file}::{model}");
        }
        let proof = include_str!("../../../../loom-tests/proof/clients/channel.v");
        assert!(ELSEWHERE.contains("`pop_item_spec`") && proof.contains("Lemma pop_item_spec"));
    }
}
