//! A channel with a queue for each sender.
#![cfg(loom)]

use loom::thread;
use loom_tests::{BareForm, Fate, Ledger, Letter, Model, in_each_form};
use mpsc_queue::channel::sharded::{Receiver, Sender, with_form};
use mpsc_queue::{SendError, TryRecvError};

in_each_form!(
    receiver_gets_everything_1x2,
    receiver_gets_everything_2x1,
    parked_shard_is_sent_to_again,
    receiver_drop_ends_sends_1x2,
    receiver_drop_ends_sends_2x1,
    close_keeps_what_was_sent
);

fn ends<F: BareForm>() -> (Sender<Box<Letter>, F>, Receiver<Box<Letter>, F>) {
    with_form(F::default())
}

/// Sends `each` items. Returns how many were refused: the last ones.
fn send_each<F: BareForm>(
    sender: &Sender<Box<Letter>, F>,
    ledger: &Ledger,
    producer: usize,
    each: usize,
) -> usize {
    let mut refused = 0;
    for number in 0..each {
        match sender.send(ledger.letter(producer, number)) {
            Ok(()) => assert_eq!(refused, 0, "sent after a refusal"),
            Err(SendError(letter)) => {
                assert_eq!((letter.producer, letter.number), (producer, number));
                letter.end(Fate::Refused);
                refused += 1;
            }
        }
    }
    refused
}

/// Starts all producers but the first, which is the caller. Each sends `each` items by a sender of
/// its own, which it drops.
fn spawn_senders<F: BareForm>(
    sender: &Sender<Box<Letter>, F>,
    ledger: &Ledger,
    producers: usize,
    each: usize,
) -> Vec<thread::JoinHandle<usize>> {
    let spawn = |producer| {
        let (sender, ledger) = (sender.clone(), ledger.clone());
        thread::spawn(move || send_each(&sender, &ledger, producer, each))
    };
    (1..producers).map(spawn).collect()
}

/// A thread receives until the end. (It joins no other one, since loom would take a late wake-up
/// for the end of the join.)
fn receive_everything<F: BareForm>(producers: usize, each: usize) {
    let ledger = Ledger::default();
    let (sender, mut receiver) = ends::<F>();
    let receiving = {
        let ledger = ledger.clone();
        thread::spawn(move || {
            while let Ok(letter) = receiver.recv() {
                letter.end(Fate::Delivered);
            }
            assert_eq!(ledger.count(Fate::Delivered), producers * each);
            assert!(receiver.pop().is_closed());
        })
    };
    let threads = spawn_senders(&sender, &ledger, producers, each);
    assert_eq!(send_each(&sender, &ledger, 0, each), 0);
    drop(sender);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 0);
    }
    receiving.join().unwrap();
    ledger.assert_fates(producers, each);
}

const END: &str =
    "The receiver of a sharded channel gets everything, and then the end, even asleep";

fn receiver_gets_everything_1x2<F: BareForm>() {
    let model = Model::new(END)
        .threads("1 x 2, receiver")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([3_300, 3_000, 2_900]));
    model.check(|| receive_everything::<F>(1, 2));
}

fn receiver_gets_everything_2x1<F: BareForm>() {
    let model = Model::new(END)
        .threads("2 x 1, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([4_200, 4_200, 4_200]));
    model.check(|| receive_everything::<F>(2, 1));
}

/// The receiver polls. It parks the shard when it waits.
fn parked_shard_is_sent_to_again<F: BareForm>() {
    let model = Model::new("A send to a shard that is being parked is received")
        .threads("1 x 2, receiver that has received once")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([120, 49, 26]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        assert_eq!(send_each(&sender, &ledger, 0, 1), 0);
        receiver.recv().unwrap().end(Fate::Delivered);
        let sending = {
            let ledger = ledger.clone();
            thread::spawn(move || {
                sender.send(ledger.letter(0, 1)).unwrap();
                sender
            })
        };
        receiver.recv().unwrap().end(Fate::Delivered);
        assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
        drop(sending.join().unwrap());
        assert!(receiver.pop().is_closed());
        ledger.assert_fates(1, 2);
    });
}

/// The receiver pops once and goes, while senders send and go.
fn receiver_drop_ends_sends<F: BareForm>(producers: usize, each: usize) {
    let ledger = Ledger::default();
    let (sender, mut receiver) = ends::<F>();
    let threads = spawn_senders(&sender, &ledger, producers, each);
    let receiving = thread::spawn(move || {
        if let Some(letter) = receiver.pop().into_item() {
            letter.end(Fate::Delivered);
        }
    });
    let mut refused = send_each(&sender, &ledger, 0, each);
    for thread in threads {
        refused += thread.join().unwrap();
    }
    receiving.join().unwrap();
    assert_eq!(ledger.count(Fate::Refused), refused);
    // Both by a shard that the receiver may have had, and by a new one.
    for (number, sender) in [(each, sender.clone()), (each + 1, sender)] {
        let Err(SendError(late)) = sender.send(ledger.letter(0, number)) else {
            panic!("the receiver is gone");
        };
        late.end(Fate::Refused);
    }
    ledger.assert_fates_of(0, each + 2);
    (1..producers).for_each(|producer| ledger.assert_fates_of(producer, each));
}

const GONE: &str = "When the receiver of a sharded channel goes, each item has one fate";

fn receiver_drop_ends_sends_1x2<F: BareForm>() {
    let model = Model::new(GONE)
        .threads("1 x 2, receiver")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([80, 80, 50]));
    model.check(|| receiver_drop_ends_sends::<F>(1, 2));
}

fn receiver_drop_ends_sends_2x1<F: BareForm>() {
    let model = Model::new(GONE)
        .threads("2 x 1, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([400, 400, 400]));
    model.check(|| receiver_drop_ends_sends::<F>(2, 1));
}

/// Everything that was sent before the close is received, everything after it refused.
fn close_keeps_what_was_sent<F: BareForm>() {
    let model = Model::new("A close of a sharded channel keeps what was sent and refuses the rest")
        .threads("1 x 2, receiver that closes")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([360, 460, 140]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        assert_eq!(send_each(&sender, &ledger, 0, 1), 0);
        let sending = {
            let ledger = ledger.clone();
            thread::spawn(move || match sender.send(ledger.letter(0, 1)) {
                Ok(()) => 0,
                Err(SendError(letter)) => {
                    letter.end(Fate::Refused);
                    1
                }
            })
        };
        receiver.close();
        let mut delivered = 0;
        while let Ok(letter) = receiver.try_recv() {
            letter.end(Fate::Delivered);
            delivered += 1;
        }
        assert!(receiver.pop().is_closed());
        assert!(delivered >= 1, "sent before the close");
        let refused = sending.join().unwrap();
        drop(receiver);
        ledger.assert_fates(1, 2);
        assert!(delivered + refused <= 2);
    });
}
