//! The identity of an ordinal's pod: its name and labels.
//!
//! Real: pkg/controller/statefulset/stateful_set_utils.go. Modelled: all that v1.36 sets on a pod.

use crate::controllers::shared::claim::Owner;
use crate::controllers::shared::workload::pod_of;
use crate::object::{Object, Value};
use crate::wire::resource::{PODS, STATEFUL_SETS};
use crate::wire::{ObjectKey, Request};

/// Label with the name of the pod's revision (apps/v1 `StatefulSetRevisionLabel`).
const REVISION: &str = "controller-revision-hash";
/// Label with the pod's name (apps/v1 `StatefulSetPodNameLabel`).
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// Label with the pod's ordinal (apps/v1 `PodIndexLabel`).
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

/// The set as the owner of its pods.
pub(super) fn owner(set: &Object) -> Owner<'_> {
    Owner { resource: *STATEFUL_SETS, kind: "StatefulSet", object: set }
}

/// The parent's name and the ordinal in a pod's name; no ordinal if the number is too large.
fn split(name: &str) -> Option<(&str, Option<i64>)> {
    let (parent, digits) = name.rsplit_once('-')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| (parent, digits.parse::<i32>().ok().map(i64::from)))
}

/// Whether a pod has a name of this set's pods.
pub(super) fn is_member(set: &Object, pod: &Object) -> bool {
    split(pod.name()).is_some_and(|(parent, _)| parent == set.name())
}

/// The ordinal in a pod's name.
pub(super) fn ordinal(pod: &Object) -> Option<i64> {
    split(pod.name())?.1
}

/// The set's first ordinal.
pub(super) fn start(set: &Object) -> i64 {
    set.i64_at(&["spec", "ordinals", "start"]).unwrap_or(0)
}

/// The name of the pod of an ordinal.
pub(super) fn pod_name(set: &Object, ordinal: i64) -> String {
    format!("{}-{ordinal}", set.name())
}

/// The revision of a pod; empty if it has no label.
pub(super) fn revision(pod: &Object) -> &str {
    pod.label(REVISION).unwrap_or_default()
}

/// The pod of an ordinal, from a revision's template, without its claims.
pub(super) fn new_pod(set: &Object, ordinal: i64, (revision, template): (&str, &Value)) -> Value {
    let mut pod = pod_of(&owner(set), Some(template));
    let name = pod_name(set, ordinal);
    set_identity(&mut pod, &name, ordinal);
    pod.set_at(&["metadata", "labels", REVISION], revision);
    pod.set_at(&["spec", "hostname"], name);
    if let Some(service) = set.str_at(&["spec", "serviceName"]).filter(|service| !service.is_empty()) {
        pod.set_at(&["spec", "subdomain"], service);
    }
    pod
}

fn set_identity(pod: &mut Value, name: &str, ordinal: i64) {
    pod.set_at(&["metadata", "name"], name);
    pod.set_at(&["metadata", "labels", POD_NAME], name);
    pod.set_at(&["metadata", "labels", POD_INDEX], ordinal.to_string());
}

/// Deletes a pod by its name alone, as the real controller does: with a stale cache that may delete its successor.
pub(super) fn delete(pod: &Object) -> Request {
    Request::delete(*PODS, &ObjectKey::of(pod))
}

/// The pod with corrected labels of its identity; `None` if they are correct.
pub(super) fn corrected(pod: &Object) -> Option<Object> {
    let ordinal = ordinal(pod)?;
    let right = pod.label(POD_NAME) == Some(pod.name());
    (!right).then(|| pod.edited(|root| set_identity(root, pod.name(), ordinal)))
}
