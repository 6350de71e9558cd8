//! A request that is suspended and resumed on the event loop's own thread.
//!
//! The first call of the handler suspends the request, with its body as the work, and resumes
//! it. The event loop makes the second call when it drains its resume queue.
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
            // Pushes the request on the resume queue. This call returns before the next one.
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
