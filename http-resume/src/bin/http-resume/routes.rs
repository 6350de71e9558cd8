//! The routes of the demonstration.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use http_resume::http::header;
use http_resume::{
    HeaderValue, Outcome, OwnedRequest, Pending, Request, Response, Router, StatusCode, Wait,
    async_handler, sync_handler,
};
use mpsc_queue::channel::{Sender, channel};
use mpsc_queue::{Link, linked};

use super::pool::{Pool, Work};
use super::timer::{Alarm, Timer};

/// Returns all routes, after starting the threads that they need. `dropped_lines` returns how many
/// lines of the log were dropped.
pub(crate) fn router(
    workers: usize,
    worker_wait: Wait,
    dropped_lines: impl Fn() -> u64 + Send + Sync + 'static,
) -> io::Result<Router> {
    let pool = Arc::new(JobPool::new(workers, worker_wait)?);
    let timer = Timer::new()?;
    let pool_of_loops = Arc::clone(&pool);
    // A queue carries handles of one type, so what `async` functions ask has a pool of its own.
    let questions = Arc::new(QuestionPool::new(workers, worker_wait)?);
    let questions_of_loops = Arc::clone(&questions);
    Ok(Router::new()
        .state(questions)
        .after_handlers(move || pool_of_loops.hand_over())
        .after_handlers(move || questions_of_loops.hand_over())
        .get("/", sync_handler(|_, response| response.text("hello")))
        .post("/ping", ping)
        .get("/hello", hello)
        .post("/echo", on_pool(&pool, echo))
        .get("/async", on_pool(&pool, trivial))
        .get("/async-fn", async_handler(trivial_fn))
        .get("/sleep/{millis}", move |request, response, work| {
            sleep(&timer, request, response, work)
        })
        .get("/stages/{count}", on_pool(&pool, stages))
        .get("/drop", on_pool(&pool, dropped))
        .get("/panic/{place}", on_pool(&pool, panics))
        .get(
            "/metrics",
            sync_handler(move |request, response| metrics(dropped_lines(), request, response)),
        ))
}

/// A handler whose work is done by the pool.
type PoolHandler =
    for<'r> fn(&JobPool, &Request<'_>, Response<'r, Job>, Option<Job>) -> Outcome<'r>;

fn on_pool(
    pool: &Arc<JobPool>,
    handler: PoolHandler,
) -> impl for<'r> Fn(&Request<'_>, Response<'r, Job>, Option<Job>) -> Outcome<'r> + use<> {
    let pool = Arc::clone(pool);
    move |request, response, work| handler(&pool, request, response, work)
}

type JobPool = Pool<Pending<Job>>;

/// Work of the pool.
enum Job {
    /// Stores a constant.
    Hello { text: &'static str },
    /// Carries the body to the worker and back.
    Echo { body: Vec<u8> },
    /// Counts one stage of several.
    Stage { done: u32 },
    /// Drops the pending request.
    Drop,
    /// Panics.
    Panic,
}

const SAME_JOB: &str = "a resumed request carries the job it was suspended with";

impl Work for Pending<Job> {
    fn run(mut self) {
        match self.work_mut() {
            Job::Hello { text } => *text = "hello",
            Job::Echo { .. } => {}
            Job::Stage { done } => *done += 1,
            Job::Drop => return,
            Job::Panic => panic!("requested by the client"),
        }
        self.resume();
    }
}

fn submit<'r>(pool: &JobPool, response: Response<'r, Job>, job: Job) -> Outcome<'r> {
    let (pending, receipt) = response.mark_async(job);
    pool.submit(pending);
    receipt.suspended()
}

/// Suspends the request and resumes it on the event loop's thread, before returning.
fn ping<'r>(
    request: &Request<'_>,
    response: Response<'r, bool>,
    work: Option<bool>,
) -> Outcome<'r> {
    match work {
        None => {
            let (pending, receipt) = response.mark_async(request.body() == b"ping");
            pending.resume();
            receipt.suspended()
        }
        Some(true) => response.text("pong"),
        Some(false) => response
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .text("the body must be: ping"),
    }
}

