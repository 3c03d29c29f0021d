//! Controllers, about creates that the server refused.
//!
//! Real: `RealPodControl.createPods`, stateful_pod_control.go, `syncCronJob`. Modelled: pods, claims of StatefulSets, jobs of
//! CronJobs; nothing if the namespace is terminating or the name that the controller chose is taken. Differs: several
//! refused claims of one pod are reported one by one.

use super::pods::controller_of_pods;
use super::report::{Report, Reports};
use super::workloads::set_of_claim;
use crate::events::state::PriorState;
use crate::object::{Object, Value};
use crate::wire::resource::{JOBS, PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::wire::{Resource, Status};

/// What controllers report of a refused create.
pub(in crate::events) fn of_refusal(
    state: &PriorState,
    resource: Resource,
    object: &Object,
    failure: &Status,
) -> Vec<Report> {
    let mut found = Reports::new(state);
    let is_terminating = |cause: &Value| cause.str_at(&["reason"]) == Some("NamespaceTerminating");
    if failure.details.items_at(&["causes"]).iter().any(is_terminating) {
        return found.list;
    }
    let (why, taken) = (&failure.message, failure.reason == "AlreadyExists");
    if resource == *PERSISTENT_VOLUME_CLAIMS && !taken {
        found.refused_claim(object, why);
    }
    let Some(owner) = object.controller() else { return found.list };
    let Some(about) = state.get(owner.uid).cloned() else { return found.list };
    let (controller, message) = match owner.kind {
        "StatefulSet" | "CronJob" if taken => return found.list,
        "CronJob" if resource == *JOBS => (Some("cronjob-controller"), format!("Error creating job: {why}")),
        _ if resource != *PODS => return found.list,
        "StatefulSet" => {
            let (pod, set) = (object.name(), owner.name);
            let message = format!("Create Pod {pod} in StatefulSet {set} failed error: {why}");
            (controller_of_pods(owner.kind), message)
        }
        _ => (controller_of_pods(owner.kind), format!("Error creating: {why}")),
    };
    let Some(controller) = controller else { return found.list };
    found.by_controller(controller, &about, "FailedCreate", message).warn();
    found.list
}

impl Reports<'_> {
    /// The server refused a claim of a StatefulSet, and so the pod that needs it.
    fn refused_claim(&mut self, claim: &Object, why: &str) {
        let Some((set, pod)) = set_of_claim(self.state, claim) else { return };
        let (name, of_set) = (claim.name(), set.name());
        let failures = [
            format!("Create Claim {name} for Pod {pod} in StatefulSet {of_set} failed error: {why}"),
            format!(
                "Create Pod {pod} in StatefulSet {of_set} failed error: failed to create PVC {name}: {why}"
            ),
        ];
        for message in failures {
            self.by_controller("statefulset-controller", &set, "FailedCreate", message).warn();
        }
    }
}
