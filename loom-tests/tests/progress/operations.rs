//! The operations, of a queue that outlives its threads.

use core::ptr::{self, NonNull};

use crate::form::{Batched, Form, Pushed, RawBatched, RawForm, RawPop, RawQueue};
use crate::item::{Link, LinkKind, Links, SharedLink};
use crate::schedules::Operation;
use crate::sealed::INTERNAL;
use crate::{BackLinked, ForwardLinked, GapFree};

/// A queue without items. It is leaked, as its links are.
pub(crate) struct Subject<F: Form>(&'static Shared<F>);

struct Shared<F: Form>(RawQueue<F::Raw>);

// SAFETY: the functions of this file are called as the queue demands: by one consumer at a time.
unsafe impl<F: Form> Sync for Shared<F> {}

impl<F: Form> Clone for Subject<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Form> Copy for Subject<F> {}

/// A link that moves to the thread of its push.
struct Owned(Links);

// SAFETY: the links belong to the push.
unsafe impl Send for Owned {}

impl Owned {
    fn single() -> Self {
        Self::chain(1)
    }

    /// Makes links that lead from each to the next newer one.
    fn chain(length: usize) -> Self {
        let links: Vec<_> = (0..length)
            .map(|_| NonNull::from(Box::leak(Box::new(Link::new()))))
            .collect();
        for (number, link) in links.iter().enumerate() {
            let newer = links
                .get(number + 1)
                .map_or(ptr::null_mut(), |next| next.as_ptr());
            link.as_ptr().expose_provenance();
            // SAFETY: the link is leaked.
            unsafe { link.as_ref() }
                .next
                .store(newer, crate::sync::Ordering::Relaxed);
        }
        Self(Links {
            oldest: links[0],
            newest: links[length - 1],
        })
    }
}

/// A form that is measured.
pub(crate) trait Kind: Form {
    /// Appends an item of the consumer. `None` if the form has no such push.
    fn push_own(_: Subject<Self>) -> Option<Operation> {
        None
    }
}

impl Kind for ForwardLinked {}

impl Kind for BackLinked {
    fn push_own(queue: Subject<Self>) -> Option<Operation> {
        Some(queue.push_own())
    }
}

impl Kind for GapFree {
    fn push_own(queue: Subject<Self>) -> Option<Operation> {
        Some(queue.push_own())
    }
}

impl<F: Form> Subject<F> {
    pub(crate) fn new() -> Self {
        Self(Box::leak(Box::new(Shared(RawQueue::new()))))
    }

    /// A push, with the clean-up if it is refused.
    pub(crate) fn push(self) -> Operation {
        self.push_links(Owned::single())
    }

    /// A push of a chain, without the building of it.
    pub(crate) fn push_chain(self, length: usize) -> Operation {
        self.push_links(Owned::chain(length))
    }

    fn push_links(self, links: Owned) -> Operation {
        Box::new(move || {
            let Owned(links) = { links };
            let links = if F::Raw::NEWEST_FIRST {
                links.newest_first()
            } else {
                links
            };
            // SAFETY: the links are leaked, in no queue, and in the direction of the form.
            match unsafe { F::Raw::push(&self.0.0, links, || ()) } {
                Pushed::Quiet => "Quiet",
                Pushed::Parked(()) => "Parked",
                Pushed::Closed => {
                    // SAFETY: the push has been refused just now.
                    unsafe { F::Raw::sweep(&self.0.0, links) }.for_each(drop);
                    "Closed"
                }
            }
        })
    }

    pub(crate) fn pop(self) -> Operation {
        // SAFETY: one thread at a time calls the functions of the consumer, here and below.
        Box::new(move || match unsafe { F::Raw::pop(&self.0.0) } {
            RawPop::Item(_) => "Item",
            RawPop::Empty => "Empty",
            RawPop::Stalled(_) => "Stalled",
            RawPop::Closed => "Closed",
        })
    }

    pub(crate) fn park(self) -> Operation {
        // SAFETY: as above.
        Box::new(move || truth(unsafe { self.0.0.park() }))
    }

    pub(crate) fn unpark(self) -> Operation {
        // SAFETY: as above.
        Box::new(move || truth(unsafe { self.0.0.unpark() }))
    }

    pub(crate) fn close(self) -> Operation {
        Box::new(move || {
            // SAFETY: as above.
            unsafe { self.0.0.close() };
            "closed"
        })
    }

    pub(crate) fn is_empty(self) -> Operation {
        Box::new(move || truth(self.0.0.is_empty()))
    }
}

impl<F: Batched> Subject<F> {
    fn push_own(self) -> Operation {
        let link = Owned::single();
        Box::new(move || {
            let Owned(links) = { link };
            // SAFETY: as above; the link is leaked, and in no queue.
            truth(unsafe { F::Raw::push_own(&self.0.0, links.oldest) })
        })
    }
}

/// Claims a shared item for a push, which another push may have done before.
pub(crate) fn claim(link: &'static SharedLink) -> Operation {
    Box::new(move || truth(link.set_queued(INTERNAL)))
}

/// Frees a shared item that has been popped.
pub(crate) fn free(link: &'static SharedLink) -> Operation {
    Box::new(move || {
        link.clear_queued(INTERNAL);
        "freed"
    })
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
