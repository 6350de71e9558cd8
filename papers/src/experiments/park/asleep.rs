//! Waiting until another thread sleeps in the kernel.

use std::fs;
use std::thread;

/// A thread of this process.
#[derive(Clone, Copy)]
pub(crate) struct ThreadId(libc::pid_t);

impl ThreadId {
    pub(crate) fn of_this_thread() -> Self {
        // SAFETY: a system call without arguments.
        Self(unsafe { libc::gettid() })
    }

    /// Waits until the thread sleeps. The caller knows that there is only one place where the
    /// thread can do so.
    pub(crate) fn wait_until_asleep(self) {
        while self.state() != Some('S') {
            thread::yield_now();
        }
    }

    /// Returns the letter of `/proc/self/task/ID/stat` that says whether the thread runs.
    fn state(self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/self/task/{}/stat", self.0)).ok()?;
        // The name in parentheses comes first, and may contain parentheses itself.
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.chars().next()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn running_thread_is_not_asleep_and_waiting_one_is() {
        assert_eq!(ThreadId::of_this_thread().state(), Some('R'));
        let (send, receive) = channel();
        let (end, ended) = channel::<()>();
        let waiting = thread::spawn(move || {
            send.send(ThreadId::of_this_thread()).unwrap();
            ended.recv().unwrap();
        });
        receive.recv().unwrap().wait_until_asleep();
        end.send(()).unwrap();
        waiting.join().unwrap();
    }
}
