//! The binding subresource: a scheduler assigns a pod to a node.
//!
//! Recorded in `binding-subresource`: the binding owns no fields, the pod gets its annotations, and the generation stays. The
//! pod also gets the zone and region labels of its node.

use std::sync::Arc;

use super::super::admission::topology_labels;
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::tree::replace_condition;
use super::{VerbResult, body};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, Body, ObjectKey, Request, Status};

/// The resource whose creates name the pod in their body.
pub(super) const RESOURCE: &str = "v1/bindings";

impl ApiServer {
    /// A create of [`RESOURCE`]: binds the pod that it names.
    pub(super) fn bind_named(&mut self, request: Request, out: &mut Replies) -> VerbResult {
        let name = match &request.body {
            Body::Object(binding) => binding.name().into(),
            _ => request.name.clone(),
        };
        let pods = self.registry.lookup(*PODS).cloned().expect("pods are built in");
        self.bind(&pods, &Request { resource: Some(*PODS), name, ..request }, out)
    }

    pub(super) fn bind(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let binding = body::object_of_any_kind(request)?;
        let node = node_of(binding)?;
        let pod = self.stored(kind, request)?;
        check_pod(request, kind, &pod, binding)?;
        if !request.options.dry_run {
            let mut root = bound(&pod, node, binding, &self.timestamp());
            if let Some(node) = self.store.get(*NODES, &ObjectKey::new("", node)) {
                topology_labels::label(&mut root, node);
            }
            self.put(kind, request.key(), root, pod.managed().clone(), None, out);
        }
        Ok(Answer::Status(Box::new(Status::new(201, "", ""))))
    }
}

/// The node that a binding names.
fn node_of(binding: &Object) -> Result<&str, Box<Status>> {
    let fail = |message: String| Err(Box::new(Status::new(500, "", message)));
    let kind = binding.str_at(&["target", "kind"]).unwrap_or_default();
    if !matches!(kind, "" | "Node") {
        return fail(format!(
            "target.kind: Unsupported value: {kind:?}: supported values: \"Node\", \"<empty>\""
        ));
    }
    match binding.str_at(&["target", "name"]).unwrap_or_default() {
        "" => fail("target.name: Required value".to_owned()),
        name => Ok(name),
    }
}

/// 409 for a pod that is another one, terminating, bound or gated.
fn check_pod(request: &Request, kind: &Kind, pod: &Object, binding: &Object) -> Result<(), Box<Status>> {
    let name = &request.name;
    if !binding.uid().is_empty() && binding.uid() != pod.uid() {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/pods/{}/{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
            request.namespace,
            binding.uid(),
            pod.uid()
        );
        return Err(Box::new(Status::conflict(kind.resource, name, &why)));
    }
    let why = if pod.is_terminating() {
        format!("pod {name} is being deleted, cannot be assigned to a host")
    } else if let Some(node) = pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty()) {
        format!("pod {name} is already assigned to node {node:?}")
    } else if !pod.items_at(&["spec", "schedulingGates"]).is_empty() {
        format!("pod {name} has non-empty .spec.schedulingGates")
    } else {
        return Ok(());
    };
    let message = format!("Operation cannot be fulfilled on pods/binding {name:?}: {why}");
    let details = value!({"name": (name.as_str()), "kind": "pods/binding"});
    Err(Box::new(Status::new(409, "Conflict", message).details(details)))
}

/// The pod bound to its node.
fn bound(pod: &Object, node: &str, binding: &Object, now: &str) -> Value {
    let mut root = pod.root().clone();
    root.set_at(&["spec", "nodeName"], node);
    // Feature gate `ClearingNominatedNodeNameAfterBinding`.
    root.remove_at(&["status", "nominatedNodeName"]);
    for (key, value) in binding.at(&["metadata", "annotations"]).and_then(Value::as_map).into_iter().flatten()
    {
        root.set_at(&["metadata", "annotations", key.as_str()], value.clone());
    }
    let scheduled = value!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now
    });
    root.set_at(&["status", "conditions"], replace_condition(pod.conditions(), scheduled));
    root
}
