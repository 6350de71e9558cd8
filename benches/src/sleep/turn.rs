//! One turn: a producer that keeps to a schedule, and a consumer that sleeps.

use std::hint::spin_loop;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::ClockId;

use super::{Calls, Load, Turn, histogram};
use crate::contestant::Payload;

/// A queue whose consumer sleeps when there is nothing to do.
pub(super) trait Sleeper<T>: 'static {
    /// The end that pushes.
    type Producer: Send + 'static;
    /// The end that sleeps.
    type Consumer;

    /// A new queue, with room for `capacity` items if it cannot grow. Called by the
    /// thread that receives.
    fn open(capacity: usize) -> (Self::Producer, Self::Consumer);

    /// Appends an item, and sees to it that the consumer is awake.
    fn push(producer: &mut Self::Producer, item: T);

    /// No item is due just now: appends what `push` has kept.
    fn flush(_: &mut Self::Producer) {}

    /// Takes the oldest item out, sleeping until there is one.
    fn recv(consumer: &mut Self::Consumer) -> T;

    /// How often the producer woke the consumer, or tried to; if that is known.
    fn wakes(_: &Self::Producer) -> Option<u64> {
        None
    }

    /// How often the consumer began to wait, if that is known.
    fn waits(_: &Self::Consumer) -> Option<u64> {
        None
    }
}

/// Sends `items` items through a new queue. Fails if they have not all arrived
/// `patience` after the last push: the consumer sleeps on, and is left to it.
pub(super) fn run<T: Payload, S: Sleeper<T>>(
    load: Load,
    items: u64,
    patience: Duration,
) -> Result<Turn, String> {
    let (ready, is_ready) = channel();
    let (done, is_done) = channel();
    // Not a scoped thread: one that sleeps for ever cannot be joined.
    thread::spawn(move || consume::<T, S>(load, items as usize, &ready, &done));
    let stock: Vec<T> = (0..items).map(T::new).collect();
    let mut producer = is_ready.recv().map_err(|_| "panicked")?;
    let (start, late) = produce::<T, S>(load, stock, &mut producer);
    let received = is_done
        .recv_timeout(patience)
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => format!(
                "the consumer still waits for some of {items} items {patience:?} after the last \
             push: it lost a wake-up"
            ),
            RecvTimeoutError::Disconnected => "panicked".into(),
        })?;
    let mut latency = histogram();
    if let Load::PerSecond(per_second) = load {
        for (number, arrival) in (0..).zip(&received.arrivals) {
            let due = start + due(number, per_second);
            record(&mut latency, due, *arrival);
        }
    }
    let calls = S::wakes(&producer).zip(received.waits);
    Ok(Turn {
        items,
        latency,
        late,
        elapsed: received.end - start,
        sleeps: received.sleeps,
        busy: received.busy,
        calls: calls.map(|(wakes, waits)| Calls { waits, wakes }),
    })
}

/// How long after the start the schedule wants an item pushed.
fn due(number: u64, per_second: u64) -> Duration {
    Duration::from_nanos(number * (1_000_000_000 / per_second))
}

fn record(histogram: &mut Histogram<u64>, due: Instant, at: Instant) {
    histogram.saturating_record(at.saturating_duration_since(due).as_nanos() as u64);
}

/// Pushes everything. When the schedule began, and how late the pushes did.
fn produce<T, S: Sleeper<T>>(
    load: Load,
    stock: Vec<T>,
    producer: &mut S::Producer,
) -> (Instant, Histogram<u64>) {
    let mut late = histogram();
    // Meanwhile the consumer falls asleep.
    let start = Instant::now() + Duration::from_millis(1);
    wait_until(start);
    for (number, item) in (0..).zip(stock) {
        if let Load::PerSecond(per_second) = load {
            let due = start + due(number, per_second);
            let mut now = Instant::now();
            if now < due {
                S::flush(producer);
                now = wait_until(due);
            }
            record(&mut late, due, now);
        }
        S::push(producer, item);
    }
    S::flush(producer);
    (start, late)
}

