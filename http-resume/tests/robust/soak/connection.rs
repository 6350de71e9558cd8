//! A connection of a client, which accounts for each request that it sends.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::account::{Account, Fate};
use super::effects::{Counter, Effects};
use super::request::{Expected, Request};
use crate::support::{Answer, Client, HANGS};

/// What all connections of one client share.
pub(super) struct Dialer<'a> {
    pub(super) addr: SocketAddr,
    pub(super) account: RefCell<Account>,
    /// Set before the server is told to stop.
    pub(super) is_stopping: &'a AtomicBool,
}

impl Dialer<'_> {
    pub(super) fn is_stopping(&self) -> bool {
        // Relaxed: only the signal to the server depends on it, and comes much later.
        self.is_stopping.load(Ordering::Relaxed)
    }

    /// Connects. Returns `None` if the server does not listen any more.
    pub(super) fn connect(&self) -> Option<Connection<'_>> {
        let stream = match TcpStream::connect(self.addr) {
            Ok(stream) => stream,
            Err(error) => {
                self.complain(format!("cannot connect: {error}"));
                return None;
            }
        };
        stream.set_write_timeout(Some(HANGS)).unwrap();
        let accepted = Effects::of(&[(Counter::Accepted, 1)]);
        self.account.borrow_mut().count_possible(accepted);
        Some(Connection {
            client: Client::new(stream),
            dialer: self,
            awaited: VecDeque::new(),
            is_accepted: false,
        })
    }

    /// Notes something that must not happen unless the server stops.
    fn complain(&self, what: String) {
        if !self.is_stopping() {
            self.account.borrow_mut().complain(what);
        }
    }
}

pub(super) struct Connection<'a> {
    client: Client,
    dialer: &'a Dialer<'a>,
    /// The expected responses to the requests that were sent.
    awaited: VecDeque<Expected>,
    /// Set once the server has shown that it accepted the connection.
    is_accepted: bool,
}

