//! Whole runs of small scenarios: that a fault bites and heals, what it leaves alone, and that steps are done at their time.

mod eviction;
mod jobs;
mod node_faults;
mod renewals;
mod triggered;

use std::collections::BTreeMap;
use std::sync::Arc;

use wavetank_sim::engine::Time;
use wavetank_sim::explore::{Prepared, Run, run};
use wavetank_sim::object::{Object, Str, Value};
use wavetank_sim::scenario::{Action, Scenario, Step, Target, Wait, WaitFor};
use wavetank_sim::value;
use wavetank_sim::wire::{Commit, Resource, What};

/// A scenario on three nodes that applies these objects before t = 0. Each image takes a second to pull, to start and to
/// become ready.
pub(crate) fn scenario(objects: Vec<Value>) -> Scenario {
    let mut scenario = Scenario::new("test");
    scenario.setup = vec![Step::new(Action::Apply(objects.into_iter().map(Object::shared).collect()))];
    scenario.converge.within_ms = 20 * 60_000;
    scenario.converge.settle_ms = 60_000;
    scenario
}

/// The Deployment `web` with so many pods of the image `web:1`.
pub(crate) fn deployment(replicas: i64) -> Value {
    value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": (pod_spec("web:1"))}
        }
    })
}

/// The scenario of three such pods.
pub(crate) fn web() -> Scenario {
    scenario(vec![deployment(3)])
}

/// The spec of pods of one container that runs until it is stopped.
pub(crate) fn pod_spec(image: &str) -> Value {
    value!({"terminationGracePeriodSeconds": 2, "containers": [{"name": "main", "image": image}]})
}

pub(crate) fn set_image(image: &str) -> Step {
    let target = Target::Named { kind: "deployment".into(), namespace: None, name: "web".into() };
    Step::new(Action::SetImage { target, containers: [("main".into(), image.into())].into() })
}

pub(crate) fn wait(ms: u64) -> Step {
    Step::new(Action::Wait(Wait { until: WaitFor::Time(ms), timeout_ms: 0 }))
}

/// One run with this plan.
pub(crate) fn played(scenario: Scenario, seed: u64, plan: &str) -> Run {
    let prepared = Prepared::new(scenario, &[]).expect("the scenario of a test is one");
    let plan = plan.parse().expect("the plan of a test is one");
    run(&prepared, seed, &plan).unwrap_or_else(|no_run| panic!("seed {seed}: {}", no_run.why))
}

/// One run with this plan, in which everything held.
pub(crate) fn held(scenario: Scenario, seed: u64, plan: &str) -> Run {
    let run = played(scenario, seed, plan);
    assert!(run.violation.is_none(), "seed {seed}, {plan}: {:?}", run.violation);
    run
}

/// What tests ask of a run.
pub(crate) trait RunExt {
    fn commits(&self) -> impl Iterator<Item = (Time, &Arc<Commit>)>;

    /// Every state of every object of a resource, in order.
    fn states(&self, resource: Resource) -> impl Iterator<Item = &Arc<Object>> {
        let of = self.commits().filter(move |(_, commit)| commit.resource == resource);
        of.filter_map(|(_, commit)| commit.new.as_ref())
    }

    /// The objects of a resource at a time, sorted by key.
    fn at(&self, resource: Resource, time: Time) -> Vec<Arc<Object>> {
        let of = self.commits().filter(|(at, commit)| *at <= time && commit.resource == resource);
        let last: BTreeMap<_, _> = of.map(|(_, commit)| (&commit.key, &commit.new)).collect();
        last.into_values().flatten().cloned().collect()
    }

    /// The uids of the objects of a resource at a time.
    fn uids(&self, resource: Resource, time: Time) -> Vec<Str> {
        self.at(resource, time).iter().map(|object| object.uid().into()).collect()
    }

    /// The first time from t = 0 on at which an object of a resource was like this, in seconds.
    fn first(&self, resource: Resource, is: impl Fn(&Object) -> bool) -> Option<i64> {
        let mut of = self.commits().filter(|(at, commit)| *at >= Time::ZERO && commit.resource == resource);
        let found = of.find(|(_, commit)| commit.new.as_ref().is_some_and(|object| is(object)));
        found.map(|(at, _)| at.0 / 1000)
    }
}

impl RunExt for Run {
    fn commits(&self) -> impl Iterator<Item = (Time, &Arc<Commit>)> {
        self.history.record.entries().iter().filter_map(|entry| match &entry.what {
            What::Commit(commit) => Some((entry.time, commit)),
            _ => None,
        })
    }
}

pub(crate) fn condition<'o>(object: &'o Object, kind: &str, field: &str) -> Option<&'o str> {
    object.condition(kind)?.str_at(&[field])
}
