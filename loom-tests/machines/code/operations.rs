//! The operations whose generated code is read: one function each, with a name that the
//! compiler keeps. The items are boxes, or shared items in a `static`.

use mpsc_queue::{
    BackLinked, Closed, Consumer, Form, ForwardLinked, GapFree, Link, Pop, Queue, SharedLink,
    TryPushError, Wakeup, linked,
};

/// An item that one handle owns.
pub struct Job {
    link: Link,
}
linked!(Job => link: Link);

/// An item that several handles share.
pub struct Event {
    link: SharedLink,
}
linked!(Event => link: SharedLink);

/// Defines the operations on a queue of one form.
macro_rules! operations {
    ($form:ident: $push:ident, $try_push:ident, $pop:ident) => {
        #[unsafe(no_mangle)]
        pub fn $push(
            queue: &Queue<Box<Job>, $form>,
            job: Box<Job>,
        ) -> Result<Wakeup, Closed<Box<Job>>> {
            queue.push(job)
        }

        #[unsafe(no_mangle)]
        pub fn $try_push(
            queue: &Queue<&'static Event, $form>,
            event: &'static Event,
        ) -> Result<Wakeup, TryPushError<&'static Event>> {
            queue.try_push(event)
        }

        #[unsafe(no_mangle)]
        pub fn $pop(
            consumer: &mut Consumer<&Queue<Box<Job>, $form>>,
        ) -> Pop<Box<Job>, <$form as Form>::Stall> {
            consumer.pop()
        }
    };
}

operations!(ForwardLinked: push_forward_linked, try_push_forward_linked, pop_forward_linked);
operations!(BackLinked: push_back_linked, try_push_back_linked, pop_back_linked);
operations!(GapFree: push_gap_free, try_push_gap_free, pop_gap_free);
