//! Clients that wait for the next event, and a publisher that resumes all of them.
//!
//! A client asks for the events after those that it has seen. If there are none, its request is
//! suspended: it costs a cell in a list, and no thread. A page in a browser shows the events.
//!
//! ```sh
//! cargo run -p http-resume --example long_poll
//! curl -d 'it rains' http://127.0.0.1:8080/events
//! ```

#[path = "../serve/mod.rs"]
mod serve;

use std::io;
use std::mem;
use std::sync::Mutex;

use http_resume::http::header;
use http_resume::{
    HeaderValue, Outcome, Pending, Request, Response, Router, StatusCode, sync_handler,
};

/// The events, and those who wait for the next one.
#[derive(Default)]
struct Board {
    events: Vec<String>,
    waiting: Vec<Pending<News>>,
    /// Those who have left are searched for when so many wait.
    search_at: usize,
}

/// The work of a request that waits: what has happened meanwhile.
struct News {
    text: String,
}

const BOARD: &str = "the board is not used by a thread that has panicked";

/// Returns the events after the first `after` ones, a line each, or waits for the next event.
fn events<'r>(
    request: &Request<'_>,
    response: Response<'r, News>,
    work: Option<News>,
) -> Outcome<'r> {
    if let Some(News { text }) = work {
        return response.text(text);
    }
    let after = request
        .query()
        .and_then(|query| query.strip_prefix("after="));
    let Some(after) = after.and_then(|text| text.parse::<usize>().ok()) else {
        return response
            .status(StatusCode::BAD_REQUEST)
            .text("ask for /events?after=NUMBER");
    };
    let board: &Mutex<Board> = request.state();
    let mut board = board.lock().expect(BOARD);
    if let Some(news) = board.events.get(after..).filter(|news| !news.is_empty()) {
        return response.text(news.join("\n"));
    }
    let text = String::new();
    let (pending, receipt) = response.mark_async(News { text });
    board.wait(pending);
    receipt.suspended()
}

impl Board {
    fn wait(&mut self, pending: Pending<News>) {
        // Amortised, that is constant work per request.
        if self.waiting.len() >= self.search_at {
            self.waiting.retain(|pending| !pending.is_abandoned());
            self.search_at = 64.max(2 * self.waiting.len());
        }
        self.waiting.push(pending);
    }
}

/// Adds an event, and resumes all who wait.
fn publish<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let event = String::from_utf8_lossy(request.body()).replace(['\r', '\n'], " ");
    let board: &Mutex<Board> = request.state();
    let waiting = {
        let mut board = board.lock().expect(BOARD);
        board.events.push(event.clone());
        mem::take(&mut board.waiting)
    };
    let count = waiting.len();
    for pending in waiting {
        let text = event.clone();
        pending.resume_with(News { text });
    }
    response.text(format!("{count} have waited for it\n"))
}

fn count<'r>(request: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let board: &Mutex<Board> = request.state();
    response.text(board.lock().expect(BOARD).waiting.len().to_string())
}

fn page<'r>(_: &Request<'_>, response: Response<'r>) -> Outcome<'r> {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response
        .header(header::CONTENT_TYPE, html)
        .text(include_str!("page.html"))
}

fn main() -> io::Result<()> {
    let router = Router::new()
        .state(Mutex::<Board>::default())
        .get("/", sync_handler(page))
        .get("/events", events)
        .post("/events", sync_handler(publish))
        .get("/waiting", sync_handler(count));
    let urls = ["curl -d 'it rains' URL/events", "open URL in a browser"];
    serve::serve(router, &urls)
}
