//! The forms of the queue that each model runs in.

use mpsc_queue::{BackLinked, Form, ForwardLinked, GapFree};

/// A form of the queue, without an end of its producers or a count.
pub trait BareForm: Form {
    /// Returns the value for this form of those for a forward-linked, a back-linked and a
    /// gap-free queue.
    fn select<T: Copy>(each: [T; 3]) -> T;

    /// Returns `true` if a pop of this form can return `Stalled`.
    #[must_use]
    fn can_stall() -> bool {
        Self::select([true, true, false])
    }
}

macro_rules! impl_bare_form {
    ($($form:ty = $index:literal;)+) => {$(
        impl BareForm for $form {
            fn select<T: Copy>(each: [T; 3]) -> T {
                each[$index]
            }
        }
    )+};
}

impl_bare_form! {
    ForwardLinked = 0;
    BackLinked = 1;
    GapFree = 2;
}

/// Makes three tests of each function, one for each form: `fn name<F: BareForm>()` becomes
/// `forward_linked::name`, `back_linked::name` and `gap_free::name`.
#[macro_export]
macro_rules! in_each_form {
    ($($name:ident),+ $(,)?) => {
        $crate::in_each_form!(forward_linked: ForwardLinked, [$($name)+]);
        $crate::in_each_form!(back_linked: BackLinked, [$($name)+]);
        $crate::in_each_form!(gap_free: GapFree, [$($name)+]);
    };
    ($module:ident: $form:ident, [$($name:ident)+]) => {
        mod $module {
            $(
                #[test]
                fn $name() {
                    super::$name::<mpsc_queue::$form>();
                }
            )+
        }
    };
}
