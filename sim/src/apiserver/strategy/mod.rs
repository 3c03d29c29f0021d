//! What single kinds do on create and update beyond the common rules: fields that are the server's or follow from the uid.
//!
//! Real: the registry strategies' PrepareForCreate and PrepareForUpdate. Common parts (system metadata, status,
//! generation) are the verbs'. To add a kind: a line in [`on_create`] or [`on_update`].

mod service;

use super::defaults::{labels_from_template, qos_class};
use super::kind::Kind;
use crate::object::Value;
use crate::value;

pub use service::{Addresses, allocate};

/// Fills in what a new object of this kind has. Metadata is complete, defaults are set. `now` is the time as objects carry
/// it.
pub fn on_create(kind: &Kind, new: &mut Value, now: &str) {
    match kind.resource.as_str() {
        "v1/pods" => pod(new, now),
        "v1/namespaces" => {
            let own: Value = NAMESPACE_FINALIZER.into();
            let finalizers = new.items_at(&["spec", "finalizers"]);
            if !finalizers.contains(&own) {
                let all: Vec<Value> = finalizers.iter().cloned().chain([own]).collect();
                new.set_at(&["spec", "finalizers"], all);
            }
        }
        "v1/persistentvolumes" => new.set_at(&["status", "lastPhaseTransitionTime"], now),
        "apps/v1/daemonsets" => template_generation(new, 1),
        "batch/v1/jobs" => job_selector(new),
        _ => (),
    }
}

/// What the way through the internal type adds to what a client sends, so that the client owns it: the generation of a
/// daemon set's template is a field there and an annotation outside.
pub(super) fn converted(kind: &Kind, sent: &mut Value) {
    if kind.resource.as_str() == "apps/v1/daemonsets"
        && sent.str_at(&["metadata", "annotations", TEMPLATE_GENERATION]).is_none()
    {
        template_generation(sent, 0);
    }
}

/// Puts back what an update of this kind may not change, and follows what it changed. Defaults are set.
pub fn on_update(kind: &Kind, new: &mut Value, old: &Value, subresource: &str) {
    if !subresource.is_empty() {
        return;
    }
    match kind.resource.as_str() {
        "v1/namespaces" => match old.at(&["spec", "finalizers"]) {
            Some(finalizers) => new.set_at(&["spec", "finalizers"], finalizers.clone()),
            None => drop(new.remove_at(&["spec", "finalizers"])),
        },
        "v1/services" => service::on_update(new, old),
        "apps/v1/daemonsets" => {
            let changed = old.at(&["spec", "template"]) != new.at(&["spec", "template"]);
            let path = ["metadata", "annotations", TEMPLATE_GENERATION];
            let was: i64 = old.str_at(&path).and_then(|n| n.parse().ok()).unwrap_or(1);
            template_generation(new, was + i64::from(changed));
        }
        _ => (),
    }
}

/// Holds a namespace until its content is gone (`FinalizerKubernetes`).
const NAMESPACE_FINALIZER: &str = "kubernetes";
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn template_generation(new: &mut Value, generation: i64) {
    let path = ["metadata", "annotations", TEMPLATE_GENERATION];
    let text = generation.to_string();
    if new.str_at(&path) != Some(&text) {
        new.set_at(&path, text);
    }
}

fn pod(new: &mut Value, now: &str) {
    if new.i64_at(&["spec", "terminationGracePeriodSeconds"]).is_some_and(|grace| grace < 0) {
        new.set_at(&["spec", "terminationGracePeriodSeconds"], 1);
    }
    let mut status = value!({"phase": "Pending", "qosClass": (qos_class(new))});
    if !new.items_at(&["spec", "schedulingGates"]).is_empty() {
        let gated = value!([{
            "type": "PodScheduled", "status": "False", "lastProbeTime": null, "lastTransitionTime": now,
            "reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates"
        }]);
        status.set_at(&["conditions"], gated);
    }
    new.set_at(&["status"], status);
}

/// A job selects by its own uid, unless the user selects.
fn job_selector(new: &mut Value) {
    if new.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true) {
        return;
    }
    let text = |key| new.str_at(&["metadata", key]).unwrap_or_default().to_owned();
    let (uid, name) = (text("uid"), text("name"));
    let labels = ["spec", "template", "metadata", "labels"];
    for (key, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("job-name", &name),
    ] {
        new.set_at(&[labels[0], labels[1], labels[2], labels[3], key], value.as_str());
    }
    new.set_at(&["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"], uid);
    labels_from_template(new);
}
