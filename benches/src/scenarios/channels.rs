//! The scenarios of the channels' own benchmarks: senders, and a receive that blocks.

use std::marker::PhantomData;
use std::thread;
use std::time::Duration;

use crate::contestant::Contestant;
use crate::contestants::{
    Boxed, Channel, Crossbeam, Crossfire, Flume, Futures, Kanal, Linkable, Seg,
    SegmentsWithBackoff, Sharded, Std, Tokio,
};
use crate::floor;
use crate::payload::{Bytes32, Container, Payload};
use crate::scenario::{Cell, Group};
use crate::sleep::{Adapts, BlockOn, Blocking, Blocks, Flagged, Sleeper, Token, Waiting};
use papers::cores;
use papers::span::{Gate, Span, spans, start};

/// Returns a group for each scenario and kind of message.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let scenarios = [Senders::Receiver, Senders::Threads(1), Senders::Threads(4)];
    let groups = scenarios.into_iter().flat_map(|senders| {
        [
            List::<u64>::group(senders, left_out),
            List::<Bytes32>::group(senders, left_out),
            List::<Box<Boxed<Bytes32>>>::group(senders, left_out),
        ]
    });
    groups.collect()
}

/// The number of messages of an iteration.
const MESSAGES: u64 = 100_000;

/// The threads that send.
#[derive(Clone, Copy)]
enum Senders {
    /// The receiving thread, before it receives.
    Receiver,
    /// This number of other threads, while it receives.
    Threads(u64),
}

impl Senders {
    fn name(self) -> &'static str {
        match self {
            Self::Receiver => "channel/seq",
            Self::Threads(1) => "channel/spsc",
            Self::Threads(_) => "channel/mpsc",
        }
    }

    /// Returns the number of threads other than the receiver.
    fn count(self) -> u64 {
        match self {
            Self::Receiver => 0,
            Self::Threads(count) => count,
        }
    }

    fn oversubscribed(self) -> bool {
        self.count() as usize + 1 > cores::count()
    }

    fn question(self) -> String {
        let senders = match self {
            Self::Receiver => "One thread sends all messages, then receives them".to_owned(),
            Self::Threads(count) => {
                format!("Sending threads: {count}. Another thread receives at the same time")
            }
        };
        format!(
            "{senders}. Unbounded channels, whose receive blocks. The scenario and the messages of \
             one and of four words are those of kanal's benchmarks (rust-channel-benchmarks, which \
             descend from crossbeam-channel's), written anew. A boxed value is a message of four \
             words that the sender allocates and the receiver frees; mpsc-queue links its box, and \
             boxes the other messages. Differences: an iteration has {MESSAGES} messages in place \
             of a million, and channels and threads are created before the clock starts. The \
             threads do nothing but send and receive, so the scenario does not show what a program \
             that works in between would see."
        )
    }

    fn floors<T: Payload>(self) -> Vec<Cell> {
        match self {
            Self::Receiver => vec![Cell::floor(T::Container::FLOOR, move |messages| {
                let iterations = (0..messages / MESSAGES).map(|_| in_container::<T>());
                iterations.sum()
            })],
            Self::Threads(count) => vec![Cell::floor("swap", move |messages| {
                floor::swap_on(count as usize, messages)
            })],
        }
    }

    /// Sends all messages of an iteration through a new channel.
    fn iteration<T, S>(self) -> Duration
    where
        T: Payload,
        S: Sleeper<T, Producer: Clone>,
    {
        thread::scope(|scope| {
            let receiver = start(scope, move || {
                self.pin(0);
                let (sender, receiver) = S::channel(MESSAGES as usize);
                match self {
                    Self::Receiver => alone::<T, S>(sender, receiver),
                    Self::Threads(count) => self.with_threads::<T, S>(count, &sender, receiver),
                }
            });
            receiver.join().expect("the receiver does not panic")
        })
    }

    fn with_threads<T, S>(self, count: u64, sender: &S::Producer, receiver: S::Consumer) -> Duration
    where
        T: Payload,
        S: Sleeper<T, Producer: Clone>,
    {
        let mut receiver = receiver;
        let gate = Gate::of(count as usize + 1);
        thread::scope(|scope| {
            let senders: Vec<_> = (0..count)
                .map(|number| {
                    let mut sender = sender.clone();
                    let gate = &gate;
                    start(scope, move || {
                        self.pin(number + 1);
                        gate.pass();
                        Span::of(|| send::<T, S>(&mut sender, MESSAGES / count))
                    })
                })
                .collect();
            gate.pass();
            let received = Span::of(|| receive::<T, S>(&mut receiver, count));
            spans(senders).and(received).length()
        })
    }

    /// Pins the thread to its own core, unless there are more threads than cores.
    fn pin(self, number: u64) {
        if !self.oversubscribed() {
            cores::pin(number as usize);
        }
    }
}