/// Suspends the request while a new thread does the work.
fn hello<'r>(_: &Request<'_>, response: Response<'r, String>, work: Option<String>) -> Outcome<'r> {
    if let Some(text) = work {
        return response.text(text);
    }
    let (pending, receipt) = response.mark_async(String::new());
    // The request is sent to the thread once that exists: a failed spawn would have
    // dropped it with the closure.
    let (sender, mut receiver) = channel::<Pending<String>>();
    let started = thread::Builder::new().spawn(move || {
        if let Ok(pending) = receiver.recv() {
            pending.resume_with("hello from background".into());
        }
    });
    match started {
        Ok(_detached) => {
            let _ = sender.send(pending);
            receipt.suspended()
        }
        Err(error) => {
            tracing::warn!(%error, "cannot start a thread for a request");
            let (response, _) = receipt.cancel_async(pending);
            response
                .status(StatusCode::SERVICE_UNAVAILABLE)
                .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
                .text("cannot start a thread")
        }
    }
}

/// Suspends the request once, with its body as the work.
fn echo<'r>(
    pool: &JobPool,
    request: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    match work {
        None => {
            let body = request.body().to_owned();
            submit(pool, response, Job::Echo { body })
        }
        Some(Job::Echo { body }) => response
            .header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            )
            .send(body),
        Some(_) => unreachable!("{SAME_JOB}"),
    }
}

/// Suspends the request once, for trivial work.
fn trivial<'r>(
    pool: &JobPool,
    _: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    match work {
        None => submit(pool, response, Job::Hello { text: "" }),
        Some(Job::Hello { text }) => response.text(text),
        Some(_) => unreachable!("{SAME_JOB}"),
    }
}

type QuestionPool = Pool<Box<Question>>;

/// What an `async` function asks a worker, who returns it as the answer.
struct Question {
    link: Link,
    asker: Option<Sender<Box<Self>>>,
    text: &'static str,
}
linked!(Question => link: Link);

impl Work for Box<Question> {
    fn run(mut self) {
        self.text = "hello";
        if let Some(asker) = self.asker.take() {
            let _ = asker.send(self); // fails if the request has ended
        }
    }
}

/// Does the same as [`trivial`], as an `async` function.
async fn trivial_fn(request: OwnedRequest) -> Result<&'static str, StatusCode> {
    let pool: &Arc<QuestionPool> = request.state();
    let (asker, mut answers) = channel();
    pool.submit(Box::new(Question {
        link: Link::new(),
        asker: Some(asker),
        text: "",
    }));
    let answer = answers.recv_async().await;
    let answer = answer.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(answer.text)
}

/// Suspends the request for a number of milliseconds.
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

/// Suspends the request as many times as the path says.
fn stages<'r>(
    pool: &JobPool,
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
        Some(_) => unreachable!("{SAME_JOB}"),
    };
    if done == count {
        return response.text(count.to_string());
    }
    submit(pool, response, Job::Stage { done })
}

/// Suspends the request; the worker drops it.
fn dropped<'r>(
    pool: &JobPool,
    _: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    assert!(work.is_none(), "a dropped request is not resumed");
    submit(pool, response, Job::Drop)
}

/// Panics where user code runs: in either call of the handler, or in the worker.
fn panics<'r>(
    pool: &JobPool,
    request: &Request<'_>,
    response: Response<'r, Job>,
    work: Option<Job>,
) -> Outcome<'r> {
    match (request.param("place"), work) {
        (Some("handler"), _) => panic!("requested by the client"),
        (Some("resumed"), None) => submit(pool, response, Job::Hello { text: "" }),
        (Some("resumed"), Some(_)) => panic!("requested by the client, after a resume"),
        (Some("worker"), _) => submit(pool, response, Job::Panic),
        _ => response
            .status(StatusCode::NOT_FOUND)
            .text("expected one of: handler, resumed, worker"),
    }
}

