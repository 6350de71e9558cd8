//! Producers that stop in the gap of a push, and receives that time out while a push arrives.
//! Run by `cargo frozen`.

// Without the cfg no test would run, which would look like success.
#[cfg(not(mpsc_fail_point))]
const _: () = assert!(
    option_env!("MPSC_FROZEN").is_none(),
    "built without `--cfg mpsc_fail_point`: is RUSTFLAGS set? It replaces that of `cargo frozen`"
);

#[cfg(mpsc_fail_point)]
mod frozen {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::task::{Context, Poll, Waker};
    use std::thread;
    use std::time::Duration;

    use mpsc_queue::fail_point::{at_next_deadline, in_next_gap};
    use mpsc_queue::{AsyncQueue, BlockingQueue, Chain, Consumer, Link, Pop, Queue, linked};

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

    fn push(queue: &Queue<Box<Item>>, number: usize) {
        assert!(!queue.push(item(number)).is_needed());
    }

    /// A push on a thread of its own, stopped in its gap until [`finish`](Self::finish).
    struct StalledPush<T> {
        resume: mpsc::Sender<()>,
        thread: thread::JoinHandle<T>,
    }

    /// A stall ends after this time, so that a receive that waits for its end fails the test
    /// and does not hang.
    const LONGEST_STALL: Duration = Duration::from_secs(120);

    impl<T: Send + 'static> StalledPush<T> {
        fn start(push: impl FnOnce() -> T + Send + 'static) -> Self {
            let (entered, is_entered) = mpsc::channel();
            let (resume, is_resumed) = mpsc::channel();
            let thread = thread::spawn(move || {
                in_next_gap(move || {
                    entered.send(()).expect("the test waits for the gap");
                    let _ = is_resumed.recv_timeout(LONGEST_STALL); // or until the test fails
                });
                push()
            });
            is_entered.recv().expect("the push reaches its gap");
            Self { resume, thread }
        }

