//! The set of futures in `examples/futures_set`, beside `FuturesUnordered`, whose work it does.

#[path = "../../examples/futures_set/set/mod.rs"]
mod set;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use proptest::prelude::*;
use set::FuturesSet;

use crate::Task;

/// A future that the test completes.
#[derive(Clone, Default)]
struct Manual(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    output: Option<usize>,
    waker: Option<Waker>,
    /// How often the future wakes itself, once in each poll.
    yields: usize,
    /// Set if it also wakes itself in the poll in which it completes.
    wakes_at_end: bool,
    polls: usize,
}

impl Manual {
    fn complete(&self, output: usize) {
        self.0.lock().unwrap().output = Some(output);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.0.lock().unwrap().waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn polls(&self) -> usize {
        self.0.lock().unwrap().polls
    }
}

impl Future for Manual {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let mut state = self.0.lock().unwrap();
        state.polls += 1;
        state.waker = Some(cx.waker().clone());
        if state.yields > 0 {
            state.yields -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(output) = state.output else {
            return Poll::Pending;
        };
        if state.wakes_at_end {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(output)
    }
}

trait Set: Stream<Item = usize> + Default + Unpin {
    fn push(&mut self, future: Manual);
}

impl Default for FuturesSet<Manual> {
    fn default() -> Self {
        Self::new()
    }
}

impl Set for FuturesSet<Manual> {
    fn push(&mut self, future: Manual) {
        Self::push(self, future);
    }
}

impl Set for FuturesUnordered<Manual> {
    fn push(&mut self, future: Manual) {
        Self::push(self, future);
    }
}

/// An executor with one task, which receives all outputs of a set.
struct Executor<S> {
    set: S,
    task: Arc<Task>,
    waker: Waker,
    /// How many wake-ups the polls so far have answered.
    answered: usize,
    polls: usize,
    outputs: Vec<usize>,
}

impl<S: Set> Executor<S> {
    fn new() -> Self {
        let (task, waker) = Task::new();
        let (set, outputs) = (S::default(), Vec::new());
        Self {
            set,
            task,
            waker,
            answered: 0,
            polls: 0,
            outputs,
        }
    }

    fn poll(&mut self) {
        self.answered = self.task.wakes();
        self.polls += 1;
        let mut context = Context::from_waker(&self.waker);
        while let Poll::Ready(Some(output)) = self.set.poll_next_unpin(&mut context) {
            self.outputs.push(output);
        }
    }

    /// Polls the task if it has been woken, and as often as it is.
    fn run(&mut self) {
        while self.answered < self.task.wakes() {
            self.poll();
        }
    }
}

/// What a task may do, and what may happen to it.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The task adds a future that wakes itself so many times, and waits for it.
    Add { yields: usize, wakes_at_end: bool },
    /// A future is completed, one of those that have not been.
    Complete(usize),
    /// A future is woken, perhaps one that has completed.
    Wake(usize),
    /// The executor polls the task if it has been woken.
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => (0..4_usize, any::<bool>()).prop_map(|(yields, wakes_at_end)| {
            let yields = yields.saturating_sub(1);
            Step::Add { yields, wakes_at_end }
        }),
        2 => any::<usize>().prop_map(Step::Complete),
        2 => any::<usize>().prop_map(Step::Wake),
        3 => Just(Step::Run),
    ];
    prop::collection::vec(step, 0..200)
}

/// Takes the steps, and completes all futures at the end.
fn take<S: Set>(steps: &[Step]) -> Executor<S> {
    let mut executor = Executor::<S>::new();
    let mut futures: Vec<Manual> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for step in steps {
        match *step {
            Step::Add {
                yields,
                wakes_at_end,
            } => {
                let future = Manual::default();
                let mut state = future.0.lock().unwrap();
                state.yields = yields;
                state.wakes_at_end = wakes_at_end;
                drop(state);
                executor.set.push(future.clone());
                open.push(futures.len());
                futures.push(future);
                executor.poll();
            }
            Step::Complete(which) if !open.is_empty() => {
                let number = open.swap_remove(which % open.len());
                futures[number].complete(number);
            }
            Step::Wake(which) if !futures.is_empty() => futures[which % futures.len()].wake(),
            Step::Run => executor.run(),
            Step::Complete(_) | Step::Wake(_) => {}
        }
    }
    for number in open {
        futures[number].complete(number);
    }
    executor.run();
    executor
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever happens, both sets return the same outputs, and the task of this one is neither
    /// woken nor polled more often.
    #[test]
    fn set_wakes_and_polls_no_more_than_futures_unordered(steps in steps()) {
        let mut ours = take::<FuturesSet<Manual>>(&steps);
        let mut theirs = take::<FuturesUnordered<Manual>>(&steps);
        ours.outputs.sort_unstable();
        theirs.outputs.sort_unstable();
        prop_assert_eq!(&ours.outputs, &theirs.outputs);
        prop_assert!(ours.task.wakes() <= theirs.task.wakes());
        prop_assert!(ours.polls <= theirs.polls);
    }
}

