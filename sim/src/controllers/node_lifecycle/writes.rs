//! The requests of the node lifecycle controller.

use std::sync::Arc;

use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{ObjectKey, PatchType, Request};

/// The kubelet's conditions, which the monitor sets to Unknown. NetworkUnavailable is not among them.
const WATCHED: [&str; 4] = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// Sets the conditions of a silent node to Unknown.
pub(super) fn unknown(node: &Object, now: Time) -> Request {
    let created = node.meta("creationTimestamp");
    let mut conditions: Vec<Value> = node.items_at(&["status", "conditions"]).to_vec();
    for kind in WATCHED {
        match conditions.iter_mut().find(|c| c.str_at(&["type"]) == Some(kind)) {
            Some(condition) if condition.str_at(&["status"]) == Some("Unknown") => {}
            Some(condition) => {
                condition.set_at(&["status"], "Unknown");
                condition.set_at(&["reason"], "NodeStatusUnknown");
                condition.set_at(&["message"], "Kubelet stopped posting node status.");
                condition.set_at(&["lastTransitionTime"], now.rfc3339());
            }
            None => conditions.push(value!({
                "type": kind, "status": "Unknown", "reason": "NodeStatusNeverUpdated",
                "message": "Kubelet never posted node status.", "lastHeartbeatTime": created,
                "lastTransitionTime": (now.rfc3339()),
            })),
        }
    }
    let node = node.edited(|root| root.set_at(&["status", "conditions"], conditions));
    Request::update_status(*NODES, Arc::new(node))
}

/// Marks a ready pod not ready.
pub(super) fn unready(pod: &Object, now: Time) -> Option<Request> {
    if !pod.is_condition_true("Ready") {
        return None;
    }
    let mut conditions = pod.items_at(&["status", "conditions"]).to_vec();
    let ready = conditions.iter_mut().find(|c| c.str_at(&["type"]) == Some("Ready"))?;
    ready.set_at(&["status"], "False");
    ready.set_at(&["lastTransitionTime"], now.rfc3339());
    let pod = pod.edited(|root| root.set_at(&["status", "conditions"], conditions));
    Some(Request::update_status(*PODS, Arc::new(pod)))
}

/// Sets the taints of a node. The list has no merge key, so the server refuses the patch if the node has changed.
pub(super) fn taints(node: &Object, taints: Value) -> Request {
    let patch = value!({
        "metadata": {"resourceVersion": (node.meta("resourceVersion"))}, "spec": {"taints": taints},
    });
    Request::patch(*NODES, &ObjectKey::of(node), PatchType::Strategic, patch)
}

/// Labels and their deprecated forms, which have the same values (`labelReconcileInfo`).
const LABELS: [(&str, &str); 2] =
    [("kubernetes.io/os", "beta.kubernetes.io/os"), ("kubernetes.io/arch", "beta.kubernetes.io/arch")];

/// Sets the deprecated labels that differ from their successors.
pub(super) fn label(node: &Object) -> Option<Request> {
    let differs =
        LABELS.iter().filter(|(new, old)| node.label(new).is_some() && node.label(new) != node.label(old));
    let mut patch = Value::empty_map();
    for (new, old) in differs {
        patch.set_at(&["metadata", "labels", old], node.label(new).unwrap_or_default());
    }
    (patch != Value::empty_map())
        .then(|| Request::patch(*NODES, &ObjectKey::of(node), PatchType::Strategic, patch))
}
