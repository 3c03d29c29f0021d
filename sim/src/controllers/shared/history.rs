//! ControllerRevisions: the past templates of StatefulSets and DaemonSets, as patches that restore them.
//!
//! Real: pkg/controller/history, and `getPatch` of both controllers. Modelled: data, names and hashes to the byte, numbers,
//! the order of revisions, adoption. Differs: Go compares the bytes of data, we compare values; so the same data in
//! another order of fields counts as equal here.

use std::sync::Arc;

use crate::client::Informer;
use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::controllers::shared::template_hash::{letters, revision_hash};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::CONTROLLER_REVISIONS;
use crate::wire::{ObjectKey, Request};

/// Longest prefix of the owner's name in a revision's name (pkg/controller/history `ControllerRevisionName`).
const NAME_MAX: usize = 223;

/// Label with the hash of the data (pkg/controller/history `ControllerRevisionHashLabel`).
const HASH: &str = "controller.kubernetes.io/hash";

/// The data of a revision of this owner as it is now: a patch that replaces the template.
pub(crate) fn data_of(owner: &Object) -> Value {
    let mut template = owner.at(&["spec", "template"]).cloned().unwrap_or_default();
    template.set_at(&["$patch"], "replace");
    value!({"spec": {"template": template}})
}

/// The template that a revision holds.
pub(crate) fn template_of(revision: &Object) -> Value {
    let mut template = revision.at(&["data", "spec", "template"]).cloned().unwrap_or_default();
    template.remove_at(&["$patch"]);
    template
}

/// The number of a revision.
pub(crate) fn number(revision: &Object) -> i64 {
    revision.i64_at(&["revision"]).unwrap_or(0)
}

/// Sorts revisions: oldest number first, then by age and name.
pub(crate) fn sort(revisions: &mut [Arc<Object>]) {
    let key = |r: &Object| (number(r), r.meta("creationTimestamp").to_owned(), r.name().to_owned());
    revisions.sort_by_key(|revision| key(revision));
}

/// The name of an owner's revision with this hash.
pub(crate) fn name(owner: &Object, hash: &str) -> String {
    let prefix = owner.name();
    format!("{}-{hash}", prefix.get(..NAME_MAX).unwrap_or(prefix))
}

/// The object of a new revision.
pub(crate) fn revision(owner: &Owner<'_>, name: &str, data: Value, number: i64) -> Value {
    let mut revision = value!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": (owner.object.namespace()),
            "ownerReferences": [(controller_ref(owner))]
        },
        "data": data,
        "revision": number
    });
    if let Some(labels) = owner.object.at(&["spec", "template", "metadata", "labels"]) {
        revision.set_at(&["metadata", "labels"], labels.clone());
    }
    if let Some(annotations) = owner.object.at(&["metadata", "annotations"]) {
        revision.set_at(&["metadata", "annotations"], annotations.clone());
    }
    revision
}

/// Gives a revision a new number.
pub(crate) fn renumber(revision: &Object, number: i64) -> Request {
    let updated = revision.edited(|root| root.set_at(&["revision"], number));
    Request::update(*CONTROLLER_REVISIONS, Arc::new(updated))
}

/// The revision that holds the current template: an existing one, one to renumber, or one to create.
pub(crate) struct Newest {
    /// Its name.
    pub(crate) name: String,
    /// Name collisions so far.
    pub(crate) collisions: i64,
    /// The request that renumbers or creates it, if it needs one.
    pub(crate) request: Option<Request>,
}

/// Finds or makes the revision of the current template; `revisions` are sorted.
pub(crate) fn newest(owner: &Owner<'_>, revisions: &[Arc<Object>], cache: &Informer) -> Newest {
    debug_assert!(revisions.is_sorted_by_key(|r| number(r)), "the last revision has the highest number");
    let data = data_of(owner.object);
    let mut collisions = owner.object.i64_at(&["status", "collisionCount"]).unwrap_or(0);
    let next = revisions.last().map_or(1, |last| number(last) + 1);
    let same = |revision: &&Arc<Object>| revision.at(&["data"]) == Some(&data);
    if let Some(found) = revisions.iter().rfind(same) {
        let is_last = revisions.last().is_some_and(|last| last.name() == found.name());
        let request = (!is_last).then(|| renumber(found, next));
        return Newest { name: found.name().to_owned(), collisions, request };
    }
    let label = letters(revision_hash(&data, collisions));
    loop {
        let name = name(owner.object, &letters(revision_hash(&data, collisions)));
        match cache.get(&ObjectKey::new(owner.object.namespace(), name.as_str())) {
            Some(taken) if taken.at(&["data"]) != Some(&data) => collisions += 1,
            Some(_) => return Newest { name, collisions, request: None },
            None => {
                let mut new = revision(owner, &name, data, next);
                new.set_at(&["metadata", "labels", HASH], label);
                let request = Some(Request::create(*CONTROLLER_REVISIONS, Object::shared(new)));
                return Newest { name, collisions, request };
            }
        }
    }
}
