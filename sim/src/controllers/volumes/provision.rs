//! Makes volumes for claims, in the place of a cloud's provisioner.
//!
//! Real: an external provisioner per storage class. Modelled: a claim of a class with WaitForFirstConsumer waits until a pod
//! uses it. Differs: every cluster has a provisioner for each class but `kubernetes.io/no-provisioner`, and for claims
//! without a class, as if there were a default one; it takes no time and never fails. Not modelled: capacity, topology.

use std::sync::Arc;

use super::claims_of;
use super::matching::{class_of, reference};
use crate::controllers::Caches;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::ObjectKey;
use crate::wire::resource::{PODS, STORAGE_CLASSES};

/// Annotation of a volume with its provisioner (component-helpers `AnnDynamicallyProvisioned`).
pub(super) const MADE_BY: &str = "pv.kubernetes.io/provisioned-by";
/// The provisioner of claims without a class. Our choice, because a real one has the name of a cloud.
const DEFAULT: &str = "wavetank.dev/volume";
/// The provisioner of classes whose volumes administrators make (component-helpers `notSupportedProvisioner`).
const NONE: &str = "kubernetes.io/no-provisioner";

/// Whether a claim has to wait for a pod that uses it.
pub(super) fn waits_for_consumer(claim: &Object, caches: &Caches) -> bool {
    let class = caches.of(*STORAGE_CLASSES).get(&ObjectKey::new("", class_of(claim)));
    let late = class.and_then(|class| class.str_at(&["volumeBindingMode"])) == Some("WaitForFirstConsumer");
    let key = ObjectKey::of(claim);
    let uses = |pod: &Arc<Object>| claims_of(pod).any(|used| used == key);
    late && !caches.of(*PODS).in_namespace(claim.namespace()).any(uses)
}

/// The provisioner of a claim's class, if it has one.
pub(super) fn provisioner(claim: &Object, caches: &Caches) -> Option<Str> {
    if claim.at(&["spec", "storageClassName"]).is_none() && class_of(claim).is_empty() {
        return Some(DEFAULT.into());
    }
    let class = caches.of(*STORAGE_CLASSES).get(&ObjectKey::new("", class_of(claim)))?;
    let name = class.str_at(&["provisioner"]).unwrap_or(DEFAULT);
    (name != NONE).then(|| name.into())
}

/// The new volume of a claim.
pub(super) fn volume_for(claim: &Object, provisioner: &str, caches: &Caches) -> Value {
    let class = caches.of(*STORAGE_CLASSES).get(&ObjectKey::new("", class_of(claim)));
    let policy = class.and_then(|class| class.str_at(&["reclaimPolicy"])).unwrap_or("Delete");
    let spec = |path: &[&str]| claim.at(&["spec"]).and_then(|spec| spec.at(path)).cloned();
    let name = name_for(claim);
    let mut volume = value!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": (name.as_str())},
        "spec": {
            "accessModes": (spec(&["accessModes"]).unwrap_or_default()),
            "capacity": (spec(&["resources", "requests"]).unwrap_or_default()),
            "persistentVolumeReclaimPolicy": policy,
            "csi": {"driver": provisioner, "volumeHandle": name},
            "claimRef": (reference(claim))
        }
    });
    volume.set_at(&["metadata", "annotations", MADE_BY], provisioner);
    if !class_of(claim).is_empty() {
        volume.set_at(&["spec", "storageClassName"], class_of(claim));
    }
    if let Some(mode) = spec(&["volumeMode"]) {
        volume.set_at(&["spec", "volumeMode"], mode);
    }
    volume
}

/// The name of the new volume of a claim.
pub(super) fn name_for(claim: &Object) -> String {
    format!("pvc-{}", claim.uid())
}
