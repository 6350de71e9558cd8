//! may_minihttp, a coroutine for each connection, on one thread.

use std::io;
use std::net::TcpListener;

use crossbeam_channel::Sender as Workers;
use may::sync::mpsc::{Receiver, Sender, channel};
use may_minihttp::{HttpService, HttpServiceFactory, Request, Response};

use super::workers::{self, Policy};

type Job = Sender<&'static str>;

pub(crate) fn serve(policy: Policy) -> io::Result<()> {
    may::config().set_workers(1);
    let workers = workers::start(policy, |job: Job| {
        let _ = job.send("hello"); // the connection may be gone
    });
    // It does not tell which port it got.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = Factory { workers }.start(addr)?;
    super::announce(addr);
    server.join().map_err(|_| io::Error::other("it panicked"))
}

struct Factory {
    workers: Workers<Job>,
}

impl HttpServiceFactory for Factory {
    type Service = Service;

    fn new_service(&self, _: usize) -> Service {
        Service {
            workers: self.workers.clone(),
            answers: channel(),
        }
    }
}

/// Of one connection, whose requests come one after the other.
struct Service {
    workers: Workers<Job>,
    answers: (Sender<&'static str>, Receiver<&'static str>),
}

impl HttpService for Service {
    fn call(
        &mut self,
        request: Request<'_, '_, '_>,
        response: &mut Response<'_>,
    ) -> io::Result<()> {
        response.header("content-type: text/plain; charset=utf-8");
        match request.path() {
            "/" => response.body("hello"),
            "/async" => {
                let (answer, answers) = &self.answers;
                self.workers
                    .send(answer.clone())
                    .map_err(io::Error::other)?;
                response.body(answers.recv().map_err(io::Error::other)?);
            }
            _ => {
                response.status_code(404, "Not Found");
            }
        }
        Ok(())
    }
}
