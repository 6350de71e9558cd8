//! A suspended request's way from the event loop to a worker and back, without HTTP.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use mpsc_queue::{ForwardLinked, UniqueHandle, Wait, Waiter, WakingQueue, channel};
use nix::time::{ClockId, clock_gettime};
use tokio::sync::oneshot;

use crate::contestant::{Contestant, Role};
use crate::contestants::{Crossbeam, Named, Odin, Seg};
use crate::eventfd::{Event, Notify};
use crate::payload::{Item, Payload};
use crate::scenario::{Cell, Group};
use crate::sleep::{ADAPTIVE, Adapts, EachPush, Flagged, Parks, SPINNING, Sleeper, Spins};
use papers::cores;

/// Returns a group for each clock and number of suspended requests.
pub(super) fn groups(left_out: &[String]) -> Vec<Group> {
    let clocks = [Clock::Wall, Clock::Cpu].into_iter();
    let groups =
        clocks.flat_map(|clock| [1, 64].map(|suspended| group(suspended, clock, left_out)));
    groups.collect()
}

/// The clock that measures round trips.
#[derive(Clone, Copy)]
enum Clock {
    /// Elapsed time.
    Wall,
    /// CPU time: of two ways that are equally fast, one may sleep more.
    Cpu,
}

/// Creates the group with this number of suspended requests at any time.
fn group(suspended: u64, clock: Clock, left_out: &[String]) -> Group {
    let name = match clock {
        Clock::Wall => "resume",
        Clock::Cpu => "resume-cpu",
    };
    let mut ways = ways();
    ways.retain(|way| !left_out.iter().any(|failed| Some(&**failed) == way.queue));
    let cells = ways.into_iter().map(|way| way.cell(suspended, clock));
    Group {
        scenario: format!("{name}/{suspended}"),
        payload: "",
        question: question(suspended, clock),
        unit: 10 * suspended.max(64),
        load: None,
        oversubscribed: cores::count() < 2,
        core: true,
        cells: cells.collect(),
    }
}

fn question(suspended: u64, clock: Clock) -> String {
    let measured = match clock {
        Clock::Wall => "Round trips",
        Clock::Cpu => "CPU time of both threads for round trips",
    };
    format!(
        "{measured} from an event loop to a worker and back to the event loop, which sleeps when \
         idle; each has a core. Requests in flight: {suspended}. Requests reach the worker by \
         std::sync::mpsc, which spins for a few microseconds before it sleeps. Only in \
         `{BOTH_WAYS}` does the worker receive from mpsc-queue, and wait adaptively too. \
         `adaptive` loops spin for up to 30 µs, by the same code with each queue, and `spinning` \
         ones never sleep. Spinning pays here because a core is free: the scenario does not show \
         what it takes from other threads."
    )
}

/// The name of the way whose worker receives from a queue of this workspace as well.
const BOTH_WAYS: &str = "mpsc-queue, adaptive both ways";

/// A way from the worker back to the event loop.
struct Way {
    name: &'static str,
    role: Role,
    /// The name of the queue in the self-check, if the way leads through one.
    queue: Option<&'static str>,
    run: Run,
}

/// Measures round trips. The arguments are the number of suspended requests and the number of
/// round trips.
type Run = fn(u64, u64) -> Duration;

