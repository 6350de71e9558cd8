//! Items, and the channel that carries them: of the layer that the test program names `layer`.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mpsc_queue::{Form, Link, linked};

use crate::layer::{self, Receiver, Sender};

pub(crate) struct Item {
    link: Link,
    pub(crate) number: usize,
}
linked!(Item => link: Link);

pub(crate) fn item(number: usize) -> Box<Item> {
    Box::new(Item {
        link: Link::new(),
        number,
    })
}

/// Creates a channel of items.
pub(crate) fn open<F: Form>() -> (Sender<Box<Item>, F>, Receiver<Box<Item>, F>) {
    layer::with_form(F::default())
}

/// Receives until the channel is empty or disconnected.
pub(crate) fn received<F: Form>(receiver: &mut Receiver<Box<Item>, F>) -> Vec<usize> {
    receiver.try_iter().map(|item| item.number).collect()
}

/// Runs `code` on a thread of its own, and returns its result. Fails if `code` panics, or
/// hangs because the thread is not woken.
pub(crate) fn must_end<T: Send + 'static>(code: impl FnOnce() -> T + Send + 'static) -> T {
    /// Far longer than any test takes.
    const LIMIT: Duration = Duration::from_secs(60);

    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(code()).expect("the test waits for its thread"));
    end.recv_timeout(LIMIT).expect("the code panics or hangs")
}
