//! The types by which a user names the form of a queue.

use core::convert::Infallible;
use core::fmt;

use super::back_linked::Backward;
use super::forward::Forward;
use super::gap_free::Treiber;
use super::line::CacheLine;
use super::raw::{RawBatched, RawForm};
use super::stall::Stall;
#[cfg(feature = "alloc")]
use crate::gate::EndMark;
use crate::gate::{Gate, NoGate};
use crate::length::{Counters, Length, NoLength};
use crate::sealed::Internal;

/// The form of a [`Queue`](crate::Queue): [`ForwardLinked`], [`BackLinked`] or [`GapFree`],
/// or one of these in [`Counted`]. Sealed.
///
/// The form decides what a push and a pop cost, and what becomes of them while a producer stands
/// still. The [table of the crate](crate#which-form) says which one to take.
pub trait Form: Copy + Default + fmt::Debug + Send + Sync + 'static {
    /// What [`Pop::Stalled`](crate::Pop::Stalled) holds. Uninhabited if the queue is never
    /// stalled.
    type Stall: Copy + Eq + fmt::Debug + Send + Sync + 'static;

    #[doc(hidden)]
    type Raw: RawForm<Stall = Self::Stall>;
    #[doc(hidden)]
    type Length: Length;
    #[doc(hidden)]
    type Gate: Gate;

    /// Keeps other crates from implementing this trait.
    #[doc(hidden)]
    fn seal(self, _: Internal);
}

/// Each push exchanges the word that the producers share, and then writes the link of the
/// push before it.
///
/// The least latency per item, and the form of a [`Queue`](crate::Queue) unless another one
/// is named. A contended push is slow, because it writes to a cache line of another core.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForwardLinked;

/// Each push exchanges the word that the producers share, and then writes its own link. The
/// consumer takes everything by one exchange.
///
/// For several producers at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct BackLinked;

/// Each push writes its own link and then publishes it by a compare-exchange, which it
/// repeats if another push came first. The consumer takes everything by one exchange.
///
/// A push is lock-free instead of wait-free. A pop is never stalled: this form is for
/// consumers that may pre-empt a producer, and for exact closing.
#[derive(Clone, Copy, Debug, Default)]
pub struct GapFree;

/// One of the three forms without padding, for programs with thousands of queues.
///
/// Otherwise the producers' end and the consumer's end are each on cache lines of their own
/// (of 128 bytes on most 64-bit machines), so that a push and a pop that overlap do not take the
/// line from each other. Where they do not overlap, a compact queue is as fast; where they do, it is
/// slower: see [`docs::performance`](crate::docs::performance#memory).
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact<F>(
    /// The form of the queue.
    pub F,
);

/// A form whose queue [counts its items](crate::Queue::len). Costs each push a second
/// read-modify-write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted<F = ForwardLinked>(
    /// The form of the queue.
    pub F,
);

/// The form of a queue that has an end mark: the queue of a channel.
#[cfg(feature = "alloc")]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending<F>(pub(crate) F);

/// A form whose consumer takes everything at once and hands it out one by one: all but
/// [`ForwardLinked`]. Sealed.
///
/// Such a consumer can [push quietly](crate::Consumer::push_quiet) to its own end.
pub trait Batched: Form<Raw: RawBatched> {}

impl Batched for BackLinked {}
impl Batched for GapFree {}
impl Batched for Compact<BackLinked> {}
impl Batched for Compact<GapFree> {}
impl<F: Batched> Batched for Counted<F> {}
#[cfg(feature = "alloc")]
impl<F: Batched> Batched for Ending<F> {}

/// What the ends of a queue of this form are aligned to.
pub(crate) type LineOf<F> = <<F as Form>::Raw as RawForm>::Line;

macro_rules! impl_form {
    ($([$($inner:ident)?] $form:ty: $stall:ty, $raw:ty, $length:ty, $gate:ty;)+) => {$(
        impl$(<$inner: Form>)? Form for $form {
            type Stall = $stall;
            type Raw = $raw;
            type Length = $length;
            type Gate = $gate;

            fn seal(self, _: Internal) {}
        }
    )+};
}

impl_form! {
    [] ForwardLinked: Stall, Forward<CacheLine>, NoLength, NoGate;
    [] BackLinked: Stall, Backward<CacheLine>, NoLength, NoGate;
    [] GapFree: Infallible, Treiber<CacheLine>, NoLength, NoGate;
    [] Compact<ForwardLinked>: Stall, Forward<()>, NoLength, NoGate;
    [] Compact<BackLinked>: Stall, Backward<()>, NoLength, NoGate;
    [] Compact<GapFree>: Infallible, Treiber<()>, NoLength, NoGate;
    [F] Counted<F>: F::Stall, F::Raw, Counters<LineOf<F>>, F::Gate;
}

#[cfg(feature = "alloc")]
impl_form! {
    [F] Ending<F>: F::Stall, F::Raw, F::Length, EndMark;
}
