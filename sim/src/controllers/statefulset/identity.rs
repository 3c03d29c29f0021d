//! What makes a pod the one of an ordinal: its name, its labels, its volumes.
//!
//! Real: pkg/controller/statefulset/stateful_set_utils.go. Modelled: all that v1.36 sets on a pod.

use super::claims;
use crate::controllers::replicaset::pod_of;
use crate::controllers::shared::claim::Owner;
use crate::object::{Object, Value};
use crate::value;
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

/// The parent's name and the ordinal in a pod's name; no ordinal where the digits are too many.
fn split(name: &str) -> Option<(&str, Option<i64>)> {
    let (parent, digits) = name.rsplit_once('-')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| (parent, digits.parse::<i32>().ok().map(i64::from)))
}

/// Whether a pod's name is one that the set gives.
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

/// The revision that a pod was made from; empty where it does not say.
pub(super) fn revision(pod: &Object) -> &str {
    pod.label(REVISION).unwrap_or_default()
}

/// The pod of an ordinal, made from a revision's template.
pub(super) fn new_pod(set: &Object, ordinal: i64, (revision, template): (&str, &Value)) -> Value {
    let mut pod = pod_of(&owner(set), Some(template));
    let name = pod_name(set, ordinal);
    set_identity(&mut pod, &name, ordinal);
    pod.set_at(&["metadata", "labels", REVISION], revision);
    pod.set_at(&["spec", "hostname"], name);
    if let Some(service) = set.str_at(&["spec", "serviceName"]).filter(|service| !service.is_empty()) {
        pod.set_at(&["spec", "subdomain"], service);
    }
    set_volumes(set, &mut pod, ordinal);
    pod
}

fn set_identity(pod: &mut Value, name: &str, ordinal: i64) {
    pod.set_at(&["metadata", "name"], name);
    pod.set_at(&["metadata", "labels", POD_NAME], name);
    pod.set_at(&["metadata", "labels", POD_INDEX], ordinal.to_string());
}

/// The set's claims first, then the template's other volumes.
fn set_volumes(set: &Object, pod: &mut Value, ordinal: i64) {
    let templates = claims::templates(set);
    if templates.is_empty() {
        return;
    }
    let of_claim = |template: &Value| {
        value!({
            "name": (claims::template_name(template)),
            "persistentVolumeClaim": {"claimName": (claims::name(set, template, ordinal))}
        })
    };
    let is_claim = |volume: &&Value| {
        let name = volume.str_at(&["name"]).unwrap_or_default();
        templates.iter().any(|template| claims::template_name(template) == name)
    };
    let others = pod.items_at(&["spec", "volumes"]).iter().filter(|volume| !is_claim(volume)).cloned();
    let volumes: Vec<Value> = templates.iter().map(of_claim).chain(others).collect();
    pod.set_at(&["spec", "volumes"], volumes);
}

/// Deletes a pod by its name alone, as the real controller does: on a stale view that may hit its successor.
pub(super) fn delete(pod: &Object) -> Request {
    Request::delete(*PODS, &ObjectKey::of(pod))
}

/// A pod of the set with the label of its identity put right; nothing where it is right.
pub(super) fn corrected(pod: &Object) -> Option<Object> {
    let ordinal = ordinal(pod)?;
    let right = pod.label(POD_NAME) == Some(pod.name());
    (!right).then(|| pod.edited(|root| set_identity(root, pod.name(), ordinal)))
}
