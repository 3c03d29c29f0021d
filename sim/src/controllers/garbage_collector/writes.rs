//! The requests of the garbage collector. Patches and deletes name the uid and version that they are based on.

use crate::controllers::SyncKey;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::{PatchType, Request};

/// Removes owners from an object.
pub(super) fn without_owners(target: &SyncKey, object: &Object, removes: &dyn Fn(&str) -> bool) -> Request {
    let owners = object.items_at(&["metadata", "ownerReferences"]).iter();
    let kept = owners.filter(|owner| !removes(owner.str_at(&["uid"]).unwrap_or_default())).cloned();
    with_metadata(target, object, "ownerReferences", kept.collect())
}

/// Removes a finalizer from an object.
pub(super) fn without_finalizer(target: &SyncKey, object: &Object, finalizer: &str) -> Request {
    let kept = object.finalizers().filter(|f| *f != finalizer).map(Value::from);
    with_metadata(target, object, "finalizers", kept.collect())
}

/// Makes an object block the deletion of none of its owners.
pub(super) fn unblocked(target: &SyncKey, object: &Object) -> Request {
    let unblock = |owner: &Value| {
        let mut owner = owner.clone();
        owner.set_at(&["blockOwnerDeletion"], false);
        owner
    };
    let owners = object.items_at(&["metadata", "ownerReferences"]).iter().map(unblock);
    with_metadata(target, object, "ownerReferences", owners.collect())
}

fn with_metadata(target: &SyncKey, object: &Object, field: &str, value: Vec<Value>) -> Request {
    let mut patch = value!({"metadata": {
        "uid": (object.uid()), "resourceVersion": (object.meta("resourceVersion"))
    }});
    patch.set_at(&["metadata", field], Value::list(value));
    Request::patch(target.resource, &target.key, PatchType::Merge, patch)
}

/// Deletes exactly the object that was read.
pub(super) fn delete(target: &SyncKey, live: &Object, propagation: &str, same_version: bool) -> Request {
    let mut request = Request::delete(target.resource, &target.key);
    request.options.propagation = propagation.into();
    request.options.precondition_uid = Some(live.uid().into());
    request.options.precondition_version = same_version.then(|| live.meta("resourceVersion").into());
    request
}
