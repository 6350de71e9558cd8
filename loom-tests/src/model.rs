//! A model: what it shows, how far loom explores it, and how far at least.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::panic::Location;
use std::path::Path;
use std::sync::Arc;
// Not loom's: the counter must outlive each execution.
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::model::Builder;

/// A model of `cargo loom`, described once: `MODELS.md` is written from these
/// descriptions when the models run.
#[derive(Debug)]
#[must_use = "a model runs only when it is checked"]
pub struct Model {
    property: &'static str,
    threads: &'static str,
    /// Most preemptions in one execution; `None` is no bound.
    bound: Option<usize>,
    /// The bound of `cargo loom-full`.
    full_bound: Option<usize>,
    at_least: usize,
}

impl Model {
    /// Describes a model that shows `property`, without a bound on preemptions.
    pub const fn new(property: &'static str) -> Self {
        Self {
            property,
            threads: "",
            bound: None,
            full_bound: None,
            at_least: 0,
        }
    }

    /// Describes the threads. `2 x 1, consumer` is two producers of one item
    /// each, and a consumer.
    pub const fn threads(mut self, threads: &'static str) -> Self {
        self.threads = threads;
        self
    }

    /// Limits the preemptions in one execution to `bound`, except in the full
    /// set (`cargo loom-full`), which has no bound. A switch from a thread that
    /// cannot continue is no preemption.
    pub fn bound(mut self, bound: impl Into<Option<usize>>) -> Self {
        self.bound = bound.into();
        self
    }

    /// Limits the preemptions in one execution of the full set to `bound`.
    pub fn full_bound(mut self, bound: impl Into<Option<usize>>) -> Self {
        self.full_bound = bound.into();
        self
    }

    /// States the least number of executions that loom must explore. Loom can
    /// skip schedules silently, so each model states about half of the number that it prints
    /// today: that allows for harmless changes of the code.
    pub const fn at_least(mut self, executions: usize) -> Self {
        self.at_least = executions;
        self
    }

    /// Explores the executions of `model`.
    ///
    /// # Panics
    ///
    /// Panics if the model fails, or if loom explored fewer executions than
    /// [`at_least`](Self::at_least) states and the environment does not restrict
    /// the exploration.
    #[track_caller]
    pub fn check(self, model: impl Fn() + Send + Sync + 'static) {
        assert!(self.at_least > 0, "a model states its least executions");
        let is_full = env::var_os("LOOM_SET").is_some_and(|set| set == "full");
        let stated = if is_full { self.full_bound } else { self.bound };
        let mut builder = Builder::new(); // with the limits of the environment
        let is_restricted = builder
            .preemption_bound
            .is_some_and(|bound| stated.is_none_or(|stated| bound < stated))
            || builder.max_permutations.is_some()
            || builder.max_duration.is_some()
            || builder.checkpoint_file.is_some();
        builder.preemption_bound = [builder.preemption_bound, stated]
            .into_iter()
            .flatten()
            .min();

        let executions = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&executions);
        builder.check(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            model();
        });
        let executions = executions.load(Ordering::Relaxed);
        self.report(Location::caller(), executions, builder.preemption_bound);
        // The audit breaks the code on purpose, and counts failed assertions only.
        let has_floor = !is_restricted && env::var_os("LOOM_NO_FLOOR").is_none();
        assert!(
            !has_floor || executions >= self.at_least,
            "loom explored {executions} executions; the model states at least {}",
            self.at_least
        );
    }

    /// Prints the number of executions, and records the model for `MODELS.md` if
    /// the variable `LOOM_RECORD` names a file.
    fn report(&self, place: &Location<'_>, executions: usize, bound: Option<usize>) {
        let file = Path::new(place.file()).file_stem().unwrap_or_default();
        let file = file.to_string_lossy();
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("main");
        let text = |bound: Option<usize>| bound.map_or("none".to_owned(), |n| n.to_string());
        // Not by `eprintln`, which the test harness captures.
        let line = format!(
            "{file}::{name}: {executions} executions, preemption bound: {}\n",
            text(bound)
        );
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("stderr is writable");

        let Some(record) = env::var_os("LOOM_RECORD") else {
            return;
        };
        let line = [
            &*file,
            &place.line().to_string(),
            name,
            self.property,
            self.threads,
            &text(bound),
            &text(self.full_bound),
            &self.at_least.to_string(),
        ]
        .join("\t");
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(record)
            .and_then(|mut file| file.write_all((line + "\n").as_bytes()))
            .expect("the record is writable");
    }
}
