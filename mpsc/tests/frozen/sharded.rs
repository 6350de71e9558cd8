//! Sharded channels while a sender stands still in its send.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mpsc_queue::channel::sharded;
use mpsc_queue::{Form, GapFree, TryRecvError};

use crate::stalled_push::{StalledPush, Task, item};

test_forms! {
    each: [
        stalled_send_delays_items_of_its_sender_only
    ]
    with_gap: []
}

/// The sender has not sent before, or the receiver already looks at its shard.
fn stalled_send_delays_items_of_its_sender_only<F: Form>() {
    for has_sent in [false, true] {
        let (sender, mut receiver) = sharded::with_form::<_, F>(F::default());
        let other = sender.clone();
        if has_sent {
            sender.send(item(0)).unwrap();
            assert_eq!(receiver.try_recv().unwrap().number, 0);
        }
        let stalled = StalledPush::start(move || sender.send(item(0)).is_ok());
        let mut numbers = Vec::new();
        for number in 1..100 {
            other.send(item(number)).unwrap();
            while let Some(item) = receiver.pop().into_item() {
                numbers.push(item.number);
            }
            assert_eq!(numbers.last(), Some(&number));
        }
        assert!(stalled.finish());
        drop(other);
        numbers.extend(receiver.try_iter().map(|item| item.number));
        assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Disconnected));
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..100));
    }
}

/// The stalled send has not told the receiver of its shard yet.
#[test]
fn task_receives_items_of_other_senders_beside_stalled_send() {
    let (sender, mut receiver) = sharded::with_form(GapFree);
    let other = sender.clone();
    let task = Arc::new(Task::default());
    let waker = Waker::from(Arc::clone(&task));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_recv(&mut context).is_pending());
    let stalled = StalledPush::start(move || sender.send(item(0)).is_ok());
    for number in 1..20 {
        other.send(item(number)).unwrap();
        assert_eq!(task.wakes(), number, "once for each item");
        let poll = receiver.poll_recv(&mut context);
        assert!(matches!(poll, Poll::Ready(Ok(item)) if item.number == number));
        assert!(receiver.poll_recv(&mut context).is_pending());
    }
    assert!(stalled.finish());
    assert_eq!(task.wakes(), 20);
    let poll = receiver.poll_recv(&mut context);
    assert!(matches!(poll, Poll::Ready(Ok(item)) if item.number == 0));
}
