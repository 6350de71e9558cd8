//! A wait for a push in its gap, which the scheduler sees.

pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn snooze(&mut self) {
        crate::schedules::wait();
    }
}
