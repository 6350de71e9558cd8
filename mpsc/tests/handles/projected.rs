//! Owned consumers of queues that are fields, and of queues that are shared at once.

use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use mpsc_queue::{
    AsyncQueue, BlockingQueue, Consumer, ConsumerTaken, Form, Projected, Queue, Receiver,
    SharedLink, linked,
};

test_each_form! {
    consumer_of_field_keeps_owner_alive
    receiver_of_field_moves_to_thread
    field_has_one_consumer
    shared_queue_comes_with_its_consumer
    share_takes_place_of_leaked_consumer
}

struct Task {
    link: SharedLink,
    number: usize,
}
linked!(Task => link: SharedLink);

fn task(number: usize) -> Arc<Task> {
    let link = SharedLink::new();
    Arc::new(Task { link, number })
}

#[derive(Default)]
struct Shared<F: Form> {
    ready: BlockingQueue<Arc<Task>, F>,
    dead: Queue<Arc<Task>, F>,
    _alive: Arc<()>,
}

fn consumer_of_field_keeps_owner_alive<F: Form>() {
    let alive = Arc::new(());
    let shared = Arc::new(Shared::<F> {
        _alive: Arc::clone(&alive),
        ..Shared::default()
    });
    let field = Projected::new(Arc::clone(&shared), |shared| &shared.dead);
    let mut consumer = Consumer::owned(field).unwrap();
    assert!(shared.dead.try_push(task(1)).is_ok());
    assert!(consumer.queue().try_push(task(2)).is_ok());
    assert!(Arc::ptr_eq(consumer.queue().owner(), &shared));
    drop(shared);
    assert_eq!(Arc::strong_count(&alive), 2);
    assert!(consumer.drain(9).map(|task| task.number).eq([1, 2]));
    drop(consumer);
    assert_eq!(Arc::strong_count(&alive), 1);
}

fn receiver_of_field_moves_to_thread<F: Form>() {
    let shared = Arc::new(Shared::<F>::default());
    let field = Projected::new(Arc::clone(&shared), |shared| &shared.ready);
    let mut receiver = Receiver::owned(field).unwrap();
    let thread = thread::spawn(move || (0..3).map(|_| receiver.recv().unwrap().number).sum());
    for number in 1..4 {
        shared.ready.try_push(task(number)).unwrap();
    }
    assert_eq!(thread.join().ok(), Some(6_usize));
}

fn field_has_one_consumer<F: Form>() {
    let shared = Rc::new(Shared::<F>::default());
    let consumer = shared.dead.consumer().unwrap();
    let field = || Projected::new(Rc::clone(&shared), |shared| &shared.dead);
    assert!(matches!(Consumer::owned(field()), Err(ConsumerTaken)));
    assert_eq!(
        Rc::strong_count(&shared),
        1,
        "a failed call drops its share"
    );
    drop(consumer);
    let owned = Consumer::owned(field()).unwrap();
    assert!(shared.dead.consumer().is_err());
    drop(owned);
    assert!(shared.dead.consumer().is_ok());
}

fn shared_queue_comes_with_its_consumer<F: Form>() {
    let (queue, mut consumer) = Queue::<Arc<Task>, F>::default().share();
    assert!(queue.try_push(task(1)).is_ok());
    assert!(Consumer::owned(Arc::clone(&queue)).is_err());
    drop(queue);
    assert_eq!(consumer.pop().into_item().map(|task| task.number), Some(1));

    let (queue, mut receiver) = BlockingQueue::<Arc<Task>, F>::default().share();
    queue.try_push(task(2)).unwrap();
    assert!(queue.receiver().is_err());
    assert_eq!(receiver.recv().unwrap().number, 2);
}

fn share_takes_place_of_leaked_consumer<F: Form>() {
    let queue = Queue::<Arc<Task>, F>::default();
    std::mem::forget(queue.consumer());
    let (queue, consumer) = queue.share();
    drop(consumer);
    assert!(queue.consumer().is_ok());

    let queue = AsyncQueue::<Arc<Task>, F>::default();
    std::mem::forget(queue.receiver());
    let (queue, receiver) = queue.share();
    drop(receiver);
    assert!(queue.receiver().is_ok());
}
