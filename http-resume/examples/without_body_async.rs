//! A request that waits for another thread: the first call of the handler starts the work,
//! and the second call responds.
//!
//! `/thread` starts a thread per request, which is simple. `/pool` uses existing threads, which
//! scales better.
//!
//! ```sh
//! cargo run -p http-resume --example without_body_async
//! curl http://127.0.0.1:8080/thread
//! curl http://127.0.0.1:8080/pool
//! ```

mod pool;
mod serve;

use std::io;
use std::thread;
use std::time::Duration;

use http_resume::{Outcome, Pending, Response, Router, StatusCode};
use mpsc_queue::channel;

use pool::Pool;

/// The work.
#[derive(Default)]
struct Greeting {
    text: String,
}

/// Does the work, slowly.
fn greet(work: &mut Greeting) {
    thread::sleep(Duration::from_millis(10));
    work.text = "hello from background".into();
}

fn on_a_thread<'r>(response: Response<'r, Greeting>, work: Option<Greeting>) -> Outcome<'r> {
    if let Some(done) = work {
        return response.text(done.text);
    }
    let (pending, receipt) = response.mark_async(Greeting::default());
    // The thread receives the pending request only once it runs. If the closure owned the
    // request, a failed spawn would drop it: that is shorter, and responds with 500.
    let (sender, mut receiver) = channel::<Pending<Greeting>>();
    let started = thread::Builder::new().spawn(move || {
        if let Ok(mut pending) = receiver.recv() {
            greet(pending.work_mut());
            pending.resume();
        }
    });
    match started {
        Ok(_) => {
            let _ = sender.send(pending);
            receipt.suspended()
        }
        Err(_) => {
            let (response, _) = receipt.cancel_async(pending);
            let response = response.status(StatusCode::SERVICE_UNAVAILABLE);
            response.text("cannot start a thread")
        }
    }
}

fn on_the_pool<'r>(
    pool: &Pool<Greeting>,
    response: Response<'r, Greeting>,
    work: Option<Greeting>,
) -> Outcome<'r> {
    if let Some(done) = work {
        return response.text(done.text);
    }
    let (pending, receipt) = response.mark_async(Greeting::default());
    pool.submit(pending);
    receipt.suspended()
}

fn main() -> io::Result<()> {
    let pool = Pool::new(4, greet);
    let router = Router::new()
        .get("/thread", |_, response, work| on_a_thread(response, work))
        .get("/pool", move |_, response, work| {
            on_the_pool(&pool, response, work)
        });
    serve::serve(router, &["curl URL/thread", "curl URL/pool"])
}
