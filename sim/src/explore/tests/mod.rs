//! Whole runs of small scenarios: faults bite and heal, steps run at their time. The tests of a verb stand in its file.

mod client;
mod node_faults;
pub(crate) mod program;
mod renewals;
mod triggered;

use std::sync::Arc;

use super::{Prepared, Run, run};
use crate::engine::Time;
use crate::object::{Object, Str};
use crate::scenario::{Action, ImageRule, Scenario, Step, Target, Wait, WaitFor};
use crate::value;
use crate::wire::{Commit, Resource, What};

/// Two pods of a Deployment, one on each of two nodes unless the scheduler thinks otherwise; what starts takes a second.
pub(crate) fn scenario() -> Scenario {
    let mut scenario = Scenario::new("web");
    scenario.images = vec![ImageRule::matching("web:bad"), ImageRule::matching("*")];
    scenario.images[0].pull = crate::scenario::Pull::Fails { reason: "ErrImagePull".into(), times: u32::MAX };
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
    scenario.converge.within_ms = 10 * 60_000;
    scenario.converge.settle_ms = 60_000;
    scenario
}

pub(crate) fn web() -> Target {
    Target::Named { kind: "deployment".into(), namespace: None, name: "web".into() }
}

pub(crate) fn step(action: Action) -> Step {
    Step::new(action)
}

pub(crate) fn image(image: &str) -> Step {
    step(Action::SetImage { target: web(), containers: [("c".into(), image.into())].into() })
}

pub(crate) fn wait(ms: u64) -> Step {
    step(Action::Wait(Wait { until: WaitFor::Time(ms), timeout_ms: 0 }))
}

/// Runs the scenario with these faults; it must hold.
pub(crate) fn held(scenario: Scenario, plan: &str) -> Run {
    let run = played(scenario, plan);
    assert!(run.violation.is_none(), "{plan}: {:?}", run.violation);
    run
}

pub(crate) fn played(scenario: Scenario, plan: &str) -> Run {
    played_with(scenario, 1, plan)
}

pub(crate) fn played_with(scenario: Scenario, seed: u64, plan: &str) -> Run {
    let prepared = Prepared::new(scenario, &[]).expect("the scenario is right");
    let plan = plan.parse().expect("the plan is right");
    run(&prepared, seed, &plan).unwrap_or_else(|no_run| panic!("{}", no_run.why))
}

impl Run {
    pub(super) fn commits(&self) -> impl Iterator<Item = (Time, &Arc<Commit>)> {
        let entries = self.history.record.entries().iter();
        entries.filter_map(|entry| match &entry.what {
            What::Commit(commit) => Some((entry.time, commit)),
            _ => None,
        })
    }

    /// The objects of a resource at a time, sorted by key.
    pub(crate) fn at(&self, resource: Resource, time: Time) -> Vec<Arc<Object>> {
        let mut all = std::collections::BTreeMap::new();
        for (_, commit) in self.commits().filter(|(at, commit)| *at <= time && commit.resource == resource) {
            match &commit.new {
                Some(object) => drop(all.insert(commit.key.clone(), object.clone())),
                None => drop(all.remove(&commit.key)),
            }
        }
        all.into_values().collect()
    }

    /// The first time from t = 0 on at which an object of a resource was like this, in seconds.
    pub(crate) fn first(&self, resource: Resource, is: impl Fn(&Object) -> bool) -> Option<i64> {
        let mut of = self.commits().filter(|(at, commit)| *at >= Time::ZERO && commit.resource == resource);
        let found = of.find(|(_, commit)| commit.new.as_ref().is_some_and(|object| is(object)));
        found.map(|(at, _)| at.0 / 1000)
    }

    /// The uids of the objects of a resource at a time.
    pub(crate) fn uids(&self, resource: Resource, time: Time) -> Vec<Str> {
        self.at(resource, time).iter().map(|object| object.uid().into()).collect()
    }
}

/// The restarts of a pod's containers, added up.
pub(crate) fn restarts(pod: &Object) -> i64 {
    let statuses = pod.items_at(&["status", "containerStatuses"]).iter();
    statuses.filter_map(|status| status.i64_at(&["restartCount"])).sum()
}

pub(crate) fn node_of(pod: &Object) -> &str {
    pod.str_at(&["spec", "nodeName"]).unwrap_or_default()
}