        /// Lets the push continue, and returns its result.
        fn finish(self) -> T {
            self.resume.send(()).expect("the push is in its gap");
            self.thread.join().expect("the push does not panic")
        }
    }

    /// Returns `true` from `finish` if the push must wake the consumer.
    fn stalled_push(queue: &Arc<Queue<Box<Item>>>, number: usize) -> StalledPush<bool> {
        let queue = Arc::clone(queue);
        StalledPush::start(move || queue.push(item(number)).is_needed())
    }

    fn numbers(consumer: &mut Consumer<&Queue<Box<Item>>>) -> Vec<usize> {
        let items = std::iter::from_fn(|| match consumer.pop() {
            Pop::Item(item) => Some(item.number),
            Pop::Empty => None,
            Pop::Stalled => panic!("no push is in flight"),
        });
        items.collect()
    }

    #[test]
    fn stalled_push_delays_later_items() {
        let queue = Arc::new(Queue::new());
        let stalled = stalled_push(&queue, 0);
        let mut consumer = queue.consumer().unwrap();
        for number in 1..4 {
            push(&queue, number);
            assert!(consumer.pop().is_stalled() && consumer.pop_fenced().is_stalled());
            assert!(consumer.park().is_none(), "the queue is not empty");
            assert!(!queue.is_empty());
        }
        let chain: Chain<_> = (4..6).map(item).collect();
        assert!(!queue.push_chain(chain).is_needed());
        let mut drain = consumer.drain(usize::MAX);
        assert!(drain.next().is_none() && drain.is_stalled());
        assert!(!stalled.finish());
        assert_eq!(numbers(&mut consumer), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn stalled_push_does_not_delay_earlier_items() {
        let queue = Arc::new(Queue::new());
        push(&queue, 0);
        push(&queue, 1);
        let stalled = stalled_push(&queue, 2);
        let mut consumer = queue.consumer().unwrap();
        assert!(matches!(consumer.pop(), Pop::Item(item) if item.number == 0));
        // The queue reaches the stalled item through the item before it only.
        assert!(consumer.pop().is_stalled());
        assert!(consumer.pop().is_stalled());
        stalled.finish();
        assert_eq!(numbers(&mut consumer), [1, 2]);
    }

    #[test]
    fn drain_ends_at_stall_and_can_continue() {
        let queue = Arc::new(Queue::new());
        push(&queue, 0);
        push(&queue, 1);
        let stalled = stalled_push(&queue, 2);
        let mut consumer = queue.consumer().unwrap();
        let mut drain = consumer.drain(usize::MAX);
        push(&queue, 3); // after the drain has started
        assert_eq!(drain.next().map(|item| item.number), Some(0));
        assert!(!drain.is_stalled());
        for _ in 0..2 {
            assert!(drain.next().is_none());
            assert!(drain.is_stalled());
        }
        stalled.finish();
        assert_eq!(drain.next().map(|item| item.number), Some(1));
        assert!(!drain.is_stalled());
        assert_eq!(drain.next().map(|item| item.number), Some(2));
        assert!(drain.next().is_none());
        assert!(!drain.is_stalled());
        assert_eq!(numbers(&mut consumer), [3]);
    }

    /// The stalled push has replaced the mark of the parked consumer, so no other push wakes.
    #[test]
    fn stalled_push_delays_wakeup() {
        let queue = Arc::new(Queue::new());
        let mut consumer = queue.consumer().unwrap();
        let parked = consumer.park().unwrap();
        let stalled = stalled_push(&queue, 0);
        push(&queue, 1);
        assert!(!parked.unpark());
        assert!(consumer.pop().is_stalled());
        assert!(stalled.finish(), "the push must still wake");
        assert_eq!(numbers(&mut consumer), [0, 1]);
    }

    type SharedQueue = Arc<BlockingQueue<Box<Item>>>;

    fn stalled_blocking_push(queue: &SharedQueue, number: usize) -> StalledPush<()> {
        let queue = Arc::clone(queue);
        StalledPush::start(move || queue.push(item(number)))
    }

    #[test]
    fn recv_timeout_ends_while_queue_is_stalled() {
        let queue = Arc::new(BlockingQueue::new());
        let stalled = stalled_blocking_push(&queue, 0);
        let mut receiver = queue.receiver().unwrap();
        assert!(receiver.recv_timeout(Duration::from_millis(20)).is_none());
        stalled.finish();
        assert_eq!(receiver.recv().number, 0);
    }

    #[test]
    fn recv_returns_item_of_stalled_push() {
        let queue = Arc::new(BlockingQueue::new());
        let stalled = stalled_blocking_push(&queue, 0);
        let finish = thread::spawn(move || stalled.finish());
        let mut receiver = queue.receiver().unwrap();
        assert_eq!(receiver.recv().number, 0);
        finish.join().unwrap();
    }

    /// The push comes after the receive has found that its deadline has passed.
    #[test]
    fn recv_timeout_returns_item_pushed_at_deadline() {
        let pushes: [fn(&BlockingQueue<Box<Item>>); 3] = [
            |queue| queue.push(item(0)),
            |queue| assert!(queue.try_push(item(0)).is_ok()),
            |queue| queue.push_chain([item(0)].into_iter().collect()),
        ];
        let queue = Arc::new(BlockingQueue::new());
        let mut receiver = queue.receiver().unwrap();
        for timeout in [Duration::ZERO, Duration::from_millis(5)] {
            for push in pushes {
                let shared = Arc::clone(&queue);
                at_next_deadline(move || push(&shared));
                let item = receiver.recv_timeout(timeout);
                let item = item.expect("the push has returned before the receive");
                assert_eq!(item.number, 0);
                assert!(receiver.recv_timeout(timeout).is_none());
            }
        }
    }

    #[test]
    fn recv_timeout_ends_if_push_stalls_at_deadline() {
        let queue = Arc::new(BlockingQueue::new());
        let mut receiver = queue.receiver().unwrap();
        let (started, start) = mpsc::channel();
        let shared = Arc::clone(&queue);
        at_next_deadline(move || {
            let stalled = stalled_blocking_push(&shared, 0);
            started.send(stalled).expect("the test waits for the push");
        });
        assert!(receiver.recv_timeout(Duration::ZERO).is_none());
        let stalled = start.recv().expect("the deadline has passed");
        assert!(receiver.recv_timeout(Duration::ZERO).is_none());
        stalled.finish();
        assert_eq!(receiver.recv().number, 0);
    }

    #[test]
    fn poll_recv_of_stalled_queue_wakes_its_task() {
        #[derive(Default)]
        struct Task(AtomicUsize);
        impl std::task::Wake for Task {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        let queue = Arc::new(AsyncQueue::new());
        let stalled = StalledPush::start({
            let queue = Arc::clone(&queue);
            move || queue.push(item(0))
        });
        let mut receiver = queue.receiver().unwrap();
        let task = Arc::new(Task::default());
        let waker = Waker::from(Arc::clone(&task));
        for polls in 1..3 {
            let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            assert_eq!(
                task.0.load(Ordering::Relaxed),
                polls,
                "the task polls again"
            );
            assert_eq!(Arc::strong_count(&task), 2, "no waker is stored");
        }
        stalled.finish();
        assert_eq!(
            task.0.load(Ordering::Relaxed),
            2,
            "the consumer was not parked"
        );
        let poll = receiver.poll_recv(&mut Context::from_waker(&waker));
        assert!(matches!(poll, Poll::Ready(item) if item.number == 0));
    }

    /// A wait for a stalled producer sleeps, because that producer may need the core.
    #[cfg(target_os = "linux")]
    #[test]
    fn blocking_receives_sleep_while_queue_is_stalled() {
        let waits: [fn(SharedQueue) -> usize; 3] = [
            |queue| {
                let mut receiver = queue.receiver().unwrap();
                receiver.pop_blocking().expect("an item is queued").number
            },
            |queue| queue.receiver().unwrap().recv().number,
            |queue| {
                let mut receiver = queue.receiver().unwrap();
                let item = receiver.recv_timeout(Duration::from_secs(3600));
                item.expect("an item is queued").number
            },
        ];
        for wait in waits {
            let queue = Arc::new(BlockingQueue::new());
            let stalled = stalled_blocking_push(&queue, 7);
            let (started, is_started) = mpsc::channel();
            let consumer = thread::spawn(move || {
                let thread = std::fs::read_link("/proc/thread-self").unwrap();
                started.send(thread).expect("the test waits for the thread");
                wait(queue)
            });
            let status = std::path::Path::new("/proc")
                .join(is_started.recv().unwrap())
                .join("status");
            wait_until_sleeping(&status);
            stalled.finish();
            assert_eq!(consumer.join().unwrap(), 7);
        }
    }

    /// Waits until the thread with this status file has given up its core 50 times more. Only
    /// a thread that sleeps does so: a spin and a `sched_yield` do not count.
    #[cfg(target_os = "linux")]
    fn wait_until_sleeping(status: &std::path::Path) {
        /// Far longer than 50 sleeps of a millisecond.
        const LIMIT: Duration = Duration::from_secs(60);

        let start = std::time::Instant::now();
        let first = voluntary_switches(status);
        while voluntary_switches(status) < first + 50 {
            assert!(start.elapsed() < LIMIT, "the thread does not sleep");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[cfg(target_os = "linux")]
    fn voluntary_switches(status: &std::path::Path) -> u64 {
        let status = std::fs::read_to_string(status).unwrap();
        let field = "voluntary_ctxt_switches:";
        let mut lines = status.lines();
        let count = lines.find_map(|line| line.strip_prefix(field)).unwrap();
        count.trim().parse().unwrap()
    }
}
