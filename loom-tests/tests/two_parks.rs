//! A consumer that parks on two queues.
#![cfg(loom)]

use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Job, Jobs, Model, in_each_form, job};
use mpsc_queue::{Consumer, Pop, park_all};

in_each_form!(
    consumer_sleeps_once_for_two_queues,
    refused_park_unparks_the_other
);

/// Pops one item from each queue that has one. Returns their number.
fn pop_each<F: BareForm>(consumers: &mut [Consumer<&Jobs<F>>; 2]) -> usize {
    let popped = consumers.iter_mut().map(|consumer| match consumer.pop() {
        Pop::Stalled(_) => {
            thread::yield_now();
            false
        }
        pop => pop.into_item().is_some(),
    });
    popped.filter(|is_popped| *is_popped).count()
}

/// A lost wake-up is a deadlock, which loom reports. (The consumer joins no thread before the end,
/// since loom would take a late wake-up for the end of the join.)
fn consumer_sleeps_once_for_two_queues<F: BareForm>() {
    let model = Model::new("A push to either of two queues wakes the consumer that parks on both")
        .threads("1 x 1 to each of 2 queues, consumer")
        .bound(3)
        .at_least(F::select([7_800, 2_600, 470]));
    model.check(|| {
        let queues: [Arc<Jobs<F>>; 2] = Default::default();
        let consumer = {
            let queues = queues.clone();
            thread::spawn(move || {
                let mut consumers =
                    [&*queues[0], &*queues[1]].map(|queue| queue.consumer().unwrap());
                let mut received = 0;
                while received < 2 {
                    let popped = pop_each(&mut consumers);
                    received += popped;
                    if popped == 0 {
                        let [first, second] = &mut consumers;
                        if let Some(_parked) = park_all(&mut [first, second]) {
                            thread::park();
                        }
                    }
                }
            })
        };
        let sleeper = consumer.thread().clone();
        let producer = {
            let (queue, sleeper) = (Arc::clone(&queues[0]), sleeper.clone());
            thread::spawn(move || push(&queue, &sleeper))
        };
        push(&queues[1], &sleeper);
        producer.join().unwrap();
        consumer.join().unwrap();
    });
}

fn push<F: BareForm>(queue: &Jobs<F>, sleeper: &thread::Thread) {
    if queue.push(job(0, 0)).unwrap().is_needed() {
        sleeper.unpark();
    }
}

/// The first queue is marked while the second one refuses. A push that overlaps the park may report
/// it; one that comes later does not.
fn refused_park_unparks_the_other<F: BareForm>() {
    let model = Model::new("Queues are left unparked if another one cannot be parked")
        .threads("1 x 1 to the first queue, consumer")
        .at_least(F::select([4, 4, 5]));
    model.check(|| {
        let queues: [Arc<Jobs<F>>; 2] = Default::default();
        assert!(!queues[1].push(job(0, 0)).unwrap().is_needed());
        let producer = {
            let queue = Arc::clone(&queues[0]);
            thread::spawn(move || queue.push(job(0, 0)).unwrap())
        };
        let mut consumers = [&*queues[0], &*queues[1]].map(|queue| queue.consumer().unwrap());
        let [first, second] = &mut consumers;
        assert!(park_all(&mut [first, second]).is_none());
        assert!(!queues[0].push(job(1, 0)).unwrap().is_needed());
        let _ = producer.join().unwrap();
        let rest: Vec<Box<Job>> = consumers
            .iter_mut()
            .flat_map(|consumer| std::iter::from_fn(|| consumer.pop_blocking()))
            .collect();
        assert_eq!(rest.len(), 3);
    });
}
