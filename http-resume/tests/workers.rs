//! Failures of the demonstration's pool and timer: panics at any point, blocked workers,
//! abandoned requests, and the end.

mod support;

/// The code of the program, with this test's own work.
#[allow(dead_code, reason = "not all of it is used here")]
#[path = "../src/bin/http-resume"]
mod demo {
    #[path = "../../panic.rs"]
    pub(crate) mod panic;
    pub(crate) mod pool;
    pub(crate) mod sync;
    pub(crate) mod timer;
}

use std::cell::Cell;
use std::panic::panic_any;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use demo::pool::{Pool, Work};
use demo::timer::{Alarm, Timer};
use http_resume::{
    Config, Metric, Metrics, Outcome, Pending, Request, Response, Router, Wait, sync_handler,
};
use support::{Client, HANGS, Running, until};

const WORKERS: usize = 2;

/// Work of the pool.
enum Job {
    Hello,
    /// Reports that it has begun, and waits. The worker keeps the sender until it ends, or
    /// begins another such job.
    Block(Sender<()>, Receiver<()>),
    /// Panics at that point.
    Panic(Point),
    /// The result of work whose drop panics.
    Bomb(Bomb),
}

/// Every point on a worker at which user code can panic.
#[derive(Clone, Copy, Debug)]
enum Point {
    BeforeTheWork,
    WithAResult,
    WithTheResultInPlace,
    InTheDropOfOldWork,
    AfterTheDrop,
    AfterTheResume,
    WithAPayloadThatPanics,
    WithAChain,
    /// The drop of the work panics as well.
    ByADropThatPanics,
}

use Point::*;

/// The status that the client gets.
const POINTS: [(Point, u16); 9] = [
    (BeforeTheWork, 500),
    (WithAResult, 500),
    (WithTheResultInPlace, 500),
    (InTheDropOfOldWork, 500),
    (AfterTheDrop, 500),
    (AfterTheResume, 200),
    (WithAPayloadThatPanics, 500),
    (WithAChain, 500),
    (ByADropThatPanics, 500),
];

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // A panic while another one unwinds would abort the process.
        if !thread::panicking() {
            panic!("dropped");
        }
    }
}

thread_local! {
    /// The sender of the last [`Job::Block`] of this worker.
    static BEGUN: Cell<Option<Sender<()>>> = const { Cell::new(None) };
}

impl Work for Pending<Job> {
    fn run(mut self) {
        match self.work_mut() {
            Job::Hello | Job::Bomb(_) => self.resume(),
            Job::Block(begun, go_on) => {
                let _ = begun.send(()); // some tests do not wait for it
                BEGUN.set(Some(begun.clone()));
                let _ = go_on.recv(); // fails if the test has failed
                self.resume();
            }
            Job::Panic(point) => {
                let point = *point;
                panic_at(point, self);
            }
        }
    }
}

fn panic_at(point: Point, mut pending: Pending<Job>) -> ! {
    match point {
        BeforeTheWork => {}
        WithAResult => {
            let _result = Job::Hello;
            panic!("{point:?}");
        }
        WithTheResultInPlace => *pending.work_mut() = Job::Hello,
        InTheDropOfOldWork => {
            *pending.work_mut() = Job::Bomb(Bomb);
            pending.resume_with(Job::Hello);
        }
        AfterTheDrop => drop(pending),
        AfterTheResume => {
            *pending.work_mut() = Job::Hello;
            pending.resume();
        }
        WithAPayloadThatPanics => panic_any(Bomb),
        WithAChain => {
            let chain: mpsc_queue::Chain<_> = [pending].into_iter().collect();
            panic!("{point:?}: {chain:?}");
        }
        ByADropThatPanics => {
            *pending.work_mut() = Job::Bomb(Bomb);
            drop(pending); // the event loop drops the work
        }
    }
    panic!("{point:?}");
}

// --- Panics -----------------------------------------------------------------------

/// In the pool, which catches panics.
#[test]
fn worker_panic_is_contained_at_each_point() {
    let (server, jobs) = pool_server(Config::default());
    check_points(&server, &jobs, &POINTS);
    // All workers still run, because all of them can be blocked.
    let blocked = block_all(&server, &jobs);
    blocked.release();
    for mut client in blocked.clients {
        assert_eq!(client.answer().status, 200);
    }
    check_ends(&server.metrics, &POINTS);
}

/// On a thread per request, which the panic ends. Leaves out a payload that panics when the
/// thread's result is dropped, because the standard library aborts the process then.
#[test]
fn thread_panic_ends_request_at_each_point() {
    let (jobs, queue) = job_source();
    let router = Router::new().get("/job", move |_, response, work| {
        serve(&queue, response, work, |pending| {
            thread::spawn(|| pending.run());
        })
    });
    let server = Running::new(router);
    let mut points = POINTS.to_vec();
    points.retain(|(point, _)| !matches!(point, WithAPayloadThatPanics));
    check_points(&server, &jobs, &points);
    check_ends(&server.metrics, &points);
}

