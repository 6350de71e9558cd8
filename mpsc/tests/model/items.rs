//! Items that count their drops, and the handles to them.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use mpsc_queue::{
    AlreadyQueued, Chain, Form, Handle, Link, Queue, SharedLink, TryPushError, Wakeup, linked,
};

/// The number of drops of each item, by the item's number.
pub(crate) type Drops = Arc<Mutex<Vec<usize>>>;

pub(crate) struct Body {
    pub(crate) number: usize,
    pub(crate) drops: Drops,
}

impl Drop for Body {
    fn drop(&mut self) {
        self.drops.lock().unwrap()[self.number] += 1;
    }
}

pub(crate) struct Unique {
    link: Link,
    body: Body,
}
linked!(Unique => link: Link);

pub(crate) struct Shared {
    body: Body,
    link: SharedLink,
}
linked!(Shared => link: SharedLink);

/// What the programs do with a handle.
pub(crate) trait TestHandle: Handle {
    fn new(body: Body) -> Self;

    fn number(&self) -> usize;

    /// Returns a second handle to the item, if there can be one.
    fn share(&self) -> Option<Self> {
        None
    }

    fn push<F: Form>(self, queue: &Queue<Self, F>) -> Result<Wakeup, TryPushError<Self>> {
        queue.try_push(self)
    }

    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>> {
        chain.try_push(self)
    }
}

impl TestHandle for Box<Unique> {
    fn new(body: Body) -> Self {
        let link = Link::new();
        Box::new(Unique { link, body })
    }

    fn number(&self) -> usize {
        self.body.number
    }

    fn push<F: Form>(self, queue: &Queue<Self, F>) -> Result<Wakeup, TryPushError<Self>> {
        Ok(queue.push(self)?)
    }

    fn append(self, chain: &mut Chain<Self>) -> Result<(), AlreadyQueued<Self>> {
        chain.push(self);
        Ok(())
    }
}

/// Pushed with `try_push`, unlike a box.
impl TestHandle for Pin<Box<Unique>> {
    fn new(body: Body) -> Self {
        <Box<Unique> as TestHandle>::new(body).into()
    }

    fn number(&self) -> usize {
        self.body.number
    }
}

impl TestHandle for Arc<Shared> {
    fn new(body: Body) -> Self {
        let link = SharedLink::new();
        Arc::new(Shared { link, body })
    }

    fn number(&self) -> usize {
        self.body.number
    }

    fn share(&self) -> Option<Self> {
        Some(Arc::clone(self))
    }
}
