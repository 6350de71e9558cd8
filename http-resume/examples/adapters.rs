//! Work on other crates' threads: rayon for computation, tokio for waiting.
//!
//! An adapter is one line, because a pending request can be moved into any closure or future,
//! which resumes it at the end.
//!
//! ```sh
//! cargo run -p http-resume --example adapters
//! curl http://127.0.0.1:8080/rayon/primes/100000
//! curl http://127.0.0.1:8080/tokio/wait/500
//! ```

mod serve;

use std::io;
use std::time::Duration;

use http_resume::{Outcome, Pending, Request, Response, Router, StatusCode};
use rayon::prelude::*;

/// The input and the result.
struct Job {
    number: u32,
    result: String,
}

fn handler<'r>(
    start: impl FnOnce(Pending<Job>),
    request: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    if let Some(done) = work {
        return response.text(done.result);
    }
    let number = request.param("number").and_then(|text| text.parse().ok());
    let Some(number) = number.filter(|number| *number <= 1_000_000) else {
        let response = response.status(StatusCode::BAD_REQUEST);
        return response.text("the last path segment must be a number up to a million");
    };
    let result = String::new();
    let (pending, receipt) = response.mark_async(Job { number, result });
    start(pending);
    receipt.suspended()
}

/// Computes on all cores.
fn count_primes(mut pending: Pending<Job>) {
    let job = pending.work_mut();
    let primes = (2..job.number).into_par_iter().filter(|n| is_prime(*n));
    job.result = format!("{} primes", primes.count());
    pending.resume();
}

fn is_prime(n: u32) -> bool {
    let mut divisors = (2..).take_while(|divisor| divisor * divisor <= n);
    divisors.all(|divisor| !n.is_multiple_of(divisor))
}

/// Waits without blocking a thread.
async fn wait(mut pending: Pending<Job>) {
    let job = pending.work_mut();
    tokio::time::sleep(Duration::from_millis(job.number.into())).await;
    job.result = format!("waited {} ms", job.number);
    pending.resume();
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let tokio = runtime.handle().clone();
    let router = Router::new()
        .get("/rayon/primes/{number}", |request, response, work| {
            let start = |pending| rayon::spawn(|| count_primes(pending));
            handler(start, request, response, work)
        })
        .get("/tokio/wait/{number}", move |request, response, work| {
            let start = |pending| drop(tokio.spawn(wait(pending)));
            handler(start, request, response, work)
        });
    serve::serve(
        router,
        &["curl URL/rayon/primes/100000", "curl URL/tokio/wait/500"],
    )
}
