//! What a push does to find out whether it must wake the consumer, counted.

pub(crate) mod asleep;
pub(crate) mod protocols;

use std::sync::mpsc::channel;
use std::thread;

use papers::instructions::Instructions;

use super::claims::{Claim, Named, Verdict, named};
use super::contestants::Job;
use super::report::{Chart, Line, Report};
use asleep::ThreadId;
use protocols::{Added, Called, Counted, Flagged, Protocol, Told};

pub(crate) const CLAIMS: &[Claim] = &[
    Claim {
        text: "In portable code, an eventcount costs a push a load and a branch while the consumer is \
            awake",
        by: "hypothesis",
        falsified: "a push with an eventcount executes a fence, or more read-modify-writes than a \
            push with a wake-up told by the exchange",
    },
    Claim {
        text: "With an eventcount, no push calls the kernel while the consumer is awake",
        by: "2010-vyukov-eventcount",
        falsified: "a push with an eventcount executes a system call then",
    },
    Claim {
        text: "A wake-up told by the exchange of the push (our queue) costs a push no further \
            read-modify-write, no fence and no system call while the consumer is awake",
        by: "hypothesis",
        falsified: "such a push executes a fence, a system call or more than one read-modify-write",
    },
    Claim {
        text: "A sleep with it costs no more than with a flag or an eventcount",
        by: "hypothesis",
        falsified: "one of these takes fewer read-modify-writes and fences, on both sides together",
    },
];

/// The instructions of one protocol.
struct Costs {
    name: &'static str,
    /// Of a push while the consumer is awake.
    awake: Instructions,
    /// Of a push while the consumer sleeps.
    asleep: Instructions,
    /// Of the consumer, from the pop that finds the queue empty to the item.
    sleep: Instructions,
}

pub(crate) fn run() -> Report {
    let all = [
        Costs::of::<Told>(),
        Costs::of::<Flagged>(),
        Costs::of::<Counted>(),
        Costs::of::<Added>(),
        Costs::of::<Called>(),
    ];
    Report {
        header: vec![
            "protocol",
            "operation",
            "xchg",
            "lock",
            "fence: lock or",
            "fence: mfence",
            "system calls",
            "instructions",
        ],
        rows: all.iter().flat_map(Costs::rows).collect(),
        chart: Chart {
            x: "pushes per sleep of the consumer",
            y: "read-modify-writes, fences and system calls per push, both sides",
            logarithmic: true,
            lines: all.iter().map(Costs::line).collect(),
        },
        attached: Vec::new(),
        findings: all.iter().map(Costs::finding).collect(),
        verdicts: verdicts(&all),
        caveat: "what a read-modify-write on a contended line, a fence or a system call costs in \
            time (`park-latency`). The flag and the eventcount are those of one consumer.",
    }
}

impl Named for Costs {
    fn name(&self) -> &str {
        self.name
    }
}