/// Sends all messages, then receives them.
fn alone<T: Payload, S: Sleeper<T>>(
    mut sender: S::Producer,
    mut receiver: S::Consumer,
) -> Duration {
    let span = Span::of(|| {
        send::<T, S>(&mut sender, MESSAGES);
        receive::<T, S>(&mut receiver, 1);
    });
    span.length()
}

fn send<T: Payload, S: Sleeper<T>>(sender: &mut S::Producer, messages: u64) {
    (0..messages).for_each(|number| S::push(sender, T::new(number)));
    S::flush(sender);
}

/// Receives all messages of an iteration, and checks that each sender's have come.
fn receive<T: Payload, S: Sleeper<T>>(receiver: &mut S::Consumer, senders: u64) {
    let sum: u64 = (0..MESSAGES).map(|_| S::recv(receiver).value()).sum();
    let each = MESSAGES / senders;
    assert_eq!(
        sum,
        senders * (each * (each - 1) / 2),
        "each message comes once"
    );
}

/// The floor of a thread that sends to itself: a container that no other thread knows of.
fn in_container<T: Payload>() -> Duration {
    let mut container = T::Container::default();
    let span = Span::of(|| {
        (0..MESSAGES).for_each(|number| container.push(T::new(number)));
        let mut sum = 0;
        while let Some(item) = container.pop() {
            sum += item.value();
        }
        assert_eq!(
            sum,
            MESSAGES * (MESSAGES - 1) / 2,
            "each message comes once"
        );
    });
    span.length()
}

/// A builder of a group with messages `T`.
struct List<'a, T> {
    senders: Senders,
    left_out: &'a [String],
    cells: Vec<Cell>,
    messages: PhantomData<T>,
}

impl<'a, T: Linkable> List<'a, T> {
    fn group(senders: Senders, left_out: &'a [String]) -> Group {
        let list = Self {
            senders,
            left_out,
            cells: senders.floors::<T>(),
            messages: PhantomData,
        };
        let list = list
            .blocking::<Channel>()
            .blocking::<Sharded>()
            .of::<Channel, Waiting<Channel, Adapts>>(if T::IS_BOXED {
                "mpsc-queue, channel, boxing, adaptive"
            } else {
                "mpsc-queue, channel, adaptive"
            })
            .blocking::<Std>()
            .blocking::<Crossbeam>()
            .blocking::<Flume>()
            .blocking::<Kanal>()
            .blocking::<Crossfire>()
            .blocking::<Tokio>()
            .of::<Futures, BlockOn<Futures>>("futures unbounded")
            .of::<Seg, Flagged<Seg, Token>>("crossbeam SegQueue, flag + unpark")
            .of::<SegmentsWithBackoff, Flagged<SegmentsWithBackoff, Token>>(
                "papers: segmented, back-off, flag + unpark",
            )
            .of::<SegmentsWithBackoff, Flagged<SegmentsWithBackoff, Token, Adapts>>(
                "papers: segmented, back-off, flag + unpark, adaptive",
            );
        Group {
            scenario: senders.name().into(),
            payload: T::KIND,
            question: senders.question(),
            unit: MESSAGES,
            load: None,
            oversubscribed: senders.oversubscribed(),
            core: true,
            cells: list.cells,
        }
    }

    fn of<C, S>(mut self, name: &'static str) -> Self
    where
        C: Contestant<T>,
        S: Sleeper<T, Producer: Clone>,
    {
        if !self.left_out.iter().any(|failed| failed == C::NAME) {
            let senders = self.senders;
            let run = move |messages| {
                let iterations = (0..messages / MESSAGES).map(|_| senders.iteration::<T, S>());
                iterations.sum()
            };
            self.cells.push(Cell::new(name, C::ROLE, run));
        }
        self
    }

    fn blocking<C: Blocks<T>>(self) -> Self {
        self.of::<C, Blocking<C>>(C::NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_delivers() {
        for group in groups(&[]) {
            for cell in &group.cells {
                assert!(cell.nanos(MESSAGES) > 0.0, "{group}, {}", cell.name);
            }
        }
    }

    #[test]
    #[should_panic(expected = "each message comes once")]
    fn lost_message_fails() {
        let (mut sender, mut receiver) = <Std as Contestant<u64>>::channel(0);
        (1..MESSAGES).for_each(|number| Std::push(&mut sender, number));
        Std::push(&mut sender, 1); // twice, in place of 0
        receive::<u64, Blocking<Std>>(&mut receiver, 1);
    }

    #[test]
    fn contestant_that_is_left_out_has_no_cell() {
        let names = |left_out: &[String]| {
            let groups = groups(left_out);
            let cells = groups.iter().flat_map(|group| &group.cells);
            cells.map(|cell| cell.name).collect::<Vec<_>>()
        };
        assert!(names(&[]).contains(&"kanal"));
        assert!(!names(&["kanal".into()]).contains(&"kanal"));
    }
}
