//! Several producers, and one consumer thread that blocks while there is nothing to do.
//!
//! ```sh
//! cargo run -p mpsc-queue --example threads
//! ```
#![forbid(unsafe_code)]

use std::thread;

use mpsc_queue::{BlockingQueue, Chain, Link, linked};

/// A request of a producer. It contains the queue's node, so a push does not allocate.
struct Request {
    link: Link,
    from: usize,
    kind: Kind,
}
linked!(Request => link: Link);

enum Kind {
    Add(u64),
    /// The producer is done. A queue does not know its producers, so they say so.
    Done,
}

const PRODUCERS: usize = 3;

static REQUESTS: BlockingQueue<Box<Request>> = BlockingQueue::new();

fn request(from: usize, kind: Kind) -> Box<Request> {
    Box::new(Request {
        link: Link::new(),
        from,
        kind,
    })
}

fn produce(from: usize) {
    // One at a time. Each push is one atomic exchange, and wakes the consumer if it sleeps.
    for number in 1..=100 {
        REQUESTS.push(request(from, Kind::Add(number)));
    }
    // Many with one exchange.
    let mut chain: Chain<_> = (101..=200)
        .map(|number| request(from, Kind::Add(number)))
        .collect();
    chain.push(request(from, Kind::Done));
    REQUESTS.push_chain(chain);
}

fn main() {
    let producers: Vec<_> = (0..PRODUCERS)
        .map(|from| thread::spawn(move || produce(from)))
        .collect();

    let mut requests = REQUESTS.receiver().expect("no other receiver exists");
    let mut sums = [0; PRODUCERS];
    let mut running = PRODUCERS;
    while running > 0 {
        let request = requests.recv();
        match request.kind {
            Kind::Add(number) => sums[request.from] += number,
            Kind::Done => {
                println!("producer {}: {}", request.from, sums[request.from]);
                running -= 1;
            }
        }
    }
    assert_eq!(sums, [200 * 201 / 2; PRODUCERS]);
    for producer in producers {
        producer.join().expect("producers do not panic");
    }
}