#[track_caller]
fn check_points(server: &Running, jobs: &Sender<Job>, points: &[(Point, u16)]) {
    let mut client = server.connect();
    for &(point, status) in points {
        for job in [Job::Panic(point), Job::Hello] {
            let expected = match job {
                Job::Hello => 200,
                _ => status,
            };
            jobs.send(job).unwrap();
            let answer = client.fetch("/job");
            assert_eq!(answer.status, expected, "{point:?}");
        }
    }
}

/// Asserts that each suspension has ended in exactly one way.
#[track_caller]
fn check_ends(metrics: &Metrics, points: &[(Point, u16)]) {
    let suspensions = metrics.total(Metric::Suspensions);
    let resumed = metrics.total(Metric::EndedResumed);
    let dropped = metrics.total(Metric::EndedDropped);
    assert_eq!(resumed + dropped, suspensions);
    assert_eq!(dropped, points.len() as u64 - 1);
    assert_eq!(metrics.total(Metric::Suspended), 0);
    assert_eq!(metrics.total(Metric::LateResumes), 0);
}

// --- Stuck ------------------------------------------------------------------------

/// Other routes are served, deadlines hold, and released workers continue.
#[test]
fn blocked_workers_do_not_block_server() {
    let (server, jobs) = pool_server(Config {
        suspend_timeout: Duration::from_millis(50),
        ..Config::default()
    });
    let mut blocked = block_all(&server, &jobs);
    jobs.send(Job::Hello).unwrap();
    let mut waiting = server.connect();
    waiting.get("/job"); // behind a blocked one
    assert_eq!(server.connect().fetch("/").body, "at once");

    for client in blocked.clients.iter_mut().chain([&mut waiting]) {
        assert_eq!(client.answer().status, 503);
        assert_eq!(client.fetch("/").body, "at once");
    }
    let all = blocked.clients.len() as u64 + 1;
    let metrics = &server.metrics;
    assert_eq!(metrics.total(Metric::EndedTimedOut), all);
    assert_eq!(metrics.total(Metric::LateResumes), 0);

    blocked.release();
    until(|| metrics.total(Metric::LateResumes) == all);
    assert_eq!(metrics.total(Metric::EndedTimedOut), all);
    // Retries, because the request may time out on a busy machine.
    until(|| {
        jobs.send(Job::Hello).unwrap();
        waiting.fetch("/job").status == 200
    });
}

// --- The timer --------------------------------------------------------------------

/// Clients request a late response and disconnect. The timer drops most of their requests.
#[test]
fn timer_drops_abandoned_requests() {
    const LEAVERS: u64 = 200;
    let server = sleeping_server();
    let metrics = &server.metrics;
    let ask = |wanted| {
        let mut client = server.connect();
        client.get("/");
        until(|| metrics.total(Metric::Suspensions) == wanted);
        client
    };
    for number in 1..=LEAVERS {
        ask(number).reset();
        until(|| metrics.total(Metric::EndedAbandoned) == number);
    }
    let staying = ask(LEAVERS + 1);
    // Few requests of the leavers remain.
    until(|| metrics.total(Metric::LateResumes) > LEAVERS / 2);
    until(|| metrics.total(Metric::Suspended) == 1);
    drop(staying);
}

// --- The end ----------------------------------------------------------------------

/// The end of a server drops its pool.
#[test]
fn dropped_pool_runs_submitted_requests_and_ends() {
    const BEHIND: usize = 2 * WORKERS;
    let (server, jobs) = pool_server(Config {
        shutdown_timeout: Duration::ZERO,
        ..Config::default()
    });
    let metrics = Arc::clone(&server.metrics);
    let mut blocked = block_all(&server, &jobs);
    let (begun, has_begun) = channel();
    for _ in 0..BEHIND {
        let (_, go_on_at_once) = channel();
        jobs.send(Job::Block(begun.clone(), go_on_at_once)).unwrap();
        let mut client = server.connect();
        client.get("/job");
        blocked.clients.push(client);
        until(|| metrics.total(Metric::Suspended) == blocked.clients.len() as u64);
    }
    drop(begun);
    server.stop();
    server.wait();
    assert!(has_begun.try_recv().is_err(), "all workers are blocked");

    blocked.release();
    for _ in 0..BEHIND {
        assert_eq!(has_begun.recv_timeout(HANGS), Ok(()));
    }
    let ended = has_begun.recv_timeout(HANGS);
    assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    let all = blocked.clients.len() as u64;
    assert_eq!(metrics.total(Metric::EndedShutDown), all);
    assert_eq!(metrics.total(Metric::LateResumes), all);
}

