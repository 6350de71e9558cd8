//! Several producers, and one consumer thread that blocks while there is nothing to do. The
//! consumer ends when the last producer has ended.
//!
//! ```sh
//! cargo run -p mpsc-queue --example threads
//! ```
#![forbid(unsafe_code)]

use std::thread;

use mpsc_queue::channel::{Sender, channel};
use mpsc_queue::{Chain, Link, linked};

/// A number from a producer. It contains the queue's node, so a send does not allocate.
struct Request {
    link: Link,
    from: usize,
    number: u64,
}
linked!(Request => link: Link);

const PRODUCERS: usize = 3;

fn request(from: usize, number: u64) -> Box<Request> {
    Box::new(Request {
        link: Link::new(),
        from,
        number,
    })
}

fn produce(from: usize, requests: &Sender<Box<Request>>) {
    // One at a time. Each send is one atomic exchange, and wakes the consumer if it sleeps.
    for number in 1..=100 {
        let sent = requests.send(request(from, number));
        sent.expect("the receiver outlives the producers");
    }
    // Many with one exchange.
    let chain: Chain<_> = (101..=200).map(|number| request(from, number)).collect();
    let sent = requests.send_chain(chain);
    sent.expect("the receiver outlives the producers");
}

fn main() {
    let (sender, mut requests) = channel();
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|from| {
            let sender = sender.clone();
            thread::spawn(move || produce(from, &sender))
        })
        .collect();
    drop(sender); // the producers have the other ones

    let mut sums = [0; PRODUCERS];
    for request in &mut requests {
        sums[request.from] += request.number;
    }
    println!("sums of the producers: {sums:?}");
    assert_eq!(sums, [200 * 201 / 2; PRODUCERS]);
    for producer in producers {
        producer.join().expect("producers do not panic");
    }
}
