//! The read-modify-writes that `mpsc_queue::docs::performance` states, in each form, and those that
//! `papers::ltqueue` states.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::array;

use mpsc_queue::{
    BackLinked, Chain, Consumer, Counted, Form, ForwardLinked, GapFree, Link, Queue, channel,
    linked,
};
use papers::cost::cost;
use papers::ltqueue::LtQueue;
use papers::{Consume, Mpsc};

struct Item {
    link: Link,
}
linked!(Item => link: Link);

fn item() -> Box<Item> {
    Box::new(Item { link: Link::new() })
}

/// Counts the read-modify-writes of an operation, whose result is dropped afterwards.
fn count<T>(operation: impl FnOnce() -> T) -> usize {
    let mut result = None;
    let cost = cost(|| result = Some(operation()));
    cost.read_modify_writes
}

/// The counts that differ between the forms.
struct Expected {
    /// The pops of three items, and one that finds the queue empty.
    pops: [usize; 4],
    /// A push to a closed queue.
    refused: usize,
}

fn check<F: Form>(expected: &Expected) {
    let queue = Queue::<Box<Item>, F>::default();
    let mut consumer = queue.consumer().unwrap();
    for _ in 0..2 {
        let [first, second, third] = array::from_fn(|_| item());
        assert_eq!(count(|| queue.push(first)), 1, "into an empty queue");
        assert_eq!(count(|| queue.push(second)), 1, "behind another item");
        assert_eq!(count(|| queue.push(third)), 1);
        assert_eq!(array::from_fn(|_| count(|| consumer.pop())), expected.pops);
    }

    let chain: Chain<_> = (0..3).map(|_| item()).collect();
    assert_eq!(count(|| queue.push_chain(chain)), 1, "for a whole chain");
    assert_eq!(array::from_fn(|_| count(|| consumer.pop())), expected.pops);

    check_park(&queue, &mut consumer);

    assert_eq!(count(|| consumer.close()), 1);
    assert_eq!(count(|| consumer.close()), 0, "it is closed already");
    let item = item();
    assert_eq!(count(|| queue.push(item)), expected.refused);

    check_counted::<F>();
    check_channel::<F>();
}

fn check_park<F: Form>(queue: &Queue<Box<Item>, F>, consumer: &mut Consumer<&Queue<Box<Item>, F>>) {
    let item = item();
    {
        let mut guard = None;
        assert_eq!(count(|| guard = consumer.park()), 1);
        assert_eq!(count(|| queue.push(item)), 1, "ends the park");
        let guard = guard.unwrap();
        assert_eq!(count(|| guard.unpark()), 1);
    }
    assert!(consumer.pop().into_item().is_some());
}

fn check_counted<F: Form>() {
    let queue = Queue::<_, Counted<F>>::default();
    let item = item();
    assert_eq!(count(|| queue.push(item)), 2);
    assert_eq!(count(|| queue.len()), 0);
}

fn check_channel<F: Form>() {
    let (sender, mut receiver) = channel::with_form(F::default());
    let [first, second] = array::from_fn(|_| item());
    assert_eq!(count(|| sender.send(first)), 1);
    receiver.close();
    assert_eq!(count(|| sender.send(second)), 0, "one load tells it");
}

#[test]
fn forward_linked() {
    check::<ForwardLinked>(&Expected {
        pops: [0, 0, 1, 0],
        refused: 2,
    });
}

#[test]
fn back_linked() {
    check::<BackLinked>(&Expected {
        pops: [1, 0, 0, 0],
        refused: 2,
    });
}

#[test]
fn gap_free() {
    check::<GapFree>(&Expected {
        pops: [1, 0, 0, 0],
        refused: 0,
    });
}

/// Without contention, so that no refresh is repeated. The least of several counts, because the
/// allocator takes a lock now and then.
#[test]
fn ltqueue() {
    for (lanes, levels) in [(1, 1), (2, 1), (3, 2), (16, 4), (128, 7)] {
        let queue = LtQueue::new(lanes);
        let mut producer = queue.producer().unwrap();
        let mut consumer = queue.consumer().unwrap();
        let mut least = [usize::MAX; 6];
        for _ in 0..6 {
            let counts = [
                count(|| producer.push(1)), // into an empty lane
                count(|| producer.push(2)),
                count(|| consumer.pop()),
                count(|| consumer.pop()), // of the last item
                count(|| consumer.pop()),
                count(|| queue.producer().is_some()),
            ];
            least = array::from_fn(|number| least[number].min(counts[number]));
        }
        let refreshes = 2 * levels;
        let search = lanes.min(2); // the first lane is taken
        assert_eq!(
            least,
            [3 + refreshes, 2, 1 + refreshes, 1 + refreshes, 0, search]
        );
    }
}
