//! Channels whose senders go, and whose receiver goes.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom_tests::{BareForm, in_each_form, wait_out};
use mpsc_queue::RecvError;
use mpsc_queue::channel::{self, Receiver, Sender};
use shuttle::rand::{Rng, thread_rng};
use shuttle::{future, thread};

use crate::items::{Census, Item, Order, PRODUCERS};
use crate::producers::{join_all, spawn_all};
use crate::runner::schedules;

in_each_form!(
    last_sender_ends_blocking_recv,
    last_sender_ends_async_recv,
    receiver_goes_during_sends
);

const EACH: usize = 60;

/// Spawns producers that send their items, each with a sender of its own, and count what was
/// accepted.
fn send_all<F: BareForm>(
    census: &Census,
    sender: Sender<Box<Item>, F>,
    accepted: &Arc<[AtomicUsize; PRODUCERS]>,
) -> Vec<thread::JoinHandle<()>> {
    spawn_all(|producer| {
        let (sender, census, accepted) = (sender.clone(), census.clone(), Arc::clone(accepted));
        move || {
            for number in 0..EACH {
                match sender.send(census.item(producer, number)) {
                    Ok(()) => _ = accepted[producer].fetch_add(1, Relaxed),
                    Err(refused) => {
                        let item = &refused.0;
                        assert_eq!((item.producer, item.number), (producer, number));
                    }
                }
            }
        }
    })
}

/// The receiver gets every item, and then learns that the senders are gone. If it did not, it
/// would wait for ever, which shuttle reports.
fn receives_all<F: BareForm>(
    mut recv: impl FnMut(&mut Receiver<Box<Item>, F>) -> Option<Box<Item>>,
) {
    let census = Census::new(EACH);
    let (sender, mut receiver) = channel::with_form(F::default());
    let producers = send_all(&census, sender, &Arc::default());
    let mut order = Order::default();
    while let Some(item) = recv(&mut receiver) {
        order.check(&item);
    }
    assert_eq!(order.total(), PRODUCERS * EACH);
    join_all(producers);
    census.assert_each_dropped_once();
}

fn last_sender_ends_blocking_recv<F: BareForm>() {
    schedules(|| receives_all::<F>(|receiver| receiver.recv().ok()));
}

fn last_sender_ends_async_recv<F: BareForm>() {
    schedules(|| {
        receives_all::<F>(|receiver| {
            future::block_on(poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx))))
        });
    });
}

/// Each item is received, refused, or dropped by the receiver or another send.
fn receiver_goes_during_sends<F: BareForm>() {
    schedules(|| {
        let census = Census::new(EACH);
        let (sender, mut receiver) = channel::with_form(F::default());
        let accepted = Arc::default();
        let producers = send_all::<F>(&census, sender.clone(), &accepted);
        let mut order = Order::default();
        for _ in 0..thread_rng().gen_range(0..PRODUCERS * EACH / 2) {
            order.check(&receiver.recv().unwrap());
        }
        if thread_rng().gen_bool(0.5) {
            receiver.close();
            loop {
                match receiver.recv() {
                    Ok(item) => order.check(&item),
                    Err(RecvError) => break,
                }
            }
        }
        drop(receiver);
        assert!(sender.is_closed());
        join_all(producers);
        drop(sender);
        census.assert_each_dropped_once();
        for (producer, accepted) in accepted.iter().enumerate() {
            assert!(order.of(producer) <= accepted.load(Relaxed));
        }
    });
}
