//! Runs a program on two queues and on their models.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use mpsc_queue::{Chain, Closed, Counted, Form, Pop, Queue, TryPushError, Wakeup};

use crate::items::{Body, Drops, TestHandle};
use crate::operations::{EndOfPark, Operation, PopMethod, Step};

/// A queue and its model.
struct Modelled<H: TestHandle, F: Form> {
    /// In a box, so that `Move` changes its address.
    queue: Box<Queue<H, Counted<F>>>,
    items: VecDeque<usize>,
    /// Set if the consumer has parked and no push has ended the park.
    is_parked: bool,
    is_closed: bool,
}

impl<H: TestHandle, F: Form> Modelled<H, F> {
    fn new() -> Self {
        Self {
            queue: Box::default(),
            items: VecDeque::new(),
            is_parked: false,
            is_closed: false,
        }
    }

    /// Adds `numbers` to the model. Returns the expected result of the push.
    fn expect_push(&mut self, numbers: impl IntoIterator<Item = usize>) -> Wakeup {
        assert!(!self.is_closed, "a closed queue refuses a push");
        let before = self.items.len();
        self.items.extend(numbers);
        if self.items.len() > before && mem::take(&mut self.is_parked) {
            Wakeup::Needed
        } else {
            Wakeup::NotNeeded
        }
    }
}

/// The state of a run.
struct Run<H: TestHandle, F: Form> {
    queues: [Modelled<H, F>; 2],
    chain: Chain<H>,
    chained: VecDeque<usize>,
    /// Handles that the program holds: popped items, and a share of each shared item.
    held: Vec<H>,
    drops: Drops,
}

pub(crate) fn run<H: TestHandle, F: Form>(program: &[Step]) {
    let mut run = Run::<H, F> {
        queues: [Modelled::new(), Modelled::new()],
        chain: Chain::new(),
        chained: VecDeque::new(),
        held: Vec::new(),
        drops: Arc::default(),
    };
    for step in program {
        run.step(step);
        run.check();
    }
    let drops = Arc::clone(&run.drops);
    drop(run); // with the items in the queues and in the chain
    assert!(drops.lock().unwrap().iter().all(|&drops| drops == 1));
}

impl<H: TestHandle, F: Form> Run<H, F> {
    fn step(&mut self, step: &Step) {
        match step.operation {
            Operation::Push => {
                let (handle, _) = self.new_item();
                self.push(step.queue, handle);
            }
            Operation::PushHeld(which) => {
                if let Some(handle) = self.take_held(which) {
                    self.push(step.queue, handle);
                }
            }
            Operation::DropHeld(which) => {
                if let Some(which) = which.checked_rem(self.held.len()) {
                    self.held.swap_remove(which);
                }
            }

            Operation::Append(count) => {
                let mut more = Chain::new();
                for _ in 0..count {
                    let (handle, number) = self.new_item();
                    assert!(handle.append(&mut more).is_ok());
                    self.chained.push_back(number);
                }
                self.chain.append(&mut more);
                assert_eq!((more.len(), more.pop().is_none()), (0, true));
            }
            Operation::AppendHeld(which) => {
                let Some(handle) = self.take_held(which) else {
                    return;
                };
                let number = handle.number();
                let is_queued = self.is_queued(number);
                assert_eq!(handle.append(&mut self.chain).is_err(), is_queued);
                if !is_queued {
                    self.chained.push_back(number);
                }
            }
            Operation::PopChain => {
                let popped = self.chain.pop();
                assert_eq!(popped.as_ref().map(H::number), self.chained.pop_front());
                self.hold_some(popped);
            }
            Operation::PushChain => {
                let modelled = &mut self.queues[step.queue];
                match modelled.queue.push_chain(mem::take(&mut self.chain)) {
                    // An empty chain has no effect, so a closed queue does not refuse it.
                    Ok(wakeup) if self.chained.is_empty() => {
                        assert_eq!(wakeup, Wakeup::NotNeeded);
                    }
                    Ok(wakeup) => {
                        let expected = modelled.expect_push(mem::take(&mut self.chained));
                        assert_eq!(wakeup, expected);
                    }
                    // The chain comes back whole: `chained` still describes it.
                    Err(Closed(chain)) => {
                        assert!(modelled.is_closed);
                        self.chain = chain;
                    }
                }
            }
            Operation::DropChain => {
                self.chain = Chain::new();
                self.chained.clear();
            }

            Operation::Pop(method) => self.pop(step.queue, method),
            Operation::Drain {
                limit,
                take,
                push_back,
            } => self.drain(step.queue, limit, take, push_back),
            Operation::Park { pushes, end } => self.park(step.queue, pushes, end),

            Operation::Close => {
                let modelled = &mut self.queues[step.queue];
                modelled.queue.consumer().unwrap().close();
                modelled.is_closed = true;
                modelled.is_parked = false;
            }
            Operation::LeakConsumer => {
                let queue = &mut self.queues[step.queue].queue;
                mem::forget(queue.consumer().unwrap());
                assert!(queue.consumer().is_err());
                drop(queue.consumer_mut());
            }
            Operation::Move => {
                let queue = &mut self.queues[step.queue].queue;
                let moved = mem::take(&mut **queue);
                let _old_address = mem::replace(queue, Box::new(moved));
            }
            Operation::Renew => self.queues[step.queue] = Modelled::new(),
        }
    }

