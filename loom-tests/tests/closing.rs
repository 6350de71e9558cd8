//! Closing: each item has one fate, and no refused push disturbs another one.
#![cfg(loom)]

use std::mem;

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use loom_tests::{BareForm, Fate, Ledger, Letter, Model, Reached, in_each_form, pop_rest};
use mpsc_queue::{
    Chain, Closed, Consumer, Counted, Form, Link, Pop, Queue, QueueRef, SharedLink, TryPushError,
    linked,
};

in_each_form!(
    close_ends_pushes_1x2,
    close_ends_pushes_2x1,
    close_ends_pushes_2x2,
    close_ends_pushes_3x1,
    close_keeps_half_walked_batch,
    close_ends_park,
    late_pushes_end_without_delivery_2x2,
    late_pushes_end_without_delivery_3x1,
    refused_chain_is_whole,
    refused_item_is_pushed_elsewhere,
    swept_shared_item_is_pushed_elsewhere,
    drop_of_swept_item_pushes,
    close_is_visible_to_refused_push,
    refused_items_are_not_counted,
    is_empty_counts_items_of_closed_queue,
    is_empty_counts_items_behind_batch,
);

type Letters<F> = Queue<Box<Letter>, F>;

/// Pushes the items `numbers` of a producer. Returns how many pushes were refused.
fn push_each<F: Form>(
    queue: &Letters<F>,
    ledger: &Ledger,
    producer: usize,
    numbers: std::ops::Range<usize>,
) -> usize {
    numbers
        .filter(|&number| {
            let refused = queue.push(ledger.letter(producer, number)).err();
            refused
                .map(|Closed(letter)| letter.end(Fate::Refused))
                .is_some()
        })
        .count()
}

/// Pops until the queue is closed. Waits at stalls.
fn pop_until_closed<R: QueueRef<Handle = Box<Letter>>>(consumer: &mut Consumer<R>) {
    loop {
        match consumer.pop() {
            Pop::Item(letter) => letter.end(Fate::Delivered),
            Pop::Stalled(_) => thread::yield_now(),
            Pop::Empty => panic!("a closed queue is never empty"),
            Pop::Closed => return,
        }
    }
}

/// Asserts that `back` is `CLOSED` again, now that no push is in flight.
fn assert_closed<F: BareForm>(queue: &Letters<F>, ledger: &Ledger) {
    assert!(queue.is_empty(), "`back` is not `CLOSED`");
    let swept = ledger.count(Fate::Swept);
    assert_eq!(push_each(queue, ledger, usize::MAX, 0..1), 1, "reopened");
    assert_eq!(ledger.count(Fate::Swept), swept, "`back` was a link");
    assert!(F::can_stall() || swept == 0, "gap-free, but swept");
}

/// The consumer pops `pops` times and closes, while each of `producers` producers pushes
/// `each` items.
fn close_ends_pushes<F: BareForm>(producers: usize, each: usize, pops: usize) {
    let ledger = Ledger::default();
    let queue = Arc::new(Letters::<F>::default());
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || push_each(&queue, &ledger, producer, 0..each))
        })
        .collect();
    let mut consumer = queue.consumer().unwrap();
    for _ in 0..pops {
        if let Pop::Item(letter) = consumer.pop() {
            letter.end(Fate::Delivered);
        }
    }
    consumer.close();
    pop_until_closed(&mut consumer);
    for thread in threads {
        thread.join().unwrap();
    }
    ledger.assert_fates(producers, each);
    assert!(consumer.pop().is_closed());
    assert_closed(&queue, &ledger);
}

const FATES: &str =
    "Each item is delivered, refused or swept; the delivered ones are each producer's first";

fn close_ends_pushes_1x2<F: BareForm>() {
    let model = Model::new(FATES)
        .threads("1 x 2, consumer")
        .at_least(F::select([2_700, 490, 43]));
    model.check(|| close_ends_pushes::<F>(1, 2, 1));
}

fn close_ends_pushes_2x1<F: BareForm>() {
    let model = Model::new(FATES)
        .threads("2 x 1, consumer")
        .at_least(F::select([24_000, 15_000, 570]));
    model.check(|| close_ends_pushes::<F>(2, 1, 0));
}

