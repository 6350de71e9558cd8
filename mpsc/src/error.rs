//! The errors.

use core::error::Error;
use core::fmt;

/// The error of a push into a queue that its consumer has closed. Holds what was to be
/// pushed: a handle, or a [`Chain`](crate::Chain).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Closed<T>(
    /// What was to be pushed.
    pub T,
);

/// The error of adding an item that is in a queue or chain already. Holds the handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AlreadyQueued<H>(
    /// The handle that was to be pushed.
    pub H,
);

/// The error of a push whose item other handles can reach. Holds the handle.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPushError<H> {
    /// The item is in a queue or chain already.
    AlreadyQueued(H),
    /// The consumer has closed the queue.
    Closed(H),
}

impl<H> TryPushError<H> {
    /// Returns the handle that was to be pushed.
    pub fn into_inner(self) -> H {
        match self {
            Self::AlreadyQueued(handle) | Self::Closed(handle) => handle,
        }
    }
}

impl<H> From<AlreadyQueued<H>> for TryPushError<H> {
    fn from(AlreadyQueued(handle): AlreadyQueued<H>) -> Self {
        Self::AlreadyQueued(handle)
    }
}

impl<H> From<Closed<H>> for TryPushError<H> {
    fn from(Closed(handle): Closed<H>) -> Self {
        Self::Closed(handle)
    }
}

/// The error of making a consumer while another one exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerTaken;

/// The error of [`Sender::send`](crate::channel::Sender::send): the receiver is gone. Holds
/// what was to be sent.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(
    /// What was to be sent.
    pub T,
);

/// The error of [`Sender::try_send`](crate::channel::Sender::try_send). Holds the handle.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<H> {
    /// The item is in a queue or chain already.
    AlreadyQueued(H),
    /// The receiver is gone.
    Disconnected(H),
}

#[cfg(feature = "alloc")]
impl<H> TrySendError<H> {
    /// Returns the handle that was to be sent.
    pub fn into_inner(self) -> H {
        match self {
            Self::AlreadyQueued(handle) | Self::Disconnected(handle) => handle,
        }
    }
}

/// The error of a receive that waits: the queue is closed and empty, or the senders are
/// gone and everything that they sent has been received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// The error of a receive that does not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// The queue is empty now.
    Empty,
    /// As for [`RecvError`]: nothing will come any more.
    Disconnected,
}

/// The error of a receive that waits for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// The time passed before an item came.
    Timeout,
    /// As for [`RecvError`]: nothing will come any more.
    Disconnected,
}

impl From<RecvError> for TryRecvError {
    fn from(RecvError: RecvError) -> Self {
        Self::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(RecvError: RecvError) -> Self {
        Self::Disconnected
    }
}

#[cfg(feature = "alloc")]
impl<H> From<SendError<H>> for TrySendError<H> {
    fn from(SendError(handle): SendError<H>) -> Self {
        Self::Disconnected(handle)
    }
}

#[cfg(feature = "alloc")]
impl<T> From<Closed<T>> for SendError<T> {
    fn from(Closed(refused): Closed<T>) -> Self {
        Self(refused)
    }
}

#[cfg(feature = "alloc")]
impl<H> From<TryPushError<H>> for TrySendError<H> {
    fn from(error: TryPushError<H>) -> Self {
        match error {
            TryPushError::AlreadyQueued(handle) => Self::AlreadyQueued(handle),
            TryPushError::Closed(handle) => Self::Disconnected(handle),
        }
    }
}

/// Implements the traits of an error which does not show the handle that it holds.
macro_rules! impl_error {
    ($([$($generic:ident)?])? $error:ident: $($pattern:pat => $name:literal, $text:literal;)+) => {
        impl $(<$($generic)?>)? fmt::Debug for $error $(<$($generic)?>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($pattern => f.write_str($name),)+
                }
            }
        }

        impl_error!(@display $([$($generic)?])? $error: $($pattern => $text;)+);
    };
    (@display $([$($generic:ident)?])? $error:ident: $($pattern:pat => $text:literal;)+) => {
        impl $(<$($generic)?>)? fmt::Display for $error $(<$($generic)?>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($pattern => f.write_str($text),)+
                }
            }
        }

        impl $(<$($generic)?>)? Error for $error $(<$($generic)?>)? {}
    };
}

impl_error!([T] Closed:
    Self(_) => "Closed(..)", "the queue is closed";
);
impl_error!([H] AlreadyQueued:
    Self(_) => "AlreadyQueued(..)", "the item is already queued";
);
impl_error!([H] TryPushError:
    Self::AlreadyQueued(_) => "AlreadyQueued(..)", "the item is already queued";
    Self::Closed(_) => "Closed(..)", "the queue is closed";
);
impl_error!(@display ConsumerTaken:
    Self => "the queue already has a consumer";
);
#[cfg(feature = "alloc")]
impl_error!([T] SendError:
    Self(_) => "SendError(..)", "sending on a closed channel";
);
#[cfg(feature = "alloc")]
impl_error!([H] TrySendError:
    Self::AlreadyQueued(_) => "AlreadyQueued(..)", "the item is already queued";
    Self::Disconnected(_) => "Disconnected(..)", "sending on a closed channel";
);
impl_error!(@display RecvError:
    Self => "receiving on a closed channel";
);
impl_error!(@display TryRecvError:
    Self::Empty => "receiving on an empty channel";
    Self::Disconnected => "receiving on a closed channel";
);
impl_error!(@display RecvTimeoutError:
    Self::Timeout => "timed out waiting on channel";
    Self::Disconnected => "receiving on a closed channel";
);
