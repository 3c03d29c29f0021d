//! The positions of the fields that every object has, found once, when an object is made: a dozen components read name, owners,
//! generation and so on of each commit, several times.

use super::{Key, Map, Value, keys};

/// The number of fields, and one for all others.
const FIELDS: usize = 14;

/// The longest map whose positions, plus one, fit into a byte.
const MOST: usize = 255;

/// The position of each field in its map, plus one; 0 if it is absent. The first slot belongs to no field: it is 1 if a map is
/// so long that a 0 does not mean absent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Positions([u8; FIELDS]);

impl Positions {
    /// The positions of the fields of the object with this tree.
    pub(super) fn of(root: &Value) -> Self {
        let mut positions = Self::default();
        if let Some(root) = root.as_map() {
            positions.0[0] = u8::from(root.len() > MOST);
            for top in [keys::METADATA, keys::SPEC, keys::STATUS] {
                let position = root.iter().rposition(|(key, _)| *key == top);
                positions.0[top.field()] = position.map_or(0, one_more);
            }
            if let Some(metadata) = positions.get(root, keys::METADATA).and_then(Value::as_map) {
                positions.0[0] |= u8::from(metadata.len() > MOST);
                let fields = metadata.iter().map(|(key, _)| key.field()).enumerate();
                for (position, field) in fields.filter(|(_, field)| *field > keys::STATUS.field()) {
                    positions.0[field] = one_more(position);
                }
            }
        }
        positions
    }

    /// Whether the field is surely absent. If false, the tree decides.
    #[inline]
    pub(super) fn lacks(self, field: Key) -> bool {
        self.0[0] == 0 && field.field() != 0 && self.0[field.field()] == 0
    }

    /// The field of `map`, which is the root or `metadata`, depending on the field.
    #[inline]
    pub(super) fn get(self, map: &Map, field: Key) -> Option<&Value> {
        match self.0[field.field()] {
            _ if field.field() == 0 => map.get_key(field),
            0 if self.0[0] != 0 => map.get_key(field),
            0 => None,
            position => map.entry(usize::from(position) - 1, field),
        }
    }
}

/// The position plus one; 0 if that does not fit into a byte.
fn one_more(position: usize) -> u8 {
    u8::try_from(position + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn fields_are_found_in_their_own_map_only() {
        let root = value!({"kind": "Pod", "metadata": {"name": "a", "status": 1, "uid": "u"}, "spec": {"name": "b"}});
        let positions = Positions::of(&root);
        let map = root.as_map().unwrap();
        let metadata = positions.get(map, keys::METADATA).unwrap().as_map().unwrap();
        let text = |field| positions.get(metadata, field).and_then(Value::as_str);
        assert_eq!((text(keys::NAME), text(keys::UID), text(keys::LABELS)), (Some("a"), Some("u"), None));
        assert_eq!(positions.get(map, keys::SPEC), root.get("spec"));
        assert_eq!(positions.get(map, keys::STATUS), None);
    }

    #[test]
    fn a_map_longer_than_a_byte_counts_is_searched() {
        let entries = (0..300).map(|i| (Key::new(&format!("a{i:03}")), Value::Null));
        let root = Value::Map(entries.chain([(keys::SPEC, Value::Int(1))]).collect());
        assert_eq!(Positions::of(&root).get(root.as_map().unwrap(), keys::SPEC), Some(&Value::Int(1)));
    }
}
