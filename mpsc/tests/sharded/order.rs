//! Which item comes next.

use mpsc_queue::{Chain, Form, Pop, TryRecvError};

use crate::{item, open};

test_each_form! {
    items_of_sender_keep_their_order
    senders_take_turns
    new_sender_gets_its_turn
    chain_is_received_in_order
    idle_senders_are_received_again
    pop_is_exact
}

fn items_of_sender_keep_their_order<F: Form>() {
    let (first, mut receiver) = open::<F>();
    let second = first.clone();
    for number in 0..100 {
        first.send(item(0, number)).unwrap();
        second.send(item(1, number)).unwrap();
    }
    let mut next = [0; 2];
    for item in receiver.try_iter() {
        assert_eq!(item.number, next[item.sender]);
        next[item.sender] += 1;
    }
    assert_eq!(next, [100; 2]);
}

/// A sender with a backlog does not keep the others waiting.
fn senders_take_turns<F: Form>() {
    let (first, mut receiver) = open::<F>();
    let others = [first.clone(), first.clone(), first.clone()];
    for number in 0..10_000 {
        first.send(item(0, number)).unwrap();
    }
    for (sender, other) in others.iter().enumerate() {
        other.send(item(sender + 1, 0)).unwrap();
    }
    let mut waits = [0; 4];
    for (position, item) in receiver.try_iter().enumerate() {
        waits[item.sender] = position;
    }
    assert!(
        waits[1..].iter().all(|position| *position < 100),
        "{waits:?}"
    );
}

fn new_sender_gets_its_turn<F: Form>() {
    let (first, mut receiver) = open::<F>();
    let mut received = 0;
    for number in 0..1000 {
        first.send(item(0, number)).unwrap();
    }
    for _ in 0..10 {
        assert_eq!(receiver.try_recv().unwrap().sender, 0);
    }
    first.clone().send(item(1, 0)).unwrap(); // by a sender that goes at once
    while receiver.try_recv().unwrap().sender == 0 {
        received += 1;
    }
    assert!(received < 100);
}

fn chain_is_received_in_order<F: Form>() {
    let (sender, mut receiver) = open::<F>();
    let chain: Chain<_> = (0..10).map(|number| item(0, number)).collect();
    sender.send_chain(chain).unwrap();
    sender.send_chain(Chain::new()).unwrap();
    sender.send(item(0, 10)).unwrap();
    assert!(receiver.try_iter().map(|item| item.number).eq(0..11));
}

/// A receiver that is busy with one sender stops looking at the others, until they send again.
fn idle_senders_are_received_again<F: Form>() {
    let (busy, mut receiver) = open::<F>();
    let idle = [busy.clone(), busy.clone()];
    for round in 0..3 {
        for (sender, idle) in idle.iter().enumerate() {
            idle.send(item(sender + 1, round)).unwrap();
        }
        for number in 0..5000 {
            busy.send(item(0, number)).unwrap();
            assert!(receiver.try_recv().is_ok());
        }
        assert_eq!(
            receiver.try_iter().count(),
            2,
            "as many as were sent besides"
        );
        assert!(receiver.is_empty());
    }
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
}

/// After each send, a pop finds an item, whatever happened before.
fn pop_is_exact<F: Form>() {
    const STEPS: u32 = 7;
    for program in 0..4_u32.pow(STEPS) {
        let (first, mut receiver) = open::<F>();
        let mut senders = vec![first];
        let mut left = 0;
        for step in 0..STEPS {
            match program / 4_u32.pow(step) % 4 {
                0 => {
                    let sender = &senders[step as usize % senders.len()];
                    sender.send(item(0, 0)).unwrap();
                    left += 1;
                }
                1 => senders.push(senders[0].clone()),
                2 => {
                    let pop = receiver.pop();
                    assert_eq!(matches!(pop, Pop::Item(_)), left > 0, "program {program}");
                    left -= usize::from(matches!(pop, Pop::Item(_)));
                }
                _ if senders.len() > 1 => drop(senders.pop()),
                _ => assert!(left == 0 || !receiver.is_empty(), "program {program}"),
            }
        }
        drop(senders);
        assert_eq!(receiver.try_iter().count(), left);
        assert!(receiver.pop().is_closed());
    }
}
