//! What the scheduler writes: bindings, and in the conditions of pods why they have no node.

use std::sync::Arc;

use super::fit_error::Verdict;
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

/// Tells in the pod's condition why it has no node, and for which it waits from now on; nothing where it says so already.
pub(super) fn unschedulable(pod: &Arc<Object>, verdict: &Verdict, now: Time) -> Option<Request> {
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

/// The node that a pod waits for, as its status says.
pub(super) fn nominated(pod: &Object) -> Option<&str> {
    pod.str_at(&["status", "nominatedNodeName"]).filter(|node| !node.is_empty())
}

/// The pod no longer waits for its node; nothing where it does not.
pub(super) fn unnominated(pod: &Arc<Object>) -> Option<Request> {
    nominated(pod)?;
    status_patch(*PODS, pod, &value!({"nominatedNodeName": null}))
}