impl Costs {
    fn of<P: Protocol>() -> Self {
        let protocol = Box::new(P::default());
        let mut sleeper = protocol.base().sleeper();
        // Executes everything once, for what is done lazily.
        protocol.push(Job::boxed(0));
        drop(protocol.pop(&mut sleeper));
        let item = Job::boxed(0);
        let awake = Instructions::of(|| protocol.push(item));
        drop(protocol.pop(&mut sleeper));
        let protocol = &*protocol;
        let (asleep, sleep) = thread::scope(|scope| {
            let (send, receive) = channel();
            let consumer = scope.spawn(move || {
                // A counter per push has counted pushes that the consumer did not wait for.
                sleeper.forget_wake_ups();
                send.send(ThreadId::of_this_thread())
                    .expect("the other thread waits");
                let mut item = None;
                let sleep = Instructions::of(|| item = Some(protocol.pop(&mut sleeper)));
                assert!(item.is_some());
                sleep
            });
            let thread = receive.recv().expect("the consumer starts");
            while !protocol.base().futex.is_asleep() {
                thread::yield_now();
            }
            thread.wait_until_asleep();
            let item = Job::boxed(0);
            let asleep = Instructions::of(|| protocol.push(item));
            (asleep, consumer.join().expect("the consumer gets the item"))
        });
        Self {
            name: P::NAME,
            awake,
            asleep,
            sleep,
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let operations = [
            ("a push, the consumer is awake", self.awake),
            ("a push, the consumer sleeps", self.asleep),
            ("the consumer: Empty, sleep, item", self.sleep),
        ];
        let row = |(operation, of): (&str, Instructions)| {
            let figures = [
                of.exchanges,
                of.locked,
                of.locked_fences,
                of.mfences,
                of.system_calls,
                of.all,
            ];
            let figures = figures.map(|figure| figure.to_string());
            let names = [self.name, operation].map(String::from);
            names.into_iter().chain(figures).collect()
        };
        operations.into_iter().map(row).collect()
    }

    /// Returns the read-modify-writes and fences of a sleep on both sides.
    fn of_a_sleep(&self) -> usize {
        ordering(self.asleep) + ordering(self.sleep)
    }

    fn line(&self) -> Line {
        let all = |of: Instructions| (ordering(of) + of.system_calls) as f64;
        let points = (0..=6).map(|power| {
            let pushes = f64::from(1 << power);
            let sum = all(self.asleep) + all(self.sleep) + (pushes - 1.0) * all(self.awake);
            (pushes, sum / pushes)
        });
        Line {
            name: self.name.to_string(),
            points: points.collect(),
        }
    }

    fn finding(&self) -> String {
        let spelled = |of: Instructions| {
            format!(
                "{} read-modify-writes, {} fences, {} system calls, {} instructions",
                of.read_modify_writes(),
                of.fences(),
                of.system_calls,
                of.all
            )
        };
        format!(
            "{}: a push takes {} while the consumer is awake, and {} while it sleeps; the \
             consumer takes {} for the sleep.",
            self.name,
            spelled(self.awake),
            spelled(self.asleep),
            spelled(self.sleep)
        )
    }
}

/// Returns the number of instructions that order memory.
fn ordering(of: Instructions) -> usize {
    of.read_modify_writes() + of.fences()
}

/// Returns the verdicts on [`CLAIMS`].
fn verdicts(all: &[Costs]) -> Vec<Verdict> {
    let of = |name| named(all, name);
    let (told, counted) = (of(Told::NAME), of(Counted::NAME));
    let announced = of(Flagged::NAME).of_a_sleep().min(counted.of_a_sleep());
    vec![
        Verdict::of(
            counted.awake.fences() == 0
                && counted.awake.read_modify_writes() <= told.awake.read_modify_writes(),
            format!(
                "While the consumer is awake, a push with an eventcount executes {} \
                 read-modify-writes and {} fences, and one with a wake-up told by the exchange {} \
                 and {}. On x86 the exchange of the push is the fence already, but the language \
                 does not let a program rely on it.",
                counted.awake.read_modify_writes(),
                counted.awake.fences(),
                told.awake.read_modify_writes(),
                told.awake.fences()
            ),
        ),
        Verdict::of(
            counted.awake.system_calls == 0,
            format!(
                "It executes {} system calls, and {} while the consumer sleeps.",
                counted.awake.system_calls, counted.asleep.system_calls
            ),
        ),
        Verdict::of(
            ordering(told.awake) == 1 && told.awake.system_calls == 0,
            format!(
                "It executes {} read-modify-writes, {} fences and {} system calls then.",
                told.awake.read_modify_writes(),
                told.awake.fences(),
                told.awake.system_calls
            ),
        ),
        Verdict::of(
            told.of_a_sleep() <= announced,
            format!(
                "A sleep and its wake-up take {} read-modify-writes and fences; with the other \
                 protocols {}.",
                told.of_a_sleep(),
                others(all)
            ),
        ),
    ]
}

/// Returns what a sleep takes with each protocol but the first.
fn others(all: &[Costs]) -> String {
    let each = all[1..]
        .iter()
        .map(|costs| format!("{} ({})", costs.of_a_sleep(), costs.name));
    each.collect::<Vec<_>>().join(", ")
}
