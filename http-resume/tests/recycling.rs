//! Recycling of cells, messages and buffers: once warm, a request allocates nothing. A
//! program of its own, because of its allocator.

mod support;

/// The code of the program, with this test's own work.
#[allow(dead_code, unused_imports, reason = "not all of it is used here")]
#[path = "../src/bin/http-resume"]
mod demo {
    #[path = "../../panic.rs"]
    pub(crate) mod panic;
    pub(crate) mod pool;
    pub(crate) mod sync;
}

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use demo::pool::{Pool, Work};
use http_resume::{
    Config, Metric, Outcome, OwnedRequest, Pending, Request, Response, Router, Wait, async_handler,
    sync_handler,
};
use support::{Client, Running, until};

/// Counts what each thread allocates.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The size in bytes from which an allocation is large. In these tests, buffers are, and
/// the rest of what connections allocate is not.
const LARGE: usize = 8 * 1024;

thread_local! {
    /// All allocations of this thread, and the large ones.
    static COUNTS: [Cell<usize>; 2] = const { [const { Cell::new(0) }; 2] };
    /// How many more allocations this thread has made than it has freed.
    static LEFT: Cell<isize> = const { Cell::new(0) };
}

fn count(size: usize) {
    // A thread that ends may have no counters any more.
    let _ = COUNTS.try_with(|[all, large]| {
        all.update(|count| count + 1);
        large.update(|count| count + usize::from(size >= LARGE));
    });
}

fn count_left(change: isize) {
    let _ = LEFT.try_with(|left| left.update(|left| left + change));
}

// SAFETY: the system's allocator does it all. Counting neither allocates nor unwinds: the
// counters need no initialiser and no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        count_left(1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        count_left(1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_left(-1);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Work whose cell is a large allocation.
type Large = [u8; LARGE];

/// Pending responses, for the test to resume or to drop.
type Kept<W> = Arc<Mutex<Vec<Pending<W>>>>;

struct Server {
    running: Running,
    /// The event loop's counts, as of the last request for `/count`.
    counts: Arc<[AtomicUsize; 2]>,
    large: Kept<Large>,
    small: Kept<()>,
}

impl Server {
    fn start() -> Self {
        let counts = Arc::<[AtomicUsize; 2]>::default();
        let (large, small) = (Kept::default(), Kept::default());
        let (of_handler, large_kept, small_kept) =
            (Arc::clone(&counts), Arc::clone(&large), Arc::clone(&small));
        let router = Router::new()
            .get(
                "/count",
                sync_handler(move |_, response| {
                    COUNTS.with(|counts| {
                        for (shared, own) in of_handler.iter().zip(counts) {
                            shared.store(own.get(), Ordering::SeqCst);
                        }
                    });
                    response.send(b"".as_slice())
                }),
            )
            .get(
                "/at-once",
                sync_handler(|_, response| response.text("done")),
            )
            .get("/stages/{count}", stages)
            .post("/stages/{count}", stages)
            .get("/cancelled", cancelled)
            .get("/large", move |_, response, work| {
                keep(&large_kept, response, work, [0; LARGE])
            })
            .post("/small", move |_, response, work| {
                keep(&small_kept, response, work, ())
            });
        Self {
            running: Running::with(Config::default(), router),
            counts,
            large,
            small,
        }
    }

    /// Returns how many allocations the event loop has made for `requests`, after as many
    /// rounds of them as it takes for all buffers to have grown.
    fn allocations(&self, mut round: impl FnMut(&Self)) -> [usize; 2] {
        let mut client = self.running.connect();
        let mut now = || {
            assert_eq!(client.fetch("/count").status, 200);
            [0, 1].map(|index| self.counts[index].load(Ordering::SeqCst))
        };
        for _ in 0..3 {
            now();
            round(self);
        }
        let before = now();
        (0..10).for_each(|_| round(self));
        let after = now();
        [0, 1].map(|index| after[index] - before[index])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no handler panics")
}

/// Suspends as often as the path says. The event loop itself resumes, so every request
/// takes the same path.
fn stages<'r>(
    request: &Request<'_>,
    response: Response<'r, u32>,
    work: Option<u32>,
) -> Outcome<'r> {
    let count = request.param("count").and_then(|text| text.parse().ok());
    let done = work.unwrap_or(0);
    if Some(done) == count {
        return response.text("done");
    }
    let (pending, receipt) = response.mark_async(done + 1);
    pending.resume();
    receipt.suspended()
}

