//! The iterators of a receiver.

/// Defines the iterators over what a type of receivers receives, whose form is `$form` by default.
macro_rules! iterators {
    ($receiver:ident, $form:ty) => {
        /// An iterator that waits for items. Made by [`Receiver::iter`].
        #[cfg(feature = "std")]
        #[must_use = "iterators are lazy and receive nothing unless consumed"]
        pub struct Iter<'a, H: Handle, F: Form = $form> {
            receiver: &'a mut $receiver<H, F>,
        }

        /// An iterator over the items that are in a channel. Made by [`Receiver::try_iter`].
        #[must_use = "iterators are lazy and receive nothing unless consumed"]
        pub struct TryIter<'a, H: Handle, F: Form = $form> {
            receiver: &'a mut $receiver<H, F>,
        }

        /// An iterator that waits for items and owns the receiver.
        #[cfg(feature = "std")]
        #[must_use = "iterators are lazy and receive nothing unless consumed"]
        pub struct IntoIter<H: Handle, F: Form = $form> {
            receiver: $receiver<H, F>,
        }

        impl<H: Handle, F: Form> $receiver<H, F> {
            /// Returns an iterator over the items that are in the channel, which ends when the
            /// channel is empty. Waits like [`try_recv`](Self::try_recv).
            pub fn try_iter(&mut self) -> TryIter<'_, H, F> {
                TryIter { receiver: self }
            }

            /// Returns an iterator that receives, and sleeps while the channel is empty. It ends
            /// when the senders are gone, or this receiver has closed the channel.
            #[cfg(feature = "std")]
            pub fn iter(&mut self) -> Iter<'_, H, F> {
                Iter { receiver: self }
            }
        }

        #[cfg(feature = "std")]
        iterators!(@impl Iter<'a>, recv);
        iterators!(@impl TryIter<'a>, try_recv);
        #[cfg(feature = "std")]
        iterators!(@impl IntoIter, recv);

        #[cfg(feature = "std")]
        impl<H: Handle, F: Form> core::iter::FusedIterator for Iter<'_, H, F> {}
        #[cfg(feature = "std")]
        impl<H: Handle, F: Form> core::iter::FusedIterator for IntoIter<H, F> {}

        #[cfg(feature = "std")]
        impl<H: Handle, F: Form> IntoIterator for $receiver<H, F> {
            type Item = H;
            type IntoIter = IntoIter<H, F>;

            fn into_iter(self) -> IntoIter<H, F> {
                IntoIter { receiver: self }
            }
        }

        #[cfg(feature = "std")]
        impl<'a, H: Handle, F: Form> IntoIterator for &'a mut $receiver<H, F> {
            type Item = H;
            type IntoIter = Iter<'a, H, F>;

            fn into_iter(self) -> Iter<'a, H, F> {
                self.iter()
            }
        }
    };
    (@impl $name:ident $(<$life:lifetime>)?, $receive:ident) => {
        impl<$($life,)? H: Handle, F: Form> Iterator for $name<$($life,)? H, F> {
            type Item = H;

            fn next(&mut self) -> Option<H> {
                self.receiver.$receive().ok()
            }
        }

        impl<$($life,)? H: Handle, F: Form> fmt::Debug for $name<$($life,)? H, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
pub(super) use iterators;