#[test]
fn push_into_waiting_set_wakes_no_task() {
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    let first = Manual::default();
    executor.set.push(first.clone());
    executor.poll();
    executor.set.push(Manual::default());
    assert_eq!(executor.task.wakes(), 0);
    first.complete(1);
    assert_eq!(executor.task.wakes(), 1, "the set still waits");
}

/// As a bounded number of concurrent requests, which arrive and are answered one by one.
#[test]
fn futures_that_arrive_one_by_one_cost_one_poll_each() {
    const FUTURES: usize = 50;
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    executor.poll();
    for number in 0..FUTURES {
        let future = Manual::default();
        executor.set.push(future.clone());
        executor.poll();
        future.complete(number);
        executor.run();
    }
    assert_eq!(executor.task.wakes(), FUTURES);
    assert_eq!(executor.polls, 1 + 2 * FUTURES, "one when it arrives");
    assert_eq!(executor.outputs.len(), FUTURES);
}

#[test]
fn many_futures_complete_in_order_of_their_wakes() {
    const FUTURES: usize = 200;
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    for _ in 0..2 {
        let futures: Vec<_> = (0..FUTURES).map(|_| Manual::default()).collect();
        for future in &futures {
            executor.set.push(future.clone());
        }
        executor.poll();
        for (number, future) in futures.iter().enumerate().rev() {
            future.complete(number);
        }
        executor.run();
        assert!(executor.outputs.drain(..).eq((0..FUTURES).rev()));
    }
}

#[test]
fn wake_of_completed_future_has_no_effect() {
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    let [first, second] = [Manual::default(), Manual::default()];
    executor.set.push(first.clone());
    executor.set.push(second.clone());
    executor.poll();
    first.complete(1);
    executor.run();
    first.wake();
    assert_eq!(executor.task.wakes(), 1);
    second.complete(2);
    executor.run();
    assert_eq!((executor.outputs, first.polls()), (vec![1, 2], 2));
}

/// A future that is woken in its last poll leaves its task queued, while another future takes its
/// place in the set.
#[test]
fn late_wake_polls_no_other_future() {
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    let [first, second] = [Manual::default(), Manual::default()];
    first.0.lock().unwrap().wakes_at_end = true;
    executor.set.push(first.clone());
    executor.poll();
    first.complete(1);
    executor.run();
    executor.set.push(second.clone());
    executor.poll();
    assert_eq!((executor.outputs, second.polls()), (vec![1], 1));
}

#[test]
fn dropped_set_drops_futures_whose_wakers_live_on() {
    let future = Manual::default();
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    executor.set.push(future.clone());
    executor.poll();
    executor.set.push(future.clone()); // queued
    assert_eq!(Arc::strong_count(&future.0), 3);
    drop(executor.set);
    assert_eq!(Arc::strong_count(&future.0), 1);
    future.wake();
    assert_eq!(executor.task.wakes(), 0);
}

#[test]
fn future_that_panics_is_removed() {
    struct Panics;

    impl Future for Panics {
        type Output = usize;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
            panic!("as the test expects");
        }
    }

    let mut set = FuturesSet::new();
    let mut context = Context::from_waker(Waker::noop());
    set.push(Panics);
    let poll = catch_unwind(AssertUnwindSafe(|| set.poll_next_unpin(&mut context)));
    assert!(poll.is_err());
    assert_eq!(set.len(), 0);
    assert_eq!(set.poll_next_unpin(&mut context), Poll::Ready(None));
}

/// A future that always wakes itself does not keep other tasks from running.
#[test]
fn set_yields_after_each_future_has_been_polled() {
    let mut executor = Executor::<FuturesSet<Manual>>::new();
    let futures = [Manual::default(), Manual::default()];
    for future in &futures {
        future.0.lock().unwrap().yields = usize::MAX;
        executor.set.push(future.clone());
    }
    executor.poll();
    assert_eq!(executor.task.wakes(), 1);
    assert_eq!(futures.map(|future| future.polls()), [1, 1]);
}
