//! The scenarios.

mod passing;

/// Declares the scenarios, each of which returns its groups, and collects these.
macro_rules! scenarios {
    ($($(#[$attribute:meta])* $visibility:vis mod $scenario:ident;)*) => {
        $($(#[$attribute])* $visibility mod $scenario;)*

        /// Returns all groups, without the contestants left out.
        #[must_use]
        pub fn groups(left_out: &[String]) -> Vec<Group> {
            let mut groups = Vec::new();
            $($(#[$attribute])* groups.extend($scenario::groups(left_out));)*
            groups
        }
    };
}

scenarios! {
    mod one_thread;
    mod producers;
    mod burst;
    mod wake;
    pub(crate) mod oneshots;
    #[cfg(target_os = "linux")] mod channels;
    #[cfg(target_os = "linux")] mod awake;
    #[cfg(target_os = "linux")] mod resume;
}

pub(crate) use producers::{Producers, Side, WORK_ALONE, WORK_ITSELF};

use crate::scenario::Group;
