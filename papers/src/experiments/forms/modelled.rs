//! The cache lines that a push and a pop move between cores, modelled.

use std::sync::Mutex;

use papers::Consume;
use papers::accesses::Recorder;
use papers::transfers::{Consumer, Counts, Items, Plan, model};

use crate::experiments::objects::{Object, Objects};

/// The numbers of producers.
pub(super) const PRODUCERS: [usize; 5] = [1, 2, 4, 16, 64];

/// The kinds of consumers: one that keeps up, and one that is behind by 64 items.
pub(super) const CONSUMERS: [Consumer; 2] = [Consumer::AtOnce, Consumer::Behind];

/// The lines that move per operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) push: f64,
    /// With the reading of the item.
    pub(super) pop: f64,
}

impl Moved {
    pub(super) fn per_item(self) -> f64 {
        self.push + self.pop
    }
}

/// The lines that move in each case, by kind of consumer and number of producers.
pub(super) type Cases = [[Moved; PRODUCERS.len()]; CONSUMERS.len()];

pub(super) fn modelled<Q: Objects>(recorder: &Mutex<Recorder>) -> Cases {
    CONSUMERS.map(|consumer| {
        PRODUCERS.map(|producers| {
            let counts = counts::<Q>(recorder, producers, consumer);
            Moved {
                push: counts.pushes.transfers_each(),
                pop: counts.pops.transfers_each(),
            }
        })
    })
}

fn counts<Q: Objects>(recorder: &Mutex<Recorder>, producers: usize, consumer: Consumer) -> Counts {
    let plan = Plan::of(producers, consumer, 1);
    let queue = Box::new(Q::with_room(plan.room()));
    let mut popping = queue.consumer().expect("a new queue has no consumer");
    let items: Items<Box<Object>> = Items {
        new: Object::boxed,
        value: |object| object.value,
        write: |object, value| object.value = value,
    };
    let push = |_| {
        let queue = &*queue;
        move |object| assert!(queue.push(object).is_ok(), "there is room for all")
    };
    let pushes = (0..producers).map(push).collect();
    model(recorder, plan, items, pushes, move || {
        popping.pop().into_item()
    })
}
