//! hyper on tokio's current-thread runtime, with or without a `LocalSet`.

use std::convert::Infallible;
use std::io;

use crossbeam_channel::Sender;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use super::workers::{self, Policy};
use crate::address;

type Job = oneshot::Sender<&'static str>;

pub(crate) fn serve(policy: Policy, local: bool) -> io::Result<()> {
    let workers = workers::start(policy, |job: Job| {
        let _ = job.send("hello"); // the connection may be closed
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    if local {
        let spawn = |stream, workers| drop(spawn_local(connection(stream, workers)));
        LocalSet::new().block_on(&runtime, accept(workers, spawn))
    } else {
        let spawn = |stream, workers| drop(tokio::spawn(connection(stream, workers)));
        runtime.block_on(accept(workers, spawn))
    }
}

async fn accept(workers: Sender<Job>, spawn: fn(TcpStream, Sender<Job>)) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    address::announce(listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        spawn(stream, workers.clone());
    }
}

async fn connection(stream: TcpStream, workers: Sender<Job>) {
    let service = service_fn(|request| handler(request, &workers));
    // One write for all pipelined responses.
    let mut builder = http1::Builder::new();
    let serving = builder.pipeline_flush(true);
    let _ = serving
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn handler(
    request: Request<Incoming>,
    workers: &Sender<Job>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = match request.uri().path() {
        "/" => Some("hello"),
        "/async" => {
            let (job, done) = oneshot::channel();
            workers.send(job).expect("the workers exist");
            done.await.ok()
        }
        _ => None,
    };
    let mut response = Response::new(Full::from(text.unwrap_or_default()));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    if text.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(response)
}
