//! Channels: queues of values whose consumer can also block, or be awaited.

use std::sync::mpsc;

use thingbuf::mpsc::blocking;
use thingbuf::recycling::Recycle;

use crate::contestant::Contestant;
use crate::payload::Payload;

/// Defines a contestant: its name in the reports and its package, the function that makes the
/// channel, the types of its ends, and their methods. `try_recv` returns a `Result` of the item,
/// or of an `Option` that is to be flattened.
macro_rules! channel {
    ($(#[$doc:meta])* $name:ident, $reported:literal, $package:expr, $channel:path, $sender:ty, $receiver:ty,
     $send:ident, try_recv $($flatten:ident)?) => {
        $(#[$doc])*
        pub struct $name;

        impl<T: Payload> Contestant<T> for $name {
            const NAME: &'static str = $reported;
            const PACKAGE: Option<&'static str> = $package;
            type Producer = $sender;
            type Consumer = $receiver;

            fn channel(_: usize) -> (Self::Producer, Self::Consumer) {
                $channel()
            }

            fn push(sender: &mut Self::Producer, item: T) {
                assert!(sender.$send(item).is_ok(), "the receiver exists");
            }

            fn pop(receiver: &mut Self::Consumer) -> Option<T> {
                receiver.try_recv().ok()$(.$flatten())?
            }
        }
    };
}

channel!(
    /// The standard library's channel.
    Std, "std::sync::mpsc", None, mpsc::channel,
    mpsc::Sender<T>, mpsc::Receiver<T>, send, try_recv
);
channel!(
    /// crossbeam's unbounded channel.
    Crossbeam, "crossbeam-channel", Some("crossbeam-channel"), crossbeam_channel::unbounded,
    crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>, send, try_recv
);
channel!(
    /// flume's unbounded channel.
    Flume, "flume", Some("flume"), flume::unbounded,
    flume::Sender<T>, flume::Receiver<T>, send, try_recv
);
channel!(
    /// kanal's unbounded channel.
    Kanal, "kanal", Some("kanal"), kanal::unbounded,
    kanal::Sender<T>, kanal::Receiver<T>, send, try_recv flatten
);
channel!(
    /// crossfire's unbounded channel for one consumer.
    Crossfire, "crossfire", Some("crossfire"), crossfire::mpsc::unbounded_blocking,
    crossfire::MTx<crossfire::mpsc::List<T>>, crossfire::Rx<crossfire::mpsc::List<T>>,
    send, try_recv
);
channel!(
    /// tokio's unbounded channel.
    Tokio, "tokio unbounded", Some("tokio"), tokio::sync::mpsc::unbounded_channel,
    tokio::sync::mpsc::UnboundedSender<T>, tokio::sync::mpsc::UnboundedReceiver<T>,
    send, try_recv
);
channel!(
    /// The unbounded channel of `futures`.
    Futures, "futures unbounded", Some("futures-channel"), futures_channel::mpsc::unbounded,
    futures_channel::mpsc::UnboundedSender<T>, futures_channel::mpsc::UnboundedReceiver<T>,
    unbounded_send, try_recv
);

/// thingbuf's channel. It is bounded, and gets room for all items of a sample.
pub struct Thingbuf;

impl<T: Payload> Contestant<T> for Thingbuf {
    const NAME: &'static str = "thingbuf (bounded)";
    const PACKAGE: Option<&'static str> = Some("thingbuf");
    type Producer = blocking::Sender<Option<T>, Emptied>;
    type Consumer = blocking::Receiver<Option<T>, Emptied>;

    fn channel(capacity: usize) -> (Self::Producer, Self::Consumer) {
        blocking::with_recycle(capacity, Emptied)
    }

    fn push(sender: &mut Self::Producer, item: T) {
        let slot = sender.try_send_ref();
        *slot.expect("the channel has room, and its receiver exists") = Some(item);
    }

    fn pop(receiver: &mut Self::Consumer) -> Option<T> {
        receiver.try_recv_ref().ok()?.take()
    }
}

/// Recycles thingbuf's slots by emptying them.
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
