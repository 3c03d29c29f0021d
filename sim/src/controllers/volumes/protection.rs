//! Removes the finalizers of terminating claims that no pod uses, and of terminating volumes that are not bound.
//!
//! Real: pkg/controller/volume/pvcprotection and pvprotection; the admission plugin StorageObjectInUseProtection adds the
//! finalizers. Modelled: both; a pod uses a claim from its binding until it is gone, even when it has finished; the claim
//! of an ephemeral volume until it is shut down. Not modelled: the live list of pods that the real one makes to confirm
//! its cache.

use std::sync::Arc;

use super::claims_of;
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::controllers::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS};
use crate::wire::{Request, Resource};

/// Finalizer of claims (pkg/volume/util `PVCProtectionFinalizer`).
const CLAIM: &str = "kubernetes.io/pvc-protection";
/// Finalizer of volumes (pkg/volume/util `PVProtectionFinalizer`).
const VOLUME: &str = "kubernetes.io/pv-protection";

/// The controller that protects claims in use.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct ClaimProtection;

/// The controller that protects bound volumes.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct VolumeProtection;

fn is_held(object: &Object, finalizer: &str) -> bool {
    object.is_terminating() && object.finalizers().any(|held| held == finalizer)
}

fn release(resource: Resource, object: &Object, finalizer: &str) -> Request {
    let others = object.finalizers().filter(|held| *held != finalizer).map(Value::from);
    let others: Vec<Value> = others.collect();
    let updated = object.edited(|root| {
        if others.is_empty() {
            root.remove_at(&["metadata", "finalizers"]);
        } else {
            root.set_at(&["metadata", "finalizers"], others);
        }
    });
    Request::update(resource, Arc::new(updated))
}

/// Whether a bound pod uses a claim (`podUsesPVC`).
fn uses(pod: &Object, claim: &Object) -> bool {
    // `podIsShutDown`
    let shut_down =
        pod.is_terminating() && pod.i64_at(&["metadata", "deletionGracePeriodSeconds"]) == Some(0);
    let (mut named, mut made) = (false, false);
    for volume in pod.items_at(&["spec", "volumes"]) {
        named |= volume.str_at(&["persistentVolumeClaim", "claimName"]) == Some(claim.name());
        made |= volume.get("ephemeral").is_some()
            && volume.str_at(&["name"]).is_some_and(|name| claim.name() == format!("{}-{name}", pod.name()))
            && claim.is_controlled_by(pod.uid());
    }
    named || (made && !shut_down)
}

impl Controller for ClaimProtection {
    fn name(&self) -> &'static str {
        "persistentvolumeclaim-protection-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*PERSISTENT_VOLUME_CLAIMS, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        let claims = *PERSISTENT_VOLUME_CLAIMS;
        let object = change.object();
        if resource == claims {
            out.push(SyncKey::of(resource, object));
        } else if change.new.as_ref().is_none_or(|pod| pods::is_finished(pod)) {
            out.extend(claims_of(object).map(|key| SyncKey::new(claims, key)));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(claim) = caches.of(target.resource).get(&target.key) else { return out };
        let holds = |pod: &Arc<Object>| {
            let runs = pod.str_at(&["spec", "nodeName"]).is_some_and(|node| !node.is_empty());
            runs && uses(pod, claim)
        };
        if is_held(claim, CLAIM) && !caches.of(*PODS).in_namespace(claim.namespace()).any(holds) {
            out.then(release(target.resource, claim, CLAIM));
        }
        out
    }
}

impl Controller for VolumeProtection {
    fn name(&self) -> &'static str {
        "persistentvolume-protection-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*PERSISTENT_VOLUMES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        out.push(SyncKey::of(resource, change.object()));
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(volume) = caches.of(target.resource).get(&target.key) else { return out };
        if is_held(volume, VOLUME) && volume.str_at(&["status", "phase"]) != Some("Bound") {
            out.then(release(target.resource, volume, VOLUME));
        }
        out
    }
}
