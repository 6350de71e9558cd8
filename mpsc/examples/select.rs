//! A task that waits for several things at once: two channels, a timer, and its end.
//!
//! In each round, `select!` drops the futures that were not ready. A receive that is dropped takes
//! no item, so none is lost, and it leaves no waker behind.
//!
//! ```sh
//! cargo run -p mpsc-queue --example select
//! ```
#![forbid(unsafe_code)]

use std::thread;
use std::time::Duration;

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::{Link, linked};
use tokio::time::{MissedTickBehavior, interval};

struct Message {
    link: Link,
    number: u32,
}
linked!(Message => link: Link);

const EACH: u32 = 2000;

fn spawn_sender(messages: Sender<Box<Message>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for number in 0..EACH {
            let link = Link::new();
            let message = Box::new(Message { link, number });
            messages
                .send(message)
                .expect("the task receives to the end");
            if number % 100 == 0 {
                thread::sleep(Duration::from_millis(1)); // lets the timer win a round
            }
        }
    })
}

/// What the task has seen.
#[derive(Debug, Default)]
struct Counts {
    orders: u32,
    events: u32,
    ticks: u32,
}

async fn serve(mut orders: Receiver<Box<Message>>, mut events: Receiver<Box<Message>>) -> Counts {
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut counts = Counts::default();
    loop {
        tokio::select! {
            Ok(order) = orders.recv_async() => {
                assert_eq!(order.number, counts.orders, "in order, none lost");
                counts.orders += 1;
            }
            Ok(event) = events.recv_async() => {
                assert_eq!(event.number, counts.events, "in order, none lost");
                counts.events += 1;
            }
            _ = ticks.tick(), if counts.orders + counts.events < 2 * EACH => counts.ticks += 1,
            else => return counts, // both channels have ended
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (first, orders) = channel::channel();
    let (second, events) = channel::channel();
    let senders = [spawn_sender(first), spawn_sender(second)];
    let counts = serve(orders, events).await;
    for sender in senders {
        sender.join().expect("a sender does not panic");
    }
    assert_eq!((counts.orders, counts.events), (EACH, EACH));
    println!("{counts:?}");
}
