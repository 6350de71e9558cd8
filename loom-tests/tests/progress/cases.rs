//! What is measured: an operation, its result, and what runs meanwhile.

use crate::item::SharedLink;
use crate::operations::{Kind, Subject, claim, free};
use crate::schedules::{Counts, Operation, greatest};

/// A row of the table.
pub(crate) struct Case<F: Kind> {
    /// The operation, and the situation before it.
    pub(crate) words: &'static str,
    pub(crate) meanwhile: &'static str,
    pub(crate) result: &'static str,
    set_up: fn(Subject<F>) -> Option<Vec<Operation>>,
}

impl<F: Kind> Case<F> {
    /// Returns the greatest counts in any schedule, or `None` if the form has no such operation.
    pub(crate) fn measure(&self) -> Option<(Counts, usize)> {
        (self.set_up)(Subject::new())?;
        let set_up = || (self.set_up)(Subject::new()).expect("as before");
        Some(greatest(set_up, self.result))
    }
}

macro_rules! cases {
    ($($words:literal, $meanwhile:literal => $result:literal: |$queue:ident| $set_up:expr;)+) => {
        /// The rows, for a form.
        pub(crate) fn cases<F: Kind>() -> Vec<Case<F>> {
            vec![$(Case {
                words: $words,
                meanwhile: $meanwhile,
                result: $result,
                set_up: |$queue| $set_up,
            }),+]
        }
    };
}

cases! {
    "push", "" => "Quiet": |q| Some(vec![q.push()]);
    "push", "a push" => "Quiet": |q| Some(vec![q.push(), q.push()]);
    "push", "two pushes" => "Quiet": |q| Some(vec![q.push(), q.push(), q.push()]);
    "push", "a push, a pop" => "Quiet": |q| Some(vec![q.push(), q.push(), q.pop()]);
    "push, the consumer is parked", "" => "Parked": |q| {
        q.park()();
        Some(vec![q.push()])
    };
    "push, the consumer is parked", "a push" => "Parked": |q| {
        q.park()();
        Some(vec![q.push(), q.push()])
    };
    "push of a chain of 10", "" => "Quiet": |q| Some(vec![q.push_chain(10)]);
    "push to a closed queue", "" => "Closed": |q| {
        q.close()();
        Some(vec![q.push()])
    };
    "push to a closed queue", "a push" => "Closed": |q| {
        q.close()();
        Some(vec![q.push(), q.push()])
    };
    "push to a closed queue", "two pushes" => "Closed": |q| {
        q.close()();
        Some(vec![q.push(), q.push(), q.push()])
    };
    "pop of the only item", "" => "Item": |q| {
        q.push()();
        Some(vec![q.pop()])
    };
    "first pop of 10 items", "" => "Item": |q| {
        (0..10).for_each(|_| _ = q.push()());
        Some(vec![q.pop()])
    };
    "second pop of 10 items", "" => "Item": |q| {
        (0..10).for_each(|_| _ = q.push()());
        q.pop()();
        Some(vec![q.pop()])
    };
    "pop of an item", "a push" => "Item": |q| {
        q.push()();
        Some(vec![q.pop(), q.push()])
    };
    "pop", "two pushes" => "Item": |q| Some(vec![q.pop(), q.push(), q.push()]);
    "pop", "a push" => "Empty": |q| Some(vec![q.pop(), q.push()]);
    "pop of a closed queue's last item", "a push" => "Item": |q| {
        q.push()();
        q.close()();
        Some(vec![q.pop(), q.push()])
    };
    "pop of a drained closed queue", "a push" => "Closed": |q| {
        q.close()();
        Some(vec![q.pop(), q.push()])
    };
    "park", "a push" => "true": |q| Some(vec![q.park(), q.push()]);
    "park", "a push" => "false": |q| Some(vec![q.park(), q.push()]);
    "park, the consumer is parked", "a push" => "true": |q| {
        q.park()();
        Some(vec![q.park(), q.push()])
    };
    "unpark", "a push" => "true": |q| {
        q.park()();
        Some(vec![q.unpark(), q.push()])
    };
    "unpark", "a push" => "false": |q| {
        q.park()();
        Some(vec![q.unpark(), q.push()])
    };
    "close", "two pushes" => "closed": |q| Some(vec![q.close(), q.push(), q.push()]);
    "close of a closed queue", "a push" => "closed": |q| {
        q.close()();
        Some(vec![q.close(), q.push()])
    };
    "is_empty", "a push, a pop" => "false": |q| Some(vec![q.is_empty(), q.push(), q.pop()]);
    "push_quiet", "a push" => "true": |q| Some(vec![F::push_own(q)?, q.push()]);
    "claim of a shared item", "a claim" => "true": |_q| {
        let link = Box::leak(Box::new(SharedLink::new()));
        Some(vec![claim(link), claim(link)])
    };
    "release of a shared item", "a claim" => "freed": |_q| {
        let link = Box::leak(Box::new(SharedLink::new()));
        claim(link)();
        Some(vec![free(link), claim(link)])
    };
}

/// The pops that are stalled, which not every form has.
pub(crate) fn stalls<F: Kind>() -> Vec<Case<F>> {
    vec![
        Case {
            words: "pop",
            meanwhile: "a push",
            result: "Stalled",
            set_up: |q| Some(vec![q.pop(), q.push()]),
        },
        Case {
            words: "pop of one of two items",
            meanwhile: "a push",
            result: "Stalled",
            set_up: |q| {
                q.push()();
                Some(vec![q.pop(), q.push()])
            },
        },
    ]
}
