//! Handlers that are `async` functions: who wakes them, and what ends them.

mod support;

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use http_resume::{Config, Metric, OwnedRequest, Reply, Router, StatusCode, async_handler};
use mpsc_queue::{Link, linked};
use support::{HANGS, Running, patient, until};

/// Starts a server with this handler at `/`.
fn server<F, T>(config: Config, handler: F) -> Running
where
    F: Fn(OwnedRequest) -> T + Send + Sync + 'static,
    T: Future<Output: Into<Reply>> + Send + 'static,
{
    Running::with(config, Router::new().get("/", async_handler(handler)))
}

/// Reports in which thread it is dropped.
struct Guard(Sender<Option<String>>);

impl Drop for Guard {
    fn drop(&mut self) {
        let name = thread::current().name().map(str::to_owned);
        let _ = self.0.send(name);
    }
}

type Wakers = Arc<Mutex<Vec<Waker>>>;

/// Starts a server whose requests wait for ever. Returns where their futures are dropped, and their
/// last wakers.
fn server_of_waiters(config: Config) -> (Running, Receiver<Option<String>>, Wakers) {
    let (sender, dropped) = channel();
    let wakers = Wakers::default();
    let of_handler = Arc::clone(&wakers);
    let sender = Mutex::new(sender);
    let server = server(config, move |_| {
        let guard = Guard(sender.lock().unwrap().clone());
        let wakers = Arc::clone(&of_handler);
        async move {
            let _guard = guard;
            poll_fn(|cx| {
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::<Reply>::Pending
            })
            .await
        }
    });
    (server, dropped, wakers)
}

#[track_caller]
fn assert_dropped_by_event_loop(dropped: &Receiver<Option<String>>) {
    let thread = dropped.recv_timeout(HANGS).expect("the future is dropped");
    assert_eq!(thread.as_deref(), Some("loop-0"));
}

#[test]
fn future_that_is_ready_responds() {
    let server = server(Config::default(), async |request: OwnedRequest| {
        format!("{} {:?}", request.path(), request.query())
    });
    assert_eq!(server.connect().fetch("/?a=b").body, "/ Some(\"a=b\")");
    assert_eq!(server.metrics.total(Metric::Suspensions), 0);
}

#[test]
fn oneshots_of_tokio() {
    let server = server(Config::default(), async |_| {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        thread::spawn(move || sender.send("from a thread"));
        receiver.await.map_err(|_| StatusCode::BAD_GATEWAY)
    });
    let mut client = server.connect();
    for _ in 0..100 {
        assert_eq!(client.fetch("/").body, "from a thread");
    }
}

#[test]
fn timers_of_tokio_on_its_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let tokio = runtime.handle().clone();
    let server = server(Config::default(), move |_| {
        let slept = tokio.spawn(async { tokio::time::sleep(Duration::from_millis(1)).await });
        async {
            slept
                .await
                .map(|()| "slept")
                .map_err(|_| StatusCode::BAD_GATEWAY)
        }
    });
    assert_eq!(server.connect().fetch("/").body, "slept");
}

/// A worker answers all requests that wait in a channel.
#[test]
fn async_channel_between_requests_and_worker() {
    let (requests, received) = async_channel::unbounded::<async_channel::Sender<usize>>();
    let worker = thread::spawn(move || {
        let mut count = 0;
        while let Ok(reply) = received.recv_blocking() {
            count += 1;
            reply.send_blocking(count).unwrap();
        }
        count
    });
    let server = server(Config::default(), move |_| {
        let requests = requests.clone();
        async move {
            let (sender, receiver) = async_channel::bounded(1);
            requests
                .send(sender)
                .await
                .map_err(|_| StatusCode::BAD_GATEWAY)?;
            let count = receiver.recv().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
            Ok::<_, StatusCode>(count.to_string())
        }
    });
    let mut client = server.connect();
    (0..20).for_each(|_| client.get("/"));
    let mut counts: Vec<usize> = (0..20)
        .map(|_| client.answer().body.parse().unwrap())
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<_>>());
    drop(client);
    drop(server);
    assert_eq!(worker.join().unwrap(), 20);
}

struct Number {
    link: Link,
    number: u32,
}
linked!(Number => link: Link);

