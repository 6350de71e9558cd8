//! Items, handles and auto traits.

use std::cell::Cell;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use mpsc_queue::{
    AsyncQueue, Chain, Consumer, Counted, Drain, Handle, Link, Linked, Queue, SharedLink,
    Uncounted, linked,
};

use crate::{Item, Shared, pop, push, push_shared};

#[test]
fn generic_overaligned_item_keeps_fields() {
    #[repr(align(64))]
    struct Wide<T: Clone, const N: usize> {
        before: [T; N],
        link: Link,
        after: T,
    }
    linked!([T: Clone, const N: usize] Wide<T, N> => link: Link);

    let queue = Queue::new();
    let wide = Wide {
        before: [String::from("before"), String::from("too")],
        link: Link::default(),
        after: String::from("after"),
    };
    push(&queue, Box::new(wide));
    let wide: Box<Wide<String, 2>> = pop(&queue);
    assert_eq!(wide.before.concat(), "beforetoo");
    assert_eq!(wide.after, "after");
    assert_eq!((&raw const *wide).addr() % 64, 0);
}

#[test]
fn item_can_be_tuple_struct_of_link() {
    struct Bare(Link);
    linked!(Bare => 0: Link);
    let queue = Queue::new();
    push(&queue, Box::new(Bare(Link::new())));
    pop(&queue);
}

#[test]
fn pinned_item_keeps_address() {
    let queue = Queue::<Pin<Box<Item>>>::new();
    let pinned: Pin<Box<Item>> = crate::item(1).into();
    let address = &raw const *pinned;
    push(&queue, pinned);
    assert_eq!(&raw const *pop(&queue), address);
}

#[test]
fn static_queue_carries_static_items() {
    static ITEM: Shared = Shared {
        link: SharedLink::new(),
    };
    static QUEUE: Queue<&Shared> = Queue::new();
    push_shared(&QUEUE, &ITEM);
    assert!(QUEUE.try_push(&ITEM).is_err());
    let popped: &Shared = pop(&QUEUE);
    assert!(std::ptr::eq(popped, &raw const ITEM));
    push_shared(&QUEUE, &ITEM);
}

/// An item moves from a queue of boxes to a queue of `Arc`s and back.
#[test]
fn popped_item_can_change_handle() {
    let boxes = Queue::new();
    let arcs = Queue::new();
    let mut item = Box::new(Shared::default());
    for _ in 0..3 {
        push(&boxes, item);
        push_shared(&arcs, Arc::from(pop(&boxes)));
        item = Box::new(Arc::into_inner(pop(&arcs)).expect("no other share exists"));
    }
}

#[test]
fn queued_arc_cannot_be_borrowed_mutably() {
    let queue = Queue::new();
    let mut item = Arc::new(Shared::default());
    push_shared(&queue, Arc::clone(&item));
    assert!(Arc::get_mut(&mut item).is_none());
    drop(queue);
    assert!(Arc::get_mut(&mut item).is_some());
}

#[test]
fn send_and_sync_follow_handle() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}
    /// `Send` and not `Sync`.
    struct Unshared {
        link: Link,
        _cell: Cell<u8>,
    }
    linked!(Unshared => link: Link);

    send_and_sync::<Queue<Box<Unshared>>>();
    send_and_sync::<Queue<Box<Unshared>, Counted>>();
    send_and_sync::<Queue<&'static Shared>>();
    send_and_sync::<AsyncQueue<Box<Unshared>>>();
    send_and_sync::<Chain<Box<Unshared>>>();
    send::<Consumer<&Queue<Box<Unshared>>>>();
    send::<Consumer<Arc<Queue<Box<Unshared>>>>>();
    send::<Drain<'_, Box<Unshared>, Uncounted>>();
    send::<OnceLock<Queue<Box<Unshared>>>>();
}

#[test]
fn link_has_offset_of_field_and_size_of_words() {
    fn offset<H: Handle>() -> usize {
        <H::Item as Linked>::FIELD.offset()
    }
    assert_eq!(offset::<Box<Item>>(), mem::offset_of!(Item, link));
    assert_eq!(size_of::<Link>(), size_of::<usize>());
    assert_eq!(size_of::<SharedLink>(), 2 * size_of::<usize>());
}
