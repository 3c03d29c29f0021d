//! Binds claims to volumes that are made for them.
//!
//! Real: pkg/controller/volume/persistentvolume, an external provisioner per storage class, and the scheduler, which picks
//! the node of a claim that waits for its first consumer. Modelled: every cluster has a provisioner for every class
//! that exists, and for claims without a class; it takes no time. A claim of a class with WaitForFirstConsumer waits until
//! a pod uses it. A claim that names a volume gets that one once it is there and free. When a claim is gone its volume is
//! deleted, or Released where its policy is Retain. Not modelled: the choice among volumes that an administrator made
//! (a claim with the class "" stays Pending unless it names one), capacity and topology, expansion, failures.

use std::sync::Arc;

use super::claims_of;
use crate::client::Change;
use crate::controllers::{Caches, Controller, Outcome, Target, Watches};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES};
use crate::wire::{ObjectKey, Request, Resource};

/// Annotations of a claim that the controller has bound (pkg/controller/volume/persistentvolume).
const BOUND: [&str; 2] = ["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"];
/// Annotation of a volume with the name of who made it (the same).
const MADE_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Our provisioner, where the class names none.
const PROVISIONER: &str = "wavetank.dev/volume";

/// The controller that binds claims.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct Binder;

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "persistentvolume-binder-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*PERSISTENT_VOLUME_CLAIMS, *PERSISTENT_VOLUMES, *STORAGE_CLASSES, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        let object = change.object();
        let claims = *PERSISTENT_VOLUME_CLAIMS;
        if resource == *PODS {
            if change.old.is_none() {
                out.extend(claims_of(object).map(|key| Target::new(claims, key)));
            }
        } else if resource == *STORAGE_CLASSES {
            let of = caches.of(claims).iter().filter(|claim| class_of(claim) == object.name());
            out.extend(of.map(|claim| Target::of(claims, claim)));
        } else {
            out.push(Target::of(resource, object));
            if resource == *PERSISTENT_VOLUMES {
                out.extend(claim_of(object).map(|(key, _)| Target::new(claims, key)));
            } else if let Some(volume) = volume_of(object) {
                out.push(Target::new(*PERSISTENT_VOLUMES, ObjectKey::new("", volume)));
            }
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(object) = caches.of(target.resource).get(&target.key) else { return out };
        if target.resource == *PERSISTENT_VOLUMES {
            sync_volume(object, caches, &mut out);
        } else if !object.is_terminating() {
            sync_claim(object, caches, &mut out);
        }
        out
    }
}

fn class_of(claim: &Object) -> &str {
    claim.str_at(&["spec", "storageClassName"]).unwrap_or_default()
}

fn volume_of(claim: &Object) -> Option<&str> {
    claim.str_at(&["spec", "volumeName"]).filter(|name| !name.is_empty())
}

/// Key and uid of the claim that a volume is for. One that an administrator wrote may lack the uid.
fn claim_of(volume: &Object) -> Option<(ObjectKey, &str)> {
    let claim = volume.at(&["spec", "claimRef"])?;
    let text = |field: &str| claim.str_at(&[field]).unwrap_or_default();
    Some((ObjectKey::new(text("namespace"), text("name")), text("uid")))
}

fn phase(object: &Object) -> &str {
    object.str_at(&["status", "phase"]).unwrap_or_default()
}

fn sync_claim(claim: &Arc<Object>, caches: &Caches, out: &mut Outcome) {
    let volumes = caches.of(*PERSISTENT_VOLUMES);
    if let Some(name) = volume_of(claim) {
        if let Some(volume) = volumes.get(&ObjectKey::new("", name)) {
            bind(claim, volume, out);
        }
        return;
    }
    let Some(provisioner) = may_provision(claim, caches) else { return };
    let name = format!("pvc-{}", claim.uid());
    if volumes.get(&ObjectKey::new("", name.as_str())).is_none() {
        let volume = made(claim, &name, &provisioner, caches);
        out.then(Request::create(*PERSISTENT_VOLUMES, Object::shared(volume)));
    }
    let named = claim.edited(|root| {
        root.set_at(&["spec", "volumeName"], name);
        BOUND.iter().for_each(|key| root.set_at(&["metadata", "annotations", key], "yes"));
    });
    out.then(Request::update(*PERSISTENT_VOLUME_CLAIMS, Arc::new(named)));
    out.again();
}

