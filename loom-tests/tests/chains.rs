//! Chains and sweeps against single pushes.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{Job, assert_fifo, exhaustive, job, pop_rest};
use mpsc_queue::{Chain, Pop, Queue};

/// A chain arrives whole, in order, and with nothing in between.
#[test]
fn a_chain_is_not_interrupted() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let chained = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let chain: Chain<_> = (0..2).map(|number| job(0, number)).collect();
                let _ = queue.push_chain(chain);
            })
        };
        let single = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(1, 0));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        if let Pop::Item(job) = consumer.pop() {
            items.push(job);
        }
        chained.join().unwrap();
        single.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        let producers: Vec<_> = items.iter().map(|job| job.producer).collect();
        assert!(
            matches!(producers[..], [0, 0, 1] | [1, 0, 0]),
            "{producers:?}"
        );
        assert_eq!(
            items
                .iter()
                .filter(|job| job.producer == 0)
                .map(|job| job.number)
                .sum::<usize>(),
            1
        );
    });
}

/// A sweep takes what was there when it began, and nothing that came later.
#[test]
fn a_sweep_is_bounded_by_its_beginning() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let _ = queue.push(job(0, 0));
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 1));
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items: Vec<_> = Vec::new();
        let mut sweep = consumer.drain(usize::MAX);
        let _ = queue.push(job(1, 0)); // certainly after the beginning
        items.extend(sweep.by_ref());
        let stalled = sweep.is_stalled();
        assert!(!items.is_empty() || stalled, "the first item was complete");
        assert!(
            items.iter().all(|job| job.producer == 0),
            "it came too late"
        );
        producer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        let last = items.iter().position(|job| job.producer == 1).unwrap();
        items.remove(last);
        assert_fifo(&items, 1, 2);
    });
}

/// A chain wakes the consumer as a single push does: whichever of them ends the
/// park is told, and no other.
#[test]
fn a_chain_ends_a_park() {
    exhaustive(|| {
        let queue = Arc::new(Queue::<Box<Job>>::new());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().expect("the queue is empty");
        let chained = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let chain: Chain<_> = (0..2).map(|number| job(0, number)).collect();
                queue.push_chain(chain).is_needed()
            })
        };
        let single = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(1, 0)).is_needed())
        };
        let was_ended = !parked.unpark();
        let told = [chained.join().unwrap(), single.join().unwrap()];
        assert_eq!(
            told.map(usize::from).iter().sum::<usize>(),
            usize::from(was_ended)
        );
        assert_eq!(pop_rest(&mut consumer).len(), 3);
    });
}
