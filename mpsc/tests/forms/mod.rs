//! The macro that runs a generic test on each form.

/// Instantiates generic tests, `fn test<F: Form>()`, in a module per form.
macro_rules! test_each_form {
    ($($test:ident)+) => {
        test_each_form!(@module forward_linked: ForwardLinked, [$($test)+]);
        test_each_form!(@module back_linked: BackLinked, [$($test)+]);
        test_each_form!(@module gap_free: GapFree, [$($test)+]);
    };
    (@module $module:ident: $form:ident, [$($test:ident)+]) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    super::$test::<mpsc_queue::$form>();
                }
            )+
        }
    };
}