/// Who makes a volume for the claim now; `None` if nobody does.
fn may_provision(claim: &Object, caches: &Caches) -> Option<Str> {
    let Some(class) = claim.str_at(&["spec", "storageClassName"]) else { return Some(PROVISIONER.into()) };
    let class = caches.of(*STORAGE_CLASSES).get(&ObjectKey::new("", class))?;
    let late = class.str_at(&["volumeBindingMode"]) == Some("WaitForFirstConsumer");
    let key = ObjectKey::of(claim);
    let uses = |pod: &Arc<Object>| claims_of(pod).any(|used| used == key);
    (!late || caches.of(*PODS).in_namespace(claim.namespace()).any(uses))
        .then(|| class.str_at(&["provisioner"]).unwrap_or(PROVISIONER).into())
}

/// The volume that is made for a claim.
fn made(claim: &Object, name: &str, provisioner: &str, caches: &Caches) -> Value {
    let class = caches.of(*STORAGE_CLASSES).get(&ObjectKey::new("", class_of(claim)));
    let policy = class.and_then(|class| class.str_at(&["reclaimPolicy"])).unwrap_or("Delete");
    let spec = |path: &[&str]| claim.at(&["spec"]).and_then(|spec| spec.at(path)).cloned();
    let mut volume = value!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": (spec(&["accessModes"]).unwrap_or_default()),
            "capacity": (spec(&["resources", "requests"]).unwrap_or_default()),
            "persistentVolumeReclaimPolicy": policy,
            "csi": {"driver": provisioner, "volumeHandle": name},
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": (claim.namespace()),
                "name": (claim.name()), "uid": (claim.uid())
            }
        }
    });
    volume.set_at(&["metadata", "annotations", MADE_BY], provisioner);
    for field in ["storageClassName", "volumeMode"] {
        if let Some(value) = spec(&[field]) {
            volume.set_at(&["spec", field], value);
        }
    }
    volume
}

/// Tells volume and claim that they belong together.
fn bind(claim: &Arc<Object>, volume: &Arc<Object>, out: &mut Outcome) {
    match claim_of(volume) {
        Some((key, uid)) if key == ObjectKey::of(claim) && uid == claim.uid() => {}
        Some((key, uid)) if key != ObjectKey::of(claim) || !uid.is_empty() => return,
        _ => {
            let reference = value!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": (claim.namespace()),
                "name": (claim.name()), "uid": (claim.uid())
            });
            let taken = volume.edited(|root| root.set_at(&["spec", "claimRef"], reference));
            out.then(Request::update(*PERSISTENT_VOLUMES, Arc::new(taken)));
            return out.again();
        }
    }
    if phase(volume) != "Bound" {
        out.then(with_phase(*PERSISTENT_VOLUMES, volume, "Bound"));
    }
    if phase(claim) != "Bound" {
        let field = |name: &str| volume.at(&["spec", name]).cloned().unwrap_or_default();
        let status = value!({"phase": "Bound", "accessModes": (field("accessModes")), "capacity": (field("capacity"))});
        let bound = claim.edited(|root| root.set_at(&["status"], status));
        out.then(Request::update_status(*PERSISTENT_VOLUME_CLAIMS, Arc::new(bound)));
    }
}

fn with_phase(resource: Resource, object: &Object, phase: &str) -> Request {
    let updated = object.edited(|root| root.set_at(&["status", "phase"], phase));
    Request::update_status(resource, Arc::new(updated))
}

/// Reclaims a volume whose claim is gone; makes a free one available.
fn sync_volume(volume: &Arc<Object>, caches: &Caches, out: &mut Outcome) {
    if volume.is_terminating() {
        return;
    }
    let Some((key, uid)) = claim_of(volume).filter(|(_, uid)| !uid.is_empty()) else {
        if phase(volume) != "Available" {
            out.then(with_phase(*PERSISTENT_VOLUMES, volume, "Available"));
        }
        return;
    };
    let is_there = caches.of(*PERSISTENT_VOLUME_CLAIMS).get(&key).is_some_and(|claim| claim.uid() == uid);
    if is_there {
        return;
    }
    if phase(volume) != "Released" {
        out.then(with_phase(*PERSISTENT_VOLUMES, volume, "Released"));
    }
    if volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]) == Some("Delete") {
        out.then(Request::delete(*PERSISTENT_VOLUMES, &ObjectKey::of(volume)));
    }
}
