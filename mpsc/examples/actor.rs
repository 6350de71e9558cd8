//! Three actors with mailboxes, and the two ways in which they stop.
//!
//! An actor is a thread that owns the receiver of a channel, its mailbox, and a sender to the
//! mailbox of the next actor. Here the first removes the blanks around a line, the second
//! numbers the line, and the third collects the lines.
//!
//! ```sh
//! cargo run -p mpsc-queue --example actor
//! ```
#![forbid(unsafe_code)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use mpsc_queue::channel::{Receiver, Sender};
use mpsc_queue::{Link, SendError, channel, linked};

/// A message. The same box travels from mailbox to mailbox, so a send does not allocate.
struct Line {
    link: Link,
    text: String,
    ledger: Arc<Ledger>,
    is_settled: bool,
}
linked!(Line => link: Link);

/// How many messages have met which fate.
#[derive(Default)]
struct Ledger {
    collected: AtomicUsize,
    returned: AtomicUsize,
    dropped: AtomicUsize,
}

impl Line {
    fn new(text: &str, ledger: &Arc<Ledger>) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            text: text.to_owned(),
            ledger: Arc::clone(ledger),
            is_settled: false,
        })
    }

    /// Counts the message as collected or returned.
    fn settle(&mut self, fate: fn(&Ledger) -> &AtomicUsize) {
        fate(&self.ledger).fetch_add(1, Ordering::Relaxed);
        self.is_settled = true;
    }
}

/// A message that is dropped unsettled was in a mailbox whose actor has stopped.
impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_settled {
            self.ledger.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Starts an actor that works on each line and passes it on. It stops when no sender to its
/// mailbox is left, or when the next actor has stopped.
fn start_actor(
    name: &'static str,
    mailbox: Receiver<Box<Line>>,
    next: Sender<Box<Line>>,
    mut work: impl FnMut(&mut String) + Send + 'static,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut count = 0;
        for mut line in mailbox {
            work(&mut line.text);
            count += 1;
            if let Err(SendError(mut line)) = next.send(line) {
                line.settle(|ledger| &ledger.returned);
                println!("  {name}: {count} lines, the next actor has stopped");
                // The mailbox goes with this function, and so the actor before notices.
                return;
            }
        }
        // `next` goes with this function, and so the next actor notices.
        println!("  {name}: {count} lines, no more can come");
    })
}

/// Starts an actor that collects lines. It stops when no sender to its mailbox is left, or
/// when it has `limit` lines.
fn start_collector(mailbox: Receiver<Box<Line>>, limit: usize) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut texts = Vec::new();
        for mut line in mailbox.into_iter().take(limit) {
            line.settle(|ledger| &ledger.collected);
            texts.push(std::mem::take(&mut line.text));
        }
        println!("  collect: {} lines", texts.len());
        texts
    })
}

/// The three actors, and a sender to the first.
struct Pipeline {
    first: Sender<Box<Line>>,
    actors: [JoinHandle<()>; 2],
    collector: JoinHandle<Vec<String>>,
}

impl Pipeline {
    fn start(limit: usize) -> Self {
        let (first, to_trim) = channel();
        let (second, to_number) = channel();
        let (third, to_collect) = channel();
        let trim = |text: &mut String| *text = text.trim().to_owned();
        let mut number = 0;
        let add_number = move |text: &mut String| {
            number += 1;
            *text = format!("{number}. {text}");
        };
        Self {
            first,
            actors: [
                start_actor("trim", to_trim, second, trim),
                start_actor("number", to_number, third, add_number),
            ],
            collector: start_collector(to_collect, limit),
        }
    }

    /// Drops the sender to the first actor, and waits until the actors have stopped.
    fn join(self) -> Vec<String> {
        drop(self.first);
        for actor in self.actors {
            actor.join().expect("actors do not panic");
        }
        self.collector.join().expect("actors do not panic")
    }
}

fn main() {
    println!("stopped from the front: the sender to the first actor is dropped");
    let ledger = Arc::new(Ledger::default());
    let pipeline = Pipeline::start(usize::MAX);
    for text in ["  a line", "another line  ", "  and the last line  "] {
        let sent = pipeline.first.send(Line::new(text, &ledger));
        assert!(sent.is_ok(), "no actor has stopped");
    }
    let texts = pipeline.join();
    let expected = ["1. a line", "2. another line", "3. and the last line"];
    assert_eq!(texts, expected, "everything that was sent is received");
    assert_eq!(ledger.collected.load(Ordering::Relaxed), 3);

    println!("stopped from the back: the last actor drops its mailbox after 5 lines");
    let ledger = Arc::new(Ledger::default());
    let pipeline = Pipeline::start(5);
    let mut sent = 0;
    loop {
        let line = Line::new(" a line of many ", &ledger);
        sent += 1;
        if let Err(SendError(mut line)) = pipeline.first.send(line) {
            line.settle(|ledger| &ledger.returned);
            break;
        }
    }
    assert_eq!(pipeline.join().len(), 5);

    // All mailboxes are gone, so each message has been settled or dropped.
    let count = |fate: &AtomicUsize| fate.load(Ordering::Relaxed);
    let (collected, returned) = (count(&ledger.collected), count(&ledger.returned));
    let dropped = count(&ledger.dropped);
    println!("  of {sent} lines: {collected} collected, {returned} returned to the sender,");
    println!("  {dropped} dropped with a mailbox");
    assert_eq!(collected + returned + dropped, sent);
    assert_eq!(returned, 3, "to `main` and to two actors");
}
