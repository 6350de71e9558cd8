//! Criterion's reports of our samples.

use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::rounds::Outcome;

/// Writes criterion's reports into `folder`.
///
/// Criterion cannot interleave contestants, so it does not measure. Its timing loop
/// receives our samples, repeatedly and in order.
pub(super) fn replay(outcomes: &[Outcome], folder: &Path) {
    let mut criterion = Criterion::default()
        .output_directory(folder)
        .sample_size(10)
        .nresamples(1001)
        .warm_up_time(Duration::from_micros(1))
        .measurement_time(Duration::from_millis(1));
    for outcome in outcomes {
        let name = outcome.group.to_string();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        for row in outcome.measured() {
            let mut samples = row.nanos.iter().cycle();
            group.bench_function(BenchmarkId::from_parameter(row.name), |bencher| {
                bencher.iter_custom(|times| {
                    let nanos = samples.next().expect("each row has a sample");
                    Duration::from_nanos((nanos * times as f64) as u64)
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
