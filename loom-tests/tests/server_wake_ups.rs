//! A request that waits for a waker is resumed by it, or ends, and its work is dropped once.
#![cfg(loom)]

use http_resume::resume::{
    RequestKey, ResumeConsumer, ResumeQueue, Returned, Waiting, WakeSlot, suspend,
};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use loom_tests::{Drops, Model};

/// The work of a handler: what the wake-ups are about, and what the event loop does in its calls.
struct Work {
    calls: UnsafeCell<usize>,
    _drops: Drops,
}

impl Work {
    fn new(drops: &Drops) -> Self {
        Self {
            calls: UnsafeCell::new(0),
            _drops: drops.clone(),
        }
    }

    fn call(&self) {
        // SAFETY: loom checks that no other access overlaps.
        self.calls.with_mut(|calls| unsafe { *calls += 1 });
    }
}

/// Accesses the work, so that loom checks that the drop follows the calls.
impl Drop for Work {
    fn drop(&mut self) {
        self.call();
    }
}

const KEY: RequestKey = RequestKey {
    connection: 0,
    serial: 1,
};

/// Waits for the request.
fn one(consumer: &mut ResumeConsumer<'_>) -> Returned {
    loop {
        if let Some(returned) = consumer.drain(1).next() {
            return returned;
        }
        thread::yield_now();
    }
}

#[test]
fn wake_up_races_with_suspension() {
    let model = Model::new("A wake-up during a handler's call, or after it, leads to another call")
        .threads("waker, loop")
        .at_least(10);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let slot = Arc::new(WakeSlot::new());
        let event = Arc::new(UnsafeCell::new(false));
        slot.begin();
        let waker = {
            let (slot, event) = (Arc::clone(&slot), Arc::clone(&event));
            thread::spawn(move || {
                // SAFETY: loom checks that no other access overlaps.
                event.with_mut(|event| unsafe { *event = true });
                slot.wake();
            })
        };
        let work = Work::new(&drops);
        work.call();
        let (pending, _flag) = suspend(&queue, KEY, None, work);
        slot.suspend(pending);
        let Ok((work, vacant)) = one(&mut consumer).open::<Work>() else {
            panic!("the work has the type that was suspended");
        };
        slot.begin();
        work.call();
        // SAFETY: loom checks that no other access overlaps.
        assert!(
            event.with(|event| unsafe { *event }),
            "what the wake-up is about"
        );
        drop((work, vacant));
        waker.join().unwrap();
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn two_wake_ups_resume_once() {
    let model = Model::new("Of two wake-ups of a suspended request, one resumes it")
        .threads("2 wakers, loop")
        .at_least(10);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let mut consumer = queue.consumer();
        let slot = Arc::new(WakeSlot::new());
        let (pending, _flag) = suspend(&queue, KEY, None, Work::new(&drops));
        slot.suspend(pending);
        let wakers = [0, 1].map(|_| {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.wake())
        });
        let Ok((work, vacant)) = one(&mut consumer).open::<Work>() else {
            panic!("the work has the type that was suspended");
        };
        work.call();
        wakers.into_iter().for_each(|waker| waker.join().unwrap());
        assert!(consumer.is_empty(), "resumed once");
        drop((work, vacant));
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn wake_up_races_with_end() {
    let model =
        Model::new("A request that ends during a wake-up is resumed, or its work is dropped")
            .threads("the end, waker")
            .at_least(4);
    model.check(|| {
        let drops = Drops::new();
        let queue = Arc::new(ResumeQueue::new(|| {}));
        let consumer = queue.consumer();
        let slot = Arc::new(WakeSlot::new());
        let end = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.end())
        };
        let work = Work::new(&drops);
        work.call();
        let (pending, _flag) = suspend(&queue, KEY, None, work);
        slot.suspend(pending);
        slot.wake();
        end.join().unwrap();
        drop(consumer); // drops what has been resumed
        assert_eq!(drops.count(), 1);
    });
}
