//! actix-web with one worker.

use std::io;

use actix_web::http::header::ContentType;
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use crossbeam_channel::Sender;
use tokio::sync::oneshot;

use super::workers::{self, Policy};
use crate::address;

type Job = oneshot::Sender<&'static str>;

pub(crate) fn serve(policy: Policy) -> io::Result<()> {
    let workers = workers::start(policy, |job: Job| {
        let _ = job.send("hello"); // the connection may be closed
    });
    let app = move || {
        App::new()
            .app_data(web::Data::new(workers.clone()))
            .route("/", web::get().to(async || hello("hello")))
            .route("/async", web::get().to(in_background))
    };
    rt::System::new().block_on(async {
        let server = HttpServer::new(app).workers(1).tcp_nodelay(true);
        let server = server.bind("127.0.0.1:0")?;
        address::announce(server.addrs()[0]);
        server.run().await
    })
}

async fn in_background(workers: web::Data<Sender<Job>>) -> HttpResponse {
    let (job, done) = oneshot::channel();
    workers.send(job).expect("the workers exist");
    match done.await {
        Ok(text) => hello(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

fn hello(text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type(ContentType::plaintext()).body(text)
}
