//! Adoption and release: which dependents belong to a controller by reference and by selector.
//!
//! Real: pkg/controller `ControllerRefManager`, with strategic merge patches. Modelled: the same decisions, the live
//! re-check of the owner before it adopts, and merge patches that carry the resourceVersion.

use std::cell::Cell;
use std::sync::Arc;

use crate::client::{Dependent, Informer};
use crate::controllers::{Caches, Outcome, Target, Verdict};
use crate::object::{LabelSelector, Map, Object, Value, keys};
use crate::value;
use crate::wire::resource::REPLICATION_CONTROLLERS;
use crate::wire::{Answer, ObjectKey, PatchType, Request, Resource};

/// Who claims.
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

/// The selector of an owner of this resource; none where it has no valid one. A ReplicationController's is a plain map.
pub(crate) fn selector_of(resource: Resource, owner: &Object) -> Option<LabelSelector> {
    let selector = owner.spec(keys::SELECTOR)?;
    if resource == *REPLICATION_CONTROLLERS {
        return selector.as_map().map(LabelSelector::from_labels);
    }
    LabelSelector::from_value(selector).ok()
}

/// A selector that is asked about many objects in turn, most of which share their labels with the one before.
struct Fits<'a> {
    selector: &'a LabelSelector,
    last: Cell<Option<(&'a Map, bool)>>,
}

impl<'a> Fits<'a> {
    fn new(selector: &'a LabelSelector) -> Self {
        Self { selector, last: Cell::new(None) }
    }

    /// Whether an object with these labels is selected.
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
    /// The dependents that carry the owner's reference and fit its selector. Orphans that fit and pass `wanted` are
    /// adopted, dependents that no longer fit are released: both by requests in `out`.
    pub(crate) fn claim(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        wanted: impl Fn(&Object) -> bool,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        self.claim_tracked(selector, cache, wanted, None, out)
    }

    /// As [`claim`](Self::claim); adopted objects get this finalizer, released ones lose it.
    pub(crate) fn claim_tracked(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        wanted: impl Fn(&Object) -> bool,
        finalizer: Option<&str>,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let uid = self.object.uid();
        let mut mine = Vec::new();
        let mut released = Vec::new();
        let fits = Fits::new(selector);
        for Dependent { object, labels, .. } in cache.dependents(uid).filter(|d| d.is_controlled) {
            if fits.matches(labels.as_ref()) {
                mine.push(object.clone());
            } else if wanted(object) && !self.object.is_terminating() {
                let others = |owner: &Value| owner.str_at(&["uid"]) != Some(uid);
                released.push(with_owners(cache.resource(), object, others, None, finalizer));
            }
        }
        out.together(released);
        if !self.object.is_terminating() {
            self.adopt(selector, cache, wanted, finalizer, out);
        }
        mine
    }

    /// As [`claim`](Self::claim) for an owner to which a dependent belongs by selector and by name: what it owns and is no
    /// `member` is released, too.
    pub(crate) fn claim_members(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        member: impl Fn(&Object) -> bool,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let uid = self.object.uid();
        let owned = cache.dependents(uid).filter(|d| d.is_controlled).map(|d| d.object.clone());
        let (mine, others): (Vec<_>, Vec<_>) =
            owned.partition(|object| selector.matches(object.labels()) && member(object));
        if !self.object.is_terminating() {
            let keep = |owner: &Value| owner.str_at(&["uid"]) != Some(uid);
            let resource = cache.resource();
            out.together(others.iter().map(|o| with_owners(resource, o, keep, None, None)).collect());
            self.adopt(selector, cache, member, None, out);
        }
        mine
    }

    /// As [`claim`](Self::claim), but what no longer fits is neither counted nor released.
    pub(crate) fn claim_fitting(
        &self,
        selector: &LabelSelector,
        cache: &Informer,
        out: &mut Outcome,
    ) -> Vec<Arc<Object>> {
        let owned = cache.dependents(self.object.uid()).filter(|d| d.is_controlled);
        let fits = owned.filter(|d| selector.matches(d.labels.as_ref()));
        let mine = fits.map(|d| d.object.clone()).collect();
        if !self.object.is_terminating() {
            self.adopt(selector, cache, |_| true, None, out);
        }
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
        let orphans = cache.uncontrolled_in(self.object.namespace());
        let fits = |o: &&Arc<Object>| selector.matches(o.labels()) && !o.is_terminating() && wanted(o);
        let owned = |object: &Arc<Object>| {
            with_owners(cache.resource(), object, |_| true, Some(controller_ref(self)), finalizer)
        };
        let adopted: Vec<Request> = orphans.filter(fits).map(owned).collect();
        if !adopted.is_empty() {
            // The cache may not know yet that the owner is going.
            out.then(Request::get(self.resource, &ObjectKey::of(self.object)));
            out.together(adopted);
        }
    }
}

/// What a live read of an owner, made before it adopts, means: go on if it still shows the owner of the cache.
pub(crate) fn may_adopt(answer: &Answer, cached: Option<&Arc<Object>>) -> Verdict {
    let live = answer.object().ok().filter(|live| !live.is_terminating());
    let is_same = live.zip(cached).is_some_and(|(live, cached)| live.uid() == cached.uid());
    if is_same { Verdict::Fine } else { Verdict::Retry }
}

/// The patch after which an object has the owners that pass `keep`, and `more`; and with `more` this finalizer, else not.
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

/// The targets that a changed dependent concerns: its controller, the one it had, or whoever may adopt it.
pub(crate) fn owners_of(
    change: &crate::client::Change,
    (resource, kind): (Resource, &str),
    caches: &Caches,
    out: &mut Vec<Target>,
) {
    let (old, new) = (change.old.as_deref(), change.new.as_deref());
    let same_owners = old.zip(new).is_some_and(|(old, new)| old.has_owners_of(new));
    let kind_of_owner = new.and_then(Object::controller_kind);
    if same_owners && kind_of_owner.is_some_and(|other| other != kind) {
        return;
    }
    let owners = caches.of(resource);
    let controller = |object: Option<&Object>| -> Option<Target> {
        let object = object.filter(|object| object.controller_kind() == Some(kind))?;
        let of = object.controller().filter(|of| of.api_version == resource.api_version())?;
        let key = ObjectKey::new(object.namespace(), of.name);
        owners.get(&key).filter(|owner| owner.uid() == of.uid)?;
        Some(Target::new(resource, key))
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
    out.extend(owners.in_namespace(object.namespace()).filter(fits).map(|owner| Target::of(resource, owner)));
}