#[test]
fn channel_of_this_workspace() {
    let server = server(Config::default(), async |_| {
        let (sender, mut receiver) = mpsc_queue::channel::channel();
        let sending = thread::spawn(move || {
            for number in 1..=100 {
                let link = Link::new();
                let _ = sender.send(Box::new(Number { link, number }));
            }
        });
        let mut sum = 0;
        while let Ok(next) = receiver.recv_async().await {
            sum += next.number;
        }
        drop(sending);
        sum.to_string()
    });
    let mut client = server.connect();
    for _ in 0..20 {
        assert_eq!(client.fetch("/").body, "5050");
    }
}

/// Each poll returns to the event loop, so another request is served in between.
#[test]
fn future_that_wakes_itself_is_polled_again() {
    let server = server(Config::default(), |_| {
        let mut polls = 0;
        poll_fn(move |cx| {
            polls += 1;
            if polls == 1000 {
                return Poll::Ready(polls.to_string());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    });
    assert_eq!(server.connect().fetch("/").body, "1000");
    assert_eq!(server.metrics.total(Metric::EndedResumed), 999);
}

/// Wake-ups of a request that waits resume it once, however many threads wake it.
#[test]
fn wake_ups_of_many_threads_resume_once() {
    let (server, _dropped, wakers) = server_of_waiters(patient());
    let mut client = server.connect();
    client.get("/");
    until(|| server.metrics.total(Metric::Suspended) == 1);
    for round in 1..=100 {
        let woken = wakers.lock().unwrap().drain(..).next_back().unwrap();
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| woken.wake_by_ref());
            }
        });
        until(|| !wakers.lock().unwrap().is_empty());
        let resumes = || server.metrics.total(Metric::EndedResumed);
        until(|| server.metrics.total(Metric::Suspended) == 1);
        // A wake-up that comes after the poll has begun leads to another one.
        assert!((round..=3 * round).contains(&resumes()));
    }
    client.reset();
}

#[test]
fn deadline_drops_future() {
    let (server, dropped, wakers) = server_of_waiters(Config {
        suspend_timeout: Duration::from_millis(1),
        ..patient()
    });
    assert_eq!(server.connect().fetch("/").status, 503);
    assert_dropped_by_event_loop(&dropped);
    wakers.lock().unwrap().drain(..).for_each(Waker::wake); // too late
    assert_eq!(server.metrics.total(Metric::EndedTimedOut), 1);
    assert_eq!(server.metrics.total(Metric::LateResumes), 0);
}

#[test]
fn hang_up_drops_future() {
    let (server, dropped, wakers) = server_of_waiters(patient());
    let mut client = server.connect();
    client.get("/");
    until(|| !wakers.lock().unwrap().is_empty());
    client.reset();
    assert_dropped_by_event_loop(&dropped);
    until(|| server.metrics.total(Metric::EndedAbandoned) == 1);
    assert_eq!(server.metrics.total(Metric::Suspended), 0);
}

#[test]
fn stop_drops_future() {
    let (server, dropped, wakers) = server_of_waiters(patient());
    let mut client = server.connect();
    client.get("/");
    until(|| !wakers.lock().unwrap().is_empty());
    server.stop();
    assert_eq!(client.answer().status, 503);
    assert_dropped_by_event_loop(&dropped);
    server.wait();
    wakers.lock().unwrap().drain(..).for_each(Waker::wake);
}

/// Wake-ups race with the ends of requests: each future is dropped once.
#[test]
fn wake_ups_race_with_ends() {
    const REQUESTS: usize = 200;
    let (server, dropped, wakers) = server_of_waiters(patient());
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let waking = {
        let (wakers, is_over) = (Arc::clone(&wakers), Arc::clone(&is_over));
        thread::spawn(move || {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let woken: Vec<Waker> = wakers.lock().unwrap().drain(..).collect();
                woken.into_iter().for_each(Waker::wake);
            }
        })
    };
    for _ in 0..REQUESTS {
        let mut client = server.connect();
        let before = server.metrics.total(Metric::Requests);
        client.get("/");
        until(|| server.metrics.total(Metric::Requests) > before);
        client.reset();
    }
    for _ in 0..REQUESTS {
        assert_dropped_by_event_loop(&dropped);
    }
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    waking.join().unwrap();
    until(|| server.metrics.total(Metric::Suspended) == 0);
    assert!(dropped.try_recv().is_err());
}

