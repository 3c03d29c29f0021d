//! Budgets against the store and the kubelet of the tests.

use std::sync::Arc;

use crate::controllers::tests::{Fixture, NS, template};
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::{DEPLOYMENTS, POD_DISRUPTION_BUDGETS, PODS};

fn deployment(replicas: i64) -> Value {
    value!({
        "metadata": {"name": "d", "namespace": NS},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "d"}}, "template": (template("nginx:1"))}
    })
}

fn budget(field: &str, value: Value) -> Value {
    let mut budget = value!({
        "metadata": {"name": "p", "namespace": NS},
        "spec": {"selector": {"matchLabels": {"app": "d"}}},
        "status": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    });
    budget.set_at(&["spec", field], value);
    budget
}

/// Expected, desired, current, allowed.
fn counts(fixture: &Fixture) -> [i64; 4] {
    let budget = fixture.get(*POD_DISRUPTION_BUDGETS, "p");
    ["expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed"]
        .map(|field| budget.i64_at(&["status", field]).unwrap())
}

fn reason(fixture: &Fixture) -> String {
    let budget = fixture.get(*POD_DISRUPTION_BUDGETS, "p");
    let condition = budget.condition("DisruptionAllowed").unwrap();
    let text = |field| condition.str_at(&[field]).unwrap().to_owned();
    format!("{} {} {}", text("status"), text("reason"), text("message")).trim_end().to_owned()
}

#[test]
fn percentages_are_of_the_size_of_the_workload_and_are_rounded_up() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(4));
    fixture.create(*POD_DISRUPTION_BUDGETS, budget("maxUnavailable", "30%".into()));
    // As recorded in ctl-pdb-max-unavailable-percent.
    assert_eq!((counts(&fixture), reason(&fixture).as_str()), ([4, 2, 4, 2], "True SufficientPods"));
    fixture.kubelet = false;
    fixture.edit(*DEPLOYMENTS, "d", |root| root.set_at(&["spec", "replicas"], 7));
    assert_eq!((counts(&fixture), reason(&fixture).as_str()), ([7, 4, 4, 0], "False InsufficientPods"));
    fixture.kubelet = true;
    fixture.run();
    assert_eq!((counts(&fixture), reason(&fixture).as_str()), ([7, 4, 7, 3], "True SufficientPods"));
    let budget = fixture.get(*POD_DISRUPTION_BUDGETS, "p");
    assert_eq!(budget.i64_at(&["status", "observedGeneration"]), Some(1));
    assert_eq!(budget.at(&["status", "disruptedPods"]), None);
}

#[test]
fn min_available_as_a_number_expects_the_existing_pods() {
    let mut fixture = Fixture::new();
    fixture.create(*POD_DISRUPTION_BUDGETS, budget("minAvailable", 2.into()));
    assert_eq!(counts(&fixture), [0, 2, 0, 0]);
    fixture.create(*DEPLOYMENTS, deployment(3));
    assert_eq!(counts(&fixture), [3, 2, 3, 1]);
    fixture.edit(*POD_DISRUPTION_BUDGETS, "p", |root| root.set_at(&["spec", "minAvailable"], "50%"));
    assert_eq!(counts(&fixture), [3, 2, 3, 1]);
}

#[test]
fn an_eviction_in_progress_counts_for_two_minutes_unless_its_pod_is_deleted() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(3));
    fixture.create(*POD_DISRUPTION_BUDGETS, budget("minAvailable", 1.into()));
    let evicted = fixture.all(*PODS).pop().expect("the deployment has pods");
    // What the API server records when it admits an eviction.
    let recorded = fixture.get(*POD_DISRUPTION_BUDGETS, "p").edited(|root| {
        root.set_at(&["status", "disruptedPods", evicted.name()], "2026-01-01T00:00:00Z");
        root.set_at(&["status", "disruptionsAllowed"], 1);
    });
    fixture.store.update(*POD_DISRUPTION_BUDGETS, Arc::new(recorded), "status").unwrap();
    fixture.run();
    assert_eq!(counts(&fixture), [3, 1, 2, 1]);
    fixture.run_until(Time(119_000));
    assert_eq!(counts(&fixture), [3, 1, 2, 1]);
    fixture.run_until(Time(121_000));
    assert_eq!(counts(&fixture), [3, 1, 3, 2]);
    assert_eq!(fixture.get(*POD_DISRUPTION_BUDGETS, "p").at(&["status", "disruptedPods"]), None);
}

#[test]
fn a_budget_with_pods_of_an_unknown_workload_allows_nothing_and_reports_why() {
    let mut fixture = Fixture::new();
    let owner = value!({
        "apiVersion": "ex.test/v1", "kind": "Thing", "name": "t", "uid": "u", "controller": true
    });
    let pod = value!({
        "metadata": {"name": "a", "namespace": NS, "labels": {"app": "d"}, "ownerReferences": [owner]}, "spec": {}
    });
    fixture.create(*PODS, pod);
    fixture.create(*POD_DISRUPTION_BUDGETS, budget("maxUnavailable", 1.into()));
    assert_eq!(counts(&fixture)[3], 0);
    assert_eq!(reason(&fixture), "False SyncFailed Thing.ex.test does not implement the scale subresource");
    let budget = fixture.get(*POD_DISRUPTION_BUDGETS, "p");
    let observed = budget.condition("DisruptionAllowed").and_then(|c| c.get("observedGeneration"));
    assert_eq!(observed, None, "a failed sync observes no generation");
}

#[test]
fn a_budget_without_limits_expects_nothing() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(3));
    let mut budget = budget("minAvailable", 1.into());
    budget.remove_at(&["spec", "minAvailable"]);
    fixture.create(*POD_DISRUPTION_BUDGETS, budget);
    assert_eq!(counts(&fixture), [0, 0, 3, 0]);
}
