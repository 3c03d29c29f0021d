//! Adoption and release: which dependents belong to a controller by reference and by selector.
//!
//! Real: pkg/controller `ControllerRefManager`. Modelled: the same decisions, and the live read of the owner before it
//! adopts. Differs: merge patches that carry the resourceVersion, where a real controller sends strategic merge patches.

use std::cell::Cell;
use std::sync::Arc;

use crate::client::{Dependent, Informer};
use crate::controllers::{Caches, Outcome, SyncKey, Verdict};
use crate::object::{LabelSelector, Map, Object, Value, keys};
use crate::value;
use crate::wire::resource::REPLICATION_CONTROLLERS;
use crate::wire::{Answer, ObjectKey, PatchType, Request, Resource};

/// An object that claims dependents.
pub(crate) struct Owner<'a> {
    pub(crate) resource: Resource,
    pub(crate) kind: &'static str,
    pub(crate) object: &'a Object,
}

/// The reference that makes `owner` the managing controller of an object.
pub(crate) fn controller_ref(owner: &Owner<'_>) -> Value {
    value!({
        "apiVersion": (owner.resource.api_version()),
        "kind": (owner.kind),
        "name": (owner.object.name()),
        "uid": (owner.object.uid()),
        "controller": true,
        "blockOwnerDeletion": true
    })
}

/// The selector of an owner of this resource, if it has a valid one. A ReplicationController's is a plain map.
pub(crate) fn selector_of(resource: Resource, owner: &Object) -> Option<LabelSelector> {
    let selector = owner.spec(keys::SELECTOR)?;
    if resource == *REPLICATION_CONTROLLERS {
        return selector.as_map().map(LabelSelector::from_labels);
    }
    LabelSelector::from_value(selector).ok()
}

/// A selector with a memory of its last match: most dependents of an owner share one map of labels.
struct Matcher<'a> {
    selector: &'a LabelSelector,
    last: Cell<Option<(&'a Map, bool)>>,
}

impl<'a> Matcher<'a> {
    fn new(selector: &'a LabelSelector) -> Self {
        Self { selector, last: Cell::new(None) }
    }

    /// Whether it selects an object with these labels.
    fn matches(&self, labels: Option<&'a Map>) -> bool {
        let Some(labels) = labels else { return self.selector.matches(None) };
        match self.last.get() {
            Some((same, found)) if same.ptr_eq(labels) => found,
            _ => {
                let found = self.selector.matches(Some(labels));
                self.last.set(Some((labels, found)));
                found
            }
        }
    }
}

impl Owner<'_> {
    /// The dependents that carry the owner's reference and match its selector. Requests in `out` adopt orphans that match
    /// and pass `wanted`, and release dependents that no longer match and pass it. Adopted objects get the finalizer, released
    /// ones lose it.
    pub(crate) fn claim(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        wanted: impl Fn(&Object) -> bool,
        finalizer: Option<&str>,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let matcher = Matcher::new(selector);
        let mine = self.owned(
            cache,
            |dependent| matcher.matches(dependent.labels.as_ref()),
            &wanted,
            finalizer,
            out,
        );
        self.adopt(selector, cache, wanted, finalizer, out);
        mine
    }

    /// As [`claim`](Self::claim), for an owner that also checks the names of its dependents: releases also those that are
    /// no `member`.
    pub(crate) fn claim_members(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        member: impl Fn(&Object) -> bool,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let is_mine = |d: &Dependent| selector.matches(d.labels.as_ref()) && member(&d.object);
        let mine = self.owned(cache, is_mine, |_| true, None, out);
        self.adopt(selector, cache, member, None, out);
        mine
    }

    /// As [`claim`](Self::claim), but releases nothing.
    pub(crate) fn claim_matching(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let mine = self.owned(cache, |d| selector.matches(d.labels.as_ref()), |_| false, None, out);
        self.adopt(selector, cache, |_| true, None, out);
        mine
    }

    /// The dependents that carry the owner's reference and pass `is_mine`. Releases the others that pass `release`.
    fn owned<'c>(
        &self,
        cache: &'c Informer,
        is_mine: impl Fn(&'c Dependent) -> bool,
        release: impl Fn(&Object) -> bool,
        finalizer: Option<&str>,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let uid = self.object.uid();
        let (mut mine, mut released) = (Vec::new(), Vec::new());
        for dependent in cache.dependents(uid).filter(|d| d.is_controlled) {
            if is_mine(dependent) {
                mine.push(dependent.object.clone());
            } else if !self.object.is_terminating() && release(&dependent.object) {
                let others = |owner: &Value| owner.str_at(&["uid"]) != Some(uid);
                released.push(with_owners(cache.resource(), &dependent.object, others, None, finalizer));
            }
        }
        out.together(released);
        mine
    }

    fn adopt(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        wanted: impl Fn(&Object) -> bool,
        finalizer: Option<&str>,
        out: &mut Outcome,
    ) {
        if self.object.is_terminating() {
            return;
        }
        let orphans = cache.uncontrolled_in(self.object.namespace());
        let fits = |o: &&Arc<Object>| selector.matches(o.labels()) && !o.is_terminating() && wanted(o);
        let owned = |object: &Arc<Object>| {
            with_owners(cache.resource(), object, |_| true, Some(controller_ref(self)), finalizer)
        };
        let adopted: Vec<Request> = orphans.filter(fits).map(owned).collect();
        if !adopted.is_empty() {
            // The cache may not show yet that the owner is terminating.
            out.then(Request::get(self.resource, &ObjectKey::of(self.object)));
            out.together(adopted);
        }
    }
}

