//! Channels whose senders come and go, with a receiver that a task polls.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use mpsc_queue::channel::{self, Receiver, Sender};
use mpsc_queue::{Chain, Counted, Form, Pop, SendError, TryRecvError, TrySendError};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use crate::items::{Body, Drops, TestHandle, Unique};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The sender of this index, if there is one, sends.
    Send(usize),
    TrySend(usize),
    SendChain(usize, usize),
    CloneSender(usize),
    DropSender(usize),
    Receive(Method),
    Close,
    DropReceiver,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Method {
    TryRecv,
    Pop,
    Poll,
    /// Takes at most this many items from `try_iter`.
    TryIter(usize),
    #[cfg(feature = "std")]
    RecvTimeout,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let methods = [
        &[Method::TryRecv, Method::Pop, Method::Poll, Method::Poll][..],
        &[0, 1, 3].map(Method::TryIter),
        #[cfg(feature = "std")]
        &[Method::RecvTimeout],
    ];
    let method = select(methods.concat());
    prop_oneof![
        6 => any::<usize>().prop_map(Step::Send),
        2 => any::<usize>().prop_map(Step::TrySend),
        2 => (any::<usize>(), 0..4usize).prop_map(|(sender, count)| Step::SendChain(sender, count)),
        2 => any::<usize>().prop_map(Step::CloneSender),
        3 => any::<usize>().prop_map(Step::DropSender),
        10 => method.prop_map(Step::Receive),
        1 => Just(Step::Close),
        1 => Just(Step::DropReceiver),
    ]
}

#[derive(Default)]
struct Task {
    wakes: AtomicUsize,
}

impl std::task::Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

type Item = Box<Unique>;

/// The ends of a channel, and its model.
struct Run<F: Form> {
    senders: Vec<Sender<Item, Counted<F>>>,
    receiver: Option<Receiver<Item, Counted<F>>>,
    items: VecDeque<usize>,
    /// The receiver has closed the channel, or is gone.
    is_closed: bool,
    /// The last sender has left its mark, and no receive has come to it.
    has_mark: bool,
    task: Arc<Task>,
    /// The task has polled, and nothing has ended its wait.
    is_waiting: bool,
    wakes: usize,
    drops: Drops,
}

/// Checks that the senders' end and the receiver's end are told to the other side, that each
/// result is that of the model, and that the task is woken once for each wait.
pub(crate) fn run<F: Form>(program: &[Step]) {
    let (sender, receiver) = channel::with_form(Counted(F::default()));
    let mut run = Run::<F> {
        senders: vec![sender],
        receiver: Some(receiver),
        items: VecDeque::new(),
        is_closed: false,
        has_mark: false,
        task: Arc::default(),
        is_waiting: false,
        wakes: 0,
        drops: Drops::default(),
    };
    for step in program {
        run.step(step);
        run.check();
    }
    let drops = Arc::clone(&run.drops);
    let task = Arc::clone(&run.task);
    drop(run); // the senders first
    assert!(drops.lock().unwrap().iter().all(|&drops| drops == 1));
    assert_eq!(Arc::strong_count(&task), 1, "no waker is left");
}

impl<F: Form> Run<F> {
    fn step(&mut self, step: &Step) {
        match *step {
            Step::Send(which) => {
                let (item, number) = self.new_item();
                let Some(sender) = self.sender(which) else {
                    return;
                };
                match sender.send(item) {
                    Ok(()) => self.sent([number]),
                    Err(SendError(item)) => self.refused(&item, number),
                }
            }
            Step::TrySend(which) => {
                let (item, number) = self.new_item();
                let Some(sender) = self.sender(which) else {
                    return;
                };
                match sender.try_send(item) {
                    Ok(()) => self.sent([number]),
                    Err(TrySendError::Disconnected(item)) => self.refused(&item, number),
                    Err(TrySendError::AlreadyQueued(_)) => panic!("the item is new"),
                }
            }
            Step::SendChain(which, count) => {
                let (items, numbers): (Vec<_>, Vec<_>) =
                    (0..count).map(|_| self.new_item()).unzip();
                let Some(sender) = self.sender(which) else {
                    return;
                };
                match sender.send_chain(items.into_iter().collect::<Chain<_>>()) {
                    Ok(()) if count == 0 => {}
                    Ok(()) => self.sent(numbers),
                    Err(SendError(chain)) => {
                        assert!(self.is_closed);
                        assert_eq!(chain.len(), count, "the chain comes back whole");
                    }
                }
            }
            Step::CloneSender(which) => {
                if let Some(sender) = self.sender(which) {
                    let sender = sender.clone();
                    assert!(sender.same_channel(&self.senders[0]));
                    self.senders.push(sender);
                }
            }
            Step::DropSender(which) => {
                if let Some(which) = which.checked_rem(self.senders.len()) {
                    drop(self.senders.swap_remove(which));
                    if self.senders.is_empty() && !self.is_closed {
                        self.has_mark = true;
                        self.wakes += usize::from(self.is_waiting);
                        self.is_waiting = false;
                    }
                }
            }
            Step::Receive(method) => {
                if let Some(mut receiver) = self.receiver.take() {
                    self.receive(&mut receiver, method);
                    self.receiver = Some(receiver);
                }
            }
            Step::Close => {
                if let Some(receiver) = &mut self.receiver {
                    receiver.close();
                    self.is_closed = true;
                    self.is_waiting = false;
                }
            }
            Step::DropReceiver => {
                self.receiver = None;
                self.items.clear();
                self.is_closed = true;
                self.is_waiting = false;
                self.has_mark = false;
            }
        }
    }

