//! What a change of any object concerns; cascades, foreground and orphan deletion. What live reads say is in `verify`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::graph::Graph;
use super::verify::Probe;
use crate::client::Change;
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::Time;
use crate::object::{Object, OwnerRef, Value};
use crate::value;
use crate::wire::{Answer, ObjectKey, PatchType, Request, Resource, Verb};

pub(super) const FOREGROUND: &str = "foregroundDeletion";
pub(super) const ORPHAN: &str = "orphan";

/// The garbage collector.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct GarbageCollector {
    pub(super) graph: Graph,
    pub(super) probes: BTreeMap<SyncKey, Probe>,
}

pub(super) fn has(object: &Object, finalizer: &str) -> bool {
    object.finalizers().any(|f| f == finalizer)
}

/// Whether an object waits for its dependents to be deleted.
pub(super) fn waits_for_dependents(object: &Object) -> bool {
    object.is_terminating() && has(object, FOREGROUND)
}

fn waits_for_orphans(object: &Object) -> bool {
    object.is_terminating() && has(object, ORPHAN)
}

impl Controller for GarbageCollector {
    fn name(&self) -> &'static str {
        "garbage-collector-controller"
    }

    fn watches(&self) -> Watches {
        Watches::All
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let (mut old, new) = (change.old.as_ref(), change.new.as_ref());
        if let Some(gone) = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid())) {
            self.graph.remove(&SyncKey::of(resource, gone), gone);
            self.gone(resource, gone, caches, out);
            old = None;
        }
        if let Some(new) = new {
            self.changed(resource, old, new, caches, out);
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let probe = self.probes.remove(target);
        let Some(object) = caches.get(target.resource, &target.key) else { return out };
        let finalizer = if waits_for_orphans(object) { ORPHAN } else { FOREGROUND };
        if let Some(live) = probe.as_ref().filter(|probe| probe.frees).and_then(Probe::live) {
            if has(live, finalizer) {
                out.then(without_finalizer(target, live, finalizer));
            }
        } else if waits_for_orphans(object) {
            self.orphan_dependents(target, object, caches, &mut out);
        } else if waits_for_dependents(object) {
            self.let_go(target, object, caches, &mut out);
        } else if !object.is_terminating() {
            match probe.filter(|probe| !probe.frees) {
                Some(probe) => self.decide(target, &probe, caches, &mut out),
                None => self.verify(target, object, caches, &mut out),
            }
        }
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        match call.verb {
            Verb::Get => {
                let Some(probe) = self.probes.get_mut(target) else { return Verdict::Fine };
                let noted = probe.note(call, answer);
                if noted == Verdict::Retry {
                    self.probes.remove(target);
                }
                noted
            }
            // What is gone needs no patch.
            Verb::Patch if answer.failure().is_some_and(|failure| failure.code == 404) => Verdict::Fine,
            _ => Verdict::usual(call, answer),
        }
    }
}

impl GarbageCollector {
    /// An object went: its dependents may have to go, and owners that wait for it may be free.
    fn gone(&mut self, resource: Resource, gone: &Object, caches: &Caches, out: &mut Vec<SyncKey>) {
        let dependents = self.graph.dependents(gone.uid());
        if dependents.len() > 0 {
            out.extend(dependents.cloned());
            self.graph.note_absent_object(resource, gone, caches);
        }
        for owner in gone.owners() {
            if let Some((target, owner)) = find(&owner, gone.namespace(), caches)
                && waits_for_dependents(owner)
            {
                out.push(target);
            }
        }
    }

    /// An object came or changed.
    fn changed(
        &mut self,
        resource: Resource,
        old: Option<&Arc<Object>>,
        new: &Arc<Object>,
        caches: &Caches,
        out: &mut Vec<SyncKey>,
    ) {
        let none = Object::default();
        let before = old.map_or(&none, |old| old);
        if !before.has_owners_of(new) {
            let target = SyncKey::of(resource, new);
            self.graph.remove(&target, before);
            self.graph.add(&target, new);
            let had = |uid: &str| before.owners().any(|owner| owner.uid == uid);
            if new.owners().any(|owner| !had(owner.uid) && find(&owner, new.namespace(), caches).is_none()) {
                out.push(SyncKey::of(resource, new));
            }
            let blocks = |uid: &str| new.owners().any(|owner| owner.uid == uid && owner.block_owner_deletion);
            let freed = before.owners().filter(|owner| owner.block_owner_deletion && !blocks(owner.uid));
            out.extend(freed.filter_map(|owner| Some(find(&owner, new.namespace(), caches)?.0)));
        }
        if !new.is_terminating() {
            return;
        }
        if waits_for_orphans(new) && !waits_for_orphans(before) {
            out.push(SyncKey::of(resource, new));
        } else if waits_for_dependents(new) && !waits_for_dependents(before) {
            out.extend(self.graph.dependents(new.uid()).cloned());
            out.push(SyncKey::of(resource, new));
        }
    }

