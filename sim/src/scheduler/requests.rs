//! What the scheduler writes: bindings, and conditions of pods without a node.

use std::sync::Arc;

use super::fit_error::Unscheduled;
use crate::client::status_patch;
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::PODS;
use crate::wire::{Body, ObjectKey, Request, Verb};

pub(super) fn binding(pod: &Object, node: &str) -> Request {
    let body = value!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": (pod.name()), "namespace": (pod.namespace()), "uid": (pod.uid())},
        "target": {"kind": "Node", "name": node},
    });
    let request = Request::one(Verb::Create, *PODS, &ObjectKey::of(pod)).subresource("binding");
    Request { body: Body::Object(Object::shared(body)), ..request }
}

/// Writes the condition of an unschedulable pod, and its nominated node; `None` if the pod has them already.
pub(super) fn unschedulable(pod: &Arc<Object>, verdict: &Unscheduled, now: Time) -> Option<Request> {
    let before = pod.condition("PodScheduled").filter(|c| c.str_at(&["status"]) == Some("False"));
    let since = before.and_then(|c| c.get("lastTransitionTime")).cloned();
    let condition = value!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": (verdict.message.as_str()),
        "lastProbeTime": (Value::Null),
        "lastTransitionTime": (since.unwrap_or_else(|| now.rfc3339().into())),
        "observedGeneration": (pod.generation()),
    });
    let mut status = value!({"conditions": [condition]});
    match &verdict.nominated {
        Some(Some(node)) => status.set_at(&["nominatedNodeName"], node.clone()),
        Some(None) if nominated(pod).is_some() => status.set_at(&["nominatedNodeName"], Value::Null),
        _ => {}
    }
    status_patch(*PODS, pod, &status)
}

/// The node in a pod's `status.nominatedNodeName`.
pub(super) fn nominated(pod: &Object) -> Option<&str> {
    pod.str_at(&["status", "nominatedNodeName"]).filter(|node| !node.is_empty())
}

/// Ends a pod's nomination; `None` if it has none.
pub(super) fn unnominated(pod: &Arc<Object>) -> Option<Request> {
    nominated(pod)?;
    status_patch(*PODS, pod, &value!({"nominatedNodeName": null}))
}
