//! Suspended and resumed without any background: `ping` is answered with `pong`,
//! anything else with 422.
//!
//! The first call of the handler takes the body as its work and resumes the request
//! right there, on the thread of the event loop. The second call comes as soon as
//! the loop looks at its queue. This is the whole life of a suspended request, with
//! nothing around it.
//!
//! ```sh
//! cargo run -p http-resume --example ping_pong
//! curl -d ping http://127.0.0.1:8080/ping
//! ```

mod serve;

use std::io;

use http_resume::{Outcome, Request, Response, Router, StatusCode};

struct Ping {
    body: Vec<u8>,
}

fn ping<'r>(
    request: &Request<'_>,
    response: Response<'r, Ping>,
    work: Option<Ping>,
) -> Outcome<'r> {
    match work {
        None => {
            let body = request.body().to_vec();
            let (pending, receipt) = response.mark_async(Ping { body });
            // Only queues the request: this call still runs, and returns first.
            pending.resume();
            receipt.suspended()
        }
        Some(Ping { body }) if body == b"ping" => response.text("pong"),
        Some(_) => response
            .status(StatusCode::UNPROCESSABLE_ENTITY)
            .text("not a ping"),
    }
}

fn main() -> io::Result<()> {
    let router = Router::new().post("/ping", ping);
    serve::serve(router, &["curl -d ping URL/ping"])
}
