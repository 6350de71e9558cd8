//! Calls handlers: the first time, and again with what came back. One per loop.

use std::cell::Cell;
use std::time::Instant;

use http::StatusCode;

use crate::connection::READ_SIZE;
use crate::encode::Date;
use crate::request::{Message, Request};
use crate::response::{Answer, Call, Outcome, Reply};
use crate::resume::{Inbox, Key, Suspended, Vacant, Watch, contained};
use crate::router::{HandlerId, Router};
use crate::server::Config;
use crate::sync::Arc;

/// How many cells without work to keep for each handler, and messages for all.
const MAX_SPARES: usize = 1024;

/// How many input buffers to keep: what is used at a time is mostly one.
const MAX_BUFFERS: usize = 16;

/// What all connections of a loop share.
pub(crate) struct Service {
    pub(crate) config: Arc<Config>,
    router: Arc<Router>,
    inbox: Arc<Inbox>,
    /// Cells to be filled again, by the handler that they are for.
    spares: Vec<Vec<Vacant>>,
    #[expect(
        clippy::vec_box,
        reason = "they come from connections, boxed, and go back"
    )]
    messages: Vec<Box<Message>>,
    /// Initialised, all of the same size.
    buffers: Vec<Vec<u8>>,
    last_serial: u64,
    pub(crate) date: Date,
    /// When this turn of the loop began.
    pub(crate) now: Instant,
    /// Whether the loop is to end.
    pub(crate) closing: bool,
}

/// What came of calling a handler.
pub(crate) enum Verdict {
    Answered(Answer),
    /// The request was suspended by this handler, which is to be called again.
    Suspended(HandlerId, Watch),
}

impl Service {
    pub(crate) fn new(config: Arc<Config>, router: Arc<Router>, inbox: Arc<Inbox>) -> Self {
        let mut spares = Vec::new();
        spares.resize_with(router.handler_count(), Vec::new);
        Self {
            config,
            router,
            inbox,
            spares,
            messages: Vec::new(),
            buffers: Vec::new(),
            last_serial: 0,
            date: Date::new(),
            now: Instant::now(),
            closing: false,
        }
    }

    /// Catches up with the clocks.
    pub(crate) fn update_clocks(&mut self) {
        self.now = Instant::now();
        self.date.update();
    }

    /// A number that no other request of this loop has.
    pub(crate) fn new_serial(&mut self) -> u64 {
        self.last_serial += 1;
        self.last_serial
    }

    /// Serves a request, as far as it goes.
    pub(crate) fn first_call(&mut self, message: &Message, key: Key) -> Verdict {
        match self.router.find(message) {
            Ok(handler) => self.call(message, key, handler, None),
            Err(answer) => Verdict::Answered(answer),
        }
    }

    /// Serves it further, after a resume.
    pub(crate) fn later_call(
        &mut self,
        message: &Message,
        handler: HandlerId,
        returned: Suspended,
    ) -> Verdict {
        self.call(message, returned.key(), handler, Some(returned))
    }

    fn call(
        &mut self,
        message: &Message,
        key: Key,
        handler: HandlerId,
        returned: Option<Suspended>,
    ) -> Verdict {
        let spares = &mut self.spares[handler.0];
        let call = Call {
            inbox: &self.inbox,
            key,
            // What came back has its own cell, to be filled again.
            spare: Cell::new(if returned.is_some() {
                None
            } else {
                spares.pop()
            }),
        };
        let request = Request::new(message, &self.router);
        let erased = self.router.handler(handler);
        let reply = contained(|| Outcome::into_reply(erased.call(&request, &call, returned)));
        if let Some(vacant) = call.spare.into_inner()
            && spares.len() < MAX_SPARES
        {
            spares.push(vacant);
        }
        match reply {
            Some(Reply::Answered(answer)) => Verdict::Answered(answer),
            Some(Reply::Suspended(watch)) => Verdict::Suspended(handler, watch),
            None => {
                tracing::error!(path = message.path(), "a handler panicked");
                Verdict::Answered(internal_error())
            }
        }
    }

    /// A message to be filled.
    pub(crate) fn new_message(&mut self) -> Box<Message> {
        self.messages.pop().unwrap_or_default()
    }

    /// Keeps a message that is done with, for [`new_message`](Self::new_message).
    pub(crate) fn recycle(&mut self, mut message: Box<Message>) {
        if self.messages.len() < MAX_SPARES {
            message.shrink();
            self.messages.push(message);
        }
    }

    /// An input buffer.
    pub(crate) fn new_buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_else(|| vec![0; READ_SIZE])
    }

    /// Keeps an input buffer for others, unless it has grown.
    pub(crate) fn keep_buffer(&mut self, buffer: Vec<u8>) {
        if self.buffers.len() < MAX_BUFFERS && buffer.len() == READ_SIZE {
            self.buffers.push(buffer);
        }
    }
}

/// The answer to a request whose handler or worker failed.
pub(crate) fn internal_error() -> Answer {
    let reason = "something went wrong in the server";
    Answer::of_server(StatusCode::INTERNAL_SERVER_ERROR, reason)
}

/// The answer to a request that was suspended for too long.
pub(crate) fn unavailable() -> Answer {
    let reason = "the answer was not ready in time";
    Answer::of_server(StatusCode::SERVICE_UNAVAILABLE, reason)
}