/// Returns all ways. All but one pass requests to the worker by `std::sync::mpsc`.
fn ways() -> Vec<Way> {
    vec![
        Way::new("an eventfd each way", Role::Floor, None, eventfds),
        Way::ours("mpsc-queue", Role::Ours, |suspended, items| {
            through_ours(suspended, items, Wait::Park, std_worker())
        }),
        Way::ours(ADAPTIVE, Role::Ours, |suspended, items| {
            through_ours(suspended, items, Wait::ADAPTIVE, std_worker())
        }),
        Way::ours(SPINNING, Role::Ours, |suspended, items| {
            through_ours(suspended, items, Wait::Spin, std_worker())
        }),
        Way::ours(BOTH_WAYS, Role::OursOnly, |suspended, items| {
            through_ours(suspended, items, Wait::ADAPTIVE, our_worker())
        }),
        Way::other::<Odin, EachPush<Odin, Arc<Event>>>("Odin's queue, eventfd per push"),
        Way::other::<Crossbeam, EachPush<Crossbeam, Arc<Event>>>(
            "crossbeam-channel, eventfd per push",
        ),
        Way::other::<Seg, Flagged<Seg, Arc<Event>, Parks>>("crossbeam SegQueue, flag + eventfd"),
        Way::other::<Seg, Flagged<Seg, Arc<Event>, Adapts>>(
            "crossbeam SegQueue, flag + eventfd, adaptive",
        ),
        Way::other::<Seg, Flagged<Seg, Arc<Event>, Spins>>(
            "crossbeam SegQueue, flag + eventfd, spinning",
        ),
        Way::new("tokio oneshot, a task each", Role::Other, None, oneshots),
    ]
}

impl Way {
    fn new(name: &'static str, role: Role, queue: Option<&'static str>, run: Run) -> Self {
        Self {
            name,
            role,
            queue,
            run,
        }
    }

    fn ours(name: &'static str, role: Role, run: Run) -> Self {
        Self::new(name, role, Some(ForwardLinked::NAME), run)
    }

    /// Returns the way through the queue `C`, whose consumer sleeps as `S`.
    fn other<C: Contestant<Box<Item>>, S: Sleeper<Box<Item>>>(name: &'static str) -> Self {
        Self::new(name, C::ROLE, Some(C::NAME), through_other::<S>)
    }

    /// Creates the cell with this number of suspended requests.
    fn cell(self, suspended: u64, clock: Clock) -> Cell {
        Cell::new(self.name, self.role, move |items| {
            let before = cpu_time();
            let elapsed = thread::scope(|scope| {
                let event_loop = scope.spawn(|| {
                    cores::pin(1);
                    (self.run)(suspended, items)
                });
                event_loop.join().expect("the event loop does not panic")
            });
            match clock {
                Clock::Wall => elapsed,
                Clock::Cpu => cpu_time() - before,
            }
        })
    }
}

/// Returns the CPU time of this process.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .expect("Linux has this clock")
        .into()
}

/// Creates a channel of the standard library to the worker.
fn std_worker<T>() -> (impl Fn(T), mpsc::Receiver<T>) {
    let (work, works) = mpsc::channel();
    let send = move |item| work.send(item).expect("the worker exists");
    (send, works)
}

/// Creates a channel of this workspace to the worker, which waits adaptively.
fn our_worker<T: UniqueHandle + 'static>() -> (impl Fn(T), channel::IntoIter<T, ForwardLinked>) {
    let (work, mut works) = channel::with_form(ForwardLinked);
    works.set_wait(Wait::ADAPTIVE);
    let send = move |item| work.send(item).expect("the worker exists");
    (send, works.into_iter())
}

fn through_ours<W>(
    suspended: u64,
    items: u64,
    wait: Wait,
    worker: (impl Fn(Box<Item>), W),
) -> Duration
where
    W: IntoIterator<Item = Box<Item>> + Send + 'static,
{
    let event = Arc::new(Event::new());
    let (queue, mut resumed) = WakingQueue::with_waker(Notify(Arc::clone(&event))).share();
    let mut waiter = Waiter::new(wait);
    let start = Instant::now();
    let looked_at = Arc::clone(&queue);
    let resume = move |item| queue.push(item).expect("the queue is never closed");
    round_trips(suspended, items, worker, resume, |found| {
        found.extend(resumed.drain(usize::MAX));
        if !found.is_empty() || waiter.spin(|| start.elapsed(), || !looked_at.is_empty()) {
            return;
        }
        if let Some(_parked) = resumed.park() {
            event.wait();
        }
        waiter.slept(|| start.elapsed());
    })
}