    fn receive(&mut self, receiver: &mut Receiver<Item, Counted<F>>, method: Method) {
        let is_over = self.is_closed || self.senders.is_empty();
        let expected = self.items.front().copied();
        let received = match method {
            Method::TryRecv => receiver.try_recv().map_err(|error| match error {
                TryRecvError::Empty => false,
                TryRecvError::Disconnected => true,
            }),
            Method::Pop => match receiver.pop() {
                Pop::Item(item) => Ok(item),
                Pop::Empty => Err(false),
                Pop::Closed => Err(true),
                Pop::Stalled(_) => panic!("no send is in flight"),
            },
            Method::Poll => {
                let waker = Waker::from(Arc::clone(&self.task));
                match receiver.poll_pop(&mut Context::from_waker(&waker)) {
                    Poll::Ready(Pop::Item(item)) => Ok(item),
                    Poll::Ready(Pop::Closed) => Err(true),
                    Poll::Ready(_) => panic!("no send is in flight"),
                    Poll::Pending => {
                        self.is_waiting = true;
                        Err(false)
                    }
                }
            }
            Method::TryIter(limit) => {
                let numbers: Vec<_> = receiver
                    .try_iter()
                    .take(limit)
                    .map(|item| item.number())
                    .collect();
                let count = limit.min(self.items.len());
                assert!(numbers.into_iter().eq(self.items.drain(..count)));
                // The iterator has come to the mark if it looked for one item more.
                self.has_mark &= count == limit;
                return;
            }
            #[cfg(feature = "std")]
            Method::RecvTimeout => {
                use mpsc_queue::RecvTimeoutError;

                let received = receiver.recv_timeout(std::time::Duration::ZERO);
                if self.items.is_empty() {
                    self.is_waiting = false; // a thread waited, in place of the task
                }
                received.map_err(|error| error == RecvTimeoutError::Disconnected)
            }
        };
        match received {
            Ok(item) => {
                assert_eq!(Some(item.number()), expected);
                self.items.pop_front();
            }
            Err(is_disconnected) => {
                assert_eq!(expected, None);
                assert_eq!(is_disconnected, is_over);
                self.has_mark = false;
            }
        }
    }

    fn sender(&self, which: usize) -> Option<&Sender<Item, Counted<F>>> {
        self.senders.get(which.checked_rem(self.senders.len())?)
    }

    fn sent(&mut self, numbers: impl IntoIterator<Item = usize>) {
        assert!(!self.is_closed, "a closed channel refuses");
        self.items.extend(numbers);
        self.wakes += usize::from(self.is_waiting);
        self.is_waiting = false;
    }

    fn refused(&self, item: &Item, number: usize) {
        assert!(self.is_closed);
        assert_eq!(item.number(), number);
    }

    fn new_item(&self) -> (Item, usize) {
        let mut drops = self.drops.lock().unwrap();
        let number = drops.len();
        drops.push(0);
        let body = Body {
            number,
            drops: Arc::clone(&self.drops),
        };
        (TestHandle::new(body), number)
    }

    fn check(&self) {
        let is_empty = self.items.is_empty() && !self.has_mark;
        for sender in &self.senders {
            assert_eq!(sender.is_closed(), self.is_closed);
            assert_eq!(sender.len(), self.items.len());
            assert_eq!(sender.is_empty(), is_empty);
        }
        if let Some(receiver) = &self.receiver {
            assert_eq!(receiver.len(), self.items.len());
            assert_eq!(receiver.is_empty(), is_empty);
        }
        assert_eq!(self.task.wakes.load(Ordering::Relaxed), self.wakes);
        let mut expected = vec![1; self.drops.lock().unwrap().len()];
        for number in &self.items {
            expected[*number] = 0;
        }
        assert_eq!(*self.drops.lock().unwrap(), expected, "drops of each item");
    }
}
