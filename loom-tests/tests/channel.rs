//! A channel: either end may go while the other one works.
#![cfg(loom)]

use std::future::poll_fn;
use std::task::{Context, Poll, Wake, Waker};

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use loom_tests::{BareForm, Fate, Ledger, Letter, Model, Reached, in_each_form, wait_out};
use mpsc_queue::channel::{Receiver, Sender, with_form};
use mpsc_queue::{Pop, SendError, TryRecvError};

in_each_form!(
    last_sender_drop_ends_recv_1x1,
    last_sender_drop_ends_recv_2x1,
    last_sender_drop_ends_recv_async_2x1,
    last_sender_drop_races_with_pop,
    last_sender_drop_races_with_close,
    sender_clone_keeps_channel,
    sender_end_is_visible_to_receiver,
    receiver_drop_ends_sends_1x2,
    receiver_drop_ends_sends_2x1,
    pending_receiver_drop_races_with_send,
    close_ends_pending_recv,
    send_after_close_is_refused,
    refused_sender_stays_refused,
    close_is_visible_to_refused_send,
);

/// The two ends of a channel.
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
                letter.end(Fate::Refused);
                refused += 1;
                assert!(sender.is_closed());
            }
        }
    }
    refused
}

/// Starts a thread that sends `each` items and drops its sender.
fn spawn_sender<F: BareForm>(
    sender: Sender<Box<Letter>, F>,
    ledger: &Ledger,
    producer: usize,
    each: usize,
) -> thread::JoinHandle<usize> {
    let ledger = ledger.clone();
    thread::spawn(move || send_each(&sender, &ledger, producer, each))
}

/// Receives what is in a channel whose end has come.
fn receive_rest<F: BareForm>(receiver: &mut Receiver<Box<Letter>, F>) {
    loop {
        match receiver.try_recv() {
            Ok(letter) => letter.end(Fate::Delivered),
            Err(TryRecvError::Empty) => panic!("empty after its end"),
            Err(TryRecvError::Disconnected) => return,
        }
    }
}

/// A waker that does nothing, and whose leak fails the model.
fn idle_waker() -> Waker {
    struct Idle(#[expect(dead_code, reason = "for its drop")] Track<()>);

    impl Wake for Idle {
        fn wake(self: std::sync::Arc<Self>) {}
    }

    Waker::from(std::sync::Arc::new(Idle(Track::new(()))))
}

/// Polls once. Returns whether that gave an item, or the end.
fn poll<F: BareForm>(receiver: &mut Receiver<Box<Letter>, F>) -> bool {
    let waker = idle_waker();
    let cx = &mut Context::from_waker(&waker);
    match wait_out(cx, |cx| receiver.poll_pop(cx)) {
        Poll::Ready(Some(letter)) => letter.end(Fate::Delivered),
        Poll::Ready(None) => return true,
        Poll::Pending => return false,
    }
    true
}

/// Waits, as a task does, for an item or the end.
fn pop_async<F: BareForm>(receiver: &mut Receiver<Box<Letter>, F>) -> Option<Box<Letter>> {
    block_on(poll_fn(|cx| wait_out(cx, |cx| receiver.poll_pop(cx))))
}

/// Each of `producers` senders sends an item and goes; a thread receives until `recv` fails.
/// (It joins no other one, since loom would take a late wake-up for the end of the join.)
fn last_sender_drop_ends_recv<F: BareForm>(
    producers: usize,
    recv: impl Fn(&mut Receiver<Box<Letter>, F>) -> Option<Box<Letter>> + Send + 'static,
) {
    let ledger = Ledger::default();
    let (sender, mut receiver) = ends::<F>();
    let receiving = {
        let ledger = ledger.clone();
        thread::spawn(move || {
            while let Some(letter) = recv(&mut receiver) {
                letter.end(Fate::Delivered);
            }
            let delivered = ledger.count(Fate::Delivered);
            assert_eq!(delivered, producers, "sent before the end");
            assert!(receiver.pop().is_closed());
        })
    };
    let threads: Vec<_> = (1..producers)
        .map(|producer| spawn_sender(sender.clone(), &ledger, producer, 1))
        .collect();
    assert_eq!(send_each(&sender, &ledger, 0, 1), 0);
    drop(sender);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 0);
    }
    receiving.join().unwrap();
    ledger.assert_fates(producers, 1);
}

const END: &str = "The receiver gets everything that was sent, and then the end, even asleep";

fn last_sender_drop_ends_recv_1x1<F: BareForm>() {
    let model = Model::new(END)
        .threads("1 x 1, receiver")
        .at_least(F::select([9_500, 1_900, 710]));
    model.check(|| last_sender_drop_ends_recv::<F>(1, |receiver| receiver.recv().ok()));
}

