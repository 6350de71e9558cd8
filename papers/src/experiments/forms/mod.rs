//! The three forms of our queue and their relatives: lines moved in the model, and time measured.

use std::sync::Mutex;
use std::thread;

use mpsc_queue::{BackLinked, GapFree, Queue};
use papers::accesses::Recorder;
use papers::io_uring::IoUring;
use papers::statistics::{Median, chance_of_correlation, rank_correlation};
use papers::transfers::stay_on_this_core;
use papers::treiber::Treiber;
use papers::vyukov::Vyukov;
use papers::wfcqueue::WfcQueue;

use super::objects::{Object, Objects};
use super::pushes::taken;
use super::report::{Attachment, Chart, Line, Report, progress};
use counted::{Counted, counted};
use form::Form;
use measured::{Contended, Nanos, Samples, measure};
use modelled::{Cases, modelled};
pub(crate) use verdicts::CLAIMS;
use verdicts::verdicts;

mod counted;
mod form;
mod measured;
mod modelled;
mod verdicts;

/// The functions that find a contestant's figures.
struct Contestant {
    name: &'static str,
    model: fn(&Mutex<Recorder>) -> Cases,
    count: fn() -> Counted,
    samples: fn() -> Samples,
}

impl Contestant {
    fn of<Q: Objects + 'static>() -> Self {
        Self {
            name: Q::NAME,
            model: modelled::<Q>,
            count: counted::<Q>,
            samples: Samples::of::<Q>,
        }
    }
}

pub(crate) fn run() -> Report {
    let all = figures(vec![
        Contestant::of::<Queue<Box<Object>>>(),
        Contestant::of::<Queue<Box<Object>, BackLinked>>(),
        Contestant::of::<Queue<Box<Object>, GapFree>>(),
        Contestant::of::<Vyukov<Object>>(),
        Contestant::of::<IoUring<Object>>(),
        Contestant::of::<WfcQueue<Object>>(),
        Contestant::of::<Treiber<Object>>(),
    ]);

    let chart = |consumer: usize| Chart {
        x: "producers",
        y: "modelled: lines moved per item, push and pop",
        logarithmic: true,
        lines: merged(all.iter().map(|form| form.line(consumer))),
    };
    let mut findings: Vec<_> = all.iter().map(Form::finding).collect();
    findings.extend(correlations(&all));
    findings.push(left_out(&all));
    Report {
        header: vec![
            "queue",
            "consumer",
            "lines moved, push + pop: 1 producer",
            "2",
            "4",
            "16",
            "64",
            "ns per item, 1 producer and the consumer",
            "ns per push, 2 producers",
            "the same with 42 ns of work, less the work",
        ],
        rows: all.iter().flat_map(Form::rows).collect(),
        chart: chart(1),
        attached: vec![Attachment::Chart {
            suffix: "keeps-up",
            chart: chart(0),
        }],
        verdicts: verdicts(&all),
        findings,
        caveat: "what the model leaves out: operations that overlap, hence compare-exchanges that \
            fail and stalled pops; store buffers, prefetchers, caches that cores share, and how \
            many transfers are under way at once. The first chart is of a consumer that is behind \
            by 64 items, the second of one that keeps up. The producer's write to its item before \
            the push, for which the line returns from the consumer, is not counted; the consumer's \
            reading of the item is. A read and a later write of one line can be two transfers. The \
            time with one producer is elapsed time, and that with two is time of each producer.",
    }
}

/// Merges lines that are the same, because the last one would hide the others.
fn merged(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    let mut merged: Vec<Line> = Vec::new();
    for line in lines {
        match merged.iter_mut().find(|other| other.points == line.points) {
            Some(other) => other.name = format!("{} = {}", other.name, line.name),
            None => merged.push(line),
        }
    }
    merged
}

/// Models and counts each contestant, and then measures all of them in turns.
fn figures(contestants: Vec<Contestant>) -> Vec<Form> {
    let bar = progress(contestants.len());
    // One recorder for all models, so that each instruction is copied once.
    let recorder = Mutex::default();
    let counts = |contestant: &Contestant| {
        bar.inc(1);
        ((contestant.model)(&recorder), (contestant.count)())
    };
    let counted: Vec<_> = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            stay_on_this_core();
            contestants.iter().map(counts).collect()
        });
        thread.join().expect("the model does not panic")
    });
    bar.finish_and_clear();
    let names: Vec<_> = contestants
        .iter()
        .map(|contestant| contestant.name)
        .collect();
    let samples: Vec<_> = contestants.iter().map(|it| (it.samples)()).collect();
    let figures = names.into_iter().zip(counted).zip(measure(&samples));
    let form = |((name, (cases, counted)), nanos)| Form {
        name,
        cases,
        counted,
        nanos,
    };
    figures.map(form).collect()
}

/// Describes how many samples of two producers are left out.
fn left_out(all: &[Form]) -> String {
    let pairs = || {
        all.iter()
            .flat_map(|form| [&form.nanos.two, &form.nanos.two_with_work])
    };
    let sum = |of: fn(&Contended) -> usize| pairs().map(of).sum::<usize>();
    taken(
        sum(|two| two.taken),
        sum(|two| two.nanos.len()),
        sum(|two| two.retakes),
    )
}

/// Describes how the model's order of the contestants agrees with that of the clock.
fn correlations(all: &[Form]) -> Vec<String> {
    type Lines = fn(&Form) -> f64;
    type Time = fn(&Nanos) -> &[f64];
    let settings: [(_, Lines, Time); 4] = [
        (
            "a push of 2 producers, with 42 ns of work",
            |form| form.cases[1][1].push,
            |nanos| &nanos.two_with_work.nanos,
        ),
        (
            "a push of 2 producers, without work",
            |form| form.cases[1][1].push,
            |nanos| &nanos.two.nanos,
        ),
        (
            "an item of 1 producer, if the consumer keeps up in the model",
            |form| form.cases[0][0].per_item(),
            |nanos| &nanos.one,
        ),
        (
            "an item of 1 producer, if the consumer is behind in the model",
            |form| form.cases[1][0].per_item(),
            |nanos| &nanos.one,
        ),
    ];
    let sentence = |(what, lines, time): (_, Lines, Time)| {
        format!(
            "Rank correlation of modelled lines and measured time, {what}: {}.",
            correlation(all, lines, time)
        )
    };
    let mut sentences: Vec<_> = settings.into_iter().map(sentence).collect();
    sentences.push(format!(
        "Each chance is that of {} contestants without any connection, with either sign. Four \
         correlations are stated, so that one with a chance of less than 0.05 / 4 says more than \
         nothing.",
        all.len()
    ));
    sentences
}

fn correlation(all: &[Form], lines: fn(&Form) -> f64, time: fn(&Nanos) -> &[f64]) -> String {
    if all.iter().any(|form| time(&form.nanos).is_empty()) {
        return "not known, because no pushes were contended".into();
    }
    let modelled: Vec<_> = all.iter().map(lines).collect();
    let medians = all.iter().map(|form| Median::of(time(&form.nanos)).value);
    let measured: Vec<_> = medians.collect();
    match rank_correlation(modelled.clone(), measured.clone()) {
        None => "undefined, because all are equal".into(),
        Some(correlation) => format!(
            "{correlation:.2} (by chance in {:.3} of the orders)",
            chance_of_correlation(modelled, measured)
        ),
    }
}
