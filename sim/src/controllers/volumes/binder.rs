//! Binds claims and volumes.
//!
//! Real: pkg/controller/volume/persistentvolume, and the scheduler, which binds claims that wait for their first consumer.
//! Modelled: the writes and their order (the volume's claim, its phase, the claim's volume, its status), the annotations
//! `bound-by-controller` and of the provisioner, the resync of waiting claims every 15 s, the phase Lost of a claim
//! without its volume, and Released of a volume without its claim, which is then deleted if its policy is Delete and there
//! is a provisioner. Differs: a sync makes one write, a release two. Not modelled: recycling, a default class that a claim
//! gets later, expansion, failures.

use std::sync::Arc;

use super::claims_of;
use super::matching::{best, claim_of, class_of, is_for, reference, satisfies};
use super::provision::{MADE_BY, name_for, provisioner, volume_for, waits_for_consumer};
use crate::client::Change;
use crate::controllers::{Caches, Controller, Outcome, Settings, SyncKey, Watches};
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES};
use crate::wire::{ObjectKey, Request, Resource};

/// Annotation of a bound claim (component-helpers `AnnBindCompleted`).
const COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Annotation of a claim or a volume whose counterpart this controller chose (component-helpers `AnnBoundByController`).
const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Annotations of a claim with the provisioner that should make its volume (`AnnBetaStorageProvisioner`,
/// `AnnStorageProvisioner`).
const PROVISIONER: [&str; 2] =
    ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];
/// Period of the resync of claims and volumes (kube-controller-manager `--pvclaimbinder-sync-period`).
const RESYNC_MS: Millis = 15 * SECOND;

/// The controller that binds claims.
#[derive(Clone, Debug)]
pub(in crate::controllers) struct Binder {
    provisions: bool,
}

impl Binder {
    pub(in crate::controllers) fn new(settings: &Settings) -> Self {
        Self { provisions: settings.provisions_volumes }
    }
}

impl Controller for Binder {
    fn name(&self) -> &'static str {
        "persistentvolume-binder-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*PERSISTENT_VOLUME_CLAIMS, *PERSISTENT_VOLUMES, *STORAGE_CLASSES, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let object = change.object();
        let claims = *PERSISTENT_VOLUME_CLAIMS;
        if resource == *PODS {
            if change.old.is_none() {
                out.extend(claims_of(object).map(|key| SyncKey::new(claims, key)));
            }
        } else if resource == *STORAGE_CLASSES {
            let of = caches.of(claims).iter().filter(|claim| class_of(claim) == object.name());
            out.extend(of.map(|claim| SyncKey::of(claims, claim)));
        } else {
            out.push(SyncKey::of(resource, object));
            if resource == *PERSISTENT_VOLUMES {
                out.extend(claim_of(object).map(|(key, _)| SyncKey::new(claims, key)));
            } else if let Some(volume) = volume_of(object) {
                out.push(SyncKey::new(*PERSISTENT_VOLUMES, ObjectKey::new("", volume)));
            }
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(object) = caches.of(target.resource).get(&target.key) else { return out };
        if target.resource == *PERSISTENT_VOLUMES {
            self.sync_volume(object, caches, &mut out);
        } else if !object.is_terminating() {
            self.sync_claim(object, caches, &mut out);
        }
        out
    }
}

impl Binder {
    fn sync_claim(&self, claim: &Arc<Object>, caches: &Caches, out: &mut Outcome) {
        let volumes = caches.of(*PERSISTENT_VOLUMES);
        let named = volume_of(claim).map(|name| volumes.get(&ObjectKey::new("", name)));
        match named {
            _ if claim.annotation(COMPLETED).is_some() => match named.flatten() {
                Some(volume) if claim_of(volume).is_none() || is_for(volume, claim) => {
                    bind(claim, volume, out)
                }
                _ if phase(claim) == "Lost" => {}
                _ => out.then(lost(claim)),
            },
            Some(Some(volume)) if is_for(volume, claim) => bind(claim, volume, out),
            Some(Some(volume)) if claim_of(volume).is_none() && satisfies(volume, claim) => {
                bind(claim, volume, out);
            }
            Some(_) => out.after(RESYNC_MS),
            None => self.find(claim, caches, out),
        }
    }

    /// Finds or makes a volume for a claim without one.
    fn find(&self, claim: &Arc<Object>, caches: &Caches, out: &mut Outcome) {
        let volumes = caches.of(*PERSISTENT_VOLUMES);
        let waits = waits_for_consumer(claim, caches);
        if let Some(volume) = best(claim, volumes.iter(), !waits) {
            return bind(claim, volume, out);
        }
        let is_made = volumes.get(&ObjectKey::new("", name_for(claim))).is_some();
        match provisioner(claim, caches).filter(|_| !waits) {
            Some(provisioner) if needs_annotation(claim, &provisioner) => {
                let annotated = claim.edited(|root| {
                    PROVISIONER.iter().for_each(|key| {
                        root.set_at(&["metadata", "annotations", key], provisioner.clone());
                    });
                });
                out.then(Request::update(*PERSISTENT_VOLUME_CLAIMS, Arc::new(annotated)));
            }
            Some(provisioner) if self.provisions && !is_made => {
                let volume = volume_for(claim, &provisioner, caches);
                out.then(Request::create(*PERSISTENT_VOLUMES, Object::shared(volume)));
            }
            _ => out.after(RESYNC_MS),
        }
    }