#[test]
fn panic_gets_500() {
    let server = server(Config::default(), async |request: OwnedRequest| {
        if request.query().is_some() {
            let mut is_first = true;
            poll_fn(|cx| match std::mem::take(&mut is_first) {
                true => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                false => Poll::Ready(()),
            })
            .await;
        }
        panic!("on purpose");
        #[allow(unreachable_code)]
        ""
    });
    let mut client = server.connect();
    assert_eq!(client.fetch("/").status, 500);
    assert_eq!(client.fetch("/?later").status, 500);
}

/// Panics when it is dropped, and when it is polled for the `panics_at`th time.
struct Bomb {
    polls: u32,
    panics_at: u32,
    dropped: Sender<Option<String>>,
}

impl Future for Bomb {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        self.polls += 1;
        assert_ne!(self.polls, self.panics_at, "on purpose, in a poll");
        match self.polls {
            1 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            _ if self.panics_at == 0 => Poll::Ready("ready".into()),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        drop(Guard(self.dropped.clone()));
        panic!("on purpose, in a drop");
    }
}

/// Starts a server with a [`Bomb`] for each request, which panics at the poll that the query names.
fn server_of_bombs(config: Config) -> (Running, Receiver<Option<String>>) {
    let (sender, dropped) = channel();
    let sender = Mutex::new(sender);
    let server = server(config, move |request| Bomb {
        polls: 0,
        panics_at: request.query().map_or(0, |text| text.parse().unwrap()),
        dropped: sender.lock().unwrap().clone(),
    });
    (server, dropped)
}

#[test]
fn panics_of_poll_and_drop_are_contained() {
    let (server, dropped) = server_of_bombs(patient());
    let mut client = server.connect();
    for (path, status) in [("/?1", 500), ("/?2", 500), ("/", 200), ("/?1", 500)] {
        assert_eq!(client.fetch(path).status, status, "{path}");
        assert_dropped_by_event_loop(&dropped);
    }
    client.get("/?9"); // waits
    until(|| server.metrics.total(Metric::Suspended) == 1);
    client.reset();
    assert_dropped_by_event_loop(&dropped);
    assert_eq!(server.connect().fetch("/").body, "ready");
    assert_dropped_by_event_loop(&dropped);

    let (server, dropped) = server_of_bombs(Config {
        suspend_timeout: Duration::from_millis(1),
        ..patient()
    });
    assert_eq!(server.connect().fetch("/?9").status, 503);
    assert_dropped_by_event_loop(&dropped);
    assert!(dropped.try_recv().is_err(), "dropped once");
}

/// The drop of what the future returned, and of the future, are contained alike.
#[test]
fn panic_of_conversion_is_contained() {
    struct Fails;
    impl From<Fails> for Reply {
        fn from(_: Fails) -> Self {
            panic!("on purpose, in a conversion");
        }
    }
    let (sender, dropped) = channel();
    let sender = Mutex::new(sender);
    let server = server(Config::default(), move |_| {
        let guard = Guard(sender.lock().unwrap().clone());
        async {
            let _guard = guard;
            Fails
        }
    });
    assert_eq!(server.connect().fetch("/").status, 500);
    assert_dropped_by_event_loop(&dropped);
}

/// Nothing can wake it, so only its deadline ends it.
#[test]
fn future_without_waker_has_a_deadline() {
    let config = Config {
        request_timeout: Duration::from_millis(1),
        ..patient()
    };
    let server = server(config, |_| pending::<Reply>());
    assert_eq!(server.connect().fetch("/").status, 503);
}

#[test]
fn errors_become_responses() {
    let server = server(
        Config::default(),
        async |request: OwnedRequest| match request.query() {
            None => Ok("fine"),
            Some("gone") => Err(Reply::from(StatusCode::GONE)),
            Some(_) => Err(Reply::new(StatusCode::BAD_REQUEST).text("what?").close()),
        },
    );
    let mut client = server.connect();
    assert_eq!(client.fetch("/").body, "fine");
    assert_eq!(client.fetch("/?gone").status, 410);
    let answer = client.fetch("/?else");
    assert_eq!((answer.status, &*answer.body), (400, "what?"));
    client.assert_closed();
}
