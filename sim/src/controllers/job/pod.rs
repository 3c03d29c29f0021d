//! The pods of a job: how it makes one from the template, and reads its annotations, finalizers and phase.
//!
//! Real: pkg/controller/job `addCompletionIndex*`, `isPodFailed`, apimachinery's length of generated names. Modelled: all.

use crate::controllers::shared::claim::Owner;
use crate::controllers::shared::workload::pod_of;
use crate::object::{Object, Value, is_sidecar};
use crate::value;
use crate::wire::resource::PODS;
use crate::wire::{ObjectKey, PatchType, Request};

/// Holds a pod until the job has counted it (batch/v1 `JobTrackingFinalizer`).
pub(in crate::controllers) const FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// Label and annotation with the index (batch/v1 `JobCompletionIndexAnnotation`).
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// Environment variable with the index (pkg/controller/job `completionIndexEnvName`).
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// How many pods of the index failed before this one (batch/v1 `JobIndexFailureCountAnnotation`).
const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// How many of them did not count (batch/v1 `JobIndexIgnoredFailureCountAnnotation`).
const IGNORED_FAILURES: &str = "batch.kubernetes.io/job-index-ignored-failure-count";
/// The longest prefix of a generated name (apiserver `MaxGeneratedNameLength`).
const LONGEST_PREFIX: usize = 58;

/// Failures of an index before a new pod of it: those that count and those that do not.
pub(super) type Failures = (i64, i64);

/// The pod for an index, or any pod of a job without indexes. `failures`: given if there is a limit per index.
pub(super) fn of_template(owner: &Owner<'_>, index: Option<i64>, failures: Option<Failures>) -> Value {
    let mut pod = pod_of(owner, owner.object.at(&["spec", "template"]));
    let finalizers = pod.items_at(&["metadata", "finalizers"]);
    if !finalizers.contains(&FINALIZER.into()) {
        let all: Vec<Value> = finalizers.iter().cloned().chain([FINALIZER.into()]).collect();
        pod.set_at(&["metadata", "finalizers"], all);
    }
    let Some(index) = index else { return pod };
    let name = owner.object.name();
    pod.set_at(&["metadata", "generateName"], prefix_with_index(name, index));
    for field in ["annotations", "labels"] {
        pod.set_at(&["metadata", field, INDEX], index.to_string());
    }
    if let Some((counted, ignored)) = failures {
        pod.set_at(&["metadata", "annotations", FAILURES], counted.to_string());
        if ignored > 0 {
            pod.set_at(&["metadata", "annotations", IGNORED_FAILURES], ignored.to_string());
        }
    }
    pod.set_at(&["spec", "hostname"], format!("{name}-{index}"));
    for field in ["initContainers", "containers"] {
        let containers = pod.items_at(&["spec", field]);
        if !containers.is_empty() {
            let containers: Vec<Value> = containers.iter().map(with_index_variable).collect();
            pod.set_at(&["spec", field], containers);
        }
    }
    pod
}

fn prefix_with_index(name: &str, index: i64) -> String {
    let end = format!("-{index}-");
    let room = LONGEST_PREFIX.saturating_sub(end.len());
    format!("{}{end}", name.get(..room).unwrap_or(name))
}

fn with_index_variable(container: &Value) -> Value {
    let env = container.items_at(&["env"]);
    if env.iter().any(|variable| variable.str_at(&["name"]) == Some(INDEX_VARIABLE)) {
        return container.clone();
    }
    let path = format!("metadata.labels['{INDEX}']");
    let variable = value!({"name": INDEX_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": path}}});
    let mut container = container.clone();
    let env: Vec<Value> = env.iter().cloned().chain([variable]).collect();
    container.set_at(&["env"], env);
    container
}

/// The index of a pod.
pub(super) fn index_of(pod: &Object) -> Option<i64> {
    pod.annotation(INDEX)?.parse().ok().filter(|index| *index >= 0)
}

/// The failures of the index before this pod, from its annotations.
pub(super) fn failure_counts(pod: &Object) -> Failures {
    let count =
        |annotation| pod.annotation(annotation).and_then(|n| n.parse::<i64>().ok()).unwrap_or(0).max(0);
    (count(FAILURES), count(IGNORED_FAILURES))
}

/// Whether a job has still to count the pod.
pub(super) fn is_tracked(pod: &Object) -> bool {
    pod.finalizers().any(|finalizer| finalizer == FINALIZER)
}

pub(super) fn has_succeeded(pod: &Object) -> bool {
    pod.str_at(&["status", "phase"]) == Some("Succeeded")
}

/// Whether the pod counts as failed. A terminating pod does, because it may never finish, unless the job replaces finished
/// pods only.
pub(super) fn has_failed(pod: &Object, replaces_ended_pods_only: bool) -> bool {
    pod.str_at(&["status", "phase"]) == Some("Failed")
        || (!replaces_ended_pods_only && pod.is_terminating() && !has_succeeded(pod))
}

/// The request that removes the finalizer.
pub(super) fn untrack(pod: &Object) -> Request {
    let patch = value!({"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}});
    Request::patch(*PODS, &ObjectKey::of(pod), PatchType::Strategic, patch)
}

/// Whether this status of an init container belongs to a sidecar.
pub(super) fn is_sidecar_status(pod: &Object, status: &Value) -> bool {
    let is_it = |c: &Value| c.get("name") == status.get("name") && is_sidecar(c);
    pod.items_at(&["spec", "initContainers"]).iter().any(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_leaves_room_for_the_index_and_the_random_part() {
        assert_eq!(prefix_with_index("j", 3), "j-3-");
        let long = prefix_with_index(&"a".repeat(63), 12);
        assert_eq!((long.len(), long.ends_with("a-12-")), (58, true));
    }
}
