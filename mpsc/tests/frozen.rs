//! A producer stops between its exchange and its link, for as long as it likes.
//! Run by `cargo frozen`.

// Otherwise no test would run, and that would look like success.
#[cfg(not(mpsc_fail_point))]
const _: () = assert!(
    option_env!("MPSC_FROZEN").is_none(),
    "built without `--cfg mpsc_fail_point`: is RUSTFLAGS set? It replaces that of `cargo frozen`"
);

#[cfg(mpsc_fail_point)]
mod frozen {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use mpsc_queue::fail_point::in_next_gap;
    use mpsc_queue::{BlockingQueue, Chain, Consumer, Link, Pop, Queue, linked};

    struct Item {
        link: Link,
        number: usize,
    }
    linked!(Item => link: Link);

    fn item(number: usize) -> Box<Item> {
        Box::new(Item {
            link: Link::new(),
            number,
        })
    }

    /// A push on a thread of its own, stopped in its gap until it is thawed.
    struct Frozen {
        thaw: mpsc::Sender<()>,
        thread: thread::JoinHandle<bool>,
    }

    impl Frozen {
        /// `push` says whether it was told to wake.
        fn new(push: impl FnOnce() -> bool + Send + 'static) -> Self {
            let (entered, is_entered) = mpsc::channel();
            let (thaw, thawed) = mpsc::channel();
            let thread = thread::spawn(move || {
                in_next_gap(move || {
                    entered.send(()).unwrap();
                    let _ = thawed.recv(); // or the test has failed
                });
                push()
            });
            is_entered.recv().unwrap();
            Self { thaw, thread }
        }

        fn thaw(self) -> bool {
            self.thaw.send(()).unwrap();
            self.thread.join().unwrap()
        }
    }

    fn numbers(consumer: &mut Consumer<&Queue<Box<Item>>>) -> Vec<usize> {
        let items = std::iter::from_fn(|| match consumer.pop() {
            Pop::Item(item) => Some(item.number),
            Pop::Empty => None,
            Pop::Stalled => panic!("no push is in flight"),
        });
        items.collect()
    }

    /// In an empty queue: what comes later is pushed, but not reached.
    #[test]
    fn everything_behind_it_waits_and_keeps_its_order() {
        let queue = Arc::new(Queue::new());
        let frozen = Frozen::new({
            let queue = Arc::clone(&queue);
            move || queue.push(item(0)).is_needed()
        });
        let mut consumer = queue.consumer().unwrap();
        for number in 1..4 {
            assert!(!queue.push(item(number)).is_needed());
            assert!(matches!(consumer.pop(), Pop::Stalled));
            assert!(consumer.park().is_none(), "the queue is not empty");
            assert!(!queue.is_empty());
        }
        let chain: Chain<_> = (4..6).map(item).collect();
        let _ = queue.push_chain(chain);
        let mut sweep = consumer.drain(usize::MAX);
        assert!(sweep.next().is_none() && sweep.is_stalled());
        assert!(!frozen.thaw());
        assert_eq!(numbers(&mut consumer), [0, 1, 2, 3, 4, 5]);
    }

    /// What was complete before it is not held back.
    #[test]
    fn everything_before_it_is_delivered() {
        let queue = Arc::new(Queue::new());
        let _ = queue.push(item(0));
        let _ = queue.push(item(1));
        let frozen = Frozen::new({
            let queue = Arc::clone(&queue);
            move || queue.push(item(2)).is_needed()
        });
        let mut consumer = queue.consumer().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
        // The last one before the gap is the queue's only hold on what follows.
        assert!(matches!(consumer.pop(), Pop::Stalled));
        assert!(matches!(consumer.pop(), Pop::Stalled));
        frozen.thaw();
        assert_eq!(numbers(&mut consumer), [1, 2]);
    }

    /// The one that was told to wake a sleeper is the one that stopped: no other
    /// is told, and the wake-up comes with the thaw.
    #[test]
    fn its_wake_up_comes_late() {
        let queue = Arc::new(Queue::new());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().unwrap();
        let frozen = Frozen::new({
            let queue = Arc::clone(&queue);
            move || queue.push(item(0)).is_needed()
        });
        assert!(!queue.push(item(1)).is_needed(), "one wake-up per park");
        assert!(!parked.unpark());
        assert!(matches!(consumer.pop(), Pop::Stalled));
        assert!(frozen.thaw(), "it still must wake");
        assert_eq!(numbers(&mut consumer), [0, 1]);
    }

    /// A time limit holds although the queue is stalled; and one who has none is
    /// woken in the end.
    #[test]
    fn a_receiver_may_give_up() {
        let queue = Arc::new(BlockingQueue::new());
        let push = |number| {
            let queue = Arc::clone(&queue);
            Frozen::new(move || {
                queue.push(item(number));
                false
            })
        };
        let frozen = push(0);
        let mut receiver = queue.receiver().unwrap();
        assert!(receiver.recv_timeout(Duration::from_millis(20)).is_none());
        frozen.thaw();
        assert_eq!(receiver.recv().number, 0);

        let frozen = push(1);
        let thaw = thread::spawn(move || frozen.thaw());
        assert_eq!(receiver.recv().number, 1);
        thaw.join().unwrap();
    }
}
