//! The queued flag of a shared item.
#![cfg(loom)]

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use loom_tests::{BareForm, Model, in_each_form, pop_rest};
use mpsc_queue::{Pop, Queue, SharedLink, linked};

in_each_form!(
    failed_push_is_visible_to_pop,
    popped_item_is_pushed_again,
    item_is_in_one_of_two_queues,
    retirement_is_visible_to_pop,
    retired_item_is_pushed_no_more
);

struct Task {
    link: SharedLink,
    /// Units of work. Accessed with relaxed orderings: the queue must order it.
    to_do: AtomicUsize,
}
linked!(Task => link: SharedLink);

fn task() -> Arc<Task> {
    Arc::new(Task {
        link: SharedLink::new(),
        to_do: AtomicUsize::new(0),
    })
}

/// Two producers add work to one item and push it. The last pop must see the work of
/// both, even if a push failed.
fn coalesce<F: BareForm>(pops: usize) {
    let queue = Arc::new(Queue::<Arc<Task>, F>::default());
    let task = task();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (queue, task) = (Arc::clone(&queue), Arc::clone(&task));
            thread::spawn(move || {
                task.to_do.fetch_add(1, Ordering::Relaxed);
                let _ = queue.try_push(task);
            })
        })
        .collect();

    let mut consumer = queue.consumer().unwrap();
    let mut done = 0;
    for _ in 0..pops {
        if let Pop::Item(task) = consumer.pop() {
            // A load: a read-modify-write would always read the latest value.
            let to_do = task.to_do.load(Ordering::Relaxed);
            done = done.max(to_do);
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
    for task in pop_rest(&mut consumer) {
        done = done.max(task.to_do.load(Ordering::Relaxed));
    }
    assert_eq!(done, 2, "the work of a push was missed");
}

fn failed_push_is_visible_to_pop<F: BareForm>() {
    let model = Model::new("Writes before a push that fails are visible to the pop of the item")
        .threads("2 x 1 of one item, consumer")
        .at_least(F::select([200_000, 26_000, 7_900]));
    model.check(|| coalesce::<F>(2));
}

fn popped_item_is_pushed_again<F: BareForm>() {
    let model =
        Model::new("An item is pushed again by its consumer; each successful push is popped once")
            .threads("1 x 1, consumer x 2, of one item")
            .at_least(F::select([30, 19, 11]));
    model.check(|| {
        let queue = Arc::new(Queue::<Arc<Task>, F>::default());
        let task = task();
        let other = {
            let (queue, task) = (Arc::clone(&queue), Arc::clone(&task));
            thread::spawn(move || usize::from(queue.try_push(task).is_ok()))
        };
        let mut pushed = usize::from(queue.try_push(task).is_ok());
        let mut consumer = queue.consumer().unwrap();
        let mut popped = 0;
        if let Pop::Item(task) = consumer.pop() {
            popped += 1;
            pushed += usize::from(queue.try_push(task).is_ok());
        }
        pushed += other.join().unwrap();
        popped += pop_rest(&mut consumer).len();
        assert_eq!(pushed, popped);
    });
}

fn item_is_in_one_of_two_queues<F: BareForm>() {
    let model = Model::new("Each successful push is popped from the queue that it went into")
        .threads("2 x 1 of one item into 2 queues")
        .at_least(F::select([7, 7, 7]));
    model.check(|| {
        let queues = [(); 2].map(|()| Arc::new(Queue::<Arc<Task>, F>::default()));
        let task = task();
        let other = {
            let (queue, task) = (Arc::clone(&queues[1]), Arc::clone(&task));
            thread::spawn(move || usize::from(queue.try_push(task).is_ok()))
        };
        let mine = usize::from(queues[0].try_push(task).is_ok());
        let mut consumer = queues[0].consumer().unwrap();
        let popped = usize::from(matches!(consumer.pop(), Pop::Item(_)));
        assert_eq!(popped, mine, "no push into this queue is in flight");
        let theirs = other.join().unwrap();
        assert!(mine + theirs > 0, "at least one push succeeds");
        assert_eq!(pop_rest(&mut queues[1].consumer().unwrap()).len(), theirs);
    });
}

fn retirement_is_visible_to_pop<F: BareForm>() {
    let model = Model::new("Writes before an item is retired in a queue are visible to its pop")
        .threads("1 x 1, consumer, retiring thread")
        .at_least(F::select([7, 7, 7]));
    model.check(|| {
        let queue = Queue::<Arc<Task>, F>::default();
        let task = task();
        assert!(queue.try_push_by_ref(&task).is_ok());
        let retiring = thread::spawn(move || {
            task.to_do.fetch_add(1, Ordering::Relaxed);
            task.link.retire()
        });
        let Pop::Item(task) = queue.consumer().unwrap().pop() else {
            panic!("the push is over");
        };
        let to_do = task.to_do.load(Ordering::Relaxed);
        let was_idle = retiring.join().unwrap();
        assert!(was_idle || to_do == 1, "retired while queued");
        assert!(queue.try_push(task).is_err(), "retired for good");
    });
}

fn retired_item_is_pushed_no_more<F: BareForm>() {
    let model = Model::new("No push of an item succeeds after it has been retired")
        .threads("1 x 2 of one item, consumer, which retires it")
        .at_least(F::select([190, 55, 29]));
    model.check(|| {
        let queue = Arc::new(Queue::<Arc<Task>, F>::default());
        let task = task();
        let producer = {
            let (queue, task) = (Arc::clone(&queue), Arc::clone(&task));
            thread::spawn(move || {
                let pushes = (0..2).map(|_| queue.try_push_by_ref(&task).is_ok());
                pushes.filter(|is_pushed| *is_pushed).count()
            })
        };
        let mut consumer = queue.consumer().unwrap();
        let mut popped = usize::from(consumer.pop().into_item().is_some());
        let was_idle = task.link.retire();
        assert!(queue.try_push_by_ref(&task).is_err());
        let pushed = producer.join().unwrap();
        let rest = pop_rest(&mut consumer).len();
        assert!(!was_idle || rest == 0, "it was in no queue");
        popped += rest;
        assert_eq!(popped, pushed);
    });
}
