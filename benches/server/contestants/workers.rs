//! The worker threads of the other servers, fed by one channel.

use std::thread;

use crossbeam_channel::{Sender, unbounded};

const WORKERS: usize = 2;

/// The scheduling policy of the workers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The default policy: a woken worker may preempt the event loop.
    Default,
    /// `SCHED_BATCH`, as in the pool of http-resume's program: a woken worker does not
    /// preempt the event loop.
    Batch,
}

/// Starts the workers, which call `reply` with each job. Returns the sender of jobs.
pub(crate) fn start<J: Send + 'static>(policy: Policy, reply: fn(J)) -> Sender<J> {
    let (sender, receiver) = unbounded::<J>();
    for _ in 0..WORKERS {
        let receiver = receiver.clone();
        thread::spawn(move || {
            if policy == Policy::Batch {
                use_batch_policy();
            }
            receiver.iter().for_each(reply);
        });
    }
    sender
}

fn use_batch_policy() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the call only reads `parameters`, which is valid; 0 means the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) };
    assert_eq!(result, 0, "any thread may switch to SCHED_BATCH");
}
