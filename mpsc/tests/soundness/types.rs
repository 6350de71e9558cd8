//! Items, handles and auto traits.

use std::cell::Cell;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use mpsc_queue::channel::{self, sharded};
use mpsc_queue::{
    AsyncQueue, BackLinked, CellConsumer, Chain, Consumer, Counted, Drain, Form, ForwardLinked,
    GapFree, Handle, Link, Linked, Parked, ParkedAll, Projected, Queue, Receiver, SharedLink,
    linked,
};

use crate::{Item, Shared, pop, push, push_shared};

test_each_form! {
    generic_overaligned_item_keeps_fields
    item_can_be_tuple_struct_of_link
    pinned_item_keeps_address
    popped_item_can_change_handle
    queued_arc_cannot_be_borrowed_mutably
    send_and_sync_follow_handle
    queue_of_local_handles_is_local
}

fn generic_overaligned_item_keeps_fields<F: Form>() {
    #[repr(align(64))]
    struct Wide<T: Clone, const N: usize> {
        before: [T; N],
        link: Link,
        after: T,
    }
    linked!([T: Clone, const N: usize] Wide<T, N> => link: Link);

    let queue = Queue::<_, F>::default();
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

fn item_can_be_tuple_struct_of_link<F: Form>() {
    struct Bare(Link);
    linked!(Bare => 0: Link);
    let queue = Queue::<_, F>::default();
    push(&queue, Box::new(Bare(Link::new())));
    pop(&queue);
}

fn pinned_item_keeps_address<F: Form>() {
    let queue = Queue::<Pin<Box<Item>>, F>::default();
    let pinned: Pin<Box<Item>> = crate::item(1).into();
    let address = &raw const *pinned;
    push(&queue, pinned);
    assert_eq!(&raw const *pop(&queue), address);
}

#[test]
fn static_queues_carry_static_items() {
    static ITEM: Shared = Shared {
        link: SharedLink::new(),
    };
    static FORWARD_LINKED: Queue<&Shared> = Queue::new();
    static BACK_LINKED: Queue<&Shared, BackLinked> = Queue::with_form(BackLinked);
    static GAP_FREE: Queue<&Shared, GapFree> = Queue::with_form(GapFree);
    static COUNTED: Queue<&Shared, Counted> = Queue::with_form(Counted(ForwardLinked));

    fn pass<F: Form>(queue: &'static Queue<&'static Shared, F>) {
        for _ in 0..2 {
            push_shared(queue, &ITEM);
            assert!(queue.try_push(&ITEM).is_err());
            let popped: &Shared = pop(queue);
            assert!(std::ptr::eq(popped, &raw const ITEM));
        }
    }
    pass(&FORWARD_LINKED);
    pass(&BACK_LINKED);
    pass(&GAP_FREE);
    pass(&COUNTED);
}

/// An item moves from a queue of boxes to a queue of `Arc`s and back.
fn popped_item_can_change_handle<F: Form>() {
    let boxes = Queue::<_, F>::default();
    let arcs = Queue::<_, F>::default();
    let mut item = Box::new(Shared::default());
    for _ in 0..3 {
        push_shared(&boxes, item);
        push_shared(&arcs, Arc::from(pop(&boxes)));
        item = Box::new(Arc::into_inner(pop(&arcs)).expect("no other share exists"));
    }
}

fn queued_arc_cannot_be_borrowed_mutably<F: Form>() {
    let queue = Queue::<_, F>::default();
    let mut item = Arc::new(Shared::default());
    push_shared(&queue, Arc::clone(&item));
    assert!(Arc::get_mut(&mut item).is_none());
    drop(queue);
    assert!(Arc::get_mut(&mut item).is_some());
}

/// `Send` and not `Sync`.
struct Unshared {
    link: Link,
    _cell: Cell<u8>,
}
linked!(Unshared => link: Link);

/// Neither `Send` nor `Sync`.
struct Local {
    link: Link,
    _rc: Rc<u8>,
}
linked!(Local => link: Link);

fn send_and_sync_follow_handle<F: Form>() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>() {}

    send_and_sync::<Queue<Box<Unshared>, F>>();
    send_and_sync::<Queue<Box<Unshared>, Counted<F>>>();
    send_and_sync::<Queue<&'static Shared, F>>();
    send_and_sync::<AsyncQueue<Box<Unshared>, F>>();
    send_and_sync::<Chain<Box<Unshared>>>();
    send_and_sync::<channel::Sender<Box<Unshared>, F>>();
    send::<Consumer<&Queue<Box<Unshared>, F>>>();
    send::<Consumer<Arc<Queue<Box<Unshared>, F>>>>();
    send::<Receiver<Arc<AsyncQueue<Box<Unshared>, F>>>>();
    send::<Drain<'_, Box<Unshared>, F>>();
    send::<OnceLock<Queue<Box<Unshared>, F>>>();
    send::<channel::Receiver<Box<Unshared>, F>>();
    send::<sharded::Sender<Box<Unshared>, F>>();
    send::<sharded::Receiver<Box<Unshared>, F>>();
    send::<CellConsumer<Arc<Queue<Box<Unshared>, F>>>>();
    send::<Consumer<Projected<Arc<Queue<Box<Unshared>, F>>, Queue<Box<Unshared>, F>>>>();
}

/// Does not compile if one of the types implements the trait, because `_` is then ambiguous.
macro_rules! assert_not_implemented {
    ($trait:ident: $($type:ty),+ $(,)?) => {{
        struct Implemented;
        trait AmbiguousIf<T> {
            fn check() {}
        }
        impl<T> AmbiguousIf<()> for T {}
        impl<T: $trait> AmbiguousIf<Implemented> for T {}
        $(<$type as AmbiguousIf<_>>::check();)+
    }};
}

fn queue_of_local_handles_is_local<F: Form>() {
    assert_not_implemented!(
        Send: Queue<Box<Local>, F>,
        Queue<Box<Local>, Counted<F>>,
        AsyncQueue<Box<Local>, F>,
        Chain<Box<Local>>,
        Consumer<&Queue<Box<Local>, F>>,
        Receiver<Arc<AsyncQueue<Box<Local>, F>>>,
        Drain<'_, Box<Local>, F>,
        channel::Sender<Box<Local>, F>,
        channel::Receiver<Box<Local>, F>,
        sharded::Sender<Box<Local>, F>,
        sharded::Receiver<Box<Local>, F>,
        CellConsumer<Arc<Queue<Box<Local>, F>>>,
        Consumer<Projected<Arc<Queue<Box<Local>, F>>, Queue<Box<Local>, F>>>,
        Parked<'_>,
        ParkedAll<'_, '_>,
    );
    assert_not_implemented!(
        Sync: CellConsumer<Arc<Queue<Box<Unshared>, F>>>,
        sharded::Sender<Box<Unshared>, F>,
        sharded::Sender<Box<Local>, F>, Queue<Box<Local>, F>,
        Queue<Box<Local>, Counted<F>>,
        AsyncQueue<Box<Local>, F>,
        channel::Sender<Box<Local>, F>,
        channel::Receiver<Box<Local>, F>,
    );
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
