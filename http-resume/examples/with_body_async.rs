//! A request whose body is sent to another thread and back.
//!
//! `/thread` starts a thread per request, which is simple. `/pool` uses existing threads, which
//! scales better.
//!
//! ```sh
//! cargo run -p http-resume --example with_body_async
//! curl -d 'some text' http://127.0.0.1:8080/thread
//! curl -d 'some text' http://127.0.0.1:8080/pool
//! ```

mod pool;
mod serve;

use std::time::Duration;
use std::{io, mem, thread};

use http_resume::{Outcome, Pending, Request, Response, Router};

use pool::Pool;

struct Echo {
    /// A copy, because the request is borrowed for one call only.
    body: Vec<u8>,
    result: Vec<u8>,
}

/// Does the work, slowly.
fn echo(work: &mut Echo) {
    thread::sleep(Duration::from_millis(10));
    work.result = mem::take(&mut work.body);
}

/// The handler of both routes, which differ in `start`.
fn handler<'r>(
    start: impl FnOnce(Pending<Echo>),
    request: &Request<'_>,
    response: Response<'r, Echo>,
    work: Option<Echo>,
) -> Outcome<'r> {
    if let Some(done) = work {
        return response.send(done.result);
    }
    let (pending, receipt) = response.mark_async(Echo {
        body: request.body().to_vec(),
        result: Vec::new(),
    });
    start(pending);
    receipt.suspended()
}

fn on_a_thread(mut pending: Pending<Echo>) {
    let thread = thread::Builder::new();
    let started = thread.spawn(move || {
        echo(pending.work_mut());
        pending.resume();
    });
    drop(started); // if the spawn failed, it has dropped the pending request: 500
}

fn main() -> io::Result<()> {
    let pool = Pool::new(4, echo);
    let router = Router::new()
        .post("/thread", |request, response, work| {
            handler(on_a_thread, request, response, work)
        })
        .post("/pool", move |request, response, work| {
            handler(|pending| pool.submit(pending), request, response, work)
        });
    serve::serve(
        router,
        &[
            "curl -d 'some text' URL/thread",
            "curl -d 'some text' URL/pool",
        ],
    )
}
