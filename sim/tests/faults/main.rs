//! Whole runs that show that a fault bites, and what it leaves alone.

mod eviction;
mod jobs;

use std::sync::Arc;

use wavetank_sim::explore::{Prepared, Run, run};
use wavetank_sim::object::{Object, Value};
use wavetank_sim::scenario::{Action, Converge, Plan, Scenario, Step};
use wavetank_sim::value;
use wavetank_sim::wire::What;

/// A scenario that applies these objects before t = 0.
pub(crate) fn scenario(objects: Vec<Value>) -> Scenario {
    let mut scenario = Scenario::new("test");
    scenario.converge = Converge { within_ms: 20 * 60_000, settle_ms: 60_000, ignore: Vec::new() };
    scenario.setup = vec![Step::new(Action::Apply(objects.into_iter().map(Object::shared).collect()))];
    scenario
}

/// One run with this plan. It must be held.
pub(crate) fn held(scenario: Scenario, seed: u64, plan: &str) -> Run {
    let plan: Plan = plan.parse().expect("the plan of a test is one");
    let prepared = Prepared::new(scenario, &[]).expect("the scenario of a test is one");
    let run = run(&prepared, seed, &plan).unwrap_or_else(|no_run| panic!("seed {seed}: {}", no_run.why));
    assert!(run.violation.is_none(), "seed {seed}: {:?}", run.violation);
    run
}

/// The codes of the answers to requests for a subresource.
pub(crate) fn codes(run: &Run, wanted: &str) -> Vec<u16> {
    let of = |what: &What| match what {
        What::Request { subresource, code, .. } if subresource == wanted => Some(*code),
        _ => None,
    };
    run.history.record.entries().iter().filter_map(|entry| of(&entry.what)).collect()
}

/// Every state of every object of a kind, in order.
pub(crate) fn states<'r>(run: &'r Run, kind: &'r str) -> impl Iterator<Item = &'r Arc<Object>> {
    run.history.record.entries().iter().filter_map(move |entry| match &entry.what {
        What::Commit(commit) => commit.new.as_ref().filter(|object| object.kind() == kind),
        _ => None,
    })
}

/// The spec of pods of one container that runs until it is stopped.
pub(crate) fn pod_spec(image: &str) -> Value {
    value!({"terminationGracePeriodSeconds": 2, "containers": [{"name": "main", "image": image}]})
}