fn last_sender_drop_ends_recv_2x1<F: BareForm>() {
    let model = Model::new(END)
        .threads("2 x 1, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([7_000, 1_600, 430]));
    model.check(|| last_sender_drop_ends_recv::<F>(2, |receiver| receiver.recv().ok()));
}

fn last_sender_drop_ends_recv_async_2x1<F: BareForm>() {
    let model = Model::new(END)
        .threads("2 x 1, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([9_900, 3_000, 1_100]));
    model.check(|| {
        last_sender_drop_ends_recv::<F>(2, pop_async);
    });
}

fn last_sender_drop_races_with_pop<F: BareForm>() {
    let model = Model::new("`Closed` comes after everything that was sent, and stays")
        .threads("2 x 1, receiver")
        .bound(3)
        .at_least(F::select([6_300, 1_600, 630]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let other = spawn_sender(sender.clone(), &ledger, 0, 1);
        send_each(&sender, &ledger, 1, 1);
        let last = thread::spawn(move || drop(sender));
        let mut is_closed = false;
        for _ in 0..3 {
            match receiver.pop() {
                Pop::Item(letter) => letter.end(Fate::Delivered),
                Pop::Empty | Pop::Stalled(_) => assert!(!is_closed),
                Pop::Closed => {
                    is_closed = true;
                    assert_eq!(ledger.count(Fate::Delivered), 2);
                }
            }
        }
        other.join().unwrap();
        last.join().unwrap();
        receive_rest(&mut receiver);
        ledger.assert_fates(2, 1);
        assert_eq!(ledger.count(Fate::Delivered), 2);
    });
}

fn last_sender_drop_races_with_close<F: BareForm>() {
    let reached = Reached::new(["refused", "delivered"]);
    let model = Model::new("The last sender goes while the receiver closes the channel")
        .threads("2 x 1, receiver")
        .bound(3)
        .at_least(F::select([5_700, 6_200, 1_100]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let threads = [sender.clone(), sender];
        let threads: Vec<_> = threads
            .into_iter()
            .enumerate()
            .map(|(producer, sender)| spawn_sender(sender, &ledger, producer, 1))
            .collect();
        receiver.close();
        receive_rest(&mut receiver);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(receiver.pop().is_closed());
        ledger.assert_fates(2, 1);
        seen.note(usize::from(ledger.count(Fate::Delivered) > 0));
    });
    reached.assert_reached(&[0, 1]);
}

fn sender_clone_keeps_channel<F: BareForm>() {
    let model = Model::new("A channel ends when every clone of its sender has gone, once")
        .threads("2 senders, one of them cloned, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([2_300, 2_000, 1_300]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let cloning = {
            let (sender, ledger) = (sender.clone(), ledger.clone());
            thread::spawn(move || {
                let clone = sender.clone();
                drop(sender);
                send_each(&clone, &ledger, 0, 1)
            })
        };
        let idle = thread::spawn(move || drop(sender));
        while let Some(letter) = pop_async(&mut receiver) {
            letter.end(Fate::Delivered);
        }
        assert_eq!(ledger.count(Fate::Delivered), 1);
        cloning.join().unwrap();
        idle.join().unwrap();
        ledger.assert_fates(1, 1);
    });
}