/// Spins: a producer that slept would be late by the timer's slack. When it was over.
fn wait_until(due: Instant) -> Instant {
    loop {
        let now = Instant::now();
        if now >= due {
            return now;
        }
        spin_loop();
    }
}

/// What the consumer's thread tells.
struct Received {
    /// Empty at saturation.
    arrivals: Vec<Instant>,
    end: Instant,
    sleeps: u64,
    busy: Duration,
    waits: Option<u64>,
}

fn consume<T: Payload, S: Sleeper<T>>(
    load: Load,
    items: usize,
    ready: &Sender<S::Producer>,
    done: &Sender<Received>,
) {
    let (producer, mut consumer) = S::open(items);
    // All memory has been touched before the clock starts, and what has arrived is
    // freed after it stops.
    let mut got: Vec<Option<T>> = (0..items).map(|_| None).collect();
    let mut arrivals = Vec::new();
    if load != Load::Saturation {
        arrivals.resize(items, Instant::now());
    }
    let (sleeps, busy) = (times_asleep(), processor_time());
    ready.send(producer).expect("the producer waits for it");
    for (number, got) in got.iter_mut().enumerate() {
        *got = Some(S::recv(&mut consumer));
        if let Some(arrival) = arrivals.get_mut(number) {
            *arrival = Instant::now();
        }
    }
    let end = Instant::now();
    let (sleeps, busy) = (times_asleep() - sleeps, processor_time() - busy);
    for (number, item) in (0..).zip(&got) {
        let value = item.as_ref().map(T::value);
        assert_eq!(value, Some(number), "not in order");
    }
    let waits = S::waits(&consumer);
    // Whoever lost patience does not listen any more.
    let _ = done.send(Received {
        arrivals,
        end,
        sleeps,
        busy,
        waits,
    });
}

/// How often this thread has given up its processor in order to wait.
fn times_asleep() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("Linux knows it");
    usage.voluntary_context_switches() as u64
}

fn processor_time() -> Duration {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock.now().expect("Linux has it").into()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;

    use super::*;

    /// A channel with a fault at its `AT`th item: it does what `FAULT` says.
    struct Faulty<const FAULT: char, const AT: u64>;

    impl<const FAULT: char, const AT: u64> Sleeper<u64> for Faulty<FAULT, AT> {
        type Producer = Sender<u64>;
        type Consumer = Receiver<u64>;

        fn open(_: usize) -> (Sender<u64>, Receiver<u64>) {
            channel()
        }

        fn push(sender: &mut Sender<u64>, item: u64) {
            match FAULT {
                // Nobody ever wakes the consumer for it.
                'f' if item == AT => return,
                's' if item == AT => thread::sleep(Duration::from_millis(20)),
                _ => {}
            }
            sender.send(item).unwrap();
        }

        fn recv(receiver: &mut Receiver<u64>) -> u64 {
            receiver.recv().unwrap()
        }
    }

    fn run_faulty<const FAULT: char, const AT: u64>(patience: Duration) -> Result<Turn, String> {
        run::<u64, Faulty<FAULT, AT>>(Load::PerSecond(1_000), 10, patience)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn all_items_are_counted() {
        let turn = run_faulty::<'-', 0>(LONG).unwrap_or_else(|what| panic!("{what}"));
        assert_eq!((turn.items, turn.latency.len()), (10, 10));
    }

    #[test]
    fn a_consumer_that_sleeps_on_is_told() {
        let turn = run_faulty::<'f', 9>(Duration::from_millis(100));
        let what = turn.err().expect("the last item did not come");
        assert!(what.contains("lost a wake-up"), "{what}");
    }

    #[test]
    fn items_that_had_to_wait_for_a_slow_push_are_late() {
        let turn = run_faulty::<'s', 0>(LONG).unwrap_or_else(|what| panic!("{what}"));
        // The last was due after 9 ms. One per cent is the histogram's.
        let least = turn.latency.min();
        assert!(least >= 10_800_000, "{least}");
    }
}