    fn push(&mut self, queue: usize, handle: H) {
        let number = handle.number();
        let is_queued = self.is_queued(number);
        let modelled = &mut self.queues[queue];
        match handle.push(&modelled.queue) {
            Ok(wakeup) => {
                assert!(!is_queued, "the item is in two places");
                assert_eq!(wakeup, modelled.expect_push([number]));
            }
            Err(TryPushError::AlreadyQueued(handle)) => {
                assert!(is_queued);
                assert_eq!(handle.number(), number);
            }
            Err(TryPushError::Closed(handle)) => {
                assert!(!is_queued && modelled.is_closed);
                assert_eq!(handle.number(), number);
                self.hold_some([handle]);
            }
        }
    }

    fn pop(&mut self, queue: usize, method: PopMethod) {
        let modelled = &mut self.queues[queue];
        let mut consumer = modelled.queue.consumer().unwrap();
        let nothing = if modelled.is_closed {
            Pop::Closed
        } else {
            Pop::Empty
        };
        let pop = match method {
            PopMethod::Pop => consumer.pop(),
            PopMethod::PopFenced => consumer.pop_fenced(),
            PopMethod::PopBlocking => consumer.pop_blocking().map_or(nothing, Pop::Item),
        };
        drop(consumer);
        let is_empty = modelled.items.is_empty();
        assert_eq!(pop.is_empty(), is_empty && !modelled.is_closed);
        assert_eq!(pop.is_closed(), is_empty && modelled.is_closed);
        assert!(!pop.is_stalled(), "no push is in flight");
        let popped = pop.into_item();
        assert_eq!(popped.as_ref().map(H::number), modelled.items.pop_front());
        self.hold_some(popped);
    }

