//! What controllers say of creates that the server refused.
//!
//! Real: `RealPodControl.createPods`, stateful_pod_control.go, `syncCronJob`. Modelled: pods, claims of StatefulSets, jobs of CronJobs;
//! nothing is said where the namespace goes, or where a name is taken that the controller chose. Not modelled: several claims of
//! one pod that are refused together are told one by one.

use super::telling::{Telling, Word};
use super::workloads::set_of_claim;
use crate::events::known::Known;
use crate::object::{Object, Value};
use crate::wire::resource::{JOBS, PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::wire::{Resource, Status};

/// What a refused create of the controllers says.
pub(in crate::events) fn refusal(
    known: &Known,
    resource: Resource,
    object: &Object,
    failure: &Status,
) -> Vec<Word> {
    let mut told = Telling::new(known);
    let because = |cause: &Value| cause.str_at(&["reason"]) == Some("NamespaceTerminating");
    if failure.details.items_at(&["causes"]).iter().any(because) {
        return told.words;
    }
    let (why, taken) = (&failure.message, failure.reason == "AlreadyExists");
    if resource == *PERSISTENT_VOLUME_CLAIMS && !taken {
        told.refused_claim(object, why);
    }
    let Some(owner) = object.controller() else { return told.words };
    let Some(about) = known.get(owner.uid).cloned() else { return told.words };
    let (controller, message) = match (owner.kind, resource) {
        ("StatefulSet" | "CronJob", _) if taken => return told.words,
        ("ReplicaSet", r) if r == *PODS => ("replicaset-controller", format!("Error creating: {why}")),
        ("ReplicationController", r) if r == *PODS => {
            ("replication-controller", format!("Error creating: {why}"))
        }
        ("DaemonSet", r) if r == *PODS => ("daemonset-controller", format!("Error creating: {why}")),
        ("Job", r) if r == *PODS => ("job-controller", format!("Error creating: {why}")),
        ("StatefulSet", r) if r == *PODS => {
            let (pod, set) = (object.name(), owner.name);
            ("statefulset-controller", format!("Create Pod {pod} in StatefulSet {set} failed error: {why}"))
        }
        ("CronJob", r) if r == *JOBS => ("cronjob-controller", format!("Error creating job: {why}")),
        _ => return told.words,
    };
    told.controller(controller, &about, "FailedCreate", message).warn();
    told.words
}

impl Telling<'_> {
    /// A claim of a StatefulSet, and the pod that it is for.
    fn refused_claim(&mut self, claim: &Object, why: &str) {
        let Some((set, pod)) = set_of_claim(self.known, claim) else { return };
        let (name, of) = (claim.name(), set.name());
        let failures = [
            format!("Create Claim {name} for Pod {pod} in StatefulSet {of} failed error: {why}"),
            format!("Create Pod {pod} in StatefulSet {of} failed error: failed to create PVC {name}: {why}"),
        ];
        for message in failures {
            self.controller("statefulset-controller", &set, "FailedCreate", message).warn();
        }
    }
}
