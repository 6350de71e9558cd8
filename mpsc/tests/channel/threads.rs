//! Senders on several threads, while the receiver stays or goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::{Form, GapFree, Link, SendError, linked};

use crate::must_end;

test_each_form! {
    each_item_has_one_fate_if_receiver_goes
    each_item_has_one_fate_if_receiver_closes
}

const SENDERS: usize = 3;
const ROUNDS: usize = 8;

/// How many items have met which fate.
#[derive(Default)]
struct Fates {
    received: AtomicUsize,
    returned: AtomicUsize,
    dropped: AtomicUsize,
}

/// An item that counts itself as dropped, unless it has met another fate.
struct Traced {
    link: Link,
    fates: Arc<Fates>,
    has_fate: bool,
}
linked!(Traced => link: Link);

impl Traced {
    fn new(fates: &Arc<Fates>) -> Box<Self> {
        Box::new(Self {
            link: Link::new(),
            fates: Arc::clone(fates),
            has_fate: false,
        })
    }

    fn meet(&mut self, fate: impl Fn(&Fates) -> &AtomicUsize) {
        fate(&self.fates).fetch_add(1, Ordering::Relaxed);
        self.has_fate = true;
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        if !self.has_fate {
            self.fates.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Sends until a send is refused, and some more. Returns how many items were accepted, and how
/// many were refused.
fn send_until_refused<F: Form>(
    sender: &Sender<Box<Traced>, F>,
    fates: &Arc<Fates>,
    is_disconnected: &AtomicBool,
) -> (usize, usize) {
    let (mut accepted, mut refused) = (0, 0);
    while refused < 5 {
        // Acquire pairs with the release after the disconnection.
        let must_be_refused = is_disconnected.load(Ordering::Acquire);
        let sent = if (accepted + refused) % 3 == 0 {
            let chain = sender.send_chain([Traced::new(fates)].into_iter().collect());
            chain.map_err(|SendError(mut chain)| chain.pop().expect("the chain is whole"))
        } else {
            sender
                .send(Traced::new(fates))
                .map_err(|SendError(item)| item)
        };
        match sent {
            Ok(()) => {
                assert!(!must_be_refused, "the send began after the disconnection");
                accepted += 1;
            }
            Err(mut item) => {
                item.meet(|fates| &fates.returned);
                refused += 1;
            }
        }
    }
    (accepted, refused)
}

/// Runs senders until `disconnect` has disconnected the channel, checks that each item has met
/// one fate, and returns how many items were accepted and how many were received.
fn check_fates<F: Form>(
    disconnect: impl FnOnce(Receiver<Box<Traced>, F>, &AtomicBool),
) -> (usize, usize) {
    let fates = Arc::new(Fates::default());
    let is_disconnected = Arc::new(AtomicBool::new(false));
    let (sender, mut receiver) = channel::with_form::<_, F>(F::default());
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (sender, fates) = (sender.clone(), Arc::clone(&fates));
            let is_disconnected = Arc::clone(&is_disconnected);
            thread::spawn(move || send_until_refused(&sender, &fates, &is_disconnected))
        })
        .collect();
    drop(sender);
    let received = receiver.iter().take(50);
    received.for_each(|mut item| item.meet(|fates| &fates.received));
    disconnect(receiver, &is_disconnected);

    let (mut accepted, mut refused) = (0, 0);
    for sender in senders {
        let counts = sender.join().expect("the sender does not panic");
        accepted += counts.0;
        refused += counts.1;
    }
    assert_eq!(Arc::strong_count(&fates), 1, "no item is left");
    let count = |fate: &AtomicUsize| fate.load(Ordering::Relaxed);
    assert_eq!(count(&fates.returned), refused);
    assert_eq!(count(&fates.received) + count(&fates.dropped), accepted);
    (accepted, count(&fates.received))
}

fn each_item_has_one_fate_if_receiver_goes<F: Form>() {
    must_end(|| {
        for _ in 0..ROUNDS {
            check_fates::<F>(|receiver, is_disconnected| {
                drop(receiver);
                is_disconnected.store(true, Ordering::Release);
            });
        }
    });
}

fn close_and_drain<F: Form>(mut receiver: Receiver<Box<Traced>, F>, is_disconnected: &AtomicBool) {
    receiver.close();
    is_disconnected.store(true, Ordering::Release);
    for mut item in &mut receiver {
        item.meet(|fates| &fates.received);
    }
}

fn each_item_has_one_fate_if_receiver_closes<F: Form>() {
    must_end(|| {
        for _ in 0..ROUNDS {
            check_fates::<F>(close_and_drain);
        }
    });
}

#[test]
fn gap_free_channel_that_closes_delivers_each_accepted_item() {
    must_end(|| {
        for _ in 0..ROUNDS {
            let (accepted, received) = check_fates::<GapFree>(close_and_drain);
            assert_eq!(received, accepted);
        }
    });
}
