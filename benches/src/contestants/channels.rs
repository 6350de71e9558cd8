//! Channels: queues of values that can also block, or be awaited.

use std::sync::mpsc;

use thingbuf::mpsc::blocking;
use thingbuf::recycling::Recycle;

use crate::contestant::{Contestant, Payload};

/// The standard library's channel.
pub struct Std;

impl<T: Payload> Contestant<T> for Std {
    const NAME: &'static str = "std::sync::mpsc";
    type Producer = mpsc::Sender<T>;
    type Consumer = mpsc::Receiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        mpsc::channel()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// crossbeam's unbounded channel.
pub struct Crossbeam;

impl<T: Payload> Contestant<T> for Crossbeam {
    const NAME: &'static str = "crossbeam-channel";
    type Producer = crossbeam_channel::Sender<T>;
    type Consumer = crossbeam_channel::Receiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        crossbeam_channel::unbounded()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// flume's unbounded channel.
pub struct Flume;

impl<T: Payload> Contestant<T> for Flume {
    const NAME: &'static str = "flume";
    type Producer = flume::Sender<T>;
    type Consumer = flume::Receiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        flume::unbounded()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// kanal's unbounded channel.
pub struct Kanal;

impl<T: Payload> Contestant<T> for Kanal {
    const NAME: &'static str = "kanal";
    type Producer = kanal::Sender<T>;
    type Consumer = kanal::Receiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        kanal::unbounded()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok().flatten()
    }
}

/// crossfire's unbounded channel for one consumer.
pub struct Crossfire;

impl<T: Payload> Contestant<T> for Crossfire {
    const NAME: &'static str = "crossfire";
    type Producer = crossfire::MTx<crossfire::mpsc::List<T>>;
    type Consumer = crossfire::Rx<crossfire::mpsc::List<T>>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        crossfire::mpsc::unbounded_blocking()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// tokio's unbounded channel.
pub struct Tokio;

impl<T: Payload> Contestant<T> for Tokio {
    const NAME: &'static str = "tokio unbounded";
    type Producer = tokio::sync::mpsc::UnboundedSender<T>;
    type Consumer = tokio::sync::mpsc::UnboundedReceiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        tokio::sync::mpsc::unbounded_channel()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// The unbounded channel of `futures`.
pub struct Futures;

impl<T: Payload> Contestant<T> for Futures {
    const NAME: &'static str = "futures unbounded";
    type Producer = futures_channel::mpsc::UnboundedSender<T>;
    type Consumer = futures_channel::mpsc::UnboundedReceiver<T>;

    fn open(_: usize) -> (Self::Producer, Self::Consumer) {
        futures_channel::mpsc::unbounded()
    }

    fn push(sender: &mut Self::Producer, item: T) {
        assert!(sender.unbounded_send(item).is_ok(), "the receiver is here");
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv().ok()
    }
}

/// thingbuf's channel. It is bounded: it gets room for all items of a measurement.
pub struct Thingbuf;

impl<T: Payload> Contestant<T> for Thingbuf {
    const NAME: &'static str = "thingbuf (bounded)";
    type Producer = blocking::Sender<Option<T>, Emptied>;
    type Consumer = blocking::Receiver<Option<T>, Emptied>;

    fn open(capacity: usize) -> (Self::Producer, Self::Consumer) {
        blocking::with_recycle(capacity, Emptied)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        let slot = sender.try_send_ref();
        *slot.expect("there is room, and the receiver is here") = Some(item);
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv_ref().ok()?.take()
    }
}

/// How thingbuf's slots are reused: empty.
#[derive(Clone, Debug)]
pub struct Emptied;

impl<T> Recycle<Option<T>> for Emptied {
    fn new_element(&self) -> Option<T> {
        None
    }

    fn recycle(&self, slot: &mut Option<T>) {
        *slot = None;
    }
}
