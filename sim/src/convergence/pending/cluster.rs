//! The rules of pods, nodes, claims and namespaces.

use smol_str::format_smolstr;

use super::super::reason::{Want, text};
use super::{Lookup, because};
use crate::object::{Object, Quantity, Str, Value, keys};

/// Controllers that leave a Failed pod behind once they have replaced it or given up on it.
const LEAVE_FAILED_PODS: [&str; 3] = ["Job", "ReplicaSet", "ReplicationController"];

/// Ready or Succeeded.
pub(super) fn pod(object: &Object, _: &dyn Lookup) -> Option<Want> {
    if object.is_condition_true("Ready") {
        return None;
    }
    let phase = object.status(keys::PHASE).and_then(Value::as_str).unwrap_or("Pending");
    let controller = object.controller().map_or("", |owner| owner.kind);
    if phase == "Succeeded" || (phase == "Failed" && LEAVE_FAILED_PODS.contains(&controller)) {
        return None;
    }
    Some(Want::State { want: "Ready", has: pod_reason(object, phase) })
}

/// The most informative reason: that of a waiting container, else of the PodScheduled or Ready condition, else the phase.
fn pod_reason(object: &Object, phase: &str) -> Str {
    let container = object.items_at(&["status", "containerStatuses"]).iter().find_map(|status| {
        let word = status.str_at(&["state", "waiting", "reason"])?;
        (word != "ContainerCreating").then(|| format_smolstr!("{word}, container {}", name(status)))
    });
    let condition = |kind| {
        let condition = object.condition(kind).filter(|c| c.str_at(&["status"]) != Some("True"))?;
        condition.str_at(&["reason"]).map(Str::from)
    };
    let reason = container.or_else(|| condition("PodScheduled")).or_else(|| condition("Ready"));
    match (reason, phase) {
        (Some(reason), "Running") => reason,
        (Some(reason), phase) => format_smolstr!("{phase}, {reason}"),
        (None, phase) => phase.into(),
    }
}

fn name(value: &Value) -> &str {
    value.str_at(&["name"]).unwrap_or_default()
}

/// Taints that controllers set and remove during the life of a node. People set `unschedulable` (a cordon) and
/// `out-of-service`, for as long as they like.
fn is_lifecycle_taint(key: &str) -> bool {
    let set_by_people =
        matches!(key, "node.kubernetes.io/unschedulable" | "node.kubernetes.io/out-of-service");
    !set_by_people
        && (key.starts_with("node.kubernetes.io/") || key.starts_with("node.cloudprovider.kubernetes.io/"))
}

/// Ready, without lifecycle taints.
pub(super) fn node(object: &Object, _: &dyn Lookup) -> Option<Want> {
    if !object.is_condition_true("Ready") {
        let has = object.condition("Ready").map_or_else(|| "it has not reported yet".into(), because);
        return Some(Want::State { want: "Ready", has: has.into() });
    }
    let taints = object.items_at(&["spec", "taints"]);
    let taint = taints.iter().find(|taint| taint.str_at(&["key"]).is_some_and(is_lifecycle_taint))?;
    let part = |field: &str| taint.str_at(&[field]).unwrap_or_default();
    Some(Want::Busy(format_smolstr!("the taint {}:{}", part("key"), part("effect"))))
}

/// Bound to a volume of the wanted size, or its storage class waits for a consumer.
pub(super) fn claim(object: &Object, others: &dyn Lookup) -> Option<Want> {
    let phase = text(object, &["status", "phase"]);
    if phase == "Bound" {
        return too_small(object);
    }
    if others.waits_for_consumer(object) {
        return None;
    }
    let has = if phase.is_empty() { "Pending".into() } else { phase };
    Some(Want::State { want: "Bound", has })
}

/// A claim grows until its volume has the wanted size. A volume may be larger.
fn too_small(claim: &Object) -> Option<Want> {
    let want = text(claim, &["spec", "resources", "requests", "storage"]);
    let has = text(claim, &["status", "capacity", "storage"]);
    let size = |text: &Str| text.parse::<Quantity>().ok();
    (size(&want)? > size(&has)?).then_some(Want::Storage { want, has })
}

/// Not terminating.
pub(super) fn namespace(object: &Object, _: &dyn Lookup) -> Option<Want> {
    let phase = text(object, &["status", "phase"]);
    (phase == "Terminating").then_some(Want::State { want: "Active", has: phase })
}