    /// Removes an owner that goes from its dependents, then reads it to remove its finalizer.
    fn orphan_dependents(&mut self, target: &SyncKey, owner: &Object, caches: &Caches, out: &mut Outcome) {
        let dependents = self.graph.dependents(owner.uid());
        let patch = |dependent: &SyncKey| {
            let object = caches.get(dependent.resource, &dependent.key)?;
            Some(without_owners(dependent, object, &|uid| uid == owner.uid()))
        };
        out.together(dependents.filter_map(patch).collect());
        self.read(target, owner, out);
    }

    /// Reads an owner whose dependents have gone, to remove its finalizer; else sees to the dependents that hold it.
    fn let_go(&mut self, target: &SyncKey, owner: &Object, caches: &Caches, out: &mut Outcome) {
        let mut held = false;
        for dependent in self.graph.dependents(owner.uid()) {
            let Some(object) = caches.get(dependent.resource, &dependent.key) else { continue };
            if object.owners().any(|of| of.uid == owner.uid() && of.block_owner_deletion) {
                held = true;
                if !waits_for_dependents(object) {
                    out.also(dependent.clone());
                }
            }
        }
        if !held {
            self.read(target, owner, out);
        }
    }

    fn read(&mut self, target: &SyncKey, object: &Object, out: &mut Outcome) {
        self.probes.insert(target.clone(), Probe::new(target, object, true));
        out.then(Request::get(target.resource, &target.key));
        out.again();
    }
}

/// The object that an owner reference names, if the caches have it under that name and uid in a namespace where the
/// reference may reach it.
pub(super) fn find<'a>(
    owner: &OwnerRef<'_>,
    namespace: &str,
    caches: &'a Caches,
) -> Option<(SyncKey, &'a Arc<Object>)> {
    let target = coordinates(owner, namespace, caches)?;
    let object = caches.get(target.resource, &target.key).filter(|object| object.uid() == owner.uid)?;
    Some((target, object))
}

/// Where the object that an owner reference names has to be; `None` for an unknown kind.
pub(super) fn coordinates(owner: &OwnerRef<'_>, namespace: &str, caches: &Caches) -> Option<SyncKey> {
    let kind = caches.kind(owner.api_version, owner.kind)?;
    let namespace = if kind.namespaced { namespace } else { "" };
    Some(SyncKey::new(kind.followed, ObjectKey::new(namespace, owner.name)))
}

/// The patch that takes owners from an object.
pub(super) fn without_owners(target: &SyncKey, object: &Object, goes: &dyn Fn(&str) -> bool) -> Request {
    let owners = object.items_at(&["metadata", "ownerReferences"]).iter();
    let kept = owners.filter(|owner| !goes(owner.str_at(&["uid"]).unwrap_or_default())).cloned();
    with_metadata(target, object, "ownerReferences", Value::list(kept.collect::<Vec<_>>()))
}

/// The patch that takes a finalizer from an object.
fn without_finalizer(target: &SyncKey, object: &Object, finalizer: &str) -> Request {
    let kept = object.finalizers().filter(|f| *f != finalizer).map(Value::from);
    with_metadata(target, object, "finalizers", Value::list(kept.collect::<Vec<_>>()))
}

fn with_metadata(target: &SyncKey, object: &Object, field: &str, value: Value) -> Request {
    let mut patch = value!({"metadata": {
        "uid": (object.uid()), "resourceVersion": (object.meta("resourceVersion"))
    }});
    patch.set_at(&["metadata", field], value);
    Request::patch(target.resource, &target.key, PatchType::Merge, patch)
}
