//! How a consumer holds its queue.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

#[cfg(feature = "alloc")]
use alloc::{rc::Rc, sync::Arc};

use crate::form::Form;
use crate::item::Handle;
use crate::queue::Queue;
use crate::sealed::Internal;

/// A queue that has a consumer: a [`Queue`] or a [`WakingQueue`](crate::WakingQueue). Sealed, since
/// the hidden methods return the same queue and the same waker each time.
pub trait AnyQueue {
    /// The type of the handles in the queue.
    type Handle: Handle;
    /// The form of the queue.
    type Form: Form;
    /// The waker that the queue owns; `()` if it is a [`Queue`].
    type Waker;

    #[doc(hidden)]
    fn bare(&self, _: Internal) -> &Queue<Self::Handle, Self::Form>;

    #[doc(hidden)]
    fn own_waker(&self, _: Internal) -> &Self::Waker;
}

impl<H: Handle, F: Form> AnyQueue for Queue<H, F> {
    type Handle = H;
    type Form = F;
    type Waker = ();

    fn bare(&self, _: Internal) -> &Self {
        self
    }

    fn own_waker(&self, _: Internal) -> &() {
        &()
    }
}

/// A pointer by which a [`Consumer`](crate::Consumer) or a [`Receiver`](crate::Receiver) holds its
/// queue. Sealed.
///
/// Implemented by `&Q`, `Arc<Q>`, `Rc<Q>` and [`Projected`] for each [queue](AnyQueue) `Q`.
///
/// # Safety
///
/// `get` returns the same queue each time, which lives as long as `self`.
pub unsafe trait QueueRef {
    /// The queue.
    type Queue: AnyQueue<Handle = Self::Handle, Form = Self::Form, Waker = Self::Waker>;
    /// The type of the handles in the queue.
    type Handle: Handle;
    /// The form of the queue.
    type Form: Form;
    /// The waker that the queue owns; `()` if it is a [`Queue`].
    type Waker;

    #[doc(hidden)]
    fn get(&self, _: Internal) -> &Self::Queue;
}

macro_rules! impl_queue_ref {
    ($([$($generics:tt)*] $type:ty;)+) => {$(
        // SAFETY: each of these, the `Arc` of loom included, always leads to the same value.
        unsafe impl<$($generics)* Q: AnyQueue> QueueRef for $type {
            type Queue = Q;
            type Handle = Q::Handle;
            type Form = Q::Form;
            type Waker = Q::Waker;

            fn get(&self, _: Internal) -> &Q {
                self
            }
        }
    )+};
}

impl_queue_ref! {
    [] &Q;
    [O,] Projected<O, Q>;
}
#[cfg(feature = "alloc")]
impl_queue_ref! {
    [] Arc<Q>;
    [] Rc<Q>;
}
#[cfg(loom)]
impl_queue_ref!([] loom::sync::Arc<Q>;);
#[cfg(feature = "portable-atomic-util")]
impl_queue_ref!([] portable_atomic_util::Arc<Q>;);
#[cfg(feature = "triomphe")]
impl_queue_ref!([] triomphe::Arc<Q>;);

/// A pointer that shares the ownership of a value.
///
/// # Safety
///
/// While the pointer exists, also if it is moved, `deref` returns a reference to the same value,
/// which is neither dropped, moved nor mutably borrowed.
pub unsafe trait Owner: Deref {}

// SAFETY: the value is borrowed for longer than the reference exists.
unsafe impl<T> Owner for &T {}

// SAFETY: the value stays where it is as long as an `Arc` exists. (`Arc::get_mut` needs the only
// one, and then borrows it.)
#[cfg(feature = "alloc")]
unsafe impl<T> Owner for Arc<T> {}

// SAFETY: as for an `Arc`.
#[cfg(feature = "alloc")]
unsafe impl<T> Owner for Rc<T> {}

// SAFETY: as for the standard `Arc`.
#[cfg(feature = "portable-atomic-util")]
unsafe impl<T> Owner for portable_atomic_util::Arc<T> {}

// SAFETY: as for the standard `Arc`.
#[cfg(feature = "triomphe")]
unsafe impl<T> Owner for triomphe::Arc<T> {}

/// A share of a value, and with it access to one queue in the value.
///
/// For an owned consumer of a queue that is a *field* of shared state, such as an executor that its
/// tasks hold as well.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mpsc_queue::{BlockingQueue, Projected, Receiver, SharedLink, linked};
///
/// struct Task {
///     link: SharedLink,
///     executor: Arc<Executor>,
/// }
/// linked!(Task => link: SharedLink);
///
/// struct Executor {
///     name: String,
///     ready: BlockingQueue<Arc<Task>>,
/// }
///
/// let executor = Arc::new(Executor { name: "io".into(), ready: BlockingQueue::new() });
/// let ready = Projected::new(Arc::clone(&executor), |executor| &executor.ready);
/// let mut receiver = Receiver::owned(ready).unwrap();
///
/// let task = Arc::new(Task { link: SharedLink::new(), executor });
/// let worker = std::thread::spawn(move || receiver.recv().unwrap().executor.name.len());
/// task.executor.ready.try_push_by_ref(&task).unwrap();
/// assert_eq!(worker.join().unwrap(), 2);
/// ```
pub struct Projected<O, Q> {
    /// In the value that `owner` keeps alive, or in something that lives as long as the lifetimes
    /// in `O`.
    queue: NonNull<Q>,
    owner: O,
    /// Invariant in `O`, so that these lifetimes cannot be made longer.
    invariant: PhantomData<fn(O) -> O>,
}

// SAFETY: it is an `O` and a `&Q`.
unsafe impl<O: Send, Q: Sync> Send for Projected<O, Q> {}
// SAFETY: as above.
unsafe impl<O: Sync, Q: Sync> Sync for Projected<O, Q> {}

impl<O: Owner, Q> Projected<O, Q> {
    /// Keeps `owner`, and remembers the queue that `project` finds in its value.
    pub fn new(owner: O, project: impl FnOnce(&O::Target) -> &Q) -> Self {
        let queue = NonNull::from(project(&owner));
        Self {
            queue,
            owner,
            invariant: PhantomData,
        }
    }
}

impl<O, Q> Projected<O, Q> {
    /// Returns the owner of the value.
    #[must_use]
    pub fn owner(&self) -> &O {
        &self.owner
    }
}

impl<O, Q> Deref for Projected<O, Q> {
    type Target = Q;

    fn deref(&self) -> &Q {
        // SAFETY: `project` returned the queue for a borrow of the value of any lifetime `'a` that
        // its type outlives. `Owner` promises that the value can be borrowed as long as the owner
        // exists. The type of the value is the one that `project` was called with, since `Self` is
        // invariant in `O`, and it outlives `self`.
        unsafe { self.queue.as_ref() }
    }
}

impl<O: fmt::Debug, Q: fmt::Debug> fmt::Debug for Projected<O, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projected")
            .field("queue", &**self)
            .finish_non_exhaustive()
    }
}
