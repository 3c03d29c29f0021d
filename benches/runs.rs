//! Guards the runs per second and core of `staticweb-pod-deletion`, and that a second core nearly doubles them.

#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

mod sweeps;

use criterion::Criterion;
use sweeps::{Sweep, median};
use wavetank::isolate::Isolation;

/// Our goals, in runs per second and core.
const GOALS: [(Isolation, f64); 2] = [(Isolation::Thread, 1000.0), (Isolation::Fork, 600.0)];

/// Our goal: how much faster two jobs are than one.
const SPEED_UP: f64 = 1.7;

fn main() {
    let scenario = sweeps::scenario("staticweb-pod-deletion");
    let work = |seed: &u64| sweeps::work(&scenario, *seed);
    let mut sweeps = GOALS.map(|(isolation, goal)| (Sweep::open(isolation, 1, &work), goal));
    let [mut one, mut two] = [1, 2].map(|jobs| Sweep::open(Isolation::Thread, jobs, &work));
    let mut criterion = Criterion::default().configure_from_args();
    for (sweep, goal) in &mut sweeps {
        sweep.bench(&mut criterion, "runs", *goal);
    }
    let mut ratios = Vec::new();
    criterion.bench_function("runs/two at once against one", |b| {
        b.iter_custom(|n| {
            let pair = |_| {
                let (alone, together) = (one.time(1), two.time(1));
                ratios.push(alone.as_secs_f64() / together.as_secs_f64());
                together
            };
            (0..n).map(pair).sum()
        });
    });
    if !ratios.is_empty() {
        println!("runs: two at once are {:.2} times as fast as one; goal {SPEED_UP}", median(&ratios));
    }
    criterion.final_summary();
}
