//! A middleware that refuses requests early: it sees a head before the body is read.
//!
//! A client that is over its limit costs one look into a map. What it sends is not read.
//!
//! ```sh
//! cargo run -p http-resume --example limits
//! for i in 1 2 3 4; do curl -H 'Client: me' -d "$i" http://127.0.0.1:8080/; done
//! ```

mod serve;

use std::collections::HashMap;
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Mutex;

use http_resume::http::header;
use http_resume::{HeaderValue, Outcome, Request, Response, Router, StatusCode, sync_handler};

/// How many requests a client may send.
const ALLOWED: u32 = 3;

/// How many clients are known. Further ones are refused, so that the map does not grow for ever.
const MOST: usize = 10_000;

/// The number of requests of each client.
type Sent = Mutex<HashMap<Vec<u8>, u32>>;

fn limit<'r>(
    request: &Request<'_>,
    response: Response<'r>,
) -> ControlFlow<Outcome<'r>, Response<'r>> {
    let Some(client) = request.header("client") else {
        let response = response.status(StatusCode::UNAUTHORIZED);
        return Break(response.text("name yourself in the field Client\n"));
    };
    let sent: &Sent = request.state();
    let mut sent = sent.lock().expect("no thread panics with the map");
    if !sent.contains_key(client) && sent.len() >= MOST {
        let response = response.status(StatusCode::SERVICE_UNAVAILABLE);
        return Break(response.text("too many clients\n"));
    }
    let count = sent.entry(client.to_owned()).or_default();
    if *count >= ALLOWED {
        let later = HeaderValue::from_static("3600");
        let response = response.header(header::RETRY_AFTER, later);
        let response = response.status(StatusCode::TOO_MANY_REQUESTS);
        return Break(response.text("that is enough\n"));
    }
    *count += 1;
    Continue(response)
}

fn main() -> io::Result<()> {
    let receive = |request: &Request<'_>| format!("received {} bytes\n", request.body().len());
    let router = Router::new().state(Sent::default()).middleware(limit).post(
        "/",
        sync_handler(move |request, response| response.text(receive(request))),
    );
    serve::serve(router, &["curl -H 'Client: me' -d text URL/"])
}
