//! A channel with a queue for each sender.
//!
//! The sends of a [channel](super) contend for one cache line, as one total order requires. Here
//! each [`Sender`] has a queue of its own, a *shard*, so its sends contend with nothing, however
//! many senders there are. In return, the order is that of each sender only, as `std::sync::mpsc`
//! promises; the receiver takes turns among the senders.
//!
//! A sender costs an allocation when it is created: the shard, 512 bytes on 64-bit machines with
//! cache lines of 128 bytes, and 72 if the form is [`Compact`](crate::Compact). A receiver that is about to sleep visits each shard that has sent
//! something since it last slept. The first send to a shard after that costs a second push, by
//! which the receiver learns of it.
//!
//! [Disconnection](super#disconnection) is that of a channel. In every form, a send that overlaps the
//! close may return `Ok` although its item is dropped.
//!
//! # Examples
//!
//! ```
//! use mpsc_queue::channel::sharded;
//! use mpsc_queue::{Link, linked};
//!
//! struct Job {
//!     link: Link,
//!     number: u32,
//! }
//! linked!(Job => link: Link);
//!
//! # #[cfg(feature = "std")] {
//! let (sender, mut receiver) = sharded::sharded::<Box<Job>>();
//! for number in 0..3 {
//!     let sender = sender.clone(); // with a shard of its own
//!     std::thread::spawn(move || {
//!         let job = Box::new(Job { link: Link::new(), number });
//!         sender.send(job).expect("the receiver is waiting");
//!     });
//! }
//! drop(sender);
//! assert_eq!(receiver.iter().map(|job| job.number).sum::<u32>(), 3);
//! # }
//! ```

mod receiver;
mod sender;
mod shard;
#[cfg(test)]
mod tests;

#[cfg(feature = "std")]
pub use receiver::{IntoIter, Iter};
pub use receiver::{Receiver, TryIter};
pub use sender::Sender;

use crate::form::{Form, ForwardLinked, GapFree};
use crate::item::Handle;

/// Creates a sharded channel. Each shard is [forward-linked](ForwardLinked), because it has one
/// producer.
///
/// See the [module](self) for an example.
#[must_use]
pub fn sharded<H: Handle>() -> (Sender<H>, Receiver<H>) {
    with_form(ForwardLinked)
}

/// Creates a sharded channel whose shards have this form. In a [`GapFree`] one, tasks can receive.
#[must_use]
pub fn with_form<H: Handle, F: Form>(_form: F) -> (Sender<H, F>, Receiver<H, F>) {
    let (ready, shards) = super::with_form(GapFree);
    (Sender::new(ready), Receiver::new(shards))
}