    fn drain(&mut self, queue: usize, limit: usize, take: usize, push_back: bool) {
        // Made first, because the consumer borrows the queue.
        let mut new: Vec<_> = (0..take).map(|_| self.new_item()).collect();
        let mut rest = Vec::new();
        let modelled = &mut self.queues[queue];

        let mut consumer = modelled.queue.consumer().unwrap();
        let mut drain = consumer.drain(limit);
        let available = limit.min(modelled.items.len());
        for count in 0..take.min(available) {
            let (lower, upper) = drain.size_hint();
            let left = available - count;
            assert!(lower <= left);
            assert!((left..=limit - count).contains(&upper.expect("a drain is bounded")));
            let handle = drain.next().expect("the drain is not at its end");
            assert_eq!(Some(handle.number()), modelled.items.pop_front());
            // The drain does not return an item that is pushed meanwhile.
            let handle = if push_back {
                handle
            } else {
                rest.push(handle);
                new.pop()
                    .expect("there is a new item for each popped one")
                    .0
            };
            let number = handle.number();
            match handle.push(&modelled.queue) {
                Ok(wakeup) => {
                    assert!(!wakeup.is_needed() && !modelled.is_closed);
                    modelled.items.push_back(number);
                }
                Err(TryPushError::Closed(handle)) => {
                    assert!(handle.number() == number && modelled.is_closed);
                    rest.push(handle);
                }
                Err(TryPushError::AlreadyQueued(_)) => panic!("the item is not queued"),
            }
        }
        if take > available {
            assert!(drain.next().is_none());
            assert!(drain.next().is_none());
            assert_eq!(drain.size_hint(), (0, Some(0)));
        }
        assert!(!drain.is_stalled());
        drop(consumer);
        self.hold_some(rest);
    }

    fn park(&mut self, queue: usize, pushes: usize, end: EndOfPark) {
        let mut new: Vec<_> = (0..pushes).map(|_| self.new_item()).collect();
        let Modelled {
            queue,
            items,
            is_parked,
            is_closed,
        } = &mut self.queues[queue];

        let mut consumer = queue.consumer().unwrap();
        let Some(guard) = consumer.park() else {
            assert!(!items.is_empty() || *is_closed);
            return;
        };
        assert!(items.is_empty() && !*is_closed);
        for (count, (handle, number)) in new.drain(..).enumerate() {
            let wakeup = handle.push(queue).expect("a new item is not queued");
            assert_eq!(wakeup.is_needed(), count == 0, "the first push wakes");
            items.push_back(number);
        }
        match end {
            EndOfPark::Unpark => assert_eq!(guard.unpark(), pushes == 0),
            EndOfPark::Drop => drop(guard),
            EndOfPark::Leak => mem::forget(guard),
        }
        *is_parked = matches!(end, EndOfPark::Leak) && pushes == 0;
    }

    /// Returns a new item and its number.
    fn new_item(&mut self) -> (H, usize) {
        let number = self.drops.lock().unwrap().len();
        self.drops.lock().unwrap().push(0);
        let drops = Arc::clone(&self.drops);
        let handle = H::new(Body { number, drops });
        self.held.extend(handle.share());
        (handle, number)
    }

    /// Returns one of the held handles, if there are any.
    fn take_held(&mut self, which: usize) -> Option<H> {
        let which = which.checked_rem(self.held.len())?;
        let handle = self.held.swap_remove(which);
        self.held.extend(handle.share());
        Some(handle)
    }

    /// Holds every other of these items, to push it again. Drops the rest.
    fn hold_some(&mut self, handles: impl IntoIterator<Item = H>) {
        for handle in handles {
            if handle.share().is_none() && handle.number() % 2 == 0 {
                self.held.push(handle);
            }
        }
    }

    /// The numbers of the items in the queues and in the chain.
    fn queued(&self) -> impl Iterator<Item = usize> {
        let queued = self.queues.iter().flat_map(|modelled| &modelled.items);
        queued.chain(&self.chained).copied()
    }

    fn is_queued(&self, number: usize) -> bool {
        self.queued().any(|queued| queued == number)
    }

    fn check(&self) {
        for modelled in &self.queues {
            assert_eq!(modelled.queue.len(), modelled.items.len());
            assert_eq!(modelled.queue.is_empty(), modelled.items.is_empty());
        }
        assert_eq!(self.chain.len(), self.chained.len());
        assert_eq!(self.chain.is_empty(), self.chained.is_empty());
        // An item has been dropped once, unless a handle to it is left.
        let mut expected = vec![1; self.drops.lock().unwrap().len()];
        for number in self.queued().chain(self.held.iter().map(H::number)) {
            expected[number] = 0;
        }
        assert_eq!(*self.drops.lock().unwrap(), expected, "drops of each item");
    }
}
