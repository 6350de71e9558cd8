//! The floor: epoll, recv, send. It counts the empty lines that end requests, and
//! parses nothing.

use std::io::{self, ErrorKind, Read, Write};
use std::thread;

use memchr::memmem::Finder;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

use crate::address;

/// As long as http-resume's response.
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
    Content-Length: 5\r\n\
    content-type: text/plain; charset=utf-8\r\n\r\nhello";

const LISTENER: Token = Token(0);

/// Serves with one of `threads` threads. The others sleep: in a process of several threads, a
/// system call on a file costs more, because the kernel counts the references to the file.
pub(crate) fn serve(threads: usize) -> io::Result<()> {
    for _ in 1..threads {
        thread::Builder::new().spawn(|| {
            loop {
                thread::park();
            }
        })?;
    }
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    address::announce(listener.local_addr()?);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;

    let end = Finder::new(b"\r\n\r\n");
    let mut events = Events::with_capacity(1024);
    let mut streams = Vec::new(); // index: token - 1; never removed
    let mut input = vec![0; 64 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue, // by strace
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                while let Some((mut stream, _)) = would_block(listener.accept())? {
                    stream.set_nodelay(true)?;
                    let token = Token(streams.len() + 1);
                    let registry = poll.registry();
                    registry.register(&mut stream, token, Interest::READABLE)?;
                    streams.push(stream);
                }
                continue;
            }
            let stream = &mut streams[event.token().0 - 1];
            // The requests are shorter than the buffer, so one `read` returns all of them.
            let Ok(Some(length)) = would_block(stream.read(&mut input)) else {
                continue;
            };
            let count = end.find_iter(&input[..length]).count();
            if count == 1 {
                let _ = stream.write(RESPONSE);
            } else if count > 1 {
                let _ = stream.write(&RESPONSE.repeat(count));
            }
        }
    }
}

fn would_block<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
