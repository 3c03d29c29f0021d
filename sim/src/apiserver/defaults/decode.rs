//! From a client's tree to one of the kind: types, unknown fields, form, defaults, in one go.
//!
//! An update costs what it changes: what is shared with the stored object is not walked again.

use super::super::kind::Kind;
use super::of_kind;
use crate::object::{DecodeError, Edit, Key, Map, Value, keys};

/// Decodes a body: checks the types of a built-in object's values (in the words of the decoder), drops fields that the type
/// does not have, brings the rest into the type's form and sets defaults. Returns the dotted paths of what was dropped, as
/// field validation names them. `old` is the object that it replaces.
///
/// Values of custom objects are checked by `validation`.
pub fn decode(kind: &Kind, new: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
    let before =
        Before(old.and_then(Value::as_map).filter(|old| new.as_map().is_some_and(|new| covers(new, old))));
    if kind.custom {
        let unknown = custom(kind, new, &before);
        drop_double_owners(new);
        return Ok(unknown);
    }
    let unknown = kind.shape().store(new, old)?;
    drop_double_owners(new);
    of_kind(kind.resource.as_str(), new, &before);
    Ok(unknown)
}

/// Decodes a custom object. Its schema may be another one than when the old object was stored: a top-level field that
/// changed is walked whole.
fn custom(kind: &Kind, new: &mut Value, before: &Before<'_>) -> Vec<String> {
    let shape = kind.shape();
    if before.0.is_none() {
        let unknown = shape.prune(new);
        shape.apply_defaults(new);
        return unknown;
    }
    let mut unknown = Vec::new();
    let Some(map) = new.as_map_mut() else { return unknown };
    let changed = map.clone();
    for (key, value) in changed.iter().filter(|(key, value)| before.differs(*key, value)) {
        match shape.complete_field(*key, value, &mut unknown) {
            Edit::Keep => (),
            Edit::Drop => drop(map.remove(key.as_str())),
            Edit::Set(value) => map.set(*key, value),
        }
    }
    unknown
}

/// The top-level fields before this write; none on create, and where a field is gone that must perhaps come back.
pub(super) struct Before<'a>(pub(super) Option<&'a Map>);

impl Before<'_> {
    /// Whether the value at `key` is another one than before.
    fn differs(&self, key: Key, value: &Value) -> bool {
        !self.0.and_then(|old| old.get_key(key)).is_some_and(|was| was.is_shared_with(value))
    }

    /// Whether the field is there and another one than before.
    pub(super) fn changed(&self, new: &Value, field: Key) -> bool {
        let Some(value) = new.get_key(field) else { return false };
        !self.0.and_then(|old| old.get_key(field)).is_some_and(|was| was.is_shared_with(value))
    }
}

fn covers(new: &Map, old: &Map) -> bool {
    old.iter().all(|(key, _)| new.get_key(*key).is_some())
}

/// An owner that is named twice in the same words counts once.
fn drop_double_owners(new: &mut Value) {
    let owners = new.meta(keys::OWNER_REFERENCES).map(Value::items).unwrap_or_default();
    let is_first = |i: usize| !owners[..i].contains(&owners[i]);
    if !(0..owners.len()).all(is_first) {
        let once: Vec<Value> =
            (0..owners.len()).filter(|i| is_first(*i)).map(|i| owners[i].clone()).collect();
        new.set_at(&["metadata", "ownerReferences"], once);
    }
}
