//! A map that a patch changes. It collects edits and copies the entries once.

use crate::object::{Key, Map, Value};

/// A map and the edits of its entries.
pub(super) struct Draft {
    base: Map,
    /// The newest edit of each key; `None` removes the entry.
    edits: Vec<(Key, Option<Value>)>,
}

impl Draft {
    /// A draft of `base`, with room for this number of edits.
    pub(super) fn new(base: Map, edits: usize) -> Self {
        Self { base, edits: Vec::with_capacity(edits) }
    }

    /// The current value at `key`.
    pub(super) fn get(&self, key: Key) -> Option<&Value> {
        match self.edits.iter().find(|(edited, _)| *edited == key) {
            Some((_, edit)) => edit.as_ref(),
            None => self.base.get_key(key),
        }
    }

    /// Sets `key`, or removes it.
    pub(super) fn edit(&mut self, key: Key, edit: Option<Value>) {
        match self.edits.iter_mut().find(|(edited, _)| *edited == key) {
            Some((_, old)) => *old = edit,
            None => self.edits.push((key, edit)),
        }
    }

    /// The map after all edits; the same map if there are none.
    pub(super) fn finish(mut self) -> Map {
        if self.edits.is_empty() {
            return self.base;
        }
        let replaces =
            |(key, edit): &(Key, Option<Value>)| edit.is_some() && self.base.get_key(*key).is_some();
        if self.edits.iter().all(replaces) {
            for (key, edit) in self.edits {
                if let Some((old, value)) = self.base.get_key_mut(key).zip(edit) {
                    *old = value;
                }
            }
            return self.base;
        }
        self.edits.sort_unstable_by_key(|(key, _)| *key);
        let mut entries = Vec::with_capacity(self.base.len() + self.edits.len());
        let mut kept = self.base.iter().peekable();
        for (key, edit) in self.edits {
            while let Some(entry) = kept.next_if(|entry| entry.0 < key) {
                entries.push(entry.clone());
            }
            kept.next_if(|entry| entry.0 == key);
            entries.extend(edit.map(|value| (key, value)));
        }
        entries.extend(kept.cloned());
        Map::from_entries(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn the_newest_edit_wins_and_a_map_without_edits_is_the_same() {
        let base = value!({"b": 1, "d": 2, "f": 3}).as_map().cloned().unwrap();
        assert!(Draft::new(base.clone(), 1).finish().ptr_eq(&base));
        let mut draft = Draft::new(base, 0);
        for (key, edit) in
            [("e", Some(1)), ("a", Some(2)), ("d", None), ("f", Some(4)), ("a", Some(5)), ("x", None)]
        {
            draft.edit(key.into(), edit.map(Value::Int));
        }
        assert_eq!((draft.get("a".into()), draft.get("d".into())), (Some(&Value::Int(5)), None));
        assert_eq!(Value::Map(draft.finish()), value!({"a": 5, "b": 1, "e": 1, "f": 4}));
    }
}