fn close_ends_pushes_2x2<F: BareForm>() {
    let model = Model::new(FATES)
        .threads("2 x 2, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([26_000, 7_900, 730]));
    model.check(|| close_ends_pushes::<F>(2, 2, 1));
}

fn close_ends_pushes_3x1<F: BareForm>() {
    let model = Model::new(FATES)
        .threads("3 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([21_000, 17_000, 2_000]));
    model.check(|| close_ends_pushes::<F>(3, 1, 0));
}

fn close_keeps_half_walked_batch<F: BareForm>() {
    let reached = Reached::new(["a stall before the close", "no stall"]);
    let model = Model::new("A consumer that stalled delivers its batch after the close, in order")
        .threads("2 x 1, consumer x 1")
        .bound(4)
        .at_least(F::select([29_000, 21_000, 3_000]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<F>::default());
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
                thread::spawn(move || push_each(&queue, &ledger, producer, 0..1))
            })
            .collect();
        assert_eq!(push_each(&queue, &ledger, 2, 0..1), 0, "not closed");
        let mut consumer = queue.consumer().unwrap();
        match consumer.pop() {
            Pop::Item(letter) => {
                seen.note(1);
                letter.end(Fate::Delivered);
            }
            Pop::Stalled(_) => seen.note(0),
            Pop::Empty | Pop::Closed => panic!("a push has returned"),
        }
        assert!(!queue.is_empty() || ledger.count(Fate::Delivered) > 0);
        consumer.close();
        drop(consumer);
        let mut consumer = queue.consumer().unwrap(); // the batch belongs to the queue
        pop_until_closed(&mut consumer);
        for thread in threads {
            thread.join().unwrap();
        }
        ledger.assert_fates(3, 1);
        assert_eq!(
            ledger.count_of(2, Fate::Delivered),
            1,
            "pushed before the close"
        );
        assert_closed(&queue, &ledger);
    });
    reached.assert_reached(if F::can_stall() { &[0, 1] } else { &[1] });
}

fn close_ends_park<F: BareForm>() {
    let reached = Reached::new(["a push ends the park", "the close ends it"]);
    let model =
        Model::new("A close or one push ends a park; a push that is told to wake is delivered")
            .threads("2 x 1, consumer")
            .at_least(F::select([24_000, 15_000, 1_600]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<F>::default());
        let mut consumer = queue.consumer().unwrap();
        mem::forget(consumer.park().expect("the queue is empty"));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
                thread::spawn(move || match queue.push(ledger.letter(producer, 0)) {
                    Ok(wakeup) => wakeup.is_needed(),
                    Err(Closed(letter)) => {
                        letter.end(Fate::Refused);
                        false
                    }
                })
            })
            .collect();
        consumer.close();
        assert!(consumer.park().is_none(), "the queue is closed");
        pop_until_closed(&mut consumer);
        let told = threads.into_iter().map(|thread| thread.join().unwrap());
        let told: Vec<bool> = told.collect();
        ledger.assert_fates(2, 1);
        let woken = told.iter().filter(|told| **told).count();
        let delivered = ledger.count(Fate::Delivered);
        assert_eq!(
            woken,
            delivered.min(1),
            "one of the pushes before the close"
        );
        for (producer, told) in told.into_iter().enumerate() {
            assert!(!told || ledger.count_of(producer, Fate::Delivered) == 1);
        }
        seen.note(usize::from(woken == 0));
        assert_closed(&queue, &ledger);
    });
    reached.assert_reached(&[0, 1]);
}

/// Each of `producers` producers pushes `each` items into a closed queue, while its consumer
/// pops and closes again.
fn late_pushes_end_without_delivery<F: BareForm>(
    reached: &Reached<2>,
    producers: usize,
    each: usize,
) {
    let ledger = Ledger::default();
    let queue = Arc::new(Letters::<F>::default());
    let mut consumer = queue.consumer().unwrap();
    consumer.close();
    let threads: Vec<_> = (0..producers)
        .map(|producer| {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || push_each(&queue, &ledger, producer, 0..each))
        })
        .collect();
    // `back` may be a link now.
    assert!(consumer.pop().is_closed());
    consumer.close();
    assert!(consumer.park().is_none());
    assert!(consumer.pop().is_closed());
    let refused: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    ledger.assert_fates(producers, each);
    assert_eq!(refused, ledger.count(Fate::Refused));
    assert!(refused > 0, "a push that finds `CLOSED` is refused");
    reached.note(usize::from(refused < producers * each));
    assert!(consumer.pop().is_closed());
    assert_closed(&queue, &ledger);
}

