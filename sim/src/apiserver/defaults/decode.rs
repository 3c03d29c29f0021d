//! The parts of decoding: custom objects, double owner references, and which fields a write changes.

use super::super::kind::Kind;
use crate::object::{Edit, Key, Map, Value, keys};

/// Decodes a custom object and returns the paths of unknown fields. The schema may have changed since the old object was
/// stored; therefore a changed top-level field is visited as a whole.
pub(super) fn custom(kind: &Kind, new: &mut Value, before: &Before<'_>) -> Vec<String> {
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

/// The top-level fields before this write. None on create, and if the write removes a field, because a default may have to
/// restore it.
pub(super) struct Before<'a>(pub(super) Option<&'a Map>);

impl<'a> Before<'a> {
    pub(super) fn of(old: Option<&'a Value>, new: &Value) -> Self {
        Self(old.and_then(Value::as_map).filter(|old| new.as_map().is_some_and(|new| covers(new, old))))
    }

    /// Whether the value at `key` differs from before.
    fn differs(&self, key: Key, value: &Value) -> bool {
        !self.0.and_then(|old| old.get_key(key)).is_some_and(|was| was.is_shared_with(value))
    }

    /// Whether the field is set and differs from before.
    pub(super) fn changed(&self, new: &Value, field: Key) -> bool {
        new.get_key(field).is_some_and(|value| self.differs(field, value))
    }
}

fn covers(new: &Map, old: &Map) -> bool {
    old.iter().all(|(key, _)| new.get_key(*key).is_some())
}

/// Drops owner references that repeat an earlier one literally.
pub(super) fn drop_double_owners(new: &mut Value) {
    let owners = new.meta(keys::OWNER_REFERENCES).map(Value::items).unwrap_or_default();
    let is_first = |i: usize| !owners[..i].contains(&owners[i]);
    if !(0..owners.len()).all(is_first) {
        let once: Vec<Value> =
            (0..owners.len()).filter(|i| is_first(*i)).map(|i| owners[i].clone()).collect();
        new.set_at(&["metadata", "ownerReferences"], once);
    }
}
