//! What the scheduler writes: bindings, and in the conditions of pods why they have no node.

use std::sync::Arc;

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

/// Tells in the pod's condition why it has no node, and for which it waits; nothing where it says so already.
pub(super) fn unschedulable(
    pod: &Arc<Object>,
    message: &str,
    nominated: Option<&str>,
    now: Time,
) -> Option<Request> {
    let before = pod.condition("PodScheduled").filter(|c| c.str_at(&["status"]) == Some("False"));
    let since = before.and_then(|c| c.get("lastTransitionTime")).cloned();
    let condition = value!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastProbeTime": (Value::Null),
        "lastTransitionTime": (since.unwrap_or_else(|| now.rfc3339().into())),
        "observedGeneration": (pod.generation()),
    });
    let mut status = value!({"conditions": [condition]});
    if let Some(node) = nominated {
        status.set_at(&["nominatedNodeName"], node);
    }
    status_patch(*PODS, pod, &status)
}
