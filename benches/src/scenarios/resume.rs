//! The way of a suspended request, without HTTP: loop, worker, loop.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::{Receiver as OurReceiver, WakingQueue};
use nix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

use super::{Cell, Group};
use crate::contestant::{Contestant, Item, Payload, Role};
use crate::contestants::{Crossbeam, Odin};
use crate::eventfd::{Event, Notify};

/// What is measured of a round trip.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    /// How long it takes.
    Wall,
    /// What it costs: of two ways that are equally fast, one may have slept.
    Processor,
}

/// So many requests are suspended at any time. The way out is the same for all,
/// `std::sync::mpsc`: what differs is the way back.
pub(super) fn group(suspended: u64, clock: Clock) -> Group {
    let cell = |name, role, run: fn(u64, u64) -> Duration| Cell {
        name,
        role,
        run: Box::new(move |items| {
            let before = processor_time();
            let elapsed = run(suspended, items);
            match clock {
                Clock::Wall => elapsed,
                Clock::Processor => processor_time() - before,
            }
        }),
    };
    let (name, measured) = match clock {
        Clock::Wall => ("resume", "Round trips"),
        Clock::Processor => (
            "resume-cpu",
            "Processor time, of both threads, of round trips",
        ),
    };
    Group {
        scenario: format!("{name}/{suspended}"),
        family: "",
        question: format!(
            "{measured} from a loop to a worker and back to the loop, which sleeps if \
             there is nothing to do. Under way at a time: {suspended}."
        ),
        unit: 10 * suspended.max(64),
        oversubscribed: crate::cores::count() < 2,
        core: true,
        cells: vec![
            cell("an eventfd each way", Role::Floor, eventfds),
            cell("mpsc-queue", Role::Ours, through_ours),
            cell(
                "Odin's queue, eventfd per push",
                Role::Other,
                notifying::<Box<Item>, Odin>,
            ),
            cell(
                "crossbeam-channel, eventfd per push",
                Role::Other,
                notifying::<u64, Crossbeam>,
            ),
            cell("tokio oneshot, a task each", Role::Other, oneshots),
        ],
    }
}

/// What this process has used.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .expect("Linux has this clock")
        .into()
}

fn through_ours(suspended: u64, items: u64) -> Duration {
    let event = Arc::new(Event::new());
    let queue = Arc::new(WakingQueue::with_waker(Notify(Arc::clone(&event))));
    let mut resumed = OurReceiver::owned(Arc::clone(&queue)).expect("it is new");
    let resume = move |item| queue.push(item);
    round_trips(suspended, items, resume, |found: &mut Vec<Box<Item>>| {
        found.extend(resumed.drain(usize::MAX));
        if found.is_empty()
            && let Some(_parked) = resumed.park()
        {
            event.wait();
        }
    })
}

fn notifying<T: Payload, C: Contestant<T>>(suspended: u64, items: u64) -> Duration {
    let event = Arc::new(Event::new());
    let (mut producer, mut consumer) = C::open(suspended as usize);
    let notify = Notify(Arc::clone(&event));
    let resume = move |item| {
        C::push(&mut producer, item);
        notify.0.notify();
    };
    round_trips(suspended, items, resume, |found: &mut Vec<T>| {
        found.extend(std::iter::from_fn(|| C::pop(&mut consumer)));
        if found.is_empty() {
            event.wait();
        }
    })
}

/// Sends items to a worker, which gives them to `resume`, and again when `turn`
/// finds them back in the loop.
fn round_trips<T: Payload>(
    suspended: u64,
    items: u64,
    mut resume: impl FnMut(T) + Send + 'static,
    mut turn: impl FnMut(&mut Vec<T>),
) -> Duration {
    let (work, works): (Sender<T>, Receiver<T>) = channel();
    let worker = thread::spawn(move || works.into_iter().for_each(&mut resume));
    let stock: Vec<T> = (0..suspended).map(T::new).collect();
    let mut found = Vec::with_capacity(suspended as usize);
    let (mut sent, mut back) = (suspended, 0);
    let start = Instant::now();
    stock
        .into_iter()
        .for_each(|item| work.send(item).expect("the worker lives"));
    while back < items {
        turn(&mut found);
        for item in found.drain(..) {
            back += 1;
            if sent < items {
                work.send(item).expect("the worker lives");
                sent += 1;
            }
        }
    }
    let elapsed = start.elapsed();
    drop(work);
    worker.join().expect("it does not panic");
    elapsed
}

fn oneshots(suspended: u64, items: u64) -> Duration {
    let (work, works) = channel::<oneshot::Sender<()>>();
    let worker = thread::spawn(move || {
        for resume in works {
            resume.send(()).expect("the loop waits");
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("there are file descriptors left");
    let elapsed = runtime.block_on(async {
        let start = Instant::now();
        let requests: Vec<_> = (0..suspended)
            .map(|_| {
                let work = work.clone();
                tokio::spawn(async move {
                    for _ in 0..items / suspended {
                        let (resume, resumed) = oneshot::channel();
                        work.send(resume).expect("the worker lives");
                        resumed.await.expect("the worker resumes");
                    }
                })
            })
            .collect();
        for request in requests {
            request.await.expect("it does not panic");
        }
        start.elapsed()
    });
    drop(work);
    worker.join().expect("it does not panic");
    elapsed
}

fn eventfds(suspended: u64, items: u64) -> Duration {
    let trips = items / suspended;
    let (there, back) = (Event::new(), Event::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..trips {
                there.wait();
                back.notify();
            }
        });
        let start = Instant::now();
        for _ in 0..trips {
            there.notify();
            back.wait();
        }
        start.elapsed()
    })
}
