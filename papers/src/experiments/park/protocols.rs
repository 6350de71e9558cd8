//! Protocols by which a push wakes the consumer, over the same queue and the same futex.

use std::hint::spin_loop;

use mpsc_queue::Pop;
use papers::eventcount::EventCount;
use papers::fenced_flag::FencedFlag;
use papers::futex::Futex;

use crate::experiments::contestants::{Intrusive, Job};

/// A queue whose consumer sleeps while it is empty.
pub(crate) trait Protocol: Default + Send + Sync {
    const NAME: &'static str;

    /// Pushes an item, and wakes the consumer if the protocol says so.
    fn push(&self, item: Box<Job>);

    /// Pops an item. Sleeps while there is none.
    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job>;

    fn base(&self) -> &Base;
}

/// What all protocols share.
#[derive(Default)]
pub(crate) struct Base {
    queue: Intrusive,
    pub(crate) futex: Futex,
}

impl Base {
    /// Pushes without a look at what the push says about the consumer.
    #[inline]
    fn push(&self, item: Box<Job>) {
        let _ = self.queue.push(item);
    }

    pub(crate) fn sleeper(&self) -> Sleeper<'_> {
        Sleeper {
            consumer: self.queue.consumer().expect("there is no other consumer"),
            wake_ups: WakeUps {
                futex: &self.futex,
                counted: 0,
            },
        }
    }
}

/// The consumer of a queue, and its wake-ups.
pub(crate) struct Sleeper<'q> {
    consumer: mpsc_queue::Consumer<&'q Intrusive>,
    wake_ups: WakeUps<'q>,
}

/// The wake-ups that a consumer has counted.
struct WakeUps<'q> {
    futex: &'q Futex,
    counted: u64,
}

impl WakeUps<'_> {
    /// Sleeps until there are more wake-ups than those counted.
    fn sleep(&mut self) {
        self.counted += self.futex.wait_for_more(self.counted);
    }
}

impl Sleeper<'_> {
    /// Counts the wake-ups so far, for which the consumer did not wait.
    pub(crate) fn forget_wake_ups(&mut self) {
        self.wake_ups.counted = self.wake_ups.futex.wake_ups();
    }

    /// Pops an item if there is one.
    #[inline]
    fn look(&mut self) -> Option<Box<Job>> {
        loop {
            match self.consumer.pop() {
                Pop::Item(item) => return Some(item),
                Pop::Empty | Pop::Closed => return None,
                Pop::Stalled(_) => spin_loop(),
            }
        }
    }
}

/// The exchange of the push tells whether the consumer is parked.
#[derive(Default)]
pub(crate) struct Told(Base);

impl Protocol for Told {
    const NAME: &'static str = "told by the exchange";

    #[inline]
    fn push(&self, item: Box<Job>) {
        if self
            .0
            .queue
            .push(item)
            .is_ok_and(|wakeup| wakeup.is_needed())
        {
            self.0.futex.wake();
        }
    }

    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job> {
        loop {
            if let Some(item) = sleeper.look() {
                return item;
            }
            if let Some(parked) = sleeper.consumer.park() {
                sleeper.wake_ups.sleep();
                drop(parked);
            }
        }
    }

    fn base(&self) -> &Base {
        &self.0
    }
}

/// A flag that the consumer sets before it sleeps, with a fence on either side.
#[derive(Default)]
pub(crate) struct Flagged {
    base: Base,
    flag: FencedFlag,
}

impl Protocol for Flagged {
    const NAME: &'static str = "a flag and a fence";

    #[inline]
    fn push(&self, item: Box<Job>) {
        self.base.push(item);
        if self.flag.take() {
            self.base.futex.wake();
        }
    }

    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job> {
        loop {
            if let Some(item) = sleeper.look() {
                return item;
            }
            self.flag.set();
            if let Some(item) = sleeper.look() {
                // If a producer has taken the flag, the next sleep ends at once.
                self.flag.clear();
                return item;
            }
            sleeper.wake_ups.sleep();
        }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// An eventcount.
#[derive(Default)]
pub(crate) struct Counted {
    base: Base,
    events: EventCount,
}

impl Protocol for Counted {
    const NAME: &'static str = "an eventcount";

    #[inline]
    fn push(&self, item: Box<Job>) {
        self.base.push(item);
        if self.events.notify() {
            self.base.futex.wake();
        }
    }

    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job> {
        loop {
            if let Some(item) = sleeper.look() {
                return item;
            }
            let key = self.events.prepare();
            if let Some(item) = sleeper.look() {
                self.events.cancel(key);
                return item;
            }
            self.events.wait(key, || sleeper.wake_ups.sleep());
        }
    }

    fn base(&self) -> &Base {
        &self.base
    }
}

/// Every push adds to the word on which the consumer sleeps, and finds there whether it does.
#[derive(Default)]
pub(crate) struct Added(Base);

impl Protocol for Added {
    const NAME: &'static str = "a counter per push";

    #[inline]
    fn push(&self, item: Box<Job>) {
        self.0.push(item);
        self.0.futex.count();
    }

    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job> {
        pop_or_sleep(sleeper)
    }

    fn base(&self) -> &Base {
        &self.0
    }
}

/// Every push calls the kernel.
#[derive(Default)]
pub(crate) struct Called(Base);

impl Protocol for Called {
    const NAME: &'static str = "a wake-up per push";

    #[inline]
    fn push(&self, item: Box<Job>) {
        self.0.push(item);
        self.0.futex.wake();
    }

    fn pop(&self, sleeper: &mut Sleeper<'_>) -> Box<Job> {
        pop_or_sleep(sleeper)
    }

    fn base(&self) -> &Base {
        &self.0
    }
}

/// Sleeps while there is no item. No push is missed: its wake-up is counted after it, so that the
/// sleep ends at once if it came after the look.
fn pop_or_sleep(sleeper: &mut Sleeper<'_>) -> Box<Job> {
    loop {
        if let Some(item) = sleeper.look() {
            return item;
        }
        sleeper.wake_ups.sleep();
    }
}