fn cancelled<'r>(_: &Request<'_>, response: Response<'r, u32>, _: Option<u32>) -> Outcome<'r> {
    let (pending, receipt) = response.mark_async(1);
    receipt.cancel_async(pending).0.text("done")
}

/// Suspends, for the test to resume.
fn keep<'r, W: Send + 'static>(
    kept: &Kept<W>,
    response: Response<'r, W>,
    work: Option<W>,
    new: W,
) -> Outcome<'r> {
    if work.is_some() {
        return response.send(b"".as_slice());
    }
    let (pending, receipt) = response.mark_async(new);
    lock(kept).push(pending);
    receipt.suspended()
}

#[test]
fn warm_request_allocates_nothing() {
    let server = Server::start();
    let mut client = server.running.connect();
    for (request, status) in [
        ("GET /at-once", 200),
        ("GET /nowhere", 404),
        ("GET /stages/1", 200),
        ("GET /stages/5", 200),
        ("POST /stages/1", 200),
        ("GET /cancelled", 200),
    ] {
        let request =
            format!("{request} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nA: b\r\n\r\nhi");
        let [all, _] = server.allocations(|_| {
            client.send(&request);
            assert_eq!(client.answer().status, status);
        });
        assert_eq!(all, 0, "{request}");
    }
}

/// As many cells are kept as were ever suspended at a time.
#[test]
fn cells_of_pipelined_requests_are_reused() {
    let server = Server::start();
    let mut client = server.running.connect();
    let [_, large] = server.allocations(|server| {
        for _ in 0..64 {
            client.get("/large");
        }
        until(|| lock(&server.large).len() == 64);
        lock(&server.large).drain(..).for_each(Pending::resume);
        for _ in 0..64 {
            assert_eq!(client.answer().status, 200);
        }
    });
    assert_eq!(large, 0);
}

/// The longest body for which a message keeps its buffer.
const LENGTH: usize = 16 * 1024;

