//! What inline tests need that play whole runs: those of steps, and those of faults. Longer stories stand in `sim/tests/runs`.

pub(crate) mod client;
mod leftovers;
mod notes;
#[cfg(all(feature = "hermetic", target_os = "linux"))]
mod output;
pub(crate) mod program;
mod resync;
mod stops;
pub(crate) mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Prepared, Run, run};
use crate::engine::SECOND;
use crate::engine::Time;
use crate::object::Object;
use crate::object::Value;
use crate::programs::Program;
use crate::scenario::{Action, ImageRule, OperatorSpec, Pull, Scenario, Step, Target, Wait, WaitFor};
use crate::value;
use crate::wire::{Commit, Resource, What};

/// Three pods of a Deployment on three nodes. What starts takes a second; pulls of the image `web:bad` fail.
pub(crate) fn scenario() -> Scenario {
    let mut scenario = Scenario::new("web");
    let mut bad = ImageRule::matching("web:bad");
    bad.pull = Pull::Fails { reason: "ErrImagePull".into(), times: u32::MAX };
    scenario.images = vec![bad];
    let deployment = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "c", "image": "web:1"}]}
            }
        }
    });
    scenario.setup = vec![Step::new(Action::Apply(vec![Object::shared(deployment)]))];
    scenario.converge.settle_ms = 60_000;
    scenario
}

pub(crate) fn web() -> Target {
    Target::Named { kind: "deployment".into(), namespace: None, name: "web".into() }
}

pub(crate) fn wait(ms: u64) -> Step {
    Step::new(Action::Wait(Wait { until: WaitFor::Time(ms), timeout_ms: 0 }))
}

pub(crate) fn played(scenario: Scenario, plan: &str) -> Run {
    played_with(&[], scenario, plan)
}

pub(crate) fn played_with(programs: &[Program], scenario: Scenario, plan: &str) -> Run {
    let prepared = Prepared::new(scenario, programs).expect("the scenario is right");
    let plan = plan.parse().expect("the plan is right");
    run(&prepared, 1, &plan).unwrap_or_else(|no_run| panic!("{}", no_run.why))
}

/// Runs so many replicas of a program beside the cluster for a minute and more, with these faults. They start at -60 s.
pub(crate) fn operated(program: &Program, replicas: u32, plan: &str) -> Run {
    let mut scenario = Scenario::new("operated");
    let name = program.name().to_owned();
    scenario.operators =
        vec![OperatorSpec { name: name.clone(), program: name, replicas, with: Value::Null }];
    scenario.steps = vec![wait(60 * SECOND)];
    scenario.converge.settle_ms = 60 * SECOND;
    played_with(std::slice::from_ref(program), scenario, plan)
}

/// Runs the scenario with these faults; it must hold.
pub(crate) fn held(scenario: Scenario, plan: &str) -> Run {
    let run = played(scenario, plan);
    assert!(run.violation.is_none(), "{plan}: {:?}", run.violation);
    run
}

impl Run {
    pub(crate) fn commits(&self) -> impl Iterator<Item = (Time, &Arc<Commit>)> {
        self.history.record.entries().iter().filter_map(|entry| match &entry.what {
            What::Commit(commit) => Some((entry.time, commit)),
            _ => None,
        })
    }

    /// The objects of a resource at a time, sorted by key.
    pub(crate) fn at(&self, resource: Resource, time: Time) -> Vec<Arc<Object>> {
        let of = self.commits().filter(|(at, commit)| *at <= time && commit.resource == resource);
        let last: BTreeMap<_, _> = of.map(|(_, commit)| (&commit.key, &commit.new)).collect();
        last.into_values().flatten().cloned().collect()
    }
}
