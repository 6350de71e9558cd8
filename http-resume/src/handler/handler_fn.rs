//! Handler functions, with their types and erased.

use std::any::TypeId;
use std::convert::Infallible;
use std::marker::PhantomData;

use super::outcome::Outcome;
use super::request::Request;
use super::response::{Call, Response};
use crate::resume::Returned;

/// Creates a handler from a function that never suspends.
pub fn sync_handler<F>(
    handler: F,
) -> impl for<'r> Fn(&Request<'_>, Response<'r>, Option<Infallible>) -> Outcome<'r>
where
    F: for<'r> Fn(&Request<'_>, Response<'r>) -> Outcome<'r>,
{
    move |request, response, _| handler(request, response)
}

/// A handler whose type of work is erased.
pub(crate) trait ErasedHandler: Send + Sync {
    /// Calls the handler: for the first time, or with a returned request.
    fn call<'r>(
        &self,
        request: &Request<'_>,
        call: &'r Call<'r>,
        returned: Option<Returned>,
    ) -> Outcome<'r>;

    /// Returns whether the handler can suspend a request.
    fn can_suspend(&self) -> bool;
}

/// Erases the type of a handler's work.
pub(super) fn erase<W, F>(handler: F) -> Box<dyn ErasedHandler>
where
    W: 'static,
    F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
    F: Send + Sync + 'static,
{
    Box::new(HandlerFn {
        handler,
        work: PhantomData,
    })
}

struct HandlerFn<W, F> {
    handler: F,
    work: PhantomData<fn(W) -> W>,
}

impl<W, F> ErasedHandler for HandlerFn<W, F>
where
    W: 'static,
    F: for<'r> Fn(&Request<'_>, Response<'r, W>, Option<W>) -> Outcome<'r>,
    F: Send + Sync,
{
    fn call<'r>(
        &self,
        request: &Request<'_>,
        call: &'r Call<'r>,
        returned: Option<Returned>,
    ) -> Outcome<'r> {
        let work = returned.map(|returned| {
            let opened = returned.open::<W>();
            let (work, vacant) =
                opened.expect("a request returns to the handler that suspended it");
            call.spare.set(Some(vacant));
            work
        });
        (self.handler)(request, Response::new(call), work)
    }

    fn can_suspend(&self) -> bool {
        // No value of type `Infallible` exists to call `mark_async` with.
        TypeId::of::<W>() != TypeId::of::<Infallible>()
    }
}
