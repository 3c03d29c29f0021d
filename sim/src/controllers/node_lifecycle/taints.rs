//! The NoSchedule taints that a node should have by its conditions; lists of taints with additions or removals.
//!
//! Real: `nodeConditionToTaintKeyStatusMap`, `AddOrUpdateTaint`, `DeleteTaint`. Modelled: all of them.

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

/// A taint: key and effect.
pub(super) type Taint = (&'static str, &'static str);

fn is(taint: &Value, (key, effect): Taint) -> bool {
    taint.str_at(&["key"]) == Some(key) && taint.str_at(&["effect"]) == Some(effect)
}

/// Whether a list has this taint.
pub(super) fn has(taints: &[Value], wanted: Taint) -> bool {
    taints.iter().any(|taint| is(taint, wanted))
}

fn of(node: &Object) -> &[Value] {
    node.items_at(&["spec", "taints"])
}

/// The NoSchedule taints to add, in the order of the node's conditions, and those to remove.
pub(super) fn by_condition(node: &Object) -> (Vec<Taint>, Vec<Taint>) {
    let conditions = node.items_at(&["status", "conditions"]).iter();
    let key = |condition: &Value| {
        let (kind, status) = (condition.str_at(&["type"])?, condition.str_at(&["status"])?);
        BY_CONDITION.iter().find(|(k, s, _)| (*k, *s) == (kind, status)).map(|(_, _, key)| *key)
    };
    let cordoned = node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true);
    let no_schedule = |key: &'static str| (key, "NoSchedule");
    let wanted: Vec<Taint> =
        conditions.filter_map(key).chain(cordoned.then_some(UNSCHEDULABLE)).map(no_schedule).collect();
    let ours = BY_CONDITION.iter().map(|(_, _, key)| *key).chain([UNSCHEDULABLE]).map(no_schedule);
    let surplus = ours.filter(|taint| has(of(node), *taint) && !wanted.contains(taint)).collect();
    (wanted.into_iter().filter(|taint| !has(of(node), *taint)).collect(), surplus)
}

/// The node's taints and these; `now` is their `timeAdded`.
pub(super) fn with(node: &Object, taints: &[Taint], now: &str) -> Value {
    let others = of(node).iter().filter(|old| !taints.iter().any(|taint| is(old, *taint)));
    let new = |(key, effect): &Taint| value!({"effect": (*effect), "key": (*key), "timeAdded": now});
    others.cloned().chain(taints.iter().map(new)).collect::<Vec<Value>>().into()
}

/// The node's taints without these; `None` if it has none of them.
pub(super) fn without(node: &Object, taints: &[Taint]) -> Option<Value> {
    let others = of(node).iter().filter(|old| !taints.iter().any(|taint| is(old, *taint)));
    let all: Vec<Value> = others.cloned().collect();
    (all.len() < of(node).len()).then(|| if all.is_empty() { Value::Null } else { all.into() })
}
