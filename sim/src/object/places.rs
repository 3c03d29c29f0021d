//! Where in a tree the fields are that every object has: looked up once, when the object is made.
//!
//! A commit is read by a dozen components, and each asks for name, owners, generation and so on, several times.

use super::{Key, Map, Value, keys};

/// How many fields there are, and one for all others.
const FIELDS: usize = 14;

/// The last place that a byte holds, plus one.
const MOST: usize = 255;

/// The place of each field in its map, plus one; 0 where it is absent. The first counts for no field: it says whether a map
/// is so large that 0 means nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Places([u8; FIELDS]);

impl Places {
    /// The places of the fields of the object with this tree.
    pub(super) fn of(root: &Value) -> Self {
        let mut places = Self::default();
        if let Some(root) = root.as_map() {
            places.0[0] = u8::from(root.len() > MOST);
            for top in [keys::METADATA, keys::SPEC, keys::STATUS] {
                let place = root.iter().rposition(|(key, _)| *key == top);
                places.0[top.field()] = place.map_or(0, one_more);
            }
            if let Some(metadata) = places.get(root, keys::METADATA).and_then(Value::as_map) {
                places.0[0] |= u8::from(metadata.len() > MOST);
                let fields = metadata.iter().map(|(key, _)| key.field()).enumerate();
                for (place, field) in fields.filter(|(_, field)| *field > keys::STATUS.field()) {
                    places.0[field] = one_more(place);
                }
            }
        }
        places
    }

    /// Whether the field is absent, which then needs no look at the tree. False may mean that it is.
    #[inline]
    pub(super) fn lacks(self, field: Key) -> bool {
        self.0[0] == 0 && field.field() != 0 && self.0[field.field()] == 0
    }

    /// The field of `map`, which is the root or `metadata`, wherever the field belongs.
    #[inline]
    pub(super) fn get(self, map: &Map, field: Key) -> Option<&Value> {
        match self.0[field.field()] {
            _ if field.field() == 0 => map.get_key(field),
            0 if self.0[0] != 0 => map.get_key(field),
            0 => None,
            place => map.value(usize::from(place) - 1),
        }
    }
}

/// One more than a place; 0 where it is too far back.
fn one_more(place: usize) -> u8 {
    u8::try_from(place + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn a_field_is_found_where_it_is_and_not_where_it_is_not() {
        let root = value!({"kind": "Pod", "metadata": {"name": "a", "status": 1, "uid": "u"}, "spec": {"name": "b"}});
        let places = Places::of(&root);
        let map = root.as_map().unwrap();
        let metadata = places.get(map, keys::METADATA).unwrap().as_map().unwrap();
        let text = |field| places.get(metadata, field).and_then(Value::as_str);
        assert_eq!((text(keys::NAME), text(keys::UID), text(keys::LABELS)), (Some("a"), Some("u"), None));
        assert_eq!(places.get(map, keys::SPEC), root.get("spec"));
        assert_eq!(places.get(map, keys::STATUS), None);
    }

    #[test]
    fn a_map_of_very_many_fields_is_searched() {
        let entries = (0..300).map(|i| (Key::new(&format!("a{i:03}")), Value::Null));
        let root = Value::Map(entries.chain([(keys::SPEC, Value::Int(1))]).collect());
        assert_eq!(Places::of(&root).get(root.as_map().unwrap(), keys::SPEC), Some(&Value::Int(1)));
    }
}
