//! Handlers that are `async` functions, with the channels of three crates.
//!
//! The event loop polls a handler, and suspends its request while the handler waits. A timer, a
//! channel or a thread wakes the handler, from any thread and through the resume queue.
//!
//! ```sh
//! cargo run -p http-resume --example async_fn
//! curl http://127.0.0.1:8080/sum/100000
//! curl http://127.0.0.1:8080/wait/500
//! curl http://127.0.0.1:8080/count
//! ```

mod serve;

use std::io;
use std::thread;
use std::time::Duration;

use http_resume::{OwnedRequest, Reply, Router, StatusCode, async_handler};
use tokio::sync::oneshot;

/// What the handlers share.
struct Shared {
    tokio: tokio::runtime::Handle,
    /// Each visitor gets a ticket.
    tickets: async_channel::Receiver<u64>,
}

fn number(request: &OwnedRequest) -> Result<u64, Reply> {
    let number = request.param("number").and_then(|text| text.parse().ok());
    let small = number.filter(|number| *number <= 1_000_000);
    small.ok_or(Reply::new(StatusCode::BAD_REQUEST).text("expected a number up to a million"))
}

/// Waits for a thread. `?` answers with the error.
async fn sum(request: OwnedRequest) -> Result<String, Reply> {
    let number = number(&request)?;
    let (sender, result) = oneshot::channel();
    let spawned = thread::Builder::new().spawn(move || sender.send((1..=number).sum::<u64>()));
    spawned.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let sum = result
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(sum.to_string())
}

/// Waits for a task of tokio, because tokio's timers need its runtime.
async fn wait(request: OwnedRequest) -> Result<String, Reply> {
    let millis = number(&request)?;
    let shared: &Shared = request.state();
    let task = async move { tokio::time::sleep(Duration::from_millis(millis)).await };
    let waited = shared.tokio.spawn(task).await;
    waited.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(format!("waited {millis} ms"))
}

/// Waits for its turn in a channel.
async fn ticket(request: OwnedRequest) -> Result<String, Reply> {
    let shared: &Shared = request.state();
    let ticket = shared.tickets.recv().await;
    let ticket = ticket.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(format!("number {ticket}"))
}

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (printer, tickets) = async_channel::bounded(1);
    thread::spawn(move || {
        (1..)
            .take_while(|number| printer.send_blocking(*number).is_ok())
            .last()
    });
    let router = Router::new()
        .state(Shared {
            tokio: runtime.handle().clone(),
            tickets,
        })
        .get("/sum/{number}", async_handler(sum))
        .get("/wait/{number}", async_handler(wait))
        .get("/count", async_handler(ticket));
    let urls = ["curl URL/sum/100000", "curl URL/wait/500", "curl URL/count"];
    serve::serve(router, &urls)
}
