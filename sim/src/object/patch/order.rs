//! The order of the items of a list that a strategic merge patch merged.
//!
//! Real: items that the patch names take the patch's order, items that only the server has keep theirs; where the two
//! meet, an item of the server comes first only if the server already had it before the other.

use crate::object::{Key, Value};

/// How items are told apart.
#[derive(Clone, Copy)]
pub(super) struct Items {
    merge_key: Option<Key>,
}

impl Items {
    /// By value.
    pub(super) fn primitives() -> Self {
        Self { merge_key: None }
    }

    /// By the value of a field.
    pub(super) fn keyed(merge_key: Key) -> Self {
        Self { merge_key: Some(merge_key) }
    }

    fn position(self, items: &[Value], wanted: &Value) -> Option<usize> {
        match self.merge_key {
            None => items.iter().position(|item| item == wanted),
            Some(key) => {
                let key = key.as_str();
                let wanted = wanted.get(key)?;
                items.iter().position(|item| item.get(key) == Some(wanted))
            }
        }
    }

    /// `merged`, in the order of `patch` and of `server`.
    pub(super) fn ordered(self, merged: Vec<Value>, patch: &[Value], server: &[Value]) -> Vec<Value> {
        let (mut patched, mut kept): (Vec<Value>, Vec<Value>) =
            merged.into_iter().partition(|item| self.position(patch, item).is_some());
        patched.sort_by_key(|item| self.position(patch, item));
        kept.sort_by_key(|item| self.position(server, item));
        let mut out = Vec::with_capacity(patched.len() + kept.len());
        let (mut patched, mut kept) = (patched.into_iter().peekable(), kept.into_iter().peekable());
        while let (Some(new), Some(old)) = (patched.peek(), kept.peek()) {
            let places = self.position(server, old).zip(self.position(server, new));
            out.extend(if places.is_some_and(|(old, new)| old < new) { kept.next() } else { patched.next() });
        }
        out.extend(patched.chain(kept));
        out
    }
}

/// The items, each once, at its first place.
pub(super) fn unique(items: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !out.contains(&item) {
            out.push(item);
        }
    }
    out
}