/// What the live read of an owner before it adopts means: go on if that owner still exists and is not terminating.
pub(crate) fn may_adopt(answer: &Answer, cached: Option<&Arc<Object>>) -> Verdict {
    let live = answer.object().ok().filter(|live| !live.is_terminating());
    let is_same = live.zip(cached).is_some_and(|(live, cached)| live.uid() == cached.uid());
    if is_same { Verdict::Fine } else { Verdict::Retry }
}

/// The patch that keeps the owners that pass `keep` and adds `more`. It adds the finalizer with `more` and removes it
/// without.
fn with_owners(
    resource: Resource,
    object: &Object,
    keep: impl Fn(&Value) -> bool,
    more: Option<Value>,
    finalizer: Option<&str>,
) -> Request {
    let owners =
        object.items_at(&["metadata", "ownerReferences"]).iter().filter(|owner| keep(owner)).cloned();
    let adopts = more.is_some();
    let owners = Value::list(owners.chain(more).collect::<Vec<_>>());
    let mut patch = value!({"metadata": {
        "uid": (object.uid()), "resourceVersion": (object.meta("resourceVersion")), "ownerReferences": owners
    }});
    if let Some(finalizer) = finalizer {
        let others = object.finalizers().filter(|other| *other != finalizer);
        let all: Vec<Value> = others.chain(adopts.then_some(finalizer)).map(Value::from).collect();
        patch.set_at(&["metadata", "finalizers"], all);
    }
    Request::patch(resource, &ObjectKey::of(object), PatchType::Merge, patch)
}

/// The keys that a changed dependent concerns: its controller, its former one, or those that may adopt it.
pub(crate) fn owners_of(
    change: &crate::client::Change,
    (resource, kind): (Resource, &str),
    caches: &Caches,
    out: &mut Vec<SyncKey>,
) {
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    let same_owners = old.zip(new).is_some_and(|(old, new)| old.has_owners_of(new));
    let kind_of_owner = new.and_then(Object::controller_kind);
    if same_owners && kind_of_owner.is_some_and(|other| other != kind) {
        return;
    }
    let owners = caches.of(resource);
    let controller = |object: Option<&Object>| -> Option<SyncKey> {
        let object = object.filter(|object| object.controller_kind() == Some(kind))?;
        let of = object.controller().filter(|of| of.api_version == resource.api_version())?;
        let key = ObjectKey::new(object.namespace(), of.name);
        owners.get(&key).filter(|owner| owner.uid() == of.uid)?;
        Some(SyncKey::new(resource, key))
    };
    let after = controller(new);
    if !same_owners {
        out.extend(controller(old).filter(|before| after.as_ref() != Some(before)));
    }
    out.extend(after);
    let Some(object) = new.filter(|o| kind_of_owner.is_none() && !o.is_terminating()) else { return };
    if old.is_some_and(|old| old.labels() == object.labels() && old.controller_kind().is_none()) {
        return;
    }
    let fits = |owner: &&Arc<Object>| {
        selector_of(resource, owner).is_some_and(|s| !s.is_everything() && s.matches(object.labels()))
    };
    out.extend(
        owners.in_namespace(object.namespace()).filter(fits).map(|owner| SyncKey::of(resource, owner)),
    );
}
