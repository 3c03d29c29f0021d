//! What single kinds do on create and update: they set fields that belong to the server, and keep fields from changing.
//!
//! Real: `PrepareForCreate` and `PrepareForUpdate` of the registry strategies. What all kinds share (system metadata, status,
//! generation) is in `verbs`.
//!
//! To add a built-in kind:
//! 1. its facts are data, in `sim/data`: a line in `kinds.json`, its types in `builtin-schemas.json`, and what they default to
//!    in `server-defaults.json`; defaults that depend on other fields go to `defaults`, limits to `validation`,
//! 2. behaviour of its own is a function in a file here, and a line in [`on_create`] or [`on_update`],
//! 3. when it has come to rest is a rule in `convergence/pending`.

mod service;
mod workload;

use super::defaults::qos_class;
use super::kind::Kind;
use crate::object::Value;
use crate::value;

pub(super) use service::allocate;
use workload::{MAX_UNAVAILABLE, TEMPLATE_GENERATION, job_selector, template_generation};

/// Completes a new object, whose metadata and defaults are set. `now` is the time as objects carry it.
pub(super) fn on_create(kind: &Kind, new: &mut Value, now: &str) {
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
        "apps/v1/statefulsets" => drop(new.remove_at(&MAX_UNAVAILABLE)),
        "batch/v1/jobs" => job_selector(new),
        _ => (),
    }
}

/// Adds what a real server adds when it converts a client's object to the internal type and back, so that the client owns
/// it: there, the template generation of a DaemonSet is a field; in v1, it is an annotation.
pub(super) fn on_decode(kind: &Kind, sent: &mut Value) {
    if kind.resource.as_str() == "apps/v1/daemonsets"
        && sent.str_at(&["metadata", "annotations", TEMPLATE_GENERATION]).is_none()
    {
        template_generation(sent, 0);
    }
}

/// Completes an updated object, whose defaults are set, and restores the fields that an update does not change.
pub(super) fn on_update(kind: &Kind, new: &mut Value, old: &Value, subresource: &str, now: &str) {
    if !subresource.is_empty() {
        if (kind.resource.as_str(), subresource) == ("v1/persistentvolumes", "status") {
            volume_phase(new, old, now);
        }
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
        "apps/v1/statefulsets" if old.at(&MAX_UNAVAILABLE).is_none() => {
            new.remove_at(&MAX_UNAVAILABLE);
        }
        _ => (),
    }
}

/// A persistent volume records when its phase changed.
fn volume_phase(new: &mut Value, old: &Value, now: &str) {
    let same = |field: &str| old.at(&["status", field]) == new.at(&["status", field]);
    if !same("phase") && same("lastPhaseTransitionTime") {
        new.set_at(&["status", "lastPhaseTransitionTime"], now);
    }
}

/// Keeps a namespace until its content is deleted (core `FinalizerKubernetes`).
const NAMESPACE_FINALIZER: &str = "kubernetes";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_records_when_its_phase_changed() {
        let status =
            |phase: &str, since: &str| value!({"status": {"phase": phase, "lastPhaseTransitionTime": since}});
        let written = |mut new: Value| {
            volume_phase(&mut new, &status("Available", "T1"), "T2");
            new.str_at(&["status", "lastPhaseTransitionTime"]).unwrap().to_owned()
        };
        let all = [status("Available", "T1"), status("Bound", "T1"), status("Bound", "T0")].map(written);
        assert_eq!(all, ["T1", "T2", "T0"]);
    }
}
