//! Edits a tree without copying its unchanged branches.

use crate::object::{Key, Map, Value};

/// The edit of one entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Keep the value.
    Keep,
    /// Remove the entry.
    Drop,
    /// Replace the value.
    Set(Value),
}

impl Edit {
    /// This edit of `value`, and then `next` of its result.
    pub(super) fn then(self, value: &Value, next: impl FnOnce(&Value) -> Self) -> Self {
        match self {
            Self::Keep => next(value),
            Self::Drop => Self::Drop,
            Self::Set(new) => match next(&new) {
                Self::Keep => Self::Set(new),
                edit => edit,
            },
        }
    }
}

impl From<Option<Value>> for Edit {
    fn from(changed: Option<Value>) -> Self {
        changed.map_or(Self::Keep, Self::Set)
    }
}

/// The map after `edit` of every entry; none if no entry changed.
pub(super) fn entries(map: &Map, mut edit: impl FnMut(Key, &Value) -> Edit) -> Option<Map> {
    let mut out: Option<Vec<(Key, Value)>> = None;
    for (i, (key, value)) in map.iter().enumerate() {
        let edit = edit(*key, value);
        if out.is_none() && !matches!(edit, Edit::Keep) {
            let mut copy = Vec::with_capacity(map.len());
            copy.extend(map.iter().take(i).cloned());
            out = Some(copy);
        }
        if let Some(out) = &mut out {
            match edit {
                Edit::Keep => out.push((*key, value.clone())),
                Edit::Drop => (),
                Edit::Set(new) => out.push((*key, new)),
            }
        }
    }
    out.map(Map::from_entries)
}

/// The list after `edit` of every item; none if no item changed.
pub(super) fn items(items: &[Value], mut edit: impl FnMut(usize, &Value) -> Option<Value>) -> Option<Value> {
    let mut out: Option<Vec<Value>> = None;
    for (i, item) in items.iter().enumerate() {
        match (edit(i, item), &mut out) {
            (None, None) => (),
            (None, Some(out)) => out.push(item.clone()),
            (Some(new), Some(out)) => out.push(new),
            (Some(new), None) => {
                let mut copy = Vec::with_capacity(items.len());
                copy.extend_from_slice(&items[..i]);
                copy.push(new);
                out = Some(copy);
            }
        }
    }
    out.map(Value::from)
}
