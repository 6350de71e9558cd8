//! A set of futures that another thread completes.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use futures_channel::oneshot::{self, Receiver, Sender};
use futures_executor::block_on;
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};

use crate::contestant::Role;
use crate::counter::Counter;
use crate::scenario::{Cell, Group};
use papers::cores;

#[path = "../../../mpsc/examples/futures_set/set/mod.rs"]
mod set;

use set::FuturesSet;

/// The names of the scenario, of our contestant and of the one that it is compared with.
pub(crate) const NAME: &str = "oneshots";
pub(crate) const OURS: &str = "mpsc-queue, as a set of futures";
pub(crate) const OTHER: &str = "futures FuturesUnordered";

const FUTURES: u64 = 10_000;

pub(super) fn groups(_: &[String]) -> Vec<Group> {
    vec![Group {
        scenario: NAME.into(),
        payload: "",
        question: format!(
            "A task adds {FUTURES} futures to a set, and receives their outputs. Another thread \
             completes them in order at the same time: each is the receiver of a oneshot channel \
             of the futures crate. Per future. Our set is the example `futures_set` of the queue. \
             The scenario does not show sets whose futures complete one at a time."
        ),
        unit: FUTURES,
        load: None,
        oversubscribed: cores::count() < 2,
        core: true,
        cells: vec![
            Cell::floor("one by one, without a set", |futures| {
                measure(futures, |receivers, ready| async move {
                    ready.set(1);
                    for receiver in receivers {
                        receiver.await.expect("each is sent");
                    }
                })
            }),
            Cell::new(OURS, Role::Ours, |futures| {
                measure(futures, |receivers, ready| {
                    let mut set = FuturesSet::new();
                    receivers.into_iter().for_each(|future| set.push(future));
                    assert_eq!(set.len() as u64, FUTURES);
                    receive_all(set, ready)
                })
            }),
            Cell::new(OTHER, Role::Other, |futures| {
                measure(futures, |receivers, ready| {
                    let set = FuturesUnordered::from_iter(receivers);
                    receive_all(set, ready)
                })
            }),
        ],
    }]
}

async fn receive_all(mut set: impl Stream + Unpin, ready: Arc<Counter>) {
    ready.set(1);
    let mut received = 0;
    while set.next().await.is_some() {
        received += 1;
    }
    assert_eq!(received, FUTURES);
}

/// Measures what `receive` makes of receivers, until it has dropped everything. It sets the counter
/// to let the other thread send.
fn measure<F: Future<Output = ()>>(
    futures: u64,
    receive: impl Fn(Vec<Receiver<()>>, Arc<Counter>) -> F + Sync,
) -> Duration {
    let iteration = |_| {
        let (senders, receivers): (Vec<Sender<()>>, Vec<_>) =
            (0..FUTURES).map(|_| oneshot::channel()).unzip();
        let ready = Arc::new(Counter::new());
        let is_ready = Arc::clone(&ready);
        thread::scope(|scope| {
            scope.spawn(move || {
                cores::pin(0);
                is_ready.wait_for(1);
                for sender in senders {
                    sender.send(()).expect("the task receives to the end");
                }
            });
            let task = scope.spawn(|| {
                cores::pin(1);
                let start = Instant::now();
                block_on(receive(receivers, ready));
                start.elapsed()
            });
            task.join().expect("the task does not panic")
        })
    };
    (0..futures / FUTURES).map(iteration).sum()
}