fn through_other<S: Sleeper<Box<Item>>>(suspended: u64, items: u64) -> Duration {
    let (mut producer, mut consumer) = S::channel(suspended as usize);
    let resume = move |item| S::push(&mut producer, item);
    round_trips(suspended, items, std_worker(), resume, |found| {
        found.push(S::recv(&mut consumer));
    })
}

/// Sends items to a worker, which passes them to `resume`, and again after `poll` has
/// returned them to the event loop.
fn round_trips<T: Payload, W>(
    suspended: u64,
    items: u64,
    (send, works): (impl Fn(T), W),
    mut resume: impl FnMut(T) + Send + 'static,
    mut poll: impl FnMut(&mut Vec<T>),
) -> Duration
where
    W: IntoIterator<Item = T> + Send + 'static,
{
    let worker = thread::spawn(move || {
        cores::pin(0);
        works.into_iter().for_each(&mut resume);
    });
    let stock: Vec<T> = (0..suspended).map(T::new).collect();
    let mut found = Vec::with_capacity(suspended as usize);
    let (mut sent, mut back) = (suspended, 0);
    let start = Instant::now();
    stock.into_iter().for_each(&send);
    while back < items {
        poll(&mut found);
        for item in found.drain(..) {
            back += 1;
            if sent < items {
                send(item);
                sent += 1;
            }
        }
    }
    let elapsed = start.elapsed();
    drop(send);
    worker.join().expect("the worker does not panic");
    elapsed
}

fn oneshots(suspended: u64, items: u64) -> Duration {
    let (work, works) = mpsc::channel::<oneshot::Sender<()>>();
    let worker = thread::spawn(move || {
        cores::pin(0);
        for resume in works {
            resume.send(()).expect("the request waits");
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .expect("the process has a free file descriptor");
    let elapsed = runtime.block_on(async {
        let start = Instant::now();
        let requests: Vec<_> = (0..suspended)
            .map(|_| {
                let work = work.clone();
                tokio::spawn(async move {
                    for _ in 0..items / suspended {
                        let (resume, resumed) = oneshot::channel();
                        work.send(resume).expect("the worker exists");
                        resumed.await.expect("the worker resumes");
                    }
                })
            })
            .collect();
        for request in requests {
            request.await.expect("the task does not panic");
        }
        start.elapsed()
    });
    drop(work);
    worker.join().expect("the worker does not panic");
    elapsed
}

fn eventfds(suspended: u64, items: u64) -> Duration {
    let trips = items / suspended;
    let (there, back) = (Event::new(), Event::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            cores::pin(0);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(left_out: &[&str]) -> Vec<Vec<&'static str>> {
        let left_out: Vec<_> = left_out.iter().copied().map(String::from).collect();
        let groups = groups(&left_out).into_iter();
        let names = |group: Group| group.cells.iter().map(|cell| cell.name).collect();
        groups.map(names).collect()
    }

    #[test]
    fn queue_that_failed_the_self_check_has_no_cell() {
        let all = names(&[]);
        let without = |prefix: &str| {
            let mut names = all.clone();
            names
                .iter_mut()
                .for_each(|names| names.retain(|name| !name.starts_with(prefix)));
            names
        };
        for queue in [
            "mpsc-queue",
            "Odin's queue",
            "crossbeam-channel",
            "crossbeam SegQueue",
        ] {
            assert_ne!(without(queue), all);
            assert_eq!(names(&[queue]), without(queue));
        }
        assert_eq!(names(&["another"]), all);
    }

    #[test]
    fn each_way_makes_round_trips() {
        for group in groups(&[]) {
            for cell in &group.cells {
                assert!(cell.nanos(group.unit) > 0.0, "{group}, {}", cell.name);
            }
        }
    }
}
