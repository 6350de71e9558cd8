//! Drops items, also those behind one whose `Drop` panics.

/// Drops all items. If the `Drop` of one panics, drops the others during the unwinding.
pub(crate) fn drop_all<I: Iterator>(items: I) {
    struct Rest<I: Iterator>(I);

    impl<I: Iterator> Drop for Rest<I> {
        fn drop(&mut self) {
            self.0.by_ref().for_each(drop);
        }
    }

    let mut rest = Rest(items.fuse());
    rest.0.by_ref().for_each(drop);
}
