//! The errors, compared with those of `std::sync::mpsc`.

use std::error::Error;
use std::sync::mpsc;

use mpsc_queue::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use crate::item;

#[test]
fn errors_read_like_those_of_std() {
    let same: [(&dyn Error, &dyn Error); 5] = [
        (&SendError(1), &mpsc::SendError(1)),
        (&RecvError, &mpsc::RecvError),
        (&TryRecvError::Empty, &mpsc::TryRecvError::Empty),
        (
            &TryRecvError::Disconnected,
            &mpsc::TryRecvError::Disconnected,
        ),
        (&RecvTimeoutError::Timeout, &mpsc::RecvTimeoutError::Timeout),
    ];
    for (ours, theirs) in same {
        assert_eq!(ours.to_string(), theirs.to_string());
        assert!(ours.source().is_none());
    }
    // Where std has "channel is empty and sending half is closed".
    let message = "receiving on a closed channel";
    assert_eq!(RecvTimeoutError::Disconnected.to_string(), message);
    let message = "sending on a closed channel";
    assert_eq!(TrySendError::Disconnected(1).to_string(), message);
    let message = "the item is already queued";
    assert_eq!(TrySendError::AlreadyQueued(1).to_string(), message);
}

/// No error requires `Debug` of a handle.
#[test]
fn errors_that_hold_item_have_debug() {
    assert_eq!(format!("{:?}", SendError(item(1))), "SendError(..)");
    let errors = [
        TrySendError::Disconnected(item(1)),
        TrySendError::AlreadyQueued(item(1)),
    ];
    assert_eq!(
        format!("{errors:?}"),
        "[Disconnected(..), AlreadyQueued(..)]"
    );
    let numbers = errors.map(|error| error.into_inner().number);
    assert_eq!(numbers, [1, 1]);
}

#[test]
fn errors_without_item_have_debug_of_std() {
    let debug = |error: &dyn std::fmt::Debug| format!("{error:?}");
    assert_eq!(debug(&RecvError), debug(&mpsc::RecvError));
    assert_eq!(
        debug(&TryRecvError::Empty),
        debug(&mpsc::TryRecvError::Empty)
    );
    assert_eq!(
        debug(&RecvTimeoutError::Disconnected),
        debug(&mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn errors_convert_like_those_of_std() {
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Disconnected);
    let error = RecvTimeoutError::from(RecvError);
    assert_eq!(error, RecvTimeoutError::Disconnected);
    let error = TrySendError::from(SendError(1));
    assert_eq!(error, TrySendError::Disconnected(1));
}

/// An error can be copied and compared if the handle can.
#[test]
fn errors_can_be_copied_and_compared() {
    fn check<E: Copy + Eq + std::fmt::Debug>(error: E, other: E) {
        let copy = error;
        assert_eq!(copy, error);
        assert_ne!(copy, other);
    }
    check(SendError(1), SendError(2));
    check(TrySendError::Disconnected(1), TrySendError::Disconnected(2));
    check(TryRecvError::Empty, TryRecvError::Disconnected);
    check(RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
}
