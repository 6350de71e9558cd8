//! Runs a test under many schedules, each with its own seed.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;
use std::panic::{catch_unwind, resume_unwind};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

/// Runs `test` under random schedules. Every other schedule has few preemptions (PCT:
/// Burckhardt et al., A randomized scheduler with probabilistic guarantees of finding
/// bugs, ASPLOS 2010, section 3), which finds bugs that need a thread to stop for long.
pub(crate) fn schedules(test: fn()) {
    let seeds = match env::var("SCHEDULE_SEED") {
        Ok(seed) => {
            let seed = seed.parse().expect("SCHEDULE_SEED is a number");
            seed..seed + 1
        }
        Err(_) => {
            let count =
                env::var("SCHEDULES").map_or(300, |n| n.parse().expect("SCHEDULES is a number"));
            let first = RandomState::new().hash_one("schedules") >> 1;
            first..first + count
        }
    };
    for seed in seeds {
        if let Err(panic) = catch_unwind(|| run(seed, test)) {
            eprintln!("to repeat: SCHEDULE_SEED={seed} cargo schedules -- <this test>");
            resume_unwind(panic);
        }
    }
}

fn run(seed: u64, test: fn()) {
    let scheduler: Box<dyn Scheduler + Send> = if seed.is_multiple_of(2) {
        Box::new(RandomScheduler::new_from_seed(seed, 1))
    } else {
        // The first of two executions only measures the length.
        Box::new(PctScheduler::new_from_seed(seed, 3, 2))
    };
    let mut config = Config::new();
    config.stack_size = 1 << 18;
    config.max_steps = MaxSteps::FailAfter(10_000_000);
    config.failure_persistence = FailurePersistence::None; // the seed suffices
    Runner::new(scheduler, config).run(test);
}
