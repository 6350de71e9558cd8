//! A worker stops within a resume, after its compare-exchange and before its wake-up.
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
    use std::time::Duration;

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

    /// Resumes a request on a thread that stops within the resume. The returned function lets the
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

    /// The event loop waits for no worker: as soon as something else wakes it, it receives all
    /// resumes.
    #[test]
    fn stopped_resume_delays_no_request() {
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
        assert_eq!(server.connect().fetch("/").body, "hello");
        for client in &mut clients {
            assert_eq!(client.answer().body, "done");
        }
        let expected = ["/later/0", "/later/1", "/later/2", "/later/3"];
        assert_eq!(*calls.lock().unwrap(), expected);
        thaw();
    }

    /// The event loop receives the resume before the deadline if it is awake. If it sleeps, the
    /// deadline wakes it: the client gets a 503, and the resume is late.
    #[test]
    fn deadline_passes_during_stopped_resume() {
        let (server, suspended, calls) = server(Config {
            suspend_timeout: Duration::from_millis(20),
            ..Config::default()
        });
        let mut client = server.connect();
        client.get("/later/0");
        let thaw = freeze(suspended.recv_timeout(HANGS).unwrap());
        let is_late = match client.answer().status {
            200 => false,
            503 => true,
            status => panic!("{status}"),
        };
        until(|| server.metrics.total(Metric::LateResumes) == u64::from(is_late));
        assert_eq!(calls.lock().unwrap().len(), usize::from(!is_late));
        thaw();
        assert_eq!(client.fetch("/").status, 200);
        assert_eq!(
            server.metrics.total(Metric::LateResumes),
            u64::from(is_late)
        );
    }

    /// The worker's wake-up comes after the event loop has ended.
    #[test]
    fn shutdown_does_not_wait_for_stopped_resume() {
        let (server, suspended, calls) = server(Config::default());
        let mut client = server.connect();
        client.get("/later/0");
        let thaw = freeze(suspended.recv_timeout(HANGS).unwrap());
        server.stop();
        assert_eq!(client.answer().body, "done");
        client.assert_closed();
        drop(client);
        server.wait();
        thaw();
        assert_eq!(*calls.lock().unwrap(), ["/later/0"]);
    }
}
