//! A sample: a producer that keeps to a schedule, and a consumer that sleeps.

use std::hint::spin_loop;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nix::sys::resource::{UsageWho, getrusage};
use nix::time::ClockId;

use super::figures::{Calls, Sample, histogram};
use super::load::Load;
use crate::payload::Payload;

/// A queue whose consumer sleeps when the queue is empty.
pub(crate) trait Sleeper<T>: 'static {
    /// The producer's end.
    type Producer: Send + 'static;
    /// The consumer's end.
    type Consumer;

    /// Creates a queue for the calling thread to receive from. A bounded one must have
    /// room for `capacity` items.
    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer);

    /// Appends an item, and wakes the consumer if necessary.
    fn push(producer: &mut Self::Producer, item: T);

    /// Appends the items that `push` has kept. Called when no further item is due.
    fn flush(_: &mut Self::Producer) {}

    /// Removes the oldest item, sleeping until there is one.
    fn recv(consumer: &mut Self::Consumer) -> T;

    /// Returns how often the producer woke the consumer or attempted to, if known.
    fn wakes(_: &Self::Producer) -> Option<u64> {
        None
    }

    /// Returns how often the consumer began to wait, if known.
    fn waits(_: &Self::Consumer) -> Option<u64> {
        None
    }
}

/// Sends `items` items through a new queue. Fails if they have not all arrived within
/// `timeout` after the last push; the consumer's thread is then leaked.
pub(super) fn run<T: Payload, S: Sleeper<T>>(
    load: Load,
    items: u64,
    timeout: Duration,
) -> Result<Sample, String> {
    let (ready, is_ready) = channel();
    let (done, is_done) = channel();
    // Not a scoped thread, because a consumer that sleeps forever cannot be joined.
    thread::spawn(move || consume::<T, S>(load, items as usize, &ready, &done));
    let stock: Vec<T> = (0..items).map(T::new).collect();
    let mut producer = is_ready.recv().map_err(|_| "panicked")?;
    let (start, late) = produce::<T, S>(load, stock, &mut producer);
    let received = is_done.recv_timeout(timeout).map_err(|error| match error {
        RecvTimeoutError::Timeout => format!(
            "lost a wake-up: some of {items} items did not arrive within {timeout:?} after the \
             last push"
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
    Ok(Sample {
        items,
        latency,
        late,
        elapsed: received.end - start,
        sleeps: received.sleeps,
        busy: received.busy,
        calls: calls.map(|(wakes, waits)| Calls { waits, wakes }),
    })
}

/// Returns when an item is due, relative to the start of the schedule.
fn due(number: u64, per_second: u64) -> Duration {
    Duration::from_nanos(number * (1_000_000_000 / per_second))
}

fn record(histogram: &mut Histogram<u64>, due: Instant, at: Instant) {
    histogram.saturating_record(at.saturating_duration_since(due).as_nanos() as u64);
}

/// Pushes all items. Returns the start of the schedule, and how late the pushes began.
fn produce<T, S: Sleeper<T>>(
    load: Load,
    stock: Vec<T>,
    producer: &mut S::Producer,
) -> (Instant, Histogram<u64>) {
    let mut late = histogram();
    // Give the consumer time to fall asleep.
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

/// Spins until `due`, because a producer that slept would be late by the timer's slack.
/// Returns the time.
fn wait_until(due: Instant) -> Instant {
    loop {
        let now = Instant::now();
        if now >= due {
            return now;
        }
        spin_loop();
    }
}

/// The consumer's results.
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
    let (producer, mut consumer) = S::channel(items);
    // All memory is touched before the clock starts, and items are freed after it stops.
    let mut got: Vec<Option<T>> = (0..items).map(|_| None).collect();
    let mut arrivals = Vec::new();
    if load != Load::Saturation {
        arrivals.resize(items, Instant::now());
    }
    let (sleeps, busy) = (sleep_count(), cpu_time());
    ready.send(producer).expect("the producer's thread waits");
    for (number, got) in got.iter_mut().enumerate() {
        *got = Some(S::recv(&mut consumer));
        if let Some(arrival) = arrivals.get_mut(number) {
            *arrival = Instant::now();
        }
    }
    let end = Instant::now();
    let (sleeps, busy) = (sleep_count() - sleeps, cpu_time() - busy);
    for (number, item) in (0..).zip(&got) {
        let value = item.as_ref().map(T::value);
        assert_eq!(value, Some(number), "items out of order");
    }
    let waits = S::waits(&consumer);
    // The receiver is gone if the sample has timed out; ignore the error.
    let _ = done.send(Received {
        arrivals,
        end,
        sleeps,
        busy,
        waits,
    });
}

/// Returns the voluntary context switches of this thread: how often it slept.
fn sleep_count() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("Linux supports RUSAGE_THREAD");
    usage.voluntary_context_switches() as u64
}

fn cpu_time() -> Duration {
    let clock = ClockId::CLOCK_THREAD_CPUTIME_ID;
    clock.now().expect("Linux has this clock").into()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;

    use super::*;

    /// A channel that forgets (`f`) its `AT`th item, or delays (`s`) its push.
    struct Faulty<const FAULT: char, const AT: u64>;

    impl<const FAULT: char, const AT: u64> Sleeper<u64> for Faulty<FAULT, AT> {
        type Producer = Sender<u64>;
        type Consumer = Receiver<u64>;

        fn channel(_: usize) -> (Sender<u64>, Receiver<u64>) {
            channel()
        }

        fn push(sender: &mut Sender<u64>, item: u64) {
            match FAULT {
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

    fn run_faulty<const FAULT: char, const AT: u64>(timeout: Duration) -> Result<Sample, String> {
        run::<u64, Faulty<FAULT, AT>>(Load::PerSecond(1_000), 10, timeout)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn sample_counts_all_items() {
        let sample = run_faulty::<'-', 0>(LONG).unwrap_or_else(|what| panic!("{what}"));
        assert_eq!((sample.items, sample.latency.len()), (10, 10));
    }

    #[test]
    fn lost_wakeup_fails() {
        let sample = run_faulty::<'f', 9>(Duration::from_millis(100));
        let what = sample.err().expect("the last item is lost");
        assert!(what.contains("lost a wake-up"), "{what}");
    }

    #[test]
    fn slow_push_delays_later_items() {
        let sample = run_faulty::<'s', 0>(LONG).unwrap_or_else(|what| panic!("{what}"));
        // The last item was due after 9 ms. The histogram's error is 1 %.
        let least = sample.latency.min();
        assert!(least >= 10_800_000, "{least}");
    }
}
