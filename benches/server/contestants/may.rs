//! may_minihttp on one thread, with a coroutine for each connection.

use std::io;
use std::net::TcpListener;

use crossbeam_channel::Sender as Workers;
use may::sync::mpsc::{Receiver, Sender, channel};
use may_minihttp::{HttpService, HttpServiceFactory, Request, Response};

use super::workers::{self, Policy};
use crate::address;

type Job = Sender<&'static str>;

pub(crate) fn serve(policy: Policy) -> io::Result<()> {
    may::config().set_workers(1);
    let workers = workers::start(policy, |job: Job| {
        let _ = job.send("hello"); // the connection may be closed
    });
    // The server does not report its port, so choose a free one.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let server = Factory { workers }.start(addr)?;
    address::announce(addr);
    server
        .join()
        .map_err(|_| io::Error::other("the server panicked"))
}

struct Factory {
    workers: Workers<Job>,
}

impl HttpServiceFactory for Factory {
    type Service = Service;

    fn new_service(&self, _: usize) -> Service {
        Service {
            workers: self.workers.clone(),
            responses: channel(),
        }
    }
}

/// The service of one connection, whose requests arrive one after the other.
struct Service {
    workers: Workers<Job>,
    responses: (Sender<&'static str>, Receiver<&'static str>),
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
                let (response_sender, responses) = &self.responses;
                self.workers
                    .send(response_sender.clone())
                    .map_err(io::Error::other)?;
                response.body(responses.recv().map_err(io::Error::other)?);
            }
            _ => {
                response.status_code(404, "Not Found");
            }
        }
        Ok(())
    }
}