impl Connection<'_> {
    /// Returns the socket, to be written by another thread.
    pub(super) fn writer(&self) -> TcpStream {
        self.client
            .socket()
            .try_clone()
            .expect("a descriptor is free")
    }

    /// Makes the client receive little at a time.
    pub(super) fn shrink_window(&self) {
        let socket = socket2::SockRef::from(self.client.socket());
        socket.set_recv_buffer_size(16 * 1024).unwrap();
    }

    pub(super) fn send(&mut self, request: Request) {
        self.expect(request.expected);
        self.write(&request.bytes);
    }

    /// Sends requests together.
    pub(super) fn send_all(&mut self, requests: impl IntoIterator<Item = Request>) {
        let bytes = self.expect_all(requests);
        self.write(&bytes);
    }

    /// Sends a request in pieces.
    pub(super) fn send_slowly(&mut self, request: Request, pause: Duration) {
        const PIECES: usize = 20;
        self.expect(request.expected);
        for piece in request.bytes.chunks(request.bytes.len().div_ceil(PIECES)) {
            self.write(piece);
            std::thread::sleep(pause);
        }
    }

    /// Notes the responses to requests. Returns the requests, which the caller sends.
    pub(super) fn expect_all(&mut self, requests: impl IntoIterator<Item = Request>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for request in requests {
            self.expect(request.expected);
            bytes.extend(request.bytes);
        }
        bytes
    }

    /// Notes the response to a request, which the caller sends.
    pub(super) fn expect(&mut self, expected: Expected) {
        self.dialer.account.borrow_mut().count_sent(expected.kind);
        self.awaited.push_back(expected);
    }

    /// Sends bytes. If that fails, the next response tells why.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let _ = self.client.socket().write_all(bytes);
    }

    pub(super) fn close_half(&self) {
        let _ = self.client.socket().shutdown(Shutdown::Write);
    }

    /// Receives the interim response to `Expect: 100-continue`. Returns `false` otherwise.
    pub(super) fn receive_continue(&mut self) -> bool {
        let answer = self.client.try_head();
        let is_continue = matches!(&answer, Ok(Some(answer)) if answer.status == 100);
        match is_continue {
            true => self.accept(),
            false => self.lose_by(answer),
        }
        is_continue
    }

    /// Receives the responses to all requests. Returns `false` if the connection is lost.
    pub(super) fn receive_all(&mut self) -> bool {
        while let Some(expected) = self.awaited.front() {
            let answer = match expected.is_head {
                true => self.client.try_head(),
                false => self.client.try_next(),
            };
            match answer {
                Ok(Some(answer)) if answer.status == 100 => {} // the body had not arrived
                Ok(Some(answer)) => self.settle(&answer),
                other => {
                    self.lose_by(other);
                    return false;
                }
            }
        }
        true
    }

    /// Accounts for the first of the awaited responses.
    fn settle(&mut self, answer: &Answer) {
        self.accept();
        let expected = self.awaited.pop_front().expect("a response is awaited");
        let mut account = self.dialer.account.borrow_mut();
        let effects = expected.effects_by(answer, self.dialer.is_stopping());
        let fate = match effects {
            Some(effects) if effects.refuses() => Fate::Refused,
            Some(_) => Fate::Answered,
            None => Fate::Lost,
        };
        account.count_fate(expected.kind, fate);
        match effects {
            Some(effects) => account.count_effects(effects),
            None => account.complain(format!("{}: wrong response {answer:?}", expected.kind)),
        }
    }

    /// Accounts for a connection that ends while responses are awaited.
    fn lose_by(&mut self, end: io::Result<Option<Answer>>) {
        // The server closes an idle connection as a request arrives, or resets one that it could
        // not accept any more.
        let may_stop = match &end {
            Ok(answer) => answer.is_none(),
            Err(_) => !self.is_accepted,
        };
        let fate = match self.dialer.is_stopping() && may_stop {
            true => Fate::Stopped,
            false => Fate::Lost,
        };
        self.lose(&format!("{end:?} instead of a response"), fate);
    }

    fn lose(&mut self, what: &str, fate: Fate) {
        let mut account = self.dialer.account.borrow_mut();
        let kinds: Vec<_> = self.awaited.iter().map(|it| it.kind).collect();
        if matches!(fate, Fate::Lost) {
            account.complain(format!("{what}; the requests {kinds:?} are lost"));
        }
        for expected in self.awaited.drain(..) {
            account.count_fate(expected.kind, fate);
            account.count_possible(expected.most_effects());
        }
    }

    /// Notes that the server has accepted the connection.
    fn accept(&mut self) {
        if !self.is_accepted {
            self.is_accepted = true;
            let accepted = Effects::of(&[(Counter::Accepted, 1)]);
            self.dialer.account.borrow_mut().confirm(accepted);
        }
    }

    /// Waits for the server to close the connection, in order.
    pub(super) fn receive_end(mut self) {
        match self.client.try_next() {
            Ok(None) => self.accept(),
            other => self
                .dialer
                .complain(format!("{other:?} instead of the end")),
        }
    }

    /// Waits for the server to disconnect a client that does not read.
    pub(super) fn wait_for_disconnect(mut self) {
        let started = std::time::Instant::now();
        // The server skips an empty line before a request.
        while self.client.socket().write_all(b"\r\n").is_ok() {
            if started.elapsed() > HANGS {
                self.dialer
                    .complain("a client that does not read is served".into());
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.accept();
        let timeout = Effects::of(&[(Counter::SendTimeouts, 1)]);
        self.dialer.account.borrow_mut().count_effects(timeout);
    }

    /// Resets the connection, whatever is awaited.
    pub(super) fn reset(self) {
        self.client.reset_on_close();
    }

    /// Gives up the awaited responses.
    pub(super) fn give_up(&mut self) {
        self.lose("", Fate::GivenUp);
    }
}

/// Closes the connection, whatever is awaited.
impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}
