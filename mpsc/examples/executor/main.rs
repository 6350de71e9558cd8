//! An executor whose tasks embed the link of its run queue, so that a wake-up does not allocate:
//! once with tasks of its own, once with those of `async-task`.
//!
//! ```sh
//! cargo run -p mpsc-queue --features async-task --example executor
//! ```
#![forbid(unsafe_code)]

mod arc;
mod runnable;

use std::sync::Arc;
use std::thread;

use mpsc_queue::{AsyncQueue, Link, Receiver, linked};

/// A message to a task, from another task or from a thread.
struct Message {
    link: Link,
    text: String,
}
linked!(Message => link: Link);

type Inbox = AsyncQueue<Box<Message>>;

fn send(inbox: &Inbox, text: impl Into<String>) {
    let message = Box::new(Message {
        link: Link::new(),
        text: text.into(),
    });
    inbox.push(message).expect("the receiver does not close");
}

/// Prints the six messages.
async fn print(executor: &'static str, mut messages: Receiver<Arc<Inbox>>) {
    for _ in 0..6 {
        let message = messages.recv().await.expect("the queue is open");
        println!("{executor}: {}", message.text);
    }
}

/// Sends two messages from a task.
async fn send_two(inbox: Arc<Inbox>, name: &'static str) {
    send(&inbox, format!("the {name} task"));
    send(&inbox, format!("the {name} task again"));
}

fn spawn_thread(inbox: Arc<Inbox>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        send(&inbox, "a thread");
        send(&inbox, "a thread again");
    })
}

fn main() {
    let executor = arc::Executor::new();
    let (inbox, messages) = Inbox::new().share();
    executor.spawn(print("arc", messages));
    for name in ["first", "second"] {
        executor.spawn(send_two(Arc::clone(&inbox), name));
    }
    let outside = spawn_thread(inbox);
    executor.run();
    outside.join().expect("the thread does not panic");

    let mut executor = runnable::Executor::new();
    let (inbox, messages) = Inbox::new().share();
    let spawner = executor.spawner();
    let printing = spawner.spawn(print("async-task", messages));
    for name in ["first", "second"] {
        spawner.spawn(send_two(Arc::clone(&inbox), name)).detach();
    }
    let outside = spawn_thread(inbox);
    executor.run_until(&printing);
    outside.join().expect("the thread does not panic");
}