const LATE: &str = "Pushes into a closed queue are refused, or swept once by another of them";

fn late_pushes_end_without_delivery_2x2<F: BareForm>() {
    let reached = Reached::new(["no push is swept", "a push is swept"]);
    let model = Model::new(LATE)
        .threads("2 x 2, consumer")
        .bound(4)
        .at_least(F::select([30_000, 23_000, 520]));
    let seen = reached.clone();
    model.check(move || late_pushes_end_without_delivery::<F>(&seen, 2, 2));
    reached.assert_reached(if F::can_stall() { &[0, 1] } else { &[0] });
}

fn late_pushes_end_without_delivery_3x1<F: BareForm>() {
    let reached = Reached::new(["no push is swept", "a push is swept"]);
    let model = Model::new(LATE)
        .threads("3 x 1, consumer")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([23_000, 23_000, 1_700]));
    let seen = reached.clone();
    model.check(move || late_pushes_end_without_delivery::<F>(&seen, 3, 1));
    reached.assert_reached(if F::can_stall() { &[0, 1] } else { &[0] });
}

fn refused_chain_is_whole<F: BareForm>() {
    let reached = Reached::new(["delivered", "refused", "swept"]);
    let model = Model::new("A chain is delivered, refused or swept whole, and can be pushed again")
        .threads("chain of 3, 1 x 1, consumer")
        .at_least(F::select([24_000, 15_000, 570]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<F>::default());
        let chained = {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || {
                let chain: Chain<_> = (0..3).map(|number| ledger.letter(0, number)).collect();
                let Err(Closed(chain)) = queue.push_chain(chain) else {
                    return;
                };
                assert_eq!(chain.len(), 3);
                let elsewhere = Letters::<F>::default();
                let _ = elsewhere.push_chain(chain).unwrap();
                let items = pop_rest(&mut elsewhere.consumer().unwrap());
                assert_eq!(items.len(), 3);
                for (number, letter) in items.into_iter().enumerate() {
                    assert_eq!(letter.number, number);
                    letter.end(Fate::Refused);
                }
            })
        };
        let single = {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || push_each(&queue, &ledger, 1, 0..1))
        };
        let mut consumer = queue.consumer().unwrap();
        consumer.close();
        pop_until_closed(&mut consumer);
        chained.join().unwrap();
        single.join().unwrap();
        ledger.assert_fates_of(0, 3);
        ledger.assert_fates_of(1, 1);
        let fates = [Fate::Delivered, Fate::Refused, Fate::Swept];
        let fate = fates.map(|fate| ledger.count_of(0, fate));
        assert!(fate.contains(&3), "a part of the chain: {fate:?}");
        seen.note(fate.iter().position(|count| *count == 3).unwrap());
        assert_closed(&queue, &ledger);
    });
    reached.assert_reached(if F::can_stall() { &[0, 1, 2] } else { &[0, 1] });
}

fn refused_item_is_pushed_elsewhere<F: BareForm>() {
    let model = Model::new("The owner of a refused item pushes it into another queue at once")
        .threads("3 x 1, 2 queues")
        .bound(4)
        .at_least(F::select([3_200, 3_200, 1_100]));
    model.check(|| {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<F>::default());
        let elsewhere = Arc::new(Letters::<F>::default());
        queue.consumer().unwrap().close();
        let push = {
            let (queue, elsewhere) = (Arc::clone(&queue), Arc::clone(&elsewhere));
            let ledger = ledger.clone();
            move |producer| {
                let Err(Closed(letter)) = queue.push(ledger.letter(producer, 0)) else {
                    return 0;
                };
                let _ = elsewhere.push(letter).unwrap();
                1
            }
        };
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let push = push.clone();
                thread::spawn(move || push(producer))
            })
            .collect();
        let mut refused = push(2);
        for thread in threads {
            refused += thread.join().unwrap();
        }
        let items = pop_rest(&mut elsewhere.consumer().unwrap());
        assert_eq!(items.len(), refused);
        for letter in items {
            letter.end(Fate::Refused);
        }
        ledger.assert_fates(3, 1);
        drop(push);
        assert_closed(&queue, &ledger);
    });
}

struct Task {
    link: SharedLink,
    _leak: Track<()>,
}
linked!(Task => link: SharedLink);

