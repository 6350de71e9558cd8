//! The routes.

use std::io;
use std::time::{Duration, Instant};

use http::StatusCode;
use http_resume::{Outcome, Request, Response, Router, answer};

use super::pool::{Pool, Work};
use super::timer::{Alarm, Timer};

/// All routes, with the background that they need.
pub(crate) fn router(workers: usize) -> io::Result<Router> {
    let pool = std::sync::Arc::new(Pool::new(workers)?);
    let timer = Timer::new()?;
    let pool_of_stages = std::sync::Arc::clone(&pool);
    Ok(Router::new()
        .get("/", answer(|_, response| response.text("hello")))
        .get("/async", move |_, response, work| {
            hello(&pool, response, work)
        })
        .get("/sleep/{millis}", move |request, response, work| {
            sleep(&timer, request, response, work)
        })
        .get("/stages/{count}", move |request, response, work| {
            stages(&pool_of_stages, request, response, work)
        }))
}

/// What the pool does for these routes.
enum Job {
    /// As little as possible.
    Hello { text: &'static str },
    /// One stage of several.
    Stage { done: u32 },
}

impl Work for Job {
    fn run(&mut self) {
        match self {
            Self::Hello { text } => *text = "hello",
            Self::Stage { done } => *done += 1,
        }
    }
}

/// Suspended once, for the pool.
fn hello<'r>(pool: &Pool<Job>, response: Response<'r, Job>, work: Option<Job>) -> Outcome<'r> {
    match work {
        None => {
            let (pending, receipt) = response.mark_async(Job::Hello { text: "" });
            pool.submit(pending);
            receipt.suspended()
        }
        Some(Job::Hello { text }) => response.text(text),
        Some(Job::Stage { .. }) => unreachable!("the pool gives back what it was given"),
    }
}

/// Suspended until its time has come.
fn sleep<'r>(
    timer: &Timer,
    request: &Request<'_>,
    response: Response<'r, Alarm>,
    work: Option<Alarm>,
) -> Outcome<'r> {
    if let Some(alarm) = work {
        return response.text(format!("slept {}", alarm.millis));
    }
    let millis: Option<u64> = number(request, "millis");
    let when = millis.and_then(|millis| Instant::now().checked_add(Duration::from_millis(millis)));
    let (Some(millis), Some(when)) = (millis, when) else {
        return bad_number(response);
    };
    let (pending, receipt) = response.mark_async(Alarm { when, millis });
    timer.submit(pending);
    receipt.suspended()
}

/// Suspended as often as the path says.
fn stages<'r>(
    pool: &Pool<Job>,
    request: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    let Some(count) = number::<u32>(request, "count") else {
        return bad_number(response);
    };
    let done = match work {
        None => 0,
        Some(Job::Stage { done }) => done,
        Some(Job::Hello { .. }) => unreachable!("the pool gives back what it was given"),
    };
    if done == count {
        return response.text(count.to_string());
    }
    let (pending, receipt) = response.mark_async(Job::Stage { done });
    pool.submit(pending);
    receipt.suspended()
}

fn number<N: std::str::FromStr>(request: &Request<'_>, name: &str) -> Option<N> {
    request.param(name)?.parse().ok()
}

fn bad_number<W>(response: Response<'_, W>) -> Outcome<'_> {
    response
        .status(StatusCode::BAD_REQUEST)
        .text("the path must end with a number")
}