    /// Reclaims a volume whose claim is gone; sets a free one to Available.
    fn sync_volume(&self, volume: &Arc<Object>, caches: &Caches, out: &mut Outcome) {
        if volume.is_terminating() {
            return;
        }
        let Some((key, uid)) = claim_of(volume).filter(|(_, uid)| !uid.is_empty()) else {
            if phase(volume) != "Available" {
                out.then(with_phase(volume, "Available"));
            }
            return;
        };
        let claim = caches.of(*PERSISTENT_VOLUME_CLAIMS).get(&key).filter(|claim| claim.uid() == uid);
        let policy = volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]);
        match claim.map(|claim| volume_of(claim)) {
            None => self.release(volume, out),
            // The claim has another volume.
            Some(Some(other)) if other != volume.name() => {
                if volume.annotation(MADE_BY).is_some() && policy == Some("Delete") {
                    self.release(volume, out);
                } else {
                    out.then(unbound(volume));
                }
            }
            Some(Some(_)) if phase(volume) != "Bound" => out.then(with_phase(volume, "Bound")),
            Some(_) => {}
        }
    }

    /// Releases a volume whose claim is gone.
    fn release(&self, volume: &Object, out: &mut Outcome) {
        if phase(volume) != "Released" {
            out.then(with_phase(volume, "Released"));
        }
        let policy = volume.str_at(&["spec", "persistentVolumeReclaimPolicy"]);
        if self.provisions && policy == Some("Delete") {
            out.then(Request::delete(*PERSISTENT_VOLUMES, &ObjectKey::of(volume)));
        }
    }
}

/// Whether a claim lacks the annotations that ask an external provisioner for its volume.
fn needs_annotation(claim: &Object, provisioner: &str) -> bool {
    !class_of(claim).is_empty()
        && !provisioner.starts_with("kubernetes.io/")
        && claim.annotation(PROVISIONER[1]) != Some(provisioner)
}

fn volume_of(claim: &Object) -> Option<&str> {
    claim.str_at(&["spec", "volumeName"]).filter(|name| !name.is_empty())
}

fn phase(object: &Object) -> &str {
    object.str_at(&["status", "phase"]).unwrap_or_default()
}

/// The next write that binds claim and volume to each other.
fn bind(claim: &Arc<Object>, volume: &Arc<Object>, out: &mut Outcome) {
    let has_claim = claim_of(volume).is_some_and(|(_, uid)| uid == claim.uid());
    if !has_claim {
        let taken = volume.edited(|root| {
            root.set_at(&["spec", "claimRef"], reference(claim));
            if claim_of(volume).is_none() {
                root.set_at(&["metadata", "annotations", BY_CONTROLLER], "yes");
            }
        });
        out.then(Request::update(*PERSISTENT_VOLUMES, Arc::new(taken)));
    } else if phase(volume) != "Bound" {
        out.then(with_phase(volume, "Bound"));
    } else if volume_of(claim).is_none() || claim.annotation(COMPLETED).is_none() {
        let bound = claim.edited(|root| {
            if volume_of(claim).is_none() {
                root.set_at(&["spec", "volumeName"], volume.name());
                root.set_at(&["metadata", "annotations", BY_CONTROLLER], "yes");
            }
            root.set_at(&["metadata", "annotations", COMPLETED], "yes");
        });
        out.then(Request::update(*PERSISTENT_VOLUME_CLAIMS, Arc::new(bound)));
    } else if phase(claim) != "Bound" {
        let field = |name: &str| volume.at(&["spec", name]).cloned().unwrap_or_default();
        let status = value!({"phase": "Bound", "accessModes": (field("accessModes")), "capacity": (field("capacity"))});
        out.then(with_status(claim, status));
    }
}

fn with_phase(volume: &Object, phase: &str) -> Request {
    let updated = volume.edited(|root| root.set_at(&["status", "phase"], phase));
    Request::update_status(*PERSISTENT_VOLUMES, Arc::new(updated))
}

fn lost(claim: &Object) -> Request {
    let mut status = claim.at(&["status"]).cloned().unwrap_or_default();
    status.set_at(&["phase"], "Lost");
    status.remove_at(&["accessModes"]);
    status.remove_at(&["capacity"]);
    with_status(claim, status)
}

fn with_status(claim: &Object, status: Value) -> Request {
    let updated = claim.edited(|root| root.set_at(&["status"], status));
    Request::update_status(*PERSISTENT_VOLUME_CLAIMS, Arc::new(updated))
}

/// Removes the claim from a volume; if an administrator chose the claim, only its uid (`unbindVolume`).
fn unbound(volume: &Object) -> Request {
    let updated = volume.edited(|root| {
        if volume.annotation(BY_CONTROLLER).is_some() {
            root.remove_at(&["spec", "claimRef"]);
            root.remove_at(&["metadata", "annotations", BY_CONTROLLER]);
        } else {
            root.remove_at(&["spec", "claimRef", "uid"]);
        }
    });
    Request::update(*PERSISTENT_VOLUMES, Arc::new(updated))
}