/// The worker sleeps or spins when the pool is dropped, or is about to.
#[test]
fn dropped_pool_ends_idle_worker() {
    for wait in [Wait::Park, Wait::ADAPTIVE, Wait::Spin] {
        let (server, jobs) = pool_server_with(Config::default(), wait);
        let (begun, has_begun) = channel();
        let (_, go_on_at_once) = channel();
        jobs.send(Job::Block(begun, go_on_at_once)).unwrap();
        assert_eq!(server.connect().fetch("/job").status, 200);
        assert_eq!(has_begun.recv_timeout(HANGS), Ok(()));
        server.stop();
        server.wait();
        let ended = has_begun.recv_timeout(HANGS);
        assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    }
}

/// The timer sleeps for an hour, unless the end of its server wakes it.
#[test]
fn dropped_timer_drops_sleeping_requests() {
    let server = sleeping_server();
    let metrics = Arc::clone(&server.metrics);
    let mut clients = [(); 3].map(|()| server.connect());
    clients.iter_mut().for_each(|client| client.get("/"));
    until(|| metrics.total(Metric::Suspended) == 3);
    server.stop();
    server.wait();
    until(|| metrics.total(Metric::LateResumes) == 3);
    assert_eq!(metrics.total(Metric::EndedShutDown), 3);
}

// --- What the tests are made of ---------------------------------------------------

/// The jobs of the next requests.
type Source = Mutex<Receiver<Job>>;

fn job_source() -> (Sender<Job>, Source) {
    let (sender, receiver) = channel();
    (sender, Mutex::new(receiver))
}

/// Starts a server whose requests sleep for an hour.
fn sleeping_server() -> Running {
    let timer = Timer::new().unwrap();
    let router = Router::new().get("/", move |_, response, work: Option<Alarm>| {
        assert!(work.is_none(), "an hour has not passed");
        let when = Instant::now() + Duration::from_secs(3600);
        let (pending, receipt) = response.mark_async(Alarm { when, millis: 0 });
        timer.submit(pending);
        receipt.suspended()
    });
    let config = Config {
        shutdown_timeout: Duration::ZERO,
        ..Config::default()
    };
    Running::with(config, router)
}

fn pool_server(config: Config) -> (Running, Sender<Job>) {
    pool_server_with(config, Wait::Park)
}

/// Starts a server with a pool whose workers wait by this strategy.
fn pool_server_with(config: Config, wait: Wait) -> (Running, Sender<Job>) {
    let pool = Arc::new(Pool::new(WORKERS, wait).unwrap());
    let (jobs, source) = job_source();
    let pool_of_loop = Arc::clone(&pool);
    let router = Router::new()
        .after_handlers(move || pool_of_loop.hand_over())
        .get(
            "/",
            sync_handler(|_: &Request<'_>, response| response.text("at once")),
        )
        .get("/job", move |_, response, work| {
            serve(&source, response, work, |pending| pool.submit(pending))
        });
    (Running::with(config, router), jobs)
}

fn serve<'r>(
    source: &Source,
    response: Response<'r, Job>,
    work: Option<Job>,
    submit: impl FnOnce(Pending<Job>),
) -> Outcome<'r> {
    if work.is_some() {
        return response.text("hello");
    }
    let job = source
        .lock()
        .unwrap()
        .try_recv()
        .expect("the test has sent a job");
    let (pending, receipt) = response.mark_async(job);
    submit(pending);
    receipt.suspended()
}

struct Blocked {
    clients: Vec<Client>,
    go_on: Vec<Sender<()>>,
}

/// Blocks every worker.
///
/// A job may be queued behind a blocked one if another worker is not idle yet. Then another job
/// is sent.
fn block_all(server: &Running, jobs: &Sender<Job>) -> Blocked {
    let (begun, has_begun) = channel();
    let (mut clients, mut all_go_on) = (Vec::new(), Vec::new());
    let mut busy = 0;
    while busy < WORKERS {
        let (go_on, may_go_on) = channel();
        jobs.send(Job::Block(begun.clone(), may_go_on)).unwrap();
        let mut client = server.connect();
        client.get("/job");
        clients.push(client);
        all_go_on.push(go_on);
        let patience = Duration::from_millis(200);
        busy += usize::from(has_begun.recv_timeout(patience).is_ok());
    }
    Blocked {
        clients,
        go_on: all_go_on,
    }
}

impl Blocked {
    fn release(&self) {
        for go_on in &self.go_on {
            let _ = go_on.send(());
        }
    }
}
