//! Guards the runs per second and core of `operator-under-fire`: a real kube-rs operator with faults.

mod sweeps;

use criterion::Criterion;
use sweeps::Sweep;
use wavetank::isolate::Isolation;

/// Our goals, in runs per second and core.
const GOALS: [(Isolation, f64); 2] = [(Isolation::Thread, 300.0), (Isolation::Fork, 200.0)];

fn main() {
    let scenario = sweeps::scenario("operator-under-fire");
    let work = |seed: &u64| sweeps::work(&scenario, *seed);
    let mut sweeps = GOALS.map(|(isolation, goal)| (Sweep::open(isolation, 1, &work), goal));
    let mut criterion = Criterion::default().configure_from_args();
    for (sweep, goal) in &mut sweeps {
        sweep.bench(&mut criterion, "operator", *goal);
    }
    criterion.final_summary();
}
