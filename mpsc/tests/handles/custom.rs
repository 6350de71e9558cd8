//! Handles that the crate does not implement: a user's own [`Handle`].

use std::ptr::NonNull;

use mpsc_queue::{
    Chain, Closed, Form, Handle, Link, Queue, SharedLink, TryPushError, UniqueHandle, linked,
};

test_each_form! {
    exclusive_references_travel_through_queue
    refused_exclusive_references_come_back
    handle_may_be_more_visible_than_item
}

#[derive(Default)]
struct Item {
    number: usize,
    link: Link,
}
linked!(Item => link: Link);

/// An exclusive reference that lasts for ever.
struct Exclusive(&'static mut Item);

// SAFETY: the item is borrowed for ever, so it stays where it is. The two functions pass the
// reference on. They cannot unwind.
unsafe impl Handle for Exclusive {
    type Item = Item;

    fn into_raw(self) -> NonNull<Item> {
        NonNull::from(self.0)
    }

    unsafe fn from_raw(item: NonNull<Item>) -> Self {
        // SAFETY: the caller got `item` from `into_raw` above, hence from a `&'static mut`.
        Self(unsafe { &mut *item.as_ptr() })
    }
}

// SAFETY: the reference is exclusive.
unsafe impl UniqueHandle for Exclusive {}

fn four_items() -> &'static mut [Item] {
    Box::leak(Box::new([(); 4].map(|()| Item::default())))
}

fn exclusive_references_travel_through_queue<F: Form>() {
    let items = four_items();
    let queue = Queue::<_, F>::default();
    let mut chain = Chain::new();
    for (number, item) in items.iter_mut().enumerate() {
        item.number = number;
        if number < 2 {
            assert!(!queue.push(Exclusive(item)).unwrap().is_needed());
        } else {
            chain.push(Exclusive(item));
        }
    }
    assert!(!queue.push_chain(chain).unwrap().is_needed());
    let mut consumer = queue.consumer().unwrap();
    let numbers = consumer.drain(9).map(|Exclusive(item)| item.number);
    assert!(numbers.eq(0..4));
}

fn refused_exclusive_references_come_back<F: Form>() {
    let queue = Queue::<_, F>::default();
    queue.consumer().unwrap().close();
    let mut chain = Chain::new();
    for (number, item) in four_items().iter_mut().enumerate() {
        let Err(Closed(Exclusive(item))) = queue.push(Exclusive(item)) else {
            panic!("the queue is closed");
        };
        item.number = number;
        chain.push(Exclusive(item));
    }
    let Err(Closed(mut chain)) = queue.push_chain(chain) else {
        panic!("the queue is closed");
    };
    let numbers = std::iter::from_fn(|| chain.pop()).map(|Exclusive(item)| item.number);
    assert!(numbers.eq(0..4));
}

mod tasks {
    //! A public handle whose item nobody else can name.

    use super::*;

    #[repr(C)] // so that a pointer to the header is one to the link
    struct Header {
        link: SharedLink,
        number: usize,
    }

    #[derive(Clone, Copy)]
    pub(super) struct TaskRef(&'static Header);

    impl TaskRef {
        pub(super) fn leak(number: usize) -> Self {
            let link = SharedLink::new();
            Self(Box::leak(Box::new(Header { link, number })))
        }

        pub(super) fn number(self) -> usize {
            self.0.number
        }
    }

    // SAFETY: the header lives for ever, and its link lies at its start. Other handles can exist:
    // the link is a `SharedLink`.
    unsafe impl Handle for TaskRef {
        type Item = SharedLink;

        fn into_raw(self) -> NonNull<SharedLink> {
            NonNull::from(self.0).cast()
        }

        unsafe fn from_raw(link: NonNull<SharedLink>) -> Self {
            // SAFETY: the caller got `link` from `into_raw` above, hence from a whole header.
            Self(unsafe { link.cast().as_ref() })
        }
    }
}

fn handle_may_be_more_visible_than_item<F: Form>() {
    let queue = Queue::<_, F>::default();
    let task = tasks::TaskRef::leak(7);
    assert!(!queue.try_push(task).unwrap().is_needed());
    assert!(matches!(
        queue.try_push(task),
        Err(TryPushError::AlreadyQueued(_))
    ));
    let popped = queue.consumer().unwrap().pop().into_item();
    assert_eq!(popped.map(tasks::TaskRef::number), Some(7));
}

#[cfg(debug_assertions)]
mod debug_builds {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::ptr::NonNull;

    use mpsc_queue::{Form, Handle, Queue, UniqueHandle};

    use super::Item;

    test_each_form!(push_of_queued_item_panics);

    /// A handle that claims unique ownership although it can be copied.
    #[derive(Clone, Copy)]
    struct Copied(&'static Item);

    // SAFETY: not kept, on purpose: another handle to the item exists, and its link is a `Link`.
    // The test pushes a queued item once, and that push panics before it changes anything.
    unsafe impl Handle for Copied {
        type Item = Item;

        fn into_raw(self) -> NonNull<Item> {
            NonNull::from(self.0)
        }

        unsafe fn from_raw(item: NonNull<Item>) -> Self {
            // SAFETY: the caller got `item` from `into_raw` above, hence from a `&'static`.
            Self(unsafe { item.as_ref() })
        }
    }

    // SAFETY: not kept, on purpose, as said above.
    unsafe impl UniqueHandle for Copied {}

    fn push_of_queued_item_panics<F: Form>() {
        // Leaked, because a queue that did not panic would be broken.
        let queues: &[Queue<Copied, F>; 2] = Box::leak(Box::default());
        let item = Copied(Box::leak(Box::default()));
        assert!(!queues[0].push(item).unwrap().is_needed());
        let push = || queues[1].push(item);
        let panic = catch_unwind(AssertUnwindSafe(push)).expect_err("the item is queued");
        let message = panic.downcast_ref::<&str>();
        assert_eq!(message, Some(&"a link that is pushed is in no queue"));
        assert!(queues[1].is_empty(), "the push has no effect");
        assert_eq!(queues[0].consumer().unwrap().drain(9).count(), 1);
    }
}
