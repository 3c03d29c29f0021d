//! The claims of a pod's volumes, and the volumes they are bound to.
//!
//! Real: the plugin VolumeBinding; the plugin VolumeRestrictions, which reports missing claims first. Modelled: claims that
//! are missing, terminating, lost, not bound or of another pod; the node affinity of bound volumes; a pod is bound after its
//! claims that wait for their first consumer. Not modelled: choosing volumes, selecting a node for a provisioner, capacity,
//! topologies of a class, the time-out of binding.

use super::placement::NodeFacts;
use super::reasons::{FilterReason, Plugin, final_reason};
use crate::client::Informer;
use crate::object::{Object, Value, selects_node};
use crate::value;
use crate::wire::ObjectKey;

/// Annotation of a bound claim (component-helpers `AnnBindCompleted`).
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";

/// The node affinity of a bound claim's volume, as a pod spec has it; `None` if there is no such volume.
pub(super) type Bound = Option<Value>;

/// Name of the claim of a volume, and whether it is an ephemeral volume's.
fn claim_of<'a>(pod: &Object, volume: &'a Value) -> Option<(std::borrow::Cow<'a, str>, bool)> {
    if volume.get("ephemeral").is_some_and(|ephemeral| !ephemeral.is_null()) {
        let name = format!("{}-{}", pod.name(), volume.str_at(&["name"]).unwrap_or_default());
        return Some((name.into(), true));
    }
    Some((volume.str_at(&["persistentVolumeClaim", "claimName"])?.into(), false))
}

/// The keys of a pod's claims, and which of them are of ephemeral volumes.
fn keys(pod: &Object) -> impl Iterator<Item = (ObjectKey, bool)> {
    let volumes = pod.items_at(&["spec", "volumes"]).iter();
    volumes.filter_map(|volume| {
        let (name, own) = claim_of(pod, volume)?;
        Some((ObjectKey::new(pod.namespace(), &*name), own))
    })
}

/// Whether the pod uses this claim.
pub(super) fn uses(pod: &Object, claim: &Object) -> bool {
    pod.namespace() == claim.namespace() && keys(pod).any(|(key, _)| key.name == claim.name())
}

/// Why a pod's claims prevent it from being scheduled, and the plugin that rejects it.
pub(super) fn rejection(pod: &Object, claims: &Informer, classes: &Informer) -> Option<(Plugin, String)> {
    let missing = keys(pod).find(|(key, own)| !own && claims.get(key).is_none());
    if let Some((key, _)) = missing {
        let why = format!("persistentvolumeclaim \"{}\" not found", key.name);
        return Some((Plugin::VolumeRestrictions, why));
    }
    let mut immediate = false;
    for (key, own) in keys(pod) {
        let claim = claims.get(&key);
        if let Some(why) = claim_error(pod, &key, own, claim.map(|claim| &**claim)) {
            return Some((Plugin::VolumeBinding, why));
        }
        immediate |= claim.is_some_and(|claim| !is_bound(claim) && !waits_for_consumer(claim, classes));
    }
    let unbound = || "pod has unbound immediate PersistentVolumeClaims".to_owned();
    immediate.then(|| (Plugin::VolumeBinding, unbound()))
}

fn claim_error(
    pod: &Object,
    ObjectKey { name, namespace }: &ObjectKey,
    own: bool,
    claim: Option<&Object>,
) -> Option<String> {
    let waiting = "waiting for ephemeral volume controller to create the persistentvolumeclaim";
    let Some(claim) = claim else { return Some(format!("{waiting} \"{name}\"")) };
    if claim.str_at(&["status", "phase"]) == Some("Lost") {
        let volume = claim.str_at(&["spec", "volumeName"]).unwrap_or_default();
        let lost =
            format!("persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{volume}\"");
        return Some(lost);
    }
    if claim.is_terminating() {
        return Some(format!("persistentvolumeclaim \"{name}\" is being deleted"));
    }
    let is_foreign = own && !claim.is_controlled_by(pod.uid());
    let of = || format!("PVC {namespace}/{name} was not created for pod {namespace}/{}", pod.name());
    is_foreign.then(|| format!("{} (pod is not owner)", of()))
}

/// Whether a claim is bound.
fn is_bound(claim: &Object) -> bool {
    claim.str_at(&["spec", "volumeName"]).is_some_and(|name| !name.is_empty())
        && claim.annotation(BIND_COMPLETED).is_some()
}

/// Whether the claim's class has WaitForFirstConsumer.
fn waits_for_consumer(claim: &Object, classes: &Informer) -> bool {
    let name = claim.str_at(&["spec", "storageClassName"]).filter(|name| !name.is_empty());
    let class = name.and_then(|name| classes.get(&ObjectKey::new("", name)));
    let mode = class.and_then(|class| class.str_at(&["volumeBindingMode"]));
    let names_volume = claim.str_at(&["spec", "volumeName"]).is_some_and(|name| !name.is_empty());
    mode == Some("WaitForFirstConsumer") && !names_volume
}

/// The volumes of the pod's bound claims.
pub(super) fn bound(pod: &Object, claims: &Informer, volumes: &Informer) -> Vec<Bound> {
    let of = |claim: &Object| {
        let name = claim.str_at(&["spec", "volumeName"]).unwrap_or_default();
        let volume = volumes.get(&ObjectKey::new("", name))?;
        let required =
            volume.at(&["spec", "nodeAffinity", "required"]).filter(|required| !required.is_null());
        let mut spec = value!({});
        if let Some(required) = required {
            let path = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
            spec.set_at(&path, required.clone());
        }
        Some(spec)
    };
    let claims = keys(pod).filter_map(|(key, _)| claims.get(&key));
    claims.filter(|claim| is_bound(claim)).map(|claim| of(claim)).collect()
}

/// Whether the claims of a pod with a node are bound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// All are bound.
    Done,
    /// One waits for its volume.
    Waits,
    /// One is gone.
    Gone,
}

/// Whether the claims of a pod are bound.
pub(super) fn progress(pod: &Object, claims: &Informer) -> Progress {
    let mut all = Progress::Done;
    for (key, _) in keys(pod) {
        match claims.get(&key) {
            None => return Progress::Gone,
            Some(claim) if !is_bound(claim) => all = Progress::Waits,
            Some(_) => {}
        }
    }
    all
}

/// VolumeBinding.
pub(super) fn filter(volumes: &[Bound], node: &NodeFacts, reasons: &mut Vec<FilterReason>) {
    let is_usable = |spec: &Value| selects_node(spec, &node.node);
    if volumes.iter().any(Option::is_none) {
        let text = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
        reasons.push(final_reason(text));
    } else if !volumes.iter().flatten().all(is_usable) {
        reasons.push(final_reason("node(s) didn't match PersistentVolume's node affinity"));
    }
}
