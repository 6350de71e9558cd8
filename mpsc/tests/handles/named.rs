//! Several links in one item, each for a queue of its own.

use std::sync::Arc;

use mpsc_queue::{Chain, Form, Link, Linked, Queue, SharedLink, Via, linked};

test_each_form! {
    item_is_in_two_queues_at_once
    box_travels_by_either_link
    queue_drops_its_share_only
    chain_uses_link_of_its_queue
}

/// The name of a link.
struct Dirty;

#[derive(Default)]
struct Page {
    number: usize,
    ready: SharedLink,
    dirty: SharedLink,
}
linked!(Page => ready: SharedLink; dirty: SharedLink as Dirty);

fn item_is_in_two_queues_at_once<F: Form>() {
    let ready = Queue::<Arc<Page>, F>::default();
    let dirty = Queue::<Via<Dirty, Arc<Page>>, F>::default();
    let pages = [0, 1, 2].map(|number| {
        Arc::new(Page {
            number,
            ..Page::default()
        })
    });
    for _ in 0..2 {
        for page in &pages {
            assert!(!ready.try_push_by_ref(page).unwrap().is_needed());
            assert!(ready.try_push_by_ref(page).is_err());
        }
        for page in pages.iter().rev() {
            let page = Via::new(Arc::clone(page));
            assert!(!dirty.try_push_by_ref(&page).unwrap().is_needed());
            assert!(dirty.try_push(page).is_err());
        }
        let mut consumer = ready.consumer().unwrap();
        assert!(consumer.drain(9).map(|page| page.number).eq(0..3));
        let mut consumer = dirty.consumer().unwrap();
        let numbers = consumer.drain(9).map(|page| page.into_inner().number);
        assert!(numbers.eq((0..3).rev()));
    }
}

struct Free;

/// Both links have names, one field is of another type.
struct Block<T> {
    _data: T,
    used: Link,
    free: Link,
}
linked!([T: Send] Block<T> => used: Link as Dirty; free: Link as Free;);

fn box_travels_by_either_link<F: Form>() {
    let dirty = Queue::<Via<Dirty, Box<Block<u8>>>, F>::default();
    let free = Queue::<Via<Free, Box<Block<u8>>>, F>::default();
    let mut block = Box::new(Block {
        _data: 0_u8,
        used: Link::new(),
        free: Link::new(),
    });
    for _ in 0..2 {
        let address = &raw const *block;
        assert!(!dirty.push(Via::new(block)).unwrap().is_needed());
        let popped = dirty.consumer().unwrap().pop().into_item().unwrap();
        assert!(!free.push(popped.into_inner().into()).unwrap().is_needed());
        let popped = free.consumer().unwrap().pop().into_item().unwrap();
        block = popped.into_inner();
        assert_eq!(&raw const *block, address);
    }
}

fn queue_drops_its_share_only<F: Form>() {
    let ready = Queue::<Arc<Page>, F>::default();
    let dirty = Queue::<Via<Dirty, Arc<Page>>, F>::default();
    let page = Arc::new(Page::default());
    assert!(ready.try_push_by_ref(&page).is_ok());
    assert!(dirty.try_push(Via::new(Arc::clone(&page))).is_ok());
    drop(ready);
    assert_eq!(Arc::strong_count(&page), 2);
    assert!(dirty.try_push(Via::new(Arc::clone(&page))).is_err());
    drop(dirty);
    assert_eq!(Arc::strong_count(&page), 1);
}

fn chain_uses_link_of_its_queue<F: Form>() {
    let ready = Queue::<Arc<Page>, F>::default();
    let dirty = Queue::<Via<Dirty, Arc<Page>>, F>::default();
    let page = Arc::new(Page::default());
    let mut chain = Chain::new();
    chain
        .try_push(Via::<Dirty, _>::new(Arc::clone(&page)))
        .unwrap();
    assert!(ready.try_push_by_ref(&page).is_ok());
    assert!(dirty.try_push(Via::new(Arc::clone(&page))).is_err());
    assert!(dirty.push_chain(chain).is_ok());
    let popped = dirty.consumer().unwrap().pop().into_item().unwrap();
    assert!(Arc::ptr_eq(&popped, &page));
}

#[test]
fn names_lead_to_their_fields() {
    assert_eq!(
        <Page as Linked>::FIELD.offset(),
        std::mem::offset_of!(Page, ready)
    );
    assert_eq!(
        <Page as Linked<Dirty>>::FIELD.offset(),
        std::mem::offset_of!(Page, dirty)
    );
}
