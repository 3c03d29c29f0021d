//! Who depends on whom, by uid, and which owners are known to be absent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::controllers::{Caches, SyncKey};
use crate::object::{Object, OwnerRef, Str};
use crate::wire::Resource;

/// How many absent owners are remembered (pkg/controller/garbagecollector `NewReferenceCache(500)`).
const ABSENT: usize = 500;

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
    /// What refers to the object with this uid as an owner, sorted.
    pub(super) fn dependents(&self, uid: &str) -> impl ExactSizeIterator<Item = &SyncKey> {
        static NONE: BTreeSet<SyncKey> = BTreeSet::new();
        self.dependents.get(uid).unwrap_or(&NONE).iter()
    }

    /// Takes an object out.
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

    /// Puts an object in.
    pub(super) fn add(&mut self, target: &SyncKey, object: &Object) {
        for owner in object.owners() {
            self.dependents.entry(owner.uid.into()).or_default().insert(target.clone());
        }
    }

    /// Remembers that an owner is absent from a namespace, or from the cluster where that is empty.
    pub(super) fn note_absent(&mut self, owner: &OwnerRef<'_>, namespace: &str) {
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

    /// Remembers that an object is gone.
    pub(super) fn note_absent_object(&mut self, resource: Resource, gone: &Object, caches: &Caches) {
        if let Some(kind) = caches.kind_of(resource) {
            let owner = OwnerRef {
                api_version: resource.api_version(),
                kind: &kind.kind,
                name: gone.name(),
                uid: gone.uid(),
                controller: false,
                block_owner_deletion: false,
            };
            self.note_absent(&owner, gone.namespace());
        }
    }

    /// Whether an owner, as an object in this namespace names it, is known to be absent.
    pub(super) fn is_absent(&self, owner: &OwnerRef<'_>, namespace: &str) -> bool {
        !self.absent.is_empty()
            && (self.absent.contains(&Identity::of(owner, ""))
                || self.absent.contains(&Identity::of(owner, namespace)))
    }
}
