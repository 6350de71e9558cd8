//! Payloads as `mpsc-queue` carries them: handles of items that embed a link.

use std::collections::VecDeque;

use mpsc_queue::{Link, UniqueHandle, linked};

use crate::payload::{Item, Payload, Value};

/// A payload that `mpsc-queue` carries.
pub trait Linkable: Payload {
    /// The type that the queue carries in place of the payload.
    type Handle: UniqueHandle + Send + 'static;

    /// Set if the payload goes into a box, because it has no link of its own.
    const IS_BOXED: bool;

    /// Returns the handle of this payload.
    fn into_handle(self) -> Self::Handle;

    /// Returns the payload of this handle.
    fn from_handle(handle: Self::Handle) -> Self;
}

/// Implements [`Linkable`] for boxes whose contents embed a link.
macro_rules! embed_link {
    ($([$($bounds:tt)*] $box:ty;)*) => {$(
        impl<$($bounds)*> Linkable for $box {
            type Handle = Self;
            const IS_BOXED: bool = false;

            fn into_handle(self) -> Self {
                self
            }

            fn from_handle(handle: Self) -> Self {
                handle
            }
        }
    )*};
}

embed_link! {
    [] Box<Item>;
    [T: Value] Box<Boxed<T>>;
}

/// A value in a box, with a link.
pub struct Boxed<T> {
    link: Link,
    value: T,
}
linked!([T] Boxed<T> => link: Link);

impl<T> Boxed<T> {
    pub(crate) fn new(value: T) -> Box<Self> {
        let link = Link::new();
        Box::new(Self { link, value })
    }

    pub(crate) fn into_value(self) -> T {
        self.value
    }
}

/// A value that is boxed anyway, with a link in its box.
impl<T: Value> Payload for Box<Boxed<T>> {
    const KIND: &'static str = "boxed value";
    type Container = VecDeque<Self>;

    fn new(value: u64) -> Self {
        Boxed::new(T::new(value))
    }

    fn write(&mut self, value: u64) {
        self.value.write(value);
    }

    fn value(&self) -> u64 {
        self.value.value()
    }
}

impl<T: Value> Linkable for T {
    type Handle = Box<Boxed<T>>;
    const IS_BOXED: bool = true;

    fn into_handle(self) -> Self::Handle {
        Boxed::new(self)
    }

    fn from_handle(handle: Self::Handle) -> Self {
        handle.into_value()
    }
}
