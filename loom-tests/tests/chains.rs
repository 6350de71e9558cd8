//! Chains and drains against single pushes.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Jobs, Model, assert_fifo, in_each_form, job, pop_rest};
use mpsc_queue::{Chain, Pop};

in_each_form!(
    chain_is_popped_without_interleaving,
    two_chains_do_not_interleave,
    drain_ends_at_newest_item_of_its_start,
    chain_or_push_ends_park
);

fn chain_is_popped_without_interleaving<F: BareForm>() {
    let model = Model::new("A chain is popped in order, with no other item in between")
        .threads("chain of 2, 1 x 1, consumer")
        .at_least(F::select([8_500, 2_700, 410]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let chained = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let chain: Chain<_> = (0..2).map(|number| job(0, number)).collect();
                let _ = queue.push_chain(chain).unwrap();
            })
        };
        let single = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(1, 0)).unwrap();
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

fn two_chains_do_not_interleave<F: BareForm>() {
    let model = Model::new("Of two chains, one is popped whole before the other")
        .threads("2 chains of 2, consumer")
        .bound(3)
        .at_least(F::select([2_300, 970, 290]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let chain: Chain<_> = (0..2).map(|number| job(producer, number)).collect();
                    let _ = queue.push_chain(chain).unwrap();
                })
            })
            .collect();
        let mut consumer = queue.consumer().unwrap();
        let mut items = Vec::new();
        for _ in 0..2 {
            items.extend(consumer.pop().into_item());
        }
        for thread in threads {
            thread.join().unwrap();
        }
        items.extend(pop_rest(&mut consumer));
        assert_fifo(&items, 2, 2);
        assert_eq!(items[0].producer, items[1].producer, "interleaved");
    });
}

fn drain_ends_at_newest_item_of_its_start<F: BareForm>() {
    let model = Model::new("A drain yields no item that was pushed after its start")
        .threads("1 x 1, consumer x 1")
        .at_least(F::select([35, 65, 68]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let _ = queue.push(job(0, 0)).unwrap();
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let _ = queue.push(job(0, 1)).unwrap();
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut items: Vec<_> = Vec::new();
        let mut drain = consumer.drain(usize::MAX);
        let _ = queue.push(job(1, 0)).unwrap(); // after the start of the drain
        items.extend(drain.by_ref());
        let stalled = drain.is_stalled();
        assert!(!items.is_empty() || stalled, "the first push had returned");
        assert!(
            items.iter().all(|job| job.producer == 0),
            "an item that was pushed after the start"
        );
        producer.join().unwrap();
        items.extend(pop_rest(&mut consumer));
        let last = items.iter().position(|job| job.producer == 1).unwrap();
        items.remove(last);
        assert_fifo(&items, 1, 2);
    });
}

fn chain_or_push_ends_park<F: BareForm>() {
    let model = Model::new("Of a chain and a single push, exactly one ends a park")
        .threads("chain of 2, 1 x 1, consumer")
        .at_least(F::select([120, 120, 680]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().expect("the queue is empty");
        let chained = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let chain: Chain<_> = (0..2).map(|number| job(0, number)).collect();
                queue.push_chain(chain).unwrap().is_needed()
            })
        };
        let single = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(job(1, 0)).unwrap().is_needed())
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
