//! A channel: senders that can be cloned, and a receiver.
//!
//! A channel carries handles of items that embed a link, like the queue underneath: it
//! allocates once, when it is created. Its two ends have the methods of those of
//! `std::sync::mpsc`.
//!
//! For small values that are copied, take `std::sync::mpsc`, crossbeam-channel or kanal: the
//! [README](crate#other-crates) has figures.
//!
//! # Disconnection
//!
//! - When the last [`Sender`] is dropped, the [`Receiver`] gets everything that was sent, and
//!   then [`RecvError`](crate::RecvError). The last sender pushes a mark that belongs to the
//!   channel, so that the receiver learns of it as it learns of an item, even asleep. What a thread
//!   did before it dropped its sender happens before the receive that returns the error.
//! - When the receiver [closes](Receiver::close) the channel, `send` returns the item in a
//!   [`SendError`](crate::SendError). A send that happens before the close is received, and
//!   one that happens after it is refused. A send that overlaps the close is received, or
//!   refused, or, unless the channel is [`GapFree`], returns `Ok` although
//!   another send drops its item, exactly once.
//! - When the receiver is dropped, it closes the channel and drops what is in it, so that `Ok`
//!   does not promise receipt.
//!
//! # Event loops
//!
//! A loop that sleeps for a channel and for other things (sockets, more channels) is a task to the
//! channel. Before it sleeps, it calls [`poll_pop`](Receiver::poll_pop) of each receiver, with a
//! [`Waker`](core::task::Waker) that ends its sleep. If all are pending, it sleeps, and afterwards
//! calls [`unpark`](Receiver::unpark) of each. `examples/event_loop` does this with `mio`.
//!
//! # Examples
//!
//! ```
//! use mpsc_queue::{Link, channel, linked};
//!
//! struct Job {
//!     link: Link,
//!     number: u32,
//! }
//! linked!(Job => link: Link);
//!
//! # #[cfg(feature = "std")] {
//! let (sender, mut receiver) = channel::<Box<Job>>();
//! for number in 0..3 {
//!     let sender = sender.clone();
//!     std::thread::spawn(move || {
//!         let job = Box::new(Job { link: Link::new(), number });
//!         sender.send(job).expect("the receiver is waiting");
//!     });
//! }
//! drop(sender);
//! assert_eq!(receiver.iter().map(|job| job.number).sum::<u32>(), 3);
//! # }
//! ```

mod iter;
mod receiver;
mod sender;
pub mod sharded;
mod shared;

#[cfg(feature = "std")]
pub use receiver::{IntoIter, Iter};
pub use receiver::{Receiver, TryIter};
pub use sender::Sender;

use crate::form::{Form, GapFree};
use crate::item::Handle;

/// Creates a channel. Its queue is [gap-free](GapFree).
///
/// See the [module](self) for an example.
#[must_use]
pub fn channel<H: Handle>() -> (Sender<H>, Receiver<H>) {
    with_form(GapFree)
}

/// Creates a channel whose queue has this form.
///
/// ```
/// # use mpsc_queue::{Link, linked};
/// use mpsc_queue::{GapFree, TryRecvError, channel};
/// # struct Job { link: Link }
/// # linked!(Job => link: Link);
///
/// let (sender, mut receiver) = channel::with_form::<Box<Job>, _>(GapFree);
/// assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
/// drop(sender);
/// assert!(matches!(receiver.try_recv(), Err(TryRecvError::Disconnected)));
/// ```
#[must_use]
pub fn with_form<H: Handle, F: Form>(form: F) -> (Sender<H, F>, Receiver<H, F>) {
    let shared = shared::Shared::new(form);
    (Sender::new(shared.clone()), Receiver::new(shared))
}
