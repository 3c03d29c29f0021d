//! Sweeps for the benches of whole runs: runs a scenario under one isolation and times batches of seeds.
//!
//! A job is the same as on the command line: it draws a plan from the seed, runs it, and returns verdict and fingerprint.

#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use wavetank::isolate::{Isolation, Outcome, Pool, Session};
use wavetank::sim::explore::{Prepared, draw_plan, run};

/// As in the binary.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs per batch. Our choice: a batch of the fastest scenario takes some ten milliseconds.
const BATCH: u64 = 20;

/// The verdict and the fingerprint, or why there was no run.
type Ran = Result<(bool, String), String>;

/// The scenario of the shipped file with this name.
pub(crate) fn scenario(name: &str) -> Prepared {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name).with_extension("yaml");
    wavetank::shipped().load(&file).expect("the shipped scenarios are valid")
}

/// One run.
pub(crate) fn work(scenario: &Prepared, seed: u64) -> Ran {
    let plan = draw_plan(scenario.scenario(), seed);
    let ran = run(scenario, seed, &plan).map_err(|no_run| no_run.why)?;
    Ok((ran.violation.is_none(), ran.fingerprint.to_string()))
}

/// A sweep that goes on from batch to batch.
pub(crate) struct Sweep<'w> {
    name: String,
    session: Session<'w, u64, Ran>,
    next: u64,
    /// Wall time of each batch, in seconds.
    batches: Vec<f64>,
}

impl<'w> Sweep<'w> {
    /// Opens a session. Open all sessions before you measure: a zygote executes all code before its session again.
    pub(crate) fn open(isolation: Isolation, jobs: usize, work: &'w (dyn Fn(&u64) -> Ran + Sync)) -> Self {
        let name = format!("{isolation:?}, {jobs} at once").to_lowercase();
        let session = Pool::new(isolation, jobs).open(Some(&0), work).expect("a session opens");
        Self { name, session, next: 0, batches: Vec::new() }
    }

    /// The wall time of this number of batches. Every run must hold.
    pub(crate) fn time(&mut self, batches: u64) -> Duration {
        (0..batches).map(|_| self.batch()).sum()
    }

    fn batch(&mut self) -> Duration {
        let seeds: Vec<u64> = (self.next..self.next + BATCH).collect();
        self.next += BATCH;
        let started = Instant::now();
        self.session.run(&seeds, &mut |seed, outcome| {
            assert!(
                matches!(&outcome, Outcome::Done(Ok((true, _)))),
                "the {seed}th of {seeds:?}: {outcome:?}"
            );
            ControlFlow::Continue(())
        });
        let took = started.elapsed();
        self.batches.push(took.as_secs_f64());
        took
    }

    /// Measures this sweep alone, and prints the result and the goal.
    pub(crate) fn bench(&mut self, criterion: &mut Criterion, bench: &str, goal_per_s: f64) {
        let mut group = criterion.benchmark_group(bench);
        group.throughput(Throughput::Elements(BATCH)).sample_size(30);
        group.bench_function(BenchmarkId::from_parameter(&self.name), |b| b.iter_custom(|n| self.time(n)));
        group.finish();
        if !self.batches.is_empty() {
            let rate = |s: f64| BATCH as f64 / s;
            let (median, fastest) = (rate(median(&self.batches)), rate(percentile(&self.batches, 0)));
            let name = &self.name;
            println!(
                "{bench}, {name}: {median:.0} runs/s (fastest batch {fastest:.0}); goal {goal_per_s:.0}"
            );
        }
    }
}

/// The middle of these figures.
pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 50)
}

fn percentile(figures: &[f64], percent: usize) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * percent / 100]
}
