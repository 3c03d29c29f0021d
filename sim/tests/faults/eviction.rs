//! `eviction`: pods go, unless their disruption budget says no.

use wavetank_sim::object::Value;
use wavetank_sim::value;

use crate::{codes, held, pod_spec, scenario, states};

fn web(min_available: i64) -> Vec<Value> {
    let deployment = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": (pod_spec("web:1"))}
        }
    });
    let budget = value!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"minAvailable": min_available, "selector": {"matchLabels": {"app": "web"}}}
    });
    vec![deployment, budget]
}

#[test]
fn an_evicted_pod_says_why_it_goes_and_is_replaced() {
    let run = held(scenario(web(1)), 1, "eviction(pods/*[app=web])@5s");
    assert_eq!(codes(&run, "eviction"), [201]);
    let evicted = states(&run, "Pod").find(|pod| pod.is_condition_true("DisruptionTarget")).unwrap();
    let condition = evicted.condition("DisruptionTarget").unwrap();
    assert_eq!(condition.str_at(&["reason"]), Some("EvictionByEvictionAPI"));
    let names: std::collections::BTreeSet<&str> = states(&run, "Pod").map(|pod| pod.name()).collect();
    assert_eq!(names.len(), 3);
    let told = states(&run, "PodDisruptionBudget")
        .any(|b| b.at(&["status", "disruptedPods", evicted.name()]).is_some());
    assert!(told, "the budget knows of the eviction");
}

#[test]
fn a_budget_lets_only_as_many_pods_go_as_it_may() {
    let run = held(scenario(web(1)), 2, "eviction(pods/*[app=web]:all)@5s");
    let mut codes = codes(&run, "eviction");
    codes.sort_unstable();
    assert_eq!(codes, [201, 429]);
}

#[test]
fn a_budget_that_needs_every_pod_lets_none_go() {
    let run = held(scenario(web(2)), 1, "eviction(pods/*[app=web])@5s");
    assert_eq!(codes(&run, "eviction"), [429]);
    assert!(states(&run, "Pod").all(|pod| !pod.is_terminating()));
}
