//! The volume claims of a set's pods: created with the pod, kept after its deletion, owned by the retention policy.
//!
//! Real: pkg/controller/statefulset/stateful_pod_control.go and stateful_set_utils.go. Modelled: claims from templates, the
//! four retention policies by owner references, waiting for claims that the garbage collector will delete. Nothing here
//! deletes a claim.

use std::sync::Arc;

use super::identity;
use crate::client::Informer;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PODS};
use crate::wire::{ObjectKey, Request};

/// The set's claim templates.
fn templates(set: &Object) -> &[Value] {
    set.items_at(&["spec", "volumeClaimTemplates"])
}

fn template_name(template: &Value) -> Str {
    template.str_at(&["metadata", "name"]).unwrap_or_default().into()
}

/// The name of the claim of an ordinal.
fn name(set: &Object, template: &Value, ordinal: i64) -> String {
    format!("{}-{}-{ordinal}", template_name(template), set.name())
}

/// Adds the claims to the volumes of an ordinal's pod: first the set's claims, then the template's other volumes.
pub(super) fn mount(set: &Object, pod: &mut Value, ordinal: i64) {
    let templates = templates(set);
    if templates.is_empty() {
        return;
    }
    let of_claim = |template: &Value| {
        value!({
            "name": (template_name(template)),
            "persistentVolumeClaim": {"claimName": (name(set, template, ordinal))}
        })
    };
    let is_claim = |volume: &&Value| {
        let name = volume.str_at(&["name"]).unwrap_or_default();
        templates.iter().any(|template| template_name(template) == name)
    };
    let others = pod.items_at(&["spec", "volumes"]).iter().filter(|volume| !is_claim(volume)).cloned();
    let volumes: Vec<Value> = templates.iter().map(of_claim).chain(others).collect();
    pod.set_at(&["spec", "volumes"], volumes);
}

/// The claims of an ordinal: their keys with their templates.
fn keys(set: &Object, ordinal: i64) -> impl Iterator<Item = (ObjectKey, &Value)> {
    templates(set)
        .iter()
        .map(move |template| (ObjectKey::new(set.namespace(), name(set, template, ordinal)), template))
}

/// Whether a claim has a name of this set's claims.
pub(super) fn is_of(set: &Object, claim: &Object) -> bool {
    let prefix = |template: &Value| format!("{}-{}-", template_name(template), set.name());
    templates(set).iter().any(|template| claim.name().starts_with(&prefix(template)))
}

/// Creates the missing claims of an ordinal; `None` if one is terminating, so that the pod has to wait.
pub(super) fn missing(set: &Object, ordinal: i64, cache: &Informer) -> Option<Vec<Request>> {
    let mut requests = Vec::new();
    for (key, template) in keys(set, ordinal) {
        match cache.get(&key) {
            Some(claim) if claim.is_terminating() => return None,
            Some(_) => {}
            None => requests.push(create(set, &key, template)),
        }
    }
    Some(requests)
}

fn create(set: &Object, key: &ObjectKey, template: &Value) -> Request {
    let mut claim = template.clone();
    claim.set_at(&["metadata", "name"], key.name.clone());
    claim.set_at(&["metadata", "namespace"], key.namespace.clone());
    let labels = set.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_map);
    for (label, value) in labels.into_iter().flatten() {
        claim.set_at(&["metadata", "labels", label.as_str()], value.clone());
    }
    Request::create(*PERSISTENT_VOLUME_CLAIMS, Object::shared(claim))
}

/// Whether the retention policy deletes claims at this event: `whenDeleted` or `whenScaled`.
fn deletes(set: &Object, event: &str) -> bool {
    set.str_at(&["spec", "persistentVolumeClaimRetentionPolicy", event]) == Some("Delete")
}

/// Whether the garbage collector will delete an ordinal's claims with an earlier pod: then the new pod has to wait.
pub(super) fn are_stale(set: &Object, ordinal: i64, cache: &Informer) -> bool {
    let pod = identity::pod_name(set, ordinal);
    let of_earlier = |claim: &Arc<Object>| claim.owners().any(|o| o.kind == "Pod" && o.name == pod);
    deletes(set, "whenScaled") && keys(set, ordinal).any(|(key, _)| cache.get(&key).is_some_and(of_earlier))
}

/// Gives the claims of a pod the owners of the retention policy. `kept`: the set still has the pod's ordinal.
pub(super) fn owned(set: &Object, pod: &Object, kept: bool, cache: &Informer) -> Vec<Request> {
    let Some(ordinal) = identity::ordinal(pod) else { return Vec::new() };
    let claims = keys(set, ordinal).filter_map(|(key, _)| cache.get(&key));
    let updated = claims.filter_map(|claim| {
        let owners = owners(set, pod, kept, claim)?;
        Some(claim.edited(|root| {
            if owners.is_empty() {
                root.remove_at(&["metadata", "ownerReferences"]);
            } else {
                root.set_at(&["metadata", "ownerReferences"], owners);
            }
        }))
    });
    updated.map(|claim| Request::update(*PERSISTENT_VOLUME_CLAIMS, Arc::new(claim))).collect()
}

/// The owners that a claim should have; `None` if it has them, or if the set must not change them.
fn owners(set: &Object, pod: &Object, kept: bool, claim: &Object) -> Option<Vec<Value>> {
    let of_pod = Owner { resource: *PODS, kind: "Pod", object: pod };
    let ours = [controller_ref(&identity::owner(set)), controller_ref(&of_pod)];
    let same = |a: &Value, b: &Value, fields: &[&str]| fields.iter().all(|f| a.get(f) == b.get(f));
    let is_ours = |owner: &Value| ours.iter().any(|our| same(owner, our, &["apiVersion", "kind", "name"]));
    let is_stale = |owner: &Value| is_ours(owner) && !ours.iter().any(|our| same(owner, our, &["uid"]));
    let has = claim.items_at(&["metadata", "ownerReferences"]);
    if has.iter().any(is_stale) {
        return None;
    }
    let [set_ref, pod_ref] = &ours;
    let wanted = match (deletes(set, "whenScaled"), deletes(set, "whenDeleted")) {
        (true, _) if !kept => Some(pod_ref),
        (_, true) => Some(set_ref),
        _ => None,
    };
    let retains = !deletes(set, "whenScaled") && !deletes(set, "whenDeleted");
    let controls = |owner: &Value| owner.get("controller").and_then(Value::as_bool) == Some(true);
    let foreign = !retains && has.iter().any(|owner| !is_ours(owner) && controls(owner));
    let wanted = wanted.filter(|_| !foreign);
    if has.iter().filter(|owner| is_ours(owner)).eq(wanted) {
        return None;
    }
    Some(has.iter().filter(|owner| !is_ours(owner)).chain(wanted).cloned().collect())
}