/// Returns the metrics in the text format of Prometheus.
fn metrics<'r>(dropped_lines: u64, request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let name = "http_resume_dropped_log_lines_total";
    let text = format!(
        "{}# HELP {name} Lines of the log that were not written: too many waited, or it failed.\n\
         # TYPE {name} counter\n{name} {dropped_lines}\n",
        request.metrics()
    );
    response
        .header(header::CONTENT_TYPE, format)
        .send(text.into_bytes())
}

fn number<N: std::str::FromStr>(request: &Request<'_>, name: &str) -> Option<N> {
    request.param(name)?.parse().ok()
}

fn bad_number<W>(response: Response<'_, W>) -> Outcome<'_> {
    response
        .status(StatusCode::BAD_REQUEST)
        .text("the last path segment must be a number")
}

#[cfg(test)]
mod tests {
    use http_resume::testing::{Get, Kit, Post, Received, run};
    use http_resume::{Config, Metric};

    use super::*;

    fn with_routes(test: impl FnOnce(&mut Kit<'_>)) {
        let router = router(1, Wait::Park, || 7).expect("threads can be started");
        run(Config::default(), router, test);
    }

    /// Returns the response of a route that is suspended `times` times.
    fn after(kit: &mut Kit<'_>, request: Get<'_>, times: usize) -> Received {
        let client = kit.send(request);
        let mut calls = 0;
        while calls < times {
            assert!(kit.response(client).is_none(), "{request:?} is suspended");
            calls += kit.wait();
        }
        assert_eq!(calls, times, "{request:?}");
        kit.response(client).expect("it is answered")
    }

    #[test]
    fn routes_are_suspended_as_often_as_they_say() {
        with_routes(|kit| {
            for (path, times, status, text) in [
                ("/", 0, 200, "hello"),
                ("/hello", 1, 200, "hello from background"),
                ("/async", 1, 200, "hello"),
                ("/async-fn", 1, 200, "hello"),
                ("/sleep/0", 1, 200, "slept 0"),
                ("/sleep/x", 0, 400, "the last path segment must be a number"),
                ("/stages/0", 0, 200, "0"),
                ("/stages/5", 5, 200, "5"),
                ("/drop", 1, 500, "internal server error"),
                ("/panic/handler", 0, 500, "internal server error"),
                ("/panic/resumed", 1, 500, "internal server error"),
                ("/panic/worker", 1, 500, "internal server error"),
                ("/nowhere", 0, 404, "no route matches this path"),
            ] {
                let received = after(kit, Get(path), times);
                assert_eq!((received.status, received.text()), (status, text), "{path}");
            }
            assert_eq!(kit.metrics().total(Metric::Suspended), 0);
        });
    }

    #[test]
    fn ping_is_resumed_on_this_thread() {
        with_routes(|kit| {
            for (body, status) in [(&b"ping"[..], 200), (b"pong", 422)] {
                let client = kit.send(Post("/ping", body));
                assert!(kit.response(client).is_none());
                assert_eq!(kit.resume(), 1);
                assert_eq!(kit.response(client).unwrap().status, status);
            }
        });
    }

    #[test]
    fn echo_returns_the_body() {
        with_routes(|kit| {
            let client = kit.send(Post("/echo", b"the body"));
            kit.wait();
            assert_eq!(kit.response(client).unwrap().text(), "the body");
        });
    }

    #[test]
    fn sleeper_times_out() {
        with_routes(|kit| {
            let client = kit.send(Get("/sleep/3600000"));
            kit.advance(Config::default().suspend_timeout);
            assert_eq!(kit.response(client).unwrap().status, 503);
            assert_eq!(kit.metrics().total(Metric::EndedTimedOut), 1);
        });
    }

    #[test]
    fn metrics_have_the_lines_dropped() {
        with_routes(|kit| {
            let client = kit.send(Get("/metrics"));
            let received = kit.response(client).unwrap();
            assert!(received.text().ends_with("dropped_log_lines_total 7\n"));
        });
    }
}
