//! Before anything is deleted: live reads of the object and of its owners. What follows from them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::graph::{FOREGROUND, Graph, ORPHAN, coordinates, find, has, waits_for_dependents};
use super::writes::{delete, unblocked, without_owners};
use crate::controllers::{Caches, Call, Outcome, SyncKey, Verdict};
use crate::object::{Object, OwnerRef, Str};
use crate::wire::{Answer, Request};

/// The live reads about one object.
#[derive(Clone, Debug)]
pub(super) struct LiveReads {
    target: SyncKey,
    uid: Str,
    /// Whether the object is read to remove a finalizer; otherwise to judge its owners.
    pub(super) finalizes: bool,
    /// The object itself, once it is read; `None` inside if it is gone.
    live: Option<Option<Arc<Object>>>,
    /// The object at the key of each owner reference, if there is one.
    owners: BTreeMap<SyncKey, Option<Arc<Object>>>,
}

impl LiveReads {
    pub(super) fn new(target: &SyncKey, object: &Object, finalizes: bool) -> Self {
        let (target, uid) = (target.clone(), object.uid().into());
        Self { target, uid, finalizes, live: None, owners: BTreeMap::new() }
    }

    /// The object as it was read, if it exists.
    pub(super) fn object(&self) -> Option<&Arc<Object>> {
        self.live.as_ref()?.as_ref()
    }

    /// Handles the answer to one of the reads.
    pub(super) fn on_answer(&mut self, call: &Call, answer: &Answer) -> Verdict {
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

/// The owners of one object, in the words of the real controller.
#[derive(Default)]
struct OwnerStates {
    /// How many exist and do not wait for their dependents.
    solid: usize,
    /// Those that do not exist.
    dangling: Vec<Str>,
    /// Those that wait until the object is deleted.
    waiting: Vec<Str>,
}

/// Reads the live state of an object and its owners, unless the caches show that all owners exist. Whether it does.
pub(super) fn verify(
    graph: &Graph,
    target: &SyncKey,
    object: &Object,
    caches: &Caches,
    out: &mut Outcome,
) -> bool {
    let namespace = object.namespace();
    let in_place = |owner: OwnerRef<'_>| {
        find(&owner, namespace, caches).is_some_and(|(_, owner)| !waits_for_dependents(owner))
    };
    if object.owners().all(in_place) {
        return false;
    }
    let mut reads = vec![Request::get(target.resource, &target.key)];
    for owner in object.owners().filter(|owner| !graph.is_absent(owner, namespace)) {
        match coordinates(&owner, namespace, caches) {
            // A cluster-scoped object must not have an owner in a namespace; the collector leaves it alone.
            Some(_) if namespace.is_empty() && is_namespaced(&owner, caches) => return false,
            Some(place) => reads.push(Request::get(place.resource, &place.key)),
            // The server may serve the kind later; until then the object stays.
            None => {
                out.retry();
                return false;
            }
        }
    }
    out.together(reads);
    out.again();
    true
}

/// What to do about an object after the reads.
pub(super) fn decide(
    graph: &mut Graph,
    target: &SyncKey,
    reads: &LiveReads,
    caches: &Caches,
    out: &mut Outcome,
) {
    let Some(live) = &reads.live else { return out.retry() };
    let Some(live) = live else { return };
    if live.is_terminating() || live.owners().next().is_none() {
        return;
    }
    let Some(owners) = classify(graph, live, reads, caches) else { return out.retry() };
    if owners.solid > 0 {
        if !owners.dangling.is_empty() || !owners.waiting.is_empty() {
            let removes = |uid: &str| owners.dangling.iter().chain(&owners.waiting).any(|gone| gone == uid);
            out.then(without_owners(target, live, &removes));
        }
    } else if !owners.waiting.is_empty() && graph.dependents(live.uid()).len() > 0 {
        // If a dependent waits for its own dependents, the two may wait for each other.
        let waits = |d: &SyncKey| caches.get(d.resource, &d.key).is_some_and(|o| waits_for_dependents(o));
        let in_a_circle = graph.dependents(live.uid()).any(waits);
        if in_a_circle {
            out.then(unblocked(target, live));
        }
        out.then(delete(target, live, "Foreground", !in_a_circle));
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
fn classify(graph: &mut Graph, live: &Object, reads: &LiveReads, caches: &Caches) -> Option<OwnerStates> {
    let namespace = live.namespace();
    let mut out = OwnerStates::default();
    for owner in live.owners() {
        if graph.is_absent(&owner, namespace) {
            out.dangling.push(owner.uid.into());
            continue;
        }
        let place = coordinates(&owner, namespace, caches)?;
        match reads.owners.get(&place)? {
            Some(found) if found.uid() == owner.uid && waits_for_dependents(found) => {
                out.waiting.push(owner.uid.into());
            }
            Some(found) if found.uid() == owner.uid => out.solid += 1,
            _ => {
                graph.add_absent(&owner, &place.key.namespace);
                out.dangling.push(owner.uid.into());
            }
        }
    }
    Some(out)
}

fn is_namespaced(owner: &OwnerRef<'_>, caches: &Caches) -> bool {
    caches.kind(owner.api_version, owner.kind).is_some_and(|kind| kind.namespaced)
}
