//! Which taints a node should have, by its conditions.
//!
//! Real: `nodeConditionToTaintKeyStatusMap` and `SwapNodeControllerTaint`, which adds first and removes by a patch of its
//! own. Modelled: both.

use super::health::{Health, Ready};
use crate::object::{Object, Value};
use crate::value;

pub(super) const NOT_READY: &str = "node.kubernetes.io/not-ready";
pub(super) const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Conditions with the statuses that taint a node, and the taints (pkg/controller/nodelifecycle).
const BY_CONDITION: [(&str, &str, &str); 6] = [
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
];

fn is(taint: &Value, key: &str, effect: &str) -> bool {
    taint.str_at(&["key"]) == Some(key) && taint.str_at(&["effect"]) == Some(effect)
}

/// Whether there is this taint.
pub(super) fn has(taints: &[Value], key: &str, effect: &str) -> bool {
    taints.iter().any(|taint| is(taint, key, effect))
}

/// A step towards the right taints.
#[derive(PartialEq, Debug)]
pub(super) enum Step {
    Add(Vec<(&'static str, &'static str)>),
    Remove(Vec<(&'static str, &'static str)>),
}

/// The next step: what is missing first, then what is too much.
pub(super) fn step(node: &Object, health: &Health) -> Option<Step> {
    let taints = node.items_at(&["spec", "taints"]);
    let wanted = by_condition(node);
    let mut add: Vec<_> =
        wanted.iter().copied().filter(|key| !has(taints, key, "NoSchedule")).map(no_schedule).collect();
    let ours = BY_CONDITION.iter().map(|(_, _, key)| *key).chain([UNSCHEDULABLE]);
    let mut remove: Vec<_> =
        ours.filter(|key| has(taints, key, "NoSchedule") && !wanted.contains(key)).map(no_schedule).collect();
    let (right, wrong) = match health.ready {
        Ready::False => (NOT_READY, UNREACHABLE),
        _ => (UNREACHABLE, NOT_READY),
    };
    let down = matches!(health.ready, Ready::False | Ready::Unknown);
    // The opposite taint is swapped at once: the node has been through the limiter.
    let swap = has(taints, wrong, "NoExecute");
    if down && (health.execute || swap) && !health.reachable && !has(taints, right, "NoExecute") {
        add.push((right, "NoExecute"));
    }
    if down && swap && has(taints, right, "NoExecute") {
        remove.push((wrong, "NoExecute"));
    }
    if health.reachable {
        remove.extend(
            [UNREACHABLE, NOT_READY].map(|key| (key, "NoExecute")).iter().filter(|t| has(taints, t.0, t.1)),
        );
    }
    match (add.is_empty(), remove.is_empty()) {
        (false, _) => Some(Step::Add(add)),
        (true, false) => Some(Step::Remove(remove)),
        (true, true) => None,
    }
}

fn no_schedule(key: &'static str) -> (&'static str, &'static str) {
    (key, "NoSchedule")
}

/// The keys of the NoSchedule taints that the node should have, in the order of its conditions.
fn by_condition(node: &Object) -> Vec<&'static str> {
    let conditions = node.items_at(&["status", "conditions"]).iter();
    let taint = |condition: &Value| {
        let (kind, status) = (condition.str_at(&["type"])?, condition.str_at(&["status"])?);
        BY_CONDITION.iter().find(|(k, s, _)| (*k, *s) == (kind, status)).map(|(_, _, key)| *key)
    };
    let cordoned = node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true);
    conditions.filter_map(taint).chain(cordoned.then_some(UNSCHEDULABLE)).collect()
}

/// The taints after a step; what is added is added `now`, as the server writes times.
pub(super) fn after(node: &Object, step: &Step, now: &str) -> Value {
    let taints = node.items_at(&["spec", "taints"]).iter();
    let all: Vec<Value> = match step {
        Step::Add(add) => {
            let new =
                |(key, effect): &(&str, &str)| value!({"effect": (*effect), "key": (*key), "timeAdded": now});
            taints.cloned().chain(add.iter().map(new)).collect()
        }
        Step::Remove(remove) => taints
            .filter(|taint| !remove.iter().any(|(key, effect)| is(taint, key, effect)))
            .cloned()
            .collect(),
    };
    if all.is_empty() { Value::Null } else { all.into() }
}
