//! Two threads, each of which writes one object and reads the other: what `Empty` says.
#![cfg(loom)]

// Not loom's: it outlives each execution.
use std::sync::atomic::AtomicBool as Flag;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering, fence};
use loom::thread;
use loom_tests::{BareForm, Job, Jobs, Model, in_each_form, job, pop_rest};
use mpsc_queue::{Consumer, Form, Pop};

in_each_form!(
    pop_may_return_empty_on_both,
    pop_fenced_does_not_return_empty_on_both,
    pop_fenced_or_producer_notices_other
);

type PopFn<F> = fn(&mut Consumer<&Jobs<F>>) -> Pop<Box<Job>, <F as Form>::Stall>;

/// Each of two threads pushes to one queue and then pops the other with `pop`. Returns whether
/// both pops returned `Empty`.
fn push_to_one_and_pop_the_other<F: BareForm>(pop: PopFn<F>) -> bool {
    let queues: [Arc<Jobs<F>>; 2] = Default::default();
    let [first, second] = [(0, 1), (1, 0)].map(|(pushed, popped)| {
        let pushed = Arc::clone(&queues[pushed]);
        let popped = Arc::clone(&queues[popped]);
        thread::spawn(move || {
            assert!(!pushed.push(job(0, 0)).unwrap().is_needed());
            pop(&mut popped.consumer().unwrap())
        })
    });
    let results = [first.join().unwrap(), second.join().unwrap()];
    for queue in &queues {
        drop(pop_rest(&mut queue.consumer().unwrap()));
    }
    results.iter().all(Pop::is_empty)
}

/// Store buffering: `pop` is exact for each queue, but orders nothing across the two.
fn pop_may_return_empty_on_both<F: BareForm>() {
    let seen = std::sync::Arc::new(Flag::new(false));
    let flag = std::sync::Arc::clone(&seen);
    let model = Model::new("`pop` may return `Empty` from both of two queues")
        .threads("2 threads, each producer and consumer")
        .at_least(F::select([5_000, 1_700, 210]));
    model.check(move || {
        if push_to_one_and_pop_the_other::<F>(|consumer| consumer.pop()) {
            flag.store(true, Ordering::Relaxed);
        }
    });
    assert!(
        seen.load(Ordering::Relaxed),
        "no execution shows the weak outcome"
    );
}

fn pop_fenced_does_not_return_empty_on_both<F: BareForm>() {
    let model = Model::new("`pop_fenced` does not return `Empty` from both of two queues")
        .threads("2 threads, each producer and consumer")
        .at_least(F::select([18_000, 4_900, 490]));
    model.check(|| {
        assert!(!push_to_one_and_pop_the_other::<F>(
            |consumer| consumer.pop_fenced()
        ));
    });
}

/// A flag in place of one of the queues.
fn pop_fenced_or_producer_notices_other<F: BareForm>() {
    let model = Model::new("`pop_fenced` finds the item, or its producer the flag")
        .threads("1 x 1, consumer")
        .at_least(F::select([180, 62, 20]));
    model.check(|| {
        let queue = Arc::new(Jobs::<F>::default());
        let flag = Arc::new(AtomicBool::new(false));
        let producer = {
            let (queue, flag) = (Arc::clone(&queue), Arc::clone(&flag));
            thread::spawn(move || {
                assert!(!queue.push(job(0, 0)).unwrap().is_needed());
                fence(Ordering::SeqCst);
                flag.load(Ordering::Relaxed)
            })
        };
        let mut consumer = queue.consumer().unwrap();
        flag.store(true, Ordering::Relaxed);
        let popped = consumer.pop_fenced();
        let producer_sees_flag = producer.join().unwrap();
        assert!(!popped.is_empty() || producer_sees_flag);
        drop(pop_rest(&mut consumer));
    });
}
