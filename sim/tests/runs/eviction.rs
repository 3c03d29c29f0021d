//! `eviction`: pods go, unless their disruption budget says no.

use std::collections::BTreeSet;

use wavetank_sim::explore::Run;
use wavetank_sim::scenario::Scenario;
use wavetank_sim::value;
use wavetank_sim::wire::What;
use wavetank_sim::wire::resource::{POD_DISRUPTION_BUDGETS, PODS};

use crate::{RunExt, condition, deployment, held, scenario};

/// Two pods, of which so many must stay.
fn budgeted(min_available: i64) -> Scenario {
    let budget = value!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"minAvailable": min_available, "selector": {"matchLabels": {"app": "web"}}}
    });
    scenario(vec![deployment(2), budget])
}

/// The codes of the answers to evictions.
fn codes(run: &Run) -> Vec<u16> {
    let of = |what: &What| match what {
        What::Request { subresource, code, .. } if subresource == "eviction" => Some(*code),
        _ => None,
    };
    run.history.record.entries().iter().filter_map(|entry| of(&entry.what)).collect()
}

#[test]
fn an_evicted_pod_says_why_it_goes_and_is_replaced() {
    let run = held(budgeted(1), 1, "eviction(pods/*[app=web])@5s");
    assert_eq!(codes(&run), [201]);
    let evicted = run.states(*PODS).find(|pod| pod.is_condition_true("DisruptionTarget")).unwrap();
    assert_eq!(condition(evicted, "DisruptionTarget", "reason"), Some("EvictionByEvictionAPI"));
    let names: BTreeSet<&str> = run.states(*PODS).map(|pod| pod.name()).collect();
    assert_eq!(names.len(), 3);
    let mut budgets = run.states(*POD_DISRUPTION_BUDGETS);
    let knows = budgets.any(|budget| budget.at(&["status", "disruptedPods", evicted.name()]).is_some());
    assert!(knows, "the budget knows of the eviction");
}

#[test]
fn a_budget_lets_only_as_many_pods_go_as_it_may() {
    let mut codes = codes(&held(budgeted(1), 2, "eviction(pods/*[app=web]:all)@5s"));
    codes.sort_unstable();
    assert_eq!(codes, [201, 429]);
}

#[test]
fn a_budget_that_needs_every_pod_lets_none_go() {
    let run = held(budgeted(2), 1, "eviction(pods/*[app=web])@5s");
    assert_eq!(codes(&run), [429]);
    assert!(run.states(*PODS).all(|pod| !pod.is_terminating()));
}
