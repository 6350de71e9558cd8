//! A worker stops in the middle of a resume, between the queue's exchange and its
//! link: the server goes on. Run by `cargo frozen`.

#[cfg(mpsc_fail_point)]
mod support;

// Otherwise no test would run, and that would look like success.
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

    /// The ids of requests, in the order in which they were called again.
    type Calls = Arc<Mutex<Vec<String>>>;

    /// A server whose `/later/{id}` is resumed by the test.
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

    /// Resumes on a thread that stops in the gap; thaws it when told to.
    fn freeze(pending: Pending<String>) -> impl FnOnce() {
        let (entered, is_entered) = channel();
        let (thaw, thawed) = channel::<()>();
        let thread = thread::spawn(move || {
            in_next_gap(move || {
                entered.send(()).unwrap();
                let _ = thawed.recv(); // or the test has failed
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
    fn the_server_goes_on_and_delivers_in_order() {
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

        // The sockets are served, new connections are accepted, ...
        let mut client = server.connect();
        for _ in 0..100 {
            assert_eq!(client.fetch("/").body, "hello");
        }
        // ... and the loop does not spin: it takes at least a millisecond for a turn.
        let turns = || server.metrics.total(Metric::LoopIterations);
        let (begin, since) = (turns(), Instant::now());
        until(|| turns() >= begin + 500);
        assert!(since.elapsed() > Duration::from_millis(450), "it spins");
        assert!(calls.lock().unwrap().is_empty(), "they are behind the gap");

        thaw();
        for client in &mut clients {
            assert_eq!(client.answer().body, "done");
        }
        let expected = ["/later/0", "/later/1", "/later/2", "/later/3"];
        assert_eq!(*calls.lock().unwrap(), expected);
    }

    /// A deadline passes while the answer is stuck: the client gets its 503, and
    /// the late resume finds nobody.
    #[test]
    fn a_deadline_does_not_wait_for_it() {
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
        assert!(calls.lock().unwrap().is_empty(), "it came too late");
    }

    /// A server that is stopped with a worker in the gap waits for it in the end:
    /// nothing in the queue may be freed before. The client does not wait.
    #[test]
    fn a_stop_waits_for_it_but_the_client_does_not() {
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
            "nobody is called any more"
        );
    }
}