fn begin_request(server: &Server, fields: &str) -> Client {
    let mut client = server.running.connect();
    client.send(&format!("POST /small HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    client
}

fn send_request(server: &Server) -> Client {
    let mut client = begin_request(server, &format!("Content-Length: {LENGTH}\r\n"));
    client.send(&"b".repeat(LENGTH));
    client
}

/// Each connection gets the message and the input buffer of the one before.
#[test]
fn answered_connection_leaves_its_message_and_buffer() {
    let server = Server::start();
    let [_, large] = server.allocations(|server| {
        let mut client = send_request(server);
        until(|| lock(&server.small).len() == 1);
        lock(&server.small).drain(..).for_each(Pending::resume);
        assert_eq!(client.answer().status, 200);
        client.reset();
    });
    assert_eq!(large, 0);
}

#[test]
fn reset_connection_leaves_its_message_and_buffer() {
    let server = Server::start();
    let metrics = &server.running.metrics;
    let [_, large] = server.allocations(|server| {
        let abandoned = metrics.total(Metric::EndedAbandoned);
        let client = send_request(server);
        until(|| lock(&server.small).len() == 1);
        client.reset();
        until(|| metrics.total(Metric::EndedAbandoned) > abandoned);
        lock(&server.small).clear();
    });
    assert_eq!(large, 0);
}

#[test]
fn refused_connection_leaves_its_message_and_buffer() {
    let server = Server::start();
    let [_, large] = server.allocations(|server| {
        let mut client = begin_request(server, "Transfer-Encoding: chunked\r\n");
        client.send(&format!("{LENGTH:x}\r\n{}\r\n", "b".repeat(LENGTH)));
        client.send("nonsense\r\n");
        assert_eq!(client.answer().status, 400);
        client.assert_closed(); // the server has discarded what it did not read
        client.reset();
    });
    assert_eq!(large, 0);
}

/// Polls again, as often as the path says, after a wake-up of its own.
async fn polled(request: OwnedRequest) -> &'static str {
    let mut left: u32 = request.param("count").unwrap().parse().unwrap();
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready("done");
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[test]
fn wake_ups_of_async_handlers_allocate_nothing() {
    let router = Router::new().get("/polled/{count}", async_handler(polled));
    let (running, count) = counting(router, || COUNTS.with(|[all, _]| all.get() as isize));
    let mut client = running.connect();
    let mut allocations = |path: &str| {
        for _ in 0..3 {
            client.fetch(path); // until the buffers have grown
        }
        let before = count(&mut client);
        assert_eq!(client.fetch(path).body, "done");
        count(&mut client) - before
    };
    let (few, many) = (allocations("/polled/1"), allocations("/polled/100"));
    assert!(few > 0, "the future is on the heap");
    // The path is longer, and copied.
    assert_eq!(few, many);
}

#[test]
fn panics_of_handlers_leave_nothing_behind() {
    let router = Router::new().get(
        "/panic",
        sync_handler(|request, _| panic!("{:?}, on purpose", request.path())),
    );
    let (running, count) = counting(router, || LEFT.get());
    assert_panics_leave_nothing(&running, count);
}

/// Work of a pool with one worker.
enum Job {
    Panic,
    /// What the worker's thread has allocated and not freed.
    Left(isize),
}

impl Work for Pending<Job> {
    fn run(mut self) {
        match self.work_mut() {
            Job::Panic => panic!("{:?}, on purpose", self.is_abandoned()),
            Job::Left(left) => *left = LEFT.get(),
        }
        self.resume();
    }
}

#[test]
fn panics_of_workers_leave_nothing_behind() {
    let pool = Arc::new(Pool::new(1, Wait::Park).unwrap());
    let pool_of_loop = Arc::clone(&pool);
    let router = Router::new()
        .after_handlers(move || pool_of_loop.hand_over())
        .get("/{job}", move |request, response, work| match work {
            Some(Job::Left(left)) => response.text(left.to_string()),
            Some(Job::Panic) => unreachable!("it is not resumed"),
            None => {
                let (pending, receipt) = response.mark_async(match request.path() {
                    "/panic" => Job::Panic,
                    _ => Job::Left(0),
                });
                pool.submit(pending);
                receipt.suspended()
            }
        });
    let read = |client: &mut Client| client.fetch("/left").body.parse().unwrap();
    assert_panics_leave_nothing(&Running::new(router), read);
}

/// Asserts that panics do not change a count of allocations.
#[track_caller]
fn assert_panics_leave_nothing(running: &Running, count: impl Fn(&mut Client) -> isize) {
    std::panic::set_hook(Box::new(|_| {}));
    let mut client = running.connect();
    let mut left = || {
        for _ in 0..10 {
            assert_eq!(client.fetch("/panic").status, 500);
        }
        count(&mut client)
    };
    left(); // until the buffers have grown
    assert_eq!(left(), left());
}

/// Starts a server with another route, which returns a figure of the event loop's thread.
fn counting(router: Router, figure: fn() -> isize) -> (Running, impl Fn(&mut Client) -> isize) {
    let router = router.get(
        "/figure",
        sync_handler(move |_, response| response.text(figure().to_string())),
    );
    let read = |client: &mut Client| client.fetch("/figure").body.parse().unwrap();
    (Running::new(router), read)
}
