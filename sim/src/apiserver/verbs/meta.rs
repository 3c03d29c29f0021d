//! The fields of `metadata` that belong to the server: it sets them on create and keeps them on update, whatever the client
//! sends.

use super::super::errors::forbidden;
use crate::object::{FieldError, Key, Map, Object, Str, Value, keys};

/// The fields that clients cannot set. `managedFields` is kept elsewhere (`write::Decoded`).
const SYSTEM: [&str; 7] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "resourceVersion",
    "selfLink",
    "uid",
];
/// The system fields that an update may only repeat or omit, in the order of errors (apimachinery
/// `ValidateObjectMetaAccessorUpdate`).
const IMMUTABLE: [&str; 4] = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"];

/// The metadata of a new object: the sent fields without system fields other than `generation`, and the fields in `set`.
pub(super) fn for_create(sent: Option<&Map>, set: Vec<(Key, Value)>) -> Map {
    let sent = sent.into_iter().flatten();
    let kept = sent.filter(|(key, value)| {
        let name = key.as_str();
        (name == "generation" || !SYSTEM.contains(&name)) && !is_empty(value)
    });
    Map::from_entries(kept.cloned().chain(set).collect())
}

/// The metadata of an updated object: the sent fields, with the stored system fields.
pub(super) fn for_update(sent: Option<&Map>, stored: &Map, name: &Str, namespace: &Str) -> Map {
    let system = stored.iter().filter(|(key, _)| SYSTEM.contains(&key.as_str()));
    let sent = sent.into_iter().flatten();
    let own = sent.filter(|(key, value)| !SYSTEM.contains(&key.as_str()) && !is_empty(value));
    let mut entries: Vec<(Key, Value)> = own.chain(system).cloned().collect();
    entries.push(("name".into(), name.clone().into()));
    if !namespace.is_empty() {
        entries.push(("namespace".into(), namespace.clone().into()));
    }
    Map::from_entries(entries)
}

/// Whether a value counts as absent in metadata, also in custom resources.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Map(map) => map.is_empty(),
        Value::List(items) => items.is_empty(),
        _ => false,
    }
}

/// The errors of an update's metadata.
pub(super) fn update_errors(sent: &Value, stored: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = |root| Value::get_key(root, keys::METADATA);
    if metadata(sent).zip(metadata(stored.root())).is_some_and(|(sent, stored)| sent.is_shared_with(stored)) {
        return errors;
    }
    if stored.is_terminating() {
        let old: Vec<&str> = stored.finalizers().collect();
        let sent = sent.items_at(&["metadata", "finalizers"]).iter().filter_map(Value::as_str);
        let new: Vec<String> = sent.filter(|f| !old.contains(f)).map(|f| format!("{f:?}")).collect();
        if !new.is_empty() {
            let why = "no new finalizers can be added if the object is being deleted, found new finalizers";
            let why = format!("{why} []string{{{}}}", new.join(", "));
            errors.push(forbidden("metadata.finalizers", &why));
        }
    }
    for field in IMMUTABLE {
        let path = ["metadata", field];
        if let Some(value) = sent.at(&path).filter(|v| !v.is_null() && **v != Value::from(""))
            && stored.at(&path) != Some(value)
        {
            errors.push(FieldError::invalid(&path.join("."), value, "field is immutable"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn an_update_keeps_the_system_fields() {
        let stored = value!({"uid": "u", "name": "a", "resourceVersion": "3", "labels": {"a": "b"}});
        let sent = value!({"uid": "v", "generation": 7, "labels": {"c": "d"}, "annotations": null});
        let new = for_update(sent.as_map(), stored.as_map().unwrap(), &"a".into(), &"".into());
        let wanted = value!({"uid": "u", "name": "a", "resourceVersion": "3", "labels": {"c": "d"}});
        assert_eq!(Value::Map(new), wanted);
    }

    #[test]
    fn a_terminating_object_accepts_no_new_finalizer() {
        let stored = Object::new(value!({"metadata": {"deletionTimestamp": "t", "finalizers": ["a/b"]}}));
        let fewer = value!({"metadata": {"finalizers": []}});
        assert_eq!(update_errors(&fewer, &stored), []);
        let more = value!({"metadata": {"finalizers": ["a/b", "a/c"]}});
        assert!(
            update_errors(&more, &stored)[0].to_string().ends_with("found new finalizers []string{\"a/c\"}")
        );
    }
}
