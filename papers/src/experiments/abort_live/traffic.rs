//! Traffic from producers to a consumer that polls, and the times of the consumer's pops.

use std::hint::spin_loop;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use hdrhistogram::Histogram;
use mpsc_queue::Pop;
use papers::Consume;
use papers::cores;
use papers::work::Work;

use super::interruptions::Interruptions;
use crate::experiments::contestants::Contestant;
use crate::experiments::ticks;

/// The core of the consumer.
const CONSUMER: usize = 0;

/// Producers, each on a core, and their work between two pushes. The consumer is on core 0.
pub(super) struct Arrangement {
    pub(super) name: &'static str,
    pub(super) cores: &'static [usize],
    pub(super) work: Option<Work>,
    /// The time of one round.
    pub(super) round: Duration,
}

/// What the consumer has met, in all rounds. Times in which it was preempted are left out.
pub(super) struct Tally {
    pub(super) pops: u64,
    pub(super) items: u64,
    pub(super) aborts: u64,
    /// Stalls that have ended: aborts in a row are one.
    pub(super) stalls: u64,
    /// The pops and stalls in which the consumer was preempted.
    pub(super) interrupted: u64,
    /// The ticks of each pop.
    pub(super) pop_ticks: Histogram<u64>,
    /// The ticks of each pop that aborted.
    pub(super) abort_ticks: Histogram<u64>,
    /// The ticks from each first abort to the next other answer.
    pub(super) stall_ticks: Histogram<u64>,
    /// The longest pop of each round, in nanoseconds.
    pub(super) longest_pops: Vec<f64>,
}

/// A stall that has not ended yet.
struct Open {
    since: u64,
    is_interrupted: bool,
}

impl Tally {
    pub(super) fn new() -> Self {
        // Up to an hour, with two digits: a resolution of one percent.
        let most = ticks::of(Duration::from_secs(3600));
        let histogram = || Histogram::new_with_max(most, 2).expect("the bounds are valid");
        Self {
            pops: 0,
            items: 0,
            aborts: 0,
            stalls: 0,
            interrupted: 0,
            pop_ticks: histogram(),
            abort_ticks: histogram(),
            stall_ticks: histogram(),
            longest_pops: Vec::new(),
        }
    }

    /// Consumes for the time of a round.
    fn consume<C: Consume>(&mut self, consumer: &mut C, round: Duration) {
        let mut interruptions = Interruptions::new();
        let (mut stall, mut longest) = (None::<Open>, 0);
        let mut after = ticks::now();
        let end = after + ticks::of(round);
        while after < end {
            let before = ticks::now();
            let mut is_interrupted = interruptions.are_within(before - after);
            let answer = consumer.pop();
            after = ticks::now();
            let pop = after - before;
            let is_pop_interrupted = interruptions.are_within(pop);
            is_interrupted |= is_pop_interrupted;
            self.pops += 1;
            if let Some(stall) = &mut stall {
                stall.is_interrupted |= is_interrupted;
            }
            let counted = &mut self.interrupted;
            record(&mut self.pop_ticks, pop, is_pop_interrupted, counted);
            if !is_pop_interrupted {
                longest = longest.max(pop);
            }
            if answer.is_stalled() {
                self.aborts += 1;
                if !is_pop_interrupted {
                    self.abort_ticks.saturating_record(pop);
                }
                stall.get_or_insert(Open {
                    since: after,
                    is_interrupted: false,
                });
            } else {
                self.items += u64::from(matches!(answer, Pop::Item(_)));
                if let Some(Open {
                    since,
                    is_interrupted,
                }) = stall.take()
                {
                    self.stalls += 1;
                    record(
                        &mut self.stall_ticks,
                        after - since,
                        is_interrupted,
                        counted,
                    );
                }
            }
            if !matches!(answer, Pop::Item(_)) {
                spin_loop();
            }
        }
        self.longest_pops.push(ticks::to_nanoseconds(longest));
    }
}

/// Records a time, or only counts it if it was interrupted.
#[inline]
fn record(times: &mut Histogram<u64>, ticks: u64, is_interrupted: bool, interrupted: &mut u64) {
    if is_interrupted {
        *interrupted += 1;
    } else {
        times.saturating_record(ticks);
    }
}

impl Arrangement {
    /// Runs a round, and adds what the consumer met to the tally.
    pub(super) fn round<Q: Contestant>(&self, tally: &mut Tally) {
        // Before other threads run.
        ticks::of(self.round);
        let chains: Vec<_> = (self.cores.iter().zip(1..))
            .map(|(_, seed)| self.work.map(|work| work.chain(seed)))
            .collect();
        let queue = Box::new(Q::with_room(0));
        let (queue, ends) = (&*queue, &AtomicBool::new(false));
        let start = &Barrier::new(self.cores.len() + 1);
        thread::scope(|scope| {
            for (&core, mut chain) in self.cores.iter().zip(chains) {
                scope.spawn(move || {
                    cores::pin(core);
                    start.wait();
                    // Relaxed: nothing depends on when a producer ends.
                    while !ends.load(Ordering::Relaxed) {
                        let _ = queue.push(Q::item(0));
                        if let Some(chain) = &mut chain {
                            chain.work();
                        }
                    }
                });
            }
            scope.spawn(move || {
                cores::pin(CONSUMER);
                let mut consumer = queue.consumer().expect("a new queue has no consumer");
                start.wait();
                tally.consume(&mut consumer, self.round);
                ends.store(true, Ordering::Relaxed);
            });
        });
    }
}
