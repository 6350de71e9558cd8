//! A worker stops within a resume, between the exchange and the link store of its push.
//! `cargo frozen` runs these tests.

#[cfg(mpsc_fail_point)]
mod support;

// Without the cfg, no test would run, and `cargo frozen` would succeed.
#[cfg(not(mpsc_fail_point))]
const _: () = assert!(
    option_env!("MPSC_FROZEN").is_none(),
    "built without `--cfg mpsc_fail_point`: is RUSTFLAGS set? It replaces that of `cargo frozen`"
);

#[cfg(mpsc_fail_point)]
mod frozen {
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use http_resume::{Config, Metric, Pending, Router, sync_handler};
    use mpsc_queue::fail_point::in_next_gap;

    use crate::support::{HANGS, Running, until};

    /// The paths of the requests, in the order of the second calls of their handlers.
    type Calls = Arc<Mutex<Vec<String>>>;

    /// Starts a server whose requests for `/later/{id}` the test resumes.
    fn server(config: Config) -> (Running, Receiver<Pending<String>>, Calls) {
        let (sender, suspended) = channel();
        let sender = Mutex::new(sender);
        let calls = Calls::default();
        let noted = Arc::clone(&calls);
        let router = Router::new()
            .get("/", sync_handler(|_, response| response.text("hello")))
            .get("/later/{id}", move |request, response, work| match work {
                Some(path) => {
                    noted.lock().unwrap().push(path);
                    response.text("done")
                }
                None => {
                    let (pending, receipt) = response.mark_async(request.path().to_owned());
                    sender.lock().unwrap().send(pending).unwrap();
                    receipt.suspended()
                }
            });
        (Running::with(config, router), suspended, calls)
    }

    /// Resumes a request on a thread that stops in the gap. The returned function lets the
    /// thread continue.
    fn freeze(pending: Pending<String>) -> impl FnOnce() {
        let (entered, is_entered) = channel();
        let (thaw, thawed) = channel::<()>();
        let thread = thread::spawn(move || {
            in_next_gap(move || {
                entered.send(()).unwrap();
                let _ = thawed.recv(); // fails if the test has failed
            });
            pending.resume();
        });
        is_entered.recv_timeout(HANGS).unwrap();
        move || {
            thaw.send(()).unwrap();
            thread.join().unwrap();
        }
    }

    #[test]
    fn stalled_resume_delays_only_later_resumes() {
        let (server, suspended, calls) = server(Config::default());
        let mut clients: Vec<_> = (0..4).map(|_| server.connect()).collect();
        let mut pending = Vec::new();
        for (id, client) in clients.iter_mut().enumerate() {
            client.get(&format!("/later/{id}"));
            pending.push(suspended.recv_timeout(HANGS).unwrap());
        }
        let mut others = pending.split_off(1);
        let thaw = freeze(pending.remove(0));
        others.drain(..).for_each(Pending::resume);

        // Sockets are served, and new connections are accepted.
        let mut client = server.connect();
        for _ in 0..100 {
            assert_eq!(client.fetch("/").body, "hello");
        }
        // The event loop does not spin: an iteration takes at least a millisecond.
        let iterations = || server.metrics.total(Metric::LoopIterations);
        let (begin, since) = (iterations(), Instant::now());
        until(|| iterations() >= begin + 500);
        assert!(
            since.elapsed() > Duration::from_millis(450),
            "the event loop spins"
        );
        assert!(
            calls.lock().unwrap().is_empty(),
            "all requests are behind the gap"
        );

        thaw();
        for client in &mut clients {
            assert_eq!(client.answer().body, "done");
        }
        let expected = ["/later/0", "/later/1", "/later/2", "/later/3"];
        assert_eq!(*calls.lock().unwrap(), expected);
    }

    /// The client gets a 503, and the late resume is dropped.
    #[test]
    fn deadline_passes_during_stalled_resume() {
        let (server, suspended, calls) = server(Config {
            suspend_timeout: Duration::from_millis(20),
            ..Config::default()
        });
        let mut client = server.connect();
        client.get("/later/0");
        let thaw = freeze(suspended.recv_timeout(HANGS).unwrap());
        assert_eq!(client.answer().status, 503);
        assert_eq!(client.fetch("/").status, 200);
        thaw();
        assert_eq!(client.fetch("/").status, 200);
        assert!(
            calls.lock().unwrap().is_empty(),
            "a late resume does not call the handler"
        );
    }

    /// The event loop waits for the worker before it frees its queue, but the client gets its
    /// response before.
    #[test]
    fn shutdown_waits_for_stalled_resume_after_responding() {
        let (server, suspended, calls) = server(Config {
            shutdown_timeout: Duration::from_millis(20),
            ..Config::default()
        });
        let mut client = server.connect();
        client.get("/later/0");
        let thaw = freeze(suspended.recv_timeout(HANGS).unwrap());
        server.stop();
        assert_eq!(client.answer().status, 503);
        client.assert_closed();
        thaw();
        server.wait();
        assert!(
            calls.lock().unwrap().is_empty(),
            "no handler is called after the shutdown"
        );
    }
}
