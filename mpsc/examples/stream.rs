//! Receivers as streams: two channels, merged, batched and counted.
//!
//! ```sh
//! cargo run -p mpsc-queue --features stream --example stream
//! ```
#![forbid(unsafe_code)]

use std::thread;

use futures_util::StreamExt;
use futures_util::stream::select;
use mpsc_queue::channel::{self, Sender};
use mpsc_queue::{Link, linked};

struct Reading {
    link: Link,
    sensor: &'static str,
    value: u32,
}
linked!(Reading => link: Link);

const EACH: u32 = 1000;

/// Sends from a thread of its own, which ends with its sender.
fn spawn_sensor(sensor: &'static str, readings: Sender<Box<Reading>>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for value in 1..=EACH {
            let link = Link::new();
            let reading = Reading {
                link,
                sensor,
                value,
            };
            readings
                .send(Box::new(reading))
                .expect("the task receives to the end");
        }
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (first, temperatures) = channel::channel();
    let (second, pressures) = channel::channel();
    let sensors = [
        spawn_sensor("temperature", first),
        spawn_sensor("pressure", second),
    ];

    let mut batches = select(temperatures, pressures).ready_chunks(64);
    let (mut count, mut sums) = (0, [0; 2]);
    while let Some(batch) = batches.next().await {
        count += 1;
        for reading in batch {
            sums[usize::from(reading.sensor == "pressure")] += reading.value;
        }
    }

    for sensor in sensors {
        sensor.join().expect("a sensor does not panic");
    }
    assert_eq!(sums, [EACH * (EACH + 1) / 2; 2]);
    println!("{} readings of two sensors in {count} batches", 2 * EACH);
}
