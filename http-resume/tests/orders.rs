//! Random orders of the events that end a suspension: a resume, a drop, the deadline, the
//! client's reset, the shutdown. Each suspension ends exactly once, and each client that stays
//! connected gets exactly one response per request, in order.

mod support;

use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_resume::{Config, Metric, Metrics, Outcome, Pending, Request, Response, Router, Wait};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{HANGS, Running, until};

const CLIENTS: usize = 3;

#[derive(Clone, Debug)]
enum Event {
    /// This client sends a request, which its handler suspends.
    Send(usize),
    /// A suspended request is resumed.
    Resume(usize),
    /// A suspended request is resumed by another thread, concurrently with the next events.
    ResumeElsewhere(usize),
    Drop(usize),
    /// This client disconnects, and another one takes its place.
    Reset(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..CLIENTS).prop_map(Event::Send),
        3 => any::<usize>().prop_map(Event::Resume),
        2 => any::<usize>().prop_map(Event::ResumeElsewhere),
        1 => any::<usize>().prop_map(Event::Drop),
        1 => (0..CLIENTS).prop_map(Event::Reset),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100,
        failure_persistence: None,
        // A failing case may hang.
        max_shrink_iters: 2,
        ..ProptestConfig::default()
    })]

    #[test]
    fn suspension_ends_exactly_once(
        events in vec(event(), 0..40),
        // So short that it passes during the events, or so long that it does not.
        suspend_timeout in prop_oneof![Just(Duration::from_micros(200)), Just(HANGS)],
        wait in prop_oneof![Just(Wait::Park), Just(Wait::ADAPTIVE), Just(Wait::Spin)],
    ) {
        let config = Config {
            suspend_timeout,
            shutdown_timeout: Duration::from_millis(1),
            wait,
            ..Config::default()
        };
        run(&events, config);
    }
}

fn run(events: &[Event], config: Config) {
    let (server, suspended) = server(config);
    let metrics = Arc::clone(&server.metrics);
    // Each client with the paths of its requests, which are distinct.
    let new_client = || (server.connect(), Vec::<String>::new());
    let mut clients = [(); CLIENTS].map(|()| new_client());
    let mut pending: Vec<Pending<String>> = Vec::new();
    let mut dropped = HashSet::new();
    let mut paths = (0..).map(|number| format!("/{number}"));
    let mut resumers = Vec::new();
    for event in events {
        match *event {
            Event::Send(which) => {
                let (client, sent) = &mut clients[which];
                let path = paths.next().expect("the numbers do not end");
                client.get(&path);
                sent.push(path);
                // All methods are safe here, so no request waits for another one.
                pending.push(
                    suspended
                        .recv_timeout(HANGS)
                        .expect("the handler suspends the request"),
                );
            }
            Event::Resume(which) => {
                if let Some(pending) = take(&mut pending, which) {
                    pending.resume();
                }
            }
            Event::ResumeElsewhere(which) => {
                if let Some(pending) = take(&mut pending, which) {
                    resumers.push(std::thread::spawn(|| pending.resume()));
                }
            }
            Event::Drop(which) => {
                if let Some(pending) = take(&mut pending, which) {
                    dropped.insert(pending.work().clone());
                }
            }
            Event::Reset(which) => {
                let (client, _) = std::mem::replace(&mut clients[which], new_client());
                client.reset();
            }
        }
    }
    server.stop();
    for (mut client, sent) in clients {
        let answers = std::iter::from_fn(|| client.next());
        let answers: Vec<_> = answers.collect();
        assert_eq!(answers.len(), sent.len());
        for (path, answer) in sent.iter().zip(&answers) {
            let is_possible = match answer.status {
                200 => answer.body == *path,
                // Otherwise, the handler got the work of another request.
                500 => dropped.contains(path),
                503 => true, // the deadline has passed
                _ => false,
            };
            assert!(is_possible, "{path}: {answer:?}");
        }
    }
    server.wait();
    // Some requests return only now, after the server has ended.
    drop(pending);
    resumers
        .into_iter()
        .for_each(|resumer| resumer.join().unwrap());
    assert_adds_up(&metrics);
}

/// Starts a server that sends its suspended requests to the test. Their work is their path.
fn server(config: Config) -> (Running, Receiver<Pending<String>>) {
    fn handle<'r>(
        sender: &Mutex<Sender<Pending<String>>>,
        request: &Request<'_>,
        response: Response<'r, String>,
        work: Option<String>,
    ) -> Outcome<'r> {
        match work {
            Some(path) => {
                assert_eq!(path, request.path());
                response.text(path)
            }
            None => {
                let (pending, receipt) = response.mark_async(request.path().to_owned());
                sender
                    .lock()
                    .unwrap()
                    .send(pending)
                    .expect("the test waits");
                receipt.suspended()
            }
        }
    }
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let router = Router::new().get("/{number}", move |request, response, work| {
        handle(&sender, request, response, work)
    });
    (Running::with(config, router), receiver)
}

fn take(pending: &mut Vec<Pending<String>>, which: usize) -> Option<Pending<String>> {
    let which = which.checked_rem(pending.len())?;
    Some(pending.swap_remove(which))
}

fn assert_adds_up(metrics: &Metrics) {
    let ends = [
        Metric::EndedResumed,
        Metric::EndedCancelled,
        Metric::EndedDropped,
        Metric::EndedTimedOut,
        Metric::EndedAbandoned,
        Metric::EndedShutDown,
    ];
    until(|| metrics.total(Metric::Suspended) == 0);
    let ends = ends.map(|end| metrics.total(end));
    assert_eq!(
        metrics.total(Metric::Suspensions),
        ends.iter().sum::<u64>(),
        "{ends:?}"
    );
}
