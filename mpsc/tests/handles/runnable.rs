//! Tasks of `async-task`.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::thread;

use async_task::{Builder, Runnable, Task};
use mpsc_queue::{BlockingQueue, Form, Receiver, RunnableLink};

test_each_form! {
    tasks_run_in_the_order_of_their_wakeups
    task_of_closed_queue_is_cancelled
    queued_tasks_are_cancelled_with_queue
    tasks_are_woken_by_other_threads
}

/// Its metadata is a number.
type Job = Runnable<RunnableLink<usize>>;

fn spawn<T: Send + 'static, F: Form>(
    ready: &Arc<BlockingQueue<Job, F>>,
    number: usize,
    future: impl Future<Output = T> + Send + 'static,
) -> Task<T, RunnableLink<usize>> {
    let ready = Arc::clone(ready);
    let builder = Builder::new().metadata(RunnableLink::with_metadata(number));
    let (job, task) = builder.spawn(|_| future, move |job| drop(ready.push(job)));
    job.schedule();
    task
}

/// Yields once.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn tasks_run_in_the_order_of_their_wakeups<F: Form>() {
    let (ready, mut jobs) = BlockingQueue::<Job, F>::default().share();
    let tasks: Vec<_> = (0..3)
        .map(|number| spawn(&ready, number, async { yield_now().await }))
        .collect();
    let mut order = Vec::new();
    while let Ok(job) = jobs.try_recv() {
        order.push(*job.metadata().metadata());
        job.run();
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
    assert!(tasks.iter().all(Task::is_finished));
}

fn task_of_closed_queue_is_cancelled<F: Form>() {
    let (ready, mut jobs) = BlockingQueue::<Job, F>::default().share();
    let alive = Arc::new(());
    let inside = Arc::clone(&alive);
    let task = spawn(&ready, 0, async move {
        yield_now().await;
        drop(inside);
    });
    let job = jobs.try_recv().unwrap();
    jobs.close();
    job.run(); // wakes itself, in vain
    assert!(task.is_finished());
    assert_eq!(Arc::strong_count(&alive), 1, "the future is dropped");
}

fn queued_tasks_are_cancelled_with_queue<F: Form>() {
    let (ready, jobs) = BlockingQueue::<Job, F>::default().share();
    let alive = Arc::new(());
    // (The schedule functions own the queue. So it is the receiver that drops the jobs.)
    for number in 0..3 {
        let inside = Arc::clone(&alive);
        spawn(&ready, number, async move { drop(inside) }).detach();
    }
    let mut jobs: Receiver<_> = jobs;
    jobs.close();
    jobs.drain(usize::MAX).for_each(drop);
    assert_eq!(Arc::strong_count(&alive), 1);
    drop(jobs);
    assert_eq!(Arc::strong_count(&ready), 1, "nothing is leaked");
}

fn tasks_are_woken_by_other_threads<F: Form>() {
    const TASKS: usize = 8;
    const WAKES: usize = 100;
    let (ready, mut jobs) = BlockingQueue::<Job, F>::default().share();
    let (wakers, woken) = std::sync::mpsc::channel::<Waker>();
    let waking = thread::spawn(move || woken.into_iter().for_each(Waker::wake));
    let polls = Arc::new(AtomicUsize::new(0));
    for number in 0..TASKS {
        let (wakers, polls) = (wakers.clone(), Arc::clone(&polls));
        let mut left = WAKES;
        let future = poll_fn(move |cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            wakers.send(cx.waker().clone()).unwrap();
            Poll::Pending
        });
        spawn(&ready, number, future).detach();
    }
    drop(wakers);
    for _ in 0..TASKS * (WAKES + 1) {
        jobs.recv().unwrap().run();
    }
    assert_eq!(polls.load(Ordering::Relaxed), TASKS * (WAKES + 1));
    waking.join().unwrap();
    assert!(jobs.try_recv().is_err());
}
