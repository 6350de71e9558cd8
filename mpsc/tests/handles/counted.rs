//! `Rc` and `Arc`, also pinned: what the queue holds counts, and no clone is made in vain.

use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use mpsc_queue::{
    AsyncQueue, Consumer, Form, Handle, Queue, SharedHandle, SharedLink, TryPushError,
    TrySendError, channel, linked,
};

test_each_form! {
    counted_handles_hold_one_share
    push_by_ref_clones_only_if_it_succeeds
    waking_push_by_ref_wakes
    send_by_ref_reports_end
    queue_of_rc_has_owned_consumer
}

#[derive(Default)]
struct Item {
    link: SharedLink,
}
linked!(Item => link: SharedLink);

fn counted_handles_hold_one_share<F: Form>() {
    fn check<H: SharedHandle, F: Form>(handle: H, count: impl Fn(&H) -> usize) {
        let queue = Queue::<H, F>::default();
        for _ in 0..2 {
            assert!(!queue.try_push(handle.clone()).unwrap().is_needed());
            assert_eq!(count(&handle), 2);
            assert!(queue.try_push(handle.clone()).is_err());
            assert!(queue.try_push_by_ref(&handle).is_err());
            assert_eq!(count(&handle), 2);
            drop(queue.consumer().unwrap().pop());
            assert_eq!(count(&handle), 1);
            assert!(!queue.try_push_by_ref(&handle).unwrap().is_needed());
            assert_eq!(count(&handle), 2);
            drop(queue.consumer().unwrap().pop());
        }
        assert!(!queue.try_push_by_ref(&handle).unwrap().is_needed());
        drop(queue);
        assert_eq!(count(&handle), 1);
    }
    check::<_, F>(Rc::new(Item::default()), Rc::strong_count);
    check::<_, F>(Arc::new(Item::default()), Arc::strong_count);
    #[cfg(feature = "triomphe")]
    check::<_, F>(triomphe::Arc::new(Item::default()), triomphe::Arc::count);
    #[cfg(feature = "portable-atomic-util")]
    check::<_, F>(
        portable_atomic_util::Arc::new(Item::default()),
        portable_atomic_util::Arc::strong_count,
    );
    check::<_, F>(Rc::pin(Item::default()), |pinned: &Pin<Rc<Item>>| {
        Rc::strong_count(&Pin::into_inner(pinned.clone())) - 1
    });
    check::<_, F>(Arc::pin(Item::default()), |pinned: &Pin<Arc<Item>>| {
        Arc::strong_count(&Pin::into_inner(pinned.clone())) - 1
    });
}

/// An item that counts the clones of its handles.
#[derive(Default)]
struct Cloned {
    link: SharedLink,
    clones: AtomicUsize,
}
linked!(Cloned => link: SharedLink);

struct Counting<'a>(&'a Cloned);

impl Counting<'_> {
    fn clones(&self) -> usize {
        self.0.clones.load(Ordering::Relaxed)
    }
}

impl Clone for Counting<'_> {
    fn clone(&self) -> Self {
        self.0.clones.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

// SAFETY: it is a shared reference, and does what that does.
unsafe impl Handle for Counting<'_> {
    type Item = Cloned;

    fn into_raw(self) -> NonNull<Cloned> {
        NonNull::from(self.0)
    }

    unsafe fn from_raw(item: NonNull<Cloned>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above.
        Self(unsafe { item.as_ref() })
    }
}

// SAFETY: a clone has the same reference.
unsafe impl SharedHandle for Counting<'_> {
    fn as_raw(&self) -> NonNull<Cloned> {
        NonNull::from(self.0)
    }
}

fn push_by_ref_clones_only_if_it_succeeds<F: Form>() {
    let item = Cloned::default();
    let handle = Counting(&item);
    let queue = Queue::<_, F>::default();
    for clones in 1..3 {
        assert!(!queue.try_push_by_ref(&handle).unwrap().is_needed());
        for _ in 0..3 {
            let again = queue.try_push_by_ref(&handle);
            assert!(matches!(again, Err(TryPushError::AlreadyQueued(()))));
        }
        assert_eq!(handle.clones(), clones);
        assert!(queue.consumer().unwrap().pop().into_item().is_some());
    }
    queue.consumer().unwrap().close();
    let closed = queue.try_push_by_ref(&handle);
    assert!(matches!(closed, Err(TryPushError::Closed(()))));
    let other = Queue::<_, F>::default();
    assert!(other.try_push_by_ref(&handle).is_ok(), "it is not queued");
}

fn waking_push_by_ref_wakes<F: Form>() {
    let queue = AsyncQueue::<Arc<Item>, F>::default();
    let mut receiver = queue.receiver().unwrap();
    let flag = Arc::new(Flag::default());
    let waker = Waker::from(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    assert!(receiver.poll_pop(&mut context).is_pending());

    let item = Arc::new(Item::default());
    queue.try_push_by_ref(&item).unwrap();
    assert!(flag.0.load(Ordering::Relaxed));
    assert!(queue.try_push_by_ref(&item).is_err());
    assert!(receiver.poll_pop(&mut context).is_ready());
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.swap(true, Ordering::Relaxed), "woken once");
    }
}

fn send_by_ref_reports_end<F: Form>() {
    let (sender, mut receiver) = channel::with_form(F::default());
    let item = Arc::new(Item::default());
    sender.try_send_by_ref(&item).unwrap();
    let again = sender.try_send_by_ref(&item);
    assert!(matches!(again, Err(TrySendError::AlreadyQueued(()))));
    assert!(receiver.try_recv().is_ok());
    drop(receiver);
    let late = sender.try_send_by_ref(&item);
    assert!(matches!(late, Err(TrySendError::Disconnected(()))));
    assert_eq!(Arc::strong_count(&item), 1);
}

fn queue_of_rc_has_owned_consumer<F: Form>() {
    let queue = Rc::new(Queue::<Rc<Item>, F>::default());
    let mut consumer = Consumer::owned(Rc::clone(&queue)).unwrap();
    let item = Rc::new(Item::default());
    assert!(!queue.try_push_by_ref(&item).unwrap().is_needed());
    drop(queue);
    assert!(
        consumer
            .pop()
            .into_item()
            .is_some_and(|popped| Rc::ptr_eq(&popped, &item))
    );
}
