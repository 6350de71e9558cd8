//! A shared link that is claimed for good.

use std::sync::Arc;

use mpsc_queue::{Chain, Form, Queue, SharedLink, linked};

test_each_form! {
    retired_item_is_pushed_no_more
    item_retired_in_queue_comes_out_once
    item_retired_in_chain_comes_out_once
}

#[derive(Default)]
struct Task {
    link: SharedLink,
}
linked!(Task => link: SharedLink);

fn retired_item_is_pushed_no_more<F: Form>() {
    let queue = Queue::<_, F>::default();
    let task = Arc::new(Task::default());
    assert!(task.link.retire());
    assert!(!task.link.retire(), "once");
    for _ in 0..2 {
        assert!(queue.try_push(Arc::clone(&task)).is_err());
        assert!(queue.try_push_by_ref(&task).is_err());
        assert!(Chain::new().try_push(Arc::clone(&task)).is_err());
    }
    assert!(queue.is_empty());
}

fn item_retired_in_queue_comes_out_once<F: Form>() {
    let queue = Queue::<_, F>::default();
    let task = Arc::new(Task::default());
    assert!(queue.try_push_by_ref(&task).is_ok());
    assert!(!task.link.retire(), "it is queued");
    assert!(queue.try_push_by_ref(&task).is_err());
    assert!(queue.consumer().unwrap().pop().into_item().is_some());
    assert!(queue.try_push_by_ref(&task).is_err());
    assert!(!task.link.retire());
    assert_eq!(Arc::strong_count(&task), 1);
}

fn item_retired_in_chain_comes_out_once<F: Form>() {
    let queue = Queue::<_, F>::default();
    let task = Arc::new(Task::default());
    let mut chain = Chain::new();
    chain.try_push(Arc::clone(&task)).unwrap();
    assert!(!task.link.retire());
    assert!(queue.push_chain(chain).is_ok());
    assert!(queue.consumer().unwrap().pop().into_item().is_some());
    assert!(queue.try_push_by_ref(&task).is_err());
}
