//! The set of pending objects, kept from commit to commit.
//!
//! Left out are ignored objects and the Jobs of CronJobs with their pods, as from the masked state, and what a scenario names as
//! pending by design.

mod claims;
mod report;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::claims::Claims;
use super::ignore::Ignore;
use super::pending::{Lookup, is_noise, pending};
use super::reason::{Reason, Subject, Want};
use super::scheduled::{Scheduled, hash};
use crate::object::{Object, OwnerRef, Value};

/// Which objects are pending, and why. Feed it every commit, in order.
#[derive(Clone, Debug, Default)]
pub struct Convergence {
    ignore: Vec<Ignore>,
    pending: BTreeMap<Subject, Reason>,
    scheduled: Scheduled,
    others: Others,
}

/// What the rules need to know of other objects. Hashes stand for uids.
#[derive(Clone, Debug, Default)]
struct Others {
    existing: BTreeSet<u64>,
    /// By owner: its dependents, with their reasons once it is gone.
    dependents: BTreeMap<u64, BTreeMap<Subject, Reason>>,
    claims: Claims,
}

impl Lookup for Others {
    fn has_owner(&self, owner: &OwnerRef<'_>) -> bool {
        self.existing.contains(&hash(owner.uid))
    }

    fn waits_for_consumer(&self, claim: &Object) -> bool {
        self.claims.may_wait(claim)
    }
}

impl Convergence {
    /// A set without objects, of which those are left out that `ignore` leaves out as a whole.
    pub fn new(ignore: Vec<Ignore>) -> Self {
        Self { ignore, ..Self::default() }
    }

    /// Loads existing objects, in any order.
    pub fn load<'a>(&mut self, objects: impl Iterator<Item = &'a Object> + Clone) {
        for object in objects.clone() {
            self.others.existing.insert(hash(object.uid()));
            self.scheduled.note(object);
        }
        objects.for_each(|object| self.update(None, Some(object)));
    }

    /// Applies one commit: the object before it (`None`: created) and after it (`None`: deleted).
    pub fn update(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(any) = new.or(old) else { return };
        if is_noise(any) {
            return;
        }
        self.update_existing(old, new);
        let old = old.filter(|object| self.keeps(object));
        let new = new.filter(|object| self.keeps(object));
        self.update_dependents(old, new);
        match (new.and_then(|new| pending(new, &self.others)), old) {
            (Some(reason), _) => drop(self.pending.insert(reason.subject.clone(), reason)),
            (None, Some(old)) if !self.pending.is_empty() => drop(self.pending.remove(&Subject::of(old))),
            _ => (),
        }
        self.others.claims.settle(old, new, &mut self.pending);
    }

    fn keeps(&mut self, object: &Object) -> bool {
        !self.ignore.iter().any(|entry| entry.drops(object)) && !self.scheduled.note(object)
    }

    /// Notes which objects exist. Dependents of a deleted object are pending until the garbage collector has seen it.
    fn update_existing(&mut self, old: Option<&Object>, new: Option<&Object>) {
        match (old, new) {
            (None, Some(new)) => drop(self.others.existing.insert(hash(new.uid()))),
            (Some(old), None) => {
                let uid = hash(old.uid());
                self.others.existing.remove(&uid);
                for (subject, reason) in self.others.dependents.get(&uid).into_iter().flatten() {
                    let known = self.pending.entry(subject.clone()).or_insert_with(|| reason.clone());
                    if !matches!(known.want, Want::Terminating { .. }) {
                        *known = reason.clone();
                    }
                }
            }
            _ => (),
        }
    }

    /// Updates the index from owners to dependents.
    fn update_dependents(&mut self, old: Option<&Object>, new: Option<&Object>) {
        if same_owners(old, new) {
            return;
        }
        for (object, owner) in old.into_iter().flat_map(|old| old.owners().map(move |owner| (old, owner))) {
            let uid = hash(owner.uid);
            if let Some(dependents) = self.others.dependents.get_mut(&uid) {
                dependents.remove(&Subject::of(object));
                if dependents.is_empty() {
                    self.others.dependents.remove(&uid);
                }
            }
        }
        for (object, owner) in new.into_iter().flat_map(|new| new.owners().map(move |owner| (new, owner))) {
            let reason =
                Reason::new(object, Want::Dangling { owner: (owner.kind.into(), owner.name.into()) });
            let dependents = self.others.dependents.entry(hash(owner.uid)).or_default();
            dependents.insert(reason.subject.clone(), reason);
        }
    }

    /// The first pending object: custom resources before workloads, workloads before pods.
    pub fn pending(&self) -> Option<&Reason> {
        self.pending.values().next()
    }

    /// Every pending object, in the order of [`Subject`].
    pub fn reasons(&self) -> impl ExactSizeIterator<Item = &Reason> {
        self.pending.values()
    }

    /// How many objects are pending.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether no object is pending.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }
}

/// Whether both have the same owners, by address, or have none.
fn same_owners(old: Option<&Object>, new: Option<&Object>) -> bool {
    let owners =
        |object: Option<&Object>| object.map(|o| o.items_at(&["metadata", "ownerReferences"]).as_ptr_range());
    match (owners(old), owners(new)) {
        (Some(old), Some(new)) => old == new || (old.is_empty() && new.is_empty()),
        (one, other) => one.or(other).is_none_or(|range: std::ops::Range<*const Value>| range.is_empty()),
    }
}
