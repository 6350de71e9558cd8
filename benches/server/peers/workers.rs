//! The background of the peers: two threads fed by one channel, so that whichever is
//! idle takes the next job.

use std::thread;

use crossbeam_channel::{Sender, unbounded};

const WORKERS: usize = 2;

/// How the kernel schedules the workers. It matters more than most else: see `Batch`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// As any thread: one that is woken may interrupt the event loop.
    Default,
    /// `SCHED_BATCH`, as the pool of http-resume's demonstration does it: one that is
    /// woken waits for its turn.
    Batch,
}

/// What takes jobs, and answers each through its `reply`.
pub(crate) fn start<J: Send + 'static>(policy: Policy, reply: fn(J)) -> Sender<J> {
    let (sender, receiver) = unbounded::<J>();
    for _ in 0..WORKERS {
        let receiver = receiver.clone();
        thread::spawn(move || {
            if policy == Policy::Batch {
                become_batch();
            }
            receiver.iter().for_each(reply);
        });
    }
    sender
}

fn become_batch() {
    let parameters = libc::sched_param { sched_priority: 0 };
    // SAFETY: the pointer is to a valid struct that outlives the call, which only
    // reads it; 0 is the calling thread.
    let result = unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &raw const parameters) };
    assert_eq!(result, 0, "a thread may always become less urgent");
}