fn task() -> Arc<Task> {
    Arc::new(Task {
        link: SharedLink::new(),
        _leak: Track::new(()),
    })
}

fn swept_shared_item_is_pushed_elsewhere<F: BareForm>() {
    let reached = Reached::new([
        "pushed elsewhere after it was refused",
        "pushed elsewhere after it was swept",
        "still queued",
    ]);
    let model = Model::new("A shared item can be pushed again as soon as it is refused or swept")
        .threads("1 x 2 and the first again, 1 x 1, 2 queues")
        .at_least(F::select([100, 87, 4]));
    let seen = reached.clone();
    model.check(move || {
        let [queue, elsewhere] = [(); 2].map(|()| Arc::new(Queue::<Arc<Task>, F>::default()));
        queue.consumer().unwrap().close();
        let other = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let pushed = queue.try_push(task());
                assert!(!matches!(pushed, Err(TryPushError::AlreadyQueued(_))));
            })
        };
        let first = task();
        let is_refused = queue.try_push(Arc::clone(&first)).is_err();
        let _ = queue.try_push(task());
        let is_elsewhere = elsewhere.try_push(first).is_ok();
        assert!(is_elsewhere || !is_refused, "a refused item is in no queue");
        seen.note(match (is_elsewhere, is_refused) {
            (true, true) => 0,
            (true, false) => 1,
            (false, _) => 2,
        });
        other.join().unwrap();
        let popped = pop_rest(&mut elsewhere.consumer().unwrap());
        assert_eq!(popped.len(), usize::from(is_elsewhere));
        assert!(queue.is_empty());
    });
    reached.assert_reached(if F::can_stall() { &[0, 1, 2] } else { &[0] });
}

/// An item whose drop pushes another one into its queue.
struct Successive<F: Form> {
    link: Link,
    queue: Option<Arc<Successives<F>>>,
    /// Not loom's, since it is not part of the model.
    dropped: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    _leak: Track<()>,
}
linked!([F: Form] Successive<F> => link: Link);

type Successives<F> = Queue<Box<Successive<F>>, F>;

impl<F: Form> Successive<F> {
    fn new(
        queue: Option<Arc<Successives<F>>>,
        dropped: &std::sync::Arc<std::sync::atomic::AtomicUsize>,
    ) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            queue,
            dropped: std::sync::Arc::clone(dropped),
            _leak: Track::new(()),
        })
    }
}

impl<F: Form> Drop for Successive<F> {
    fn drop(&mut self) {
        self.dropped
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if let Some(queue) = self.queue.take() {
            drop(queue.push(Self::new(None, &self.dropped)));
        }
    }
}

fn drop_of_swept_item_pushes<F: BareForm>() {
    let model = Model::new("The drop of a swept item may push into the closed queue")
        .threads("2 x 1, each with a successor")
        .at_least(F::select([310, 310, 33]));
    model.check(|| {
        let dropped = std::sync::Arc::default();
        let queue = Arc::new(Successives::<F>::default());
        queue.consumer().unwrap().close();
        let other = {
            let queue = Arc::clone(&queue);
            let item = Successive::new(Some(Arc::clone(&queue)), &dropped);
            thread::spawn(move || drop(queue.push(item)))
        };
        drop(queue.push(Successive::new(Some(Arc::clone(&queue)), &dropped)));
        other.join().unwrap();
        assert_eq!(dropped.load(std::sync::atomic::Ordering::Relaxed), 4);
        assert!(queue.is_empty());
        assert!(queue.push(Successive::new(None, &dropped)).is_err());
    });
}

fn close_is_visible_to_refused_push<F: BareForm>() {
    let model = Model::new("Writes before a close are visible to each push that it refuses")
        .threads("2 x 1, consumer")
        .at_least(F::select([1_000, 1_000, 460]));
    model.check(|| {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<F>::default());
        let left = Arc::new(UnsafeCell::new(0));
        let threads: Vec<_> = (0..2)
            .map(|producer| {
                let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
                let left = Arc::clone(&left);
                thread::spawn(move || {
                    if push_each(&queue, &ledger, producer, 0..1) > 0 {
                        // SAFETY: loom checks that no other access overlaps.
                        assert_eq!(left.with(|value| unsafe { *value }), 1);
                    }
                })
            })
            .collect();
        let mut consumer = queue.consumer().unwrap();
        // SAFETY: loom checks that no other access overlaps.
        left.with_mut(|value| unsafe { *value = 1 });
        consumer.close();
        for thread in threads {
            thread.join().unwrap();
        }
        pop_until_closed(&mut consumer);
        ledger.assert_fates(2, 1);
    });
}

