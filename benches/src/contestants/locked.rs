//! A lock around a container.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use crate::contestant::Contestant;
use crate::payload::{Container, Payload};

/// A lock around `C`.
pub struct Locked<C>(PhantomData<C>);

impl<T: Payload, C: Container<T> + Send + 'static> Contestant<T> for Locked<C> {
    const NAME: &'static str = C::LOCKED;
    type Producer = Arc<Mutex<C>>;
    type Consumer = Self::Producer;

    fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Self::Producer::default();
        (Arc::clone(&queue), queue)
    }

    fn push(queue: &mut Self::Producer, item: T) {
        queue.lock().expect("not poisoned").push(item);
    }

    fn pop(queue: &mut Self::Consumer) -> Option<T> {
        queue.lock().expect("not poisoned").pop()
    }
}
