//! StorageObjectInUseProtection: volumes and claims get a finalizer that keeps them while they are in use.

use super::super::kind::Kind;
use crate::object::Value;

pub(super) fn admit(kind: &Kind, new: &mut Value) {
    let ours = if kind.namespaced { "kubernetes.io/pvc-protection" } else { "kubernetes.io/pv-protection" };
    let finalizers = new.items_at(&["metadata", "finalizers"]);
    if !finalizers.iter().any(|f| f.as_str() == Some(ours)) {
        let all: Vec<Value> = finalizers.iter().cloned().chain([ours.into()]).collect();
        new.set_at(&["metadata", "finalizers"], all);
    }
}
