//! Dependents by the uid of their owner, and owners that are known to be absent; owner references in the caches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::controllers::{Caches, SyncKey};
use crate::object::{Object, OwnerRef, Str};
use crate::wire::{ObjectKey, Resource};

/// Finalizer of an owner that waits for its dependents (metav1 `FinalizerDeleteDependents`).
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer of an owner whose dependents are to be orphaned (metav1 `FinalizerOrphanDependents`).
pub(super) const ORPHAN: &str = "orphan";
/// How many absent owners it remembers (pkg/controller/garbagecollector `NewReferenceCache(500)`).
const ABSENT: usize = 500;

pub(super) fn has(object: &Object, finalizer: &str) -> bool {
    object.finalizers().any(|f| f == finalizer)
}

/// Whether an object waits for its dependents to be deleted.
pub(super) fn waits_for_dependents(object: &Object) -> bool {
    object.is_terminating() && has(object, FOREGROUND)
}

/// The object that an owner reference names, if the caches have it with its name and uid in a namespace that the reference
/// can reach.
pub(super) fn find<'a>(
    owner: &OwnerRef<'_>,
    namespace: &str,
    caches: &'a Caches,
) -> Option<(SyncKey, &'a Arc<Object>)> {
    let target = coordinates(owner, namespace, caches)?;
    let object = caches.get(target.resource, &target.key).filter(|object| object.uid() == owner.uid)?;
    Some((target, object))
}

/// The key of the object that an owner reference names; `None` for an unknown kind.
pub(super) fn coordinates(owner: &OwnerRef<'_>, namespace: &str, caches: &Caches) -> Option<SyncKey> {
    let kind = caches.kind(owner.api_version, owner.kind)?;
    let namespace = if kind.namespaced { namespace } else { "" };
    Some(SyncKey::new(kind.followed, ObjectKey::new(namespace, owner.name)))
}

/// An owner as a reference names it, and the namespace in which it was looked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Identity {
    uid: Str,
    name: Str,
    kind: Str,
    api_version: Str,
    namespace: Str,
}

impl Identity {
    fn of(owner: &OwnerRef<'_>, namespace: &str) -> Self {
        Self {
            uid: owner.uid.into(),
            name: owner.name.into(),
            kind: owner.kind.into(),
            api_version: owner.api_version.into(),
            namespace: namespace.into(),
        }
    }
}

/// The graph of owners.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    dependents: BTreeMap<Str, BTreeSet<SyncKey>>,
    absent: BTreeSet<Identity>,
    absent_in_order: VecDeque<Identity>,
}

impl Graph {
    /// The objects with this owner, sorted.
    pub(super) fn dependents(&self, uid: &str) -> impl ExactSizeIterator<Item = &SyncKey> {
        static NONE: BTreeSet<SyncKey> = BTreeSet::new();
        self.dependents.get(uid).unwrap_or(&NONE).iter()
    }

    /// Removes an object.
    pub(super) fn remove(&mut self, target: &SyncKey, object: &Object) {
        for owner in object.owners() {
            if let Some(dependents) = self.dependents.get_mut(owner.uid) {
                dependents.remove(target);
                if dependents.is_empty() {
                    self.dependents.remove(owner.uid);
                }
            }
        }
    }

    /// Adds an object.
    pub(super) fn add(&mut self, target: &SyncKey, object: &Object) {
        for owner in object.owners() {
            self.dependents.entry(owner.uid.into()).or_default().insert(target.clone());
        }
    }

    /// Remembers that an owner is absent from a namespace, or from the cluster if that is empty.
    pub(super) fn add_absent(&mut self, owner: &OwnerRef<'_>, namespace: &str) {
        debug_assert_eq!(self.absent.len(), self.absent_in_order.len(), "both have the same owners");
        let identity = Identity::of(owner, namespace);
        if self.absent.insert(identity.clone()) {
            self.absent_in_order.push_back(identity);
        }
        if self.absent_in_order.len() > ABSENT
            && let Some(oldest) = self.absent_in_order.pop_front()
        {
            self.absent.remove(&oldest);
        }
    }

    /// Remembers that an object is deleted.
    pub(super) fn add_absent_object(&mut self, resource: Resource, gone: &Object, caches: &Caches) {
        if let Some(kind) = caches.kind_of(resource) {
            let owner = OwnerRef {
                api_version: resource.api_version(),
                kind: &kind.kind,
                name: gone.name(),
                uid: gone.uid(),
                controller: false,
                block_owner_deletion: false,
            };
            self.add_absent(&owner, gone.namespace());
        }
    }

    /// Whether the owner that an object in this namespace refers to is known to be absent.
    pub(super) fn is_absent(&self, owner: &OwnerRef<'_>, namespace: &str) -> bool {
        !self.absent.is_empty()
            && (self.absent.contains(&Identity::of(owner, ""))
                || self.absent.contains(&Identity::of(owner, namespace)))
    }
}