fn refused_items_are_not_counted<F: BareForm>() {
    let model = Model::new("`len` never exceeds the pushes, and is 0 when a closed queue is empty")
        .threads("1 x 1, chain of 2, consumer")
        .bound(3)
        .full_bound(5)
        .at_least(F::select([8_100, 8_400, 2_100]));
    model.check(|| {
        let ledger = Ledger::default();
        let queue = Arc::new(Letters::<Counted<F>>::default());
        let single = {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || push_each(&queue, &ledger, 0, 0..1))
        };
        let chained = {
            let (queue, ledger) = (Arc::clone(&queue), ledger.clone());
            thread::spawn(move || {
                let chain: Chain<_> = (0..2).map(|number| ledger.letter(1, number)).collect();
                if let Err(Closed(mut chain)) = queue.push_chain(chain) {
                    while let Some(letter) = chain.pop() {
                        letter.end(Fate::Refused);
                    }
                }
            })
        };
        let mut consumer = queue.consumer().unwrap();
        consumer.close();
        assert!(queue.len() <= 3, "negative");
        pop_until_closed(&mut consumer);
        assert!(queue.len() <= 3, "negative");
        single.join().unwrap();
        chained.join().unwrap();
        assert_eq!(queue.len(), 0);
        ledger.assert_fates_of(0, 1);
        ledger.assert_fates_of(1, 2);
    });
}

/// Three items, or two, are pushed before the observer starts; with three, the first is popped
/// before as well, so that the consumer holds a batch while there is more in `back`.
fn is_empty_counts_items<F: BareForm>(reached: &Reached<2>, has_batch: bool) {
    let ledger = Ledger::default();
    let queue = Arc::new(Letters::<F>::default());
    let mut consumer = queue.consumer().unwrap();
    let mut letters = Vec::new();
    let mut pop = |consumer: &mut Consumer<_>| {
        letters.push(consumer.pop().into_item().expect("no push is in flight"));
    };
    push_each(&queue, &ledger, 0, 0..2);
    if has_batch {
        pop(&mut consumer);
        push_each(&queue, &ledger, 0, 2..3);
    }
    // Not loom's: it orders nothing, and a load never returns an old value.
    let is_last_popped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let observer = {
        let (queue, reached) = (Arc::clone(&queue), reached.clone());
        let is_last_popped = std::sync::Arc::clone(&is_last_popped);
        thread::spawn(move || {
            let is_empty = queue.is_empty();
            let is_last_popped = is_last_popped.load(std::sync::atomic::Ordering::Relaxed);
            assert!(!is_empty || is_last_popped);
            reached.note(usize::from(is_empty));
        })
    };
    if !has_batch {
        pop(&mut consumer);
    }
    consumer.close();
    if has_batch {
        pop(&mut consumer);
    }
    assert!(!queue.is_empty(), "an item is left");
    is_last_popped.store(true, std::sync::atomic::Ordering::Relaxed);
    pop(&mut consumer);
    assert!(queue.is_empty());
    assert!(consumer.pop().is_closed());
    observer.join().unwrap();
    let count = letters.len();
    letters
        .into_iter()
        .for_each(|letter: Box<Letter>| letter.end(Fate::Delivered));
    ledger.assert_fates(1, count);
}

const OBSERVED: &str = "Another thread finds a queue empty only after its items were popped";

fn is_empty_counts_items_of_closed_queue<F: BareForm>() {
    let reached = Reached::new(["not empty", "empty"]);
    let model = Model::new(OBSERVED)
        .threads("consumer, observer")
        .at_least(F::select([22, 59, 59]));
    let seen = reached.clone();
    model.check(move || is_empty_counts_items::<F>(&seen, false));
    reached.assert_reached(&[0, 1]);
}

fn is_empty_counts_items_behind_batch<F: BareForm>() {
    let reached = Reached::new(["not empty", "empty"]);
    let model = Model::new(OBSERVED)
        .threads("consumer of a batch, observer")
        .at_least(F::select([22, 10, 10]));
    let seen = reached.clone();
    model.check(move || is_empty_counts_items::<F>(&seen, true));
    reached.assert_reached(&[0, 1]);
}
