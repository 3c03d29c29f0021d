//! What a change of any object concerns; cascades, foreground and orphan deletion. `verify` handles the live reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::graph::{FOREGROUND, Graph, ORPHAN, find, has, waits_for_dependents};
use super::verify::{LiveReads, decide, verify};
use super::writes::{without_finalizer, without_owners};
use crate::client::Change;
use crate::controllers::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::engine::Time;
use crate::object::Object;
use crate::wire::{Answer, Request, Resource, Verb};

/// The garbage collector.
#[derive(Clone, Debug, Default)]
pub(in crate::controllers) struct GarbageCollector {
    graph: Graph,
    reads: BTreeMap<SyncKey, LiveReads>,
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
            self.on_deleted(resource, gone, caches, out);
            old = None;
        }
        if let Some(new) = new {
            self.on_changed(resource, old, new, caches, out);
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let reads = self.reads.remove(target);
        let Some(object) = caches.get(target.resource, &target.key) else { return out };
        let finalizer = if waits_for_orphans(object) { ORPHAN } else { FOREGROUND };
        if let Some(live) = reads.as_ref().filter(|reads| reads.finalizes).and_then(LiveReads::object) {
            if has(live, finalizer) {
                out.then(without_finalizer(target, live, finalizer));
            }
        } else if waits_for_orphans(object) {
            self.orphan_dependents(target, object, caches, &mut out);
        } else if waits_for_dependents(object) {
            self.finalize(target, object, caches, &mut out);
        } else if !object.is_terminating() {
            match reads.filter(|reads| !reads.finalizes) {
                Some(reads) => decide(&mut self.graph, target, &reads, caches, &mut out),
                None if verify(&self.graph, target, object, caches, &mut out) => {
                    self.reads.insert(target.clone(), LiveReads::new(target, object, false));
                }
                None => {}
            }
        }
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        match call.verb {
            Verb::Get => {
                let Some(reads) = self.reads.get_mut(target) else { return Verdict::Fine };
                let verdict = reads.on_answer(call, answer);
                if verdict == Verdict::Retry {
                    self.reads.remove(target);
                }
                verdict
            }
            // An object that is gone needs no patch.
            Verb::Patch if answer.failure().is_some_and(|failure| failure.code == 404) => Verdict::Fine,
            _ => Verdict::usual(call, answer),
        }
    }
}

impl GarbageCollector {
    /// An object was deleted: queues its dependents, and its owners that wait for their dependents.
    fn on_deleted(&mut self, resource: Resource, gone: &Object, caches: &Caches, out: &mut Vec<SyncKey>) {
        let dependents = self.graph.dependents(gone.uid());
        if dependents.len() > 0 {
            out.extend(dependents.cloned());
            self.graph.add_absent_object(resource, gone, caches);
        }
        for owner in gone.owners() {
            if let Some((target, owner)) = find(&owner, gone.namespace(), caches)
                && waits_for_dependents(owner)
            {
                out.push(target);
            }
        }
    }

    /// An object was created or changed.
    fn on_changed(
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

    /// Removes a terminating owner from its dependents, then reads it to remove its finalizer.
    fn orphan_dependents(&mut self, target: &SyncKey, owner: &Object, caches: &Caches, out: &mut Outcome) {
        let dependents = self.graph.dependents(owner.uid());
        let patch = |dependent: &SyncKey| {
            let object = caches.get(dependent.resource, &dependent.key)?;
            Some(without_owners(dependent, object, &|uid| uid == owner.uid()))
        };
        out.together(dependents.filter_map(patch).collect());
        self.read(target, owner, out);
    }

    /// Reads an owner whose blocking dependents are gone, to remove its finalizer. Otherwise queues these dependents.
    fn finalize(&mut self, target: &SyncKey, owner: &Object, caches: &Caches, out: &mut Outcome) {
        let mut blocked = false;
        for dependent in self.graph.dependents(owner.uid()) {
            let Some(object) = caches.get(dependent.resource, &dependent.key) else { continue };
            if object.owners().any(|of| of.uid == owner.uid() && of.block_owner_deletion) {
                blocked = true;
                if !waits_for_dependents(object) {
                    out.also(dependent.clone());
                }
            }
        }
        if !blocked {
            self.read(target, owner, out);
        }
    }

    fn read(&mut self, target: &SyncKey, object: &Object, out: &mut Outcome) {
        self.reads.insert(target.clone(), LiveReads::new(target, object, true));
        out.then(Request::get(target.resource, &target.key));
        out.again();
    }
}