fn sender_end_is_visible_to_receiver<F: BareForm>() {
    let property = "What a thread did before it dropped its sender happens before the end";
    let model = Model::new(property)
        .threads("2 senders without an item, receiver")
        .at_least(F::select([21_000, 10_000, 4_100]));
    model.check(|| {
        let (sender, mut receiver) = ends::<F>();
        let written = [(); 2].map(|()| Arc::new(UnsafeCell::new(())));
        let threads = written.clone().map(|cell| {
            let sender = sender.clone();
            thread::spawn(move || {
                cell.with_mut(|_| ());
                drop(sender);
            })
        });
        drop(sender);
        if receiver.pop().is_closed() {
            // A data race, if one of the writes does not happen before.
            written.iter().for_each(|cell| cell.with(|_| ()));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The receiver pops once and goes, while each of `producers` senders sends `each` items and
/// goes. If `is_last_kept`, another sender outlives the receiver.
fn receiver_drop_ends_sends<F: BareForm>(producers: usize, each: usize, is_last_kept: bool) {
    let ledger = Ledger::default();
    let (sender, mut receiver) = ends::<F>();
    let mut senders = vec![sender; producers + usize::from(is_last_kept)];
    let kept = is_last_kept.then(|| senders.pop()).flatten();
    let threads: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(producer, sender)| spawn_sender(sender, &ledger, producer, each))
        .collect();
    if let Pop::Item(letter) = receiver.pop() {
        letter.end(Fate::Delivered);
    }
    drop(receiver);
    assert!(kept.is_none_or(|sender| sender.is_closed()));
    let refused: usize = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .sum();
    ledger.assert_fates(producers, each);
    assert_eq!(ledger.count(Fate::Refused), refused);
}

const GONE: &str = "The receiver goes while senders send and go: each item has one end";

fn receiver_drop_ends_sends_1x2<F: BareForm>() {
    let model = Model::new(GONE)
        .threads("1 x 2, receiver")
        .bound(4)
        .at_least(F::select([4_500, 2_300, 670]));
    model.check(|| receiver_drop_ends_sends::<F>(1, 2, true));
}

fn receiver_drop_ends_sends_2x1<F: BareForm>() {
    let model = Model::new(GONE)
        .threads("2 x 1, receiver")
        .bound(2)
        .full_bound(3)
        .at_least(F::select([3_200, 2_700, 510]));
    model.check(|| receiver_drop_ends_sends::<F>(2, 1, false));
}

fn pending_receiver_drop_races_with_send<F: BareForm>() {
    let reached = Reached::new(["pending", "ready"]);
    let model = Model::new("A receiver goes while a send, or the last sender, takes its waker")
        .threads("1 x 1, receiver")
        .bound(3)
        .at_least(F::select([1_100, 600, 200]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        assert!(!poll(&mut receiver), "nothing has been sent");
        let other = spawn_sender(sender, &ledger, 0, 1);
        seen.note(usize::from(poll(&mut receiver))); // a stall is pending, too
        drop(receiver);
        other.join().unwrap();
        ledger.assert_fates(1, 1);
    });
    reached.assert_reached(&[0, 1]);
}

fn close_ends_pending_recv<F: BareForm>() {
    let model = Model::new("A receiver closes while a send takes its waker")
        .threads("2 x 1, receiver")
        .bound(3)
        .at_least(F::select([5_700, 6_200, 1_200]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        assert!(!poll(&mut receiver), "nothing has been sent");
        let threads = [sender.clone(), sender];
        let threads: Vec<_> = threads
            .into_iter()
            .enumerate()
            .map(|(producer, sender)| spawn_sender(sender, &ledger, producer, 1))
            .collect();
        receiver.close();
        receive_rest(&mut receiver);
        for thread in threads {
            thread.join().unwrap();
        }
        ledger.assert_fates(2, 1);
    });
}

fn send_after_close_is_refused<F: BareForm>() {
    let reached = Reached::new(["before", "after"]);
    let model = Model::new("A send that begins after `close` returned is refused")
        .threads("1 x 2, 1 x 1, receiver")
        .bound(3)
        .at_least(F::select([1_800, 1_800, 1_800]));
    let seen = reached.clone();
    model.check(move || {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let has_closed = Arc::new(AtomicBool::new(false));
        let early = spawn_sender(sender.clone(), &ledger, 0, 2);
        let late = {
            let (ledger, seen) = (ledger.clone(), seen.clone());
            let has_closed = Arc::clone(&has_closed);
            thread::spawn(move || {
                let has_closed = has_closed.load(Ordering::Acquire);
                let refused = send_each(&sender, &ledger, 1, 1);
                assert!(!has_closed || refused == 1);
                seen.note(usize::from(has_closed));
            })
        };
        receiver.close();
        has_closed.store(true, Ordering::Release);
        early.join().unwrap();
        late.join().unwrap();
        receive_rest(&mut receiver);
        ledger.assert_fates_of(0, 2);
        ledger.assert_fates_of(1, 1);
    });
    reached.assert_reached(&[0, 1]);
}

fn refused_sender_stays_refused<F: BareForm>() {
    let model = Model::new("After a send was refused, all later ones of its thread are")
        .threads("2 x 2, receiver")
        .bound(3)
        .full_bound(4)
        .at_least(F::select([1_400, 1_400, 1_600]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let threads = [0, 1].map(|producer| spawn_sender(sender.clone(), &ledger, producer, 2));
        receiver.close();
        for thread in threads {
            thread.join().unwrap(); // `send_each` asserts it
        }
        receive_rest(&mut receiver);
        ledger.assert_fates(2, 2);
        assert!(sender.is_closed());
    });
}

fn close_is_visible_to_refused_send<F: BareForm>() {
    let model = Model::new("Writes before a close are visible to each send that it refuses")
        .threads("2 x 1, receiver")
        .bound(3)
        .at_least(F::select([1_000, 1_000, 1_000]));
    model.check(|| {
        let ledger = Ledger::default();
        let (sender, mut receiver) = ends::<F>();
        let left = Arc::new(UnsafeCell::new(0));
        let threads = [0, 1].map(|producer| {
            let (sender, ledger) = (sender.clone(), ledger.clone());
            let left = Arc::clone(&left);
            thread::spawn(move || {
                if send_each(&sender, &ledger, producer, 1) > 0 {
                    // SAFETY: loom checks that no other access overlaps.
                    assert_eq!(left.with(|value| unsafe { *value }), 1);
                }
            })
        });
        // SAFETY: loom checks that no other access overlaps.
        left.with_mut(|value| unsafe { *value = 1 });
        receiver.close();
        for thread in threads {
            thread.join().unwrap();
        }
        receive_rest(&mut receiver);
        ledger.assert_fates(2, 1);
    });
}
