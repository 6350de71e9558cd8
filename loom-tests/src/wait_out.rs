//! Tasks that receive on any form.

use std::task::{Context, Poll};

use mpsc_queue::Pop;

#[cfg(loom)]
use loom::thread::yield_now;
#[cfg(shuttle)]
use shuttle::thread::yield_now;

/// Polls for an item, and yields while the queue is stalled. Returns `None` at the end.
pub fn wait_out<H, S>(
    cx: &mut Context<'_>,
    mut poll_pop: impl FnMut(&mut Context<'_>) -> Poll<Pop<H, S>>,
) -> Poll<Option<H>> {
    loop {
        match poll_pop(cx) {
            Poll::Ready(Pop::Stalled(_)) => yield_now(),
            poll => return poll.map(Pop::into_item),
        }
    }
}
