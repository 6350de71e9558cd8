//! The result of a call of a handler.
//!
//! The lifetime `'r` of a call is invariant, and a handler must accept any. So an
//! [`Outcome`] cannot leave its call, and a handler obtains one only by responding or by
//! suspending the request.

use std::fmt;
use std::marker::PhantomData;

use crate::resume::{AbandonFlag, Waiting};
use crate::sync::WakerArc;
use crate::wire::ResponseParts;

/// The return value of a handler: it has responded, or suspended the request.
#[must_use = "an outcome must be returned by the handler"]
pub struct Outcome<'r> {
    result: HandlerResult,
    brand: Brand<'r>,
}

/// Makes a type invariant in `'r`.
pub(super) type Brand<'r> = PhantomData<fn(&'r ()) -> &'r ()>;

impl Outcome<'_> {
    pub(super) fn new(result: HandlerResult) -> Self {
        Self {
            result,
            brand: PhantomData,
        }
    }

    pub(crate) fn into_result(self) -> HandlerResult {
        self.result
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            HandlerResult::Responded(response) => f
                .debug_tuple("Responded")
                .field(&response.status())
                .finish(),
            HandlerResult::Suspended(_) => f.write_str("Suspended"),
        }
    }
}

/// An [`Outcome`] that has left its call.
pub(crate) enum HandlerResult {
    Responded(ResponseParts),
    Suspended(AbandonGuard),
}

/// Abandons a suspended request unless the handler returns it: a handler that panics with
/// a receipt, or with the outcome made from it, will not respond.
pub(crate) struct AbandonGuard(Option<AbandonFlag>);

impl AbandonGuard {
    pub(super) fn new(flag: AbandonFlag) -> Self {
        Self(Some(flag))
    }

    /// Lets `waiting` end with the request.
    pub(super) fn set_waiting(&mut self, waiting: WakerArc<dyn Waiting>) {
        if let Some(flag) = &mut self.0 {
            flag.set_waiting(waiting);
        }
    }

    /// Returns the flag without setting it.
    pub(crate) fn defuse(mut self) -> AbandonFlag {
        self.0.take().expect("the flag is present until the drop")
    }
}

impl Drop for AbandonGuard {
    fn drop(&mut self) {
        if let Some(flag) = &self.0 {
            flag.set();
        }
    }
}
