//! Before anything is deleted: live reads of the object and of its owners. What follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::collector::{
    FOREGROUND, GarbageCollector, ORPHAN, coordinates, find, has, waits_for_dependents, without_owners,
};
use crate::controllers::{Caches, Call, Outcome, SyncKey, Verdict};
use crate::object::{Object, OwnerRef, Str, Value};
use crate::value;
use crate::wire::{Answer, PatchType, Request};

/// The live reads about one object.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    target: SyncKey,
    uid: Str,
    /// Whether it is read to take a finalizer from it; else to judge its owners.
    pub(super) frees: bool,
    /// The object itself, once it is read; `None` inside where it is gone.
    live: Option<Option<Arc<Object>>>,
    /// What was found in the places of its owners.
    owners: BTreeMap<SyncKey, Option<Arc<Object>>>,
}

impl Probe {
    pub(super) fn new(target: &SyncKey, object: &Object, frees: bool) -> Self {
        Self { target: target.clone(), uid: object.uid().into(), frees, live: None, owners: BTreeMap::new() }
    }

    /// The object as it was read, if it was and is there.
    pub(super) fn live(&self) -> Option<&Arc<Object>> {
        self.live.as_ref()?.as_ref()
    }

    /// Takes the answer to one of the reads.
    pub(super) fn note(&mut self, call: &Call, answer: &Answer) -> Verdict {
        let found = match answer.object() {
            Ok(object) => Some(object.clone()),
            Err(status) if status.code == 404 => None,
            Err(_) => return Verdict::Retry,
        };
        let place = SyncKey::new(call.resource, call.key.clone());
        if place == self.target {
            self.live = Some(found.clone().filter(|object| object.uid() == self.uid));
        }
        self.owners.insert(place, found);
        Verdict::Fine
    }
}

/// The owners of one object by what is known of them.
#[derive(Default)]
struct Owners {
    solid: usize,
    dangling: Vec<Str>,
    /// Those that wait for the object to go.
    waiting: Vec<Str>,
}

impl GarbageCollector {
    /// Asks for the live state of an object and its owners, unless the caches show all owners in place.
    pub(super) fn verify(&mut self, target: &SyncKey, object: &Object, caches: &Caches, out: &mut Outcome) {
        let namespace = object.namespace();
        let in_place = |owner: OwnerRef<'_>| {
            find(&owner, namespace, caches).is_some_and(|(_, owner)| !waits_for_dependents(owner))
        };
        if object.owners().all(in_place) {
            return;
        }
        let mut reads = vec![Request::get(target.resource, &target.key)];
        for owner in object.owners().filter(|owner| !self.graph.is_absent(owner, namespace)) {
            match coordinates(&owner, namespace, caches) {
                // A cluster-scoped object with an owner in a namespace is a mistake that is kept.
                Some(_) if namespace.is_empty() && is_namespaced(&owner, caches) => return,
                Some(place) => reads.push(Request::get(place.resource, &place.key)),
                // The kind may become known; until then the object is kept.
                None => return out.retry(),
            }
        }
        self.probes.insert(target.clone(), Probe::new(target, object, false));
        out.together(reads);
        out.again();
    }

    /// What to do about an object whose live state is known.
    pub(super) fn decide(&mut self, target: &SyncKey, probe: &Probe, caches: &Caches, out: &mut Outcome) {
        let Some(live) = &probe.live else { return out.retry() };
        let Some(live) = live else { return };
        if live.is_terminating() || live.owners().next().is_none() {
            return;
        }
        let Some(owners) = self.classify(live, probe, caches) else { return out.retry() };
        if owners.solid > 0 {
            if !owners.dangling.is_empty() || !owners.waiting.is_empty() {
                let goes = |uid: &str| owners.dangling.iter().chain(&owners.waiting).any(|gone| gone == uid);
                out.then(without_owners(target, live, &goes));
            }
        } else if !owners.waiting.is_empty() && self.graph.dependents(live.uid()).len() > 0 {
            if self.is_in_a_circle(live, caches) {
                out.then(unblocked(target, live));
                out.then(delete(target, live, "Foreground", false));
            } else {
                out.then(delete(target, live, "Foreground", true));
            }
        } else {
            let propagation = match () {
                () if has(live, ORPHAN) => "Orphan",
                () if has(live, FOREGROUND) => "Foreground",
                () => "Background",
            };
            out.then(delete(target, live, propagation, true));
        }
    }

    /// Sorts owners by their live state; `None` if one was not read.
    fn classify(&mut self, live: &Object, probe: &Probe, caches: &Caches) -> Option<Owners> {
        let namespace = live.namespace();
        let mut out = Owners::default();
        for owner in live.owners() {
            if self.graph.is_absent(&owner, namespace) {
                out.dangling.push(owner.uid.into());
                continue;
            }
            let place = coordinates(&owner, namespace, caches)?;
            match probe.owners.get(&place)? {
                Some(found) if found.uid() == owner.uid => {
                    if waits_for_dependents(found) {
                        out.waiting.push(owner.uid.into());
                    } else {
                        out.solid += 1;
                    }
                }
                _ => {
                    self.graph.note_absent(&owner, &place.key.namespace);
                    out.dangling.push(owner.uid.into());
                }
            }
        }
        Some(out)
    }

    /// Whether one of an object's dependents waits for its own: then both may wait for each other.
    fn is_in_a_circle(&self, live: &Object, caches: &Caches) -> bool {
        let mut dependents = self.graph.dependents(live.uid());
        dependents.any(|d| caches.get(d.resource, &d.key).is_some_and(|object| waits_for_dependents(object)))
    }
}

fn is_namespaced(owner: &OwnerRef<'_>, caches: &Caches) -> bool {
    caches.kind(owner.api_version, owner.kind).is_some_and(|kind| kind.namespaced)
}

/// Deletes exactly the object that was read.
fn delete(target: &SyncKey, live: &Object, propagation: &str, same_version: bool) -> Request {
    let mut request = Request::delete(target.resource, &target.key);
    request.options.propagation = propagation.into();
    request.options.precondition_uid = Some(live.uid().into());
    request.options.precondition_version = same_version.then(|| live.meta("resourceVersion").into());
    request
}

/// The patch after which an object holds no owner.
fn unblocked(target: &SyncKey, live: &Object) -> Request {
    let unblock = |owner: &Value| {
        let mut owner = owner.clone();
        owner.set_at(&["blockOwnerDeletion"], false);
        owner
    };
    let owners: Vec<Value> = live.items_at(&["metadata", "ownerReferences"]).iter().map(unblock).collect();
    let patch = value!({"metadata": {
        "uid": (live.uid()), "resourceVersion": (live.meta("resourceVersion")), "ownerReferences": owners
    }});
    Request::patch(target.resource, &target.key, PatchType::Merge, patch)
}
