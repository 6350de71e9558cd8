//! Producers that stop in the middle of a push, and receives that time out while a push
//! arrives. Run by `cargo frozen`.

// Without the cfg no test would run, which would look like success.
#[cfg(not(mpsc_fail_point))]
const _: () = assert!(
    option_env!("MPSC_FROZEN").is_none(),
    "built without `--cfg mpsc_fail_point`: is RUSTFLAGS set? It replaces that of `cargo frozen`"
);

#[cfg(mpsc_fail_point)]
#[macro_use]
#[path = "../forms/mod.rs"]
mod forms;

/// Instantiates generic tests in a module per form: some for each form, and some for the forms
/// whose pushes have a gap.
#[cfg(mpsc_fail_point)]
macro_rules! test_forms {
    (each: [$($each:ident)*] with_gap: [$($with_gap:ident)*]) => {
        test_each_form!(@module forward_linked: ForwardLinked, [$($each)* $($with_gap)*]);
        test_each_form!(@module back_linked: BackLinked, [$($each)* $($with_gap)*]);
        test_forms!(@gap_free $($each)*);
    };
    (@gap_free) => {};
    (@gap_free $($each:ident)+) => {
        test_each_form!(@module gap_free: GapFree, [$($each)+]);
    };
}

#[cfg(mpsc_fail_point)]
mod channel;
#[cfg(mpsc_fail_point)]
mod closing;
#[cfg(mpsc_fail_point)]
mod delivery;
#[cfg(mpsc_fail_point)]
mod receives;
#[cfg(mpsc_fail_point)]
mod sharded;
#[cfg(all(mpsc_fail_point, target_os = "linux"))]
mod sleeping;
#[cfg(mpsc_fail_point)]
mod stalled_push;
#[cfg(mpsc_fail_point)]
mod tasks;
#[cfg(mpsc_fail_point)]
mod wakeups;
