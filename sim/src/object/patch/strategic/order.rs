//! The order of the items of a list that a strategic merge patch merged.
//!
//! Real: items in the patch take the order of the patch, items only on the server keep theirs. Of an item of each, that of
//! the server comes first only if it was before the other on the server.

use crate::object::{Key, Value};

/// What identifies items.
#[derive(Clone, Copy)]
pub(super) struct Items {
    merge_key: Option<Key>,
}

impl Items {
    /// The value.
    pub(super) fn primitives() -> Self {
        Self { merge_key: None }
    }

    /// The value of this field.
    pub(super) fn keyed(merge_key: Key) -> Self {
        Self { merge_key: Some(merge_key) }
    }

    /// The identity of an item.
    fn name(self, item: &Value) -> Option<&Value> {
        self.merge_key.map_or(Some(item), |key| item.get_key(key))
    }

    fn names(self, items: &[Value]) -> Vec<Option<&Value>> {
        items.iter().map(|item| self.name(item)).collect()
    }

    /// Whether `order` names all these items.
    pub(super) fn names_all(self, order: &[Value], items: &[Value]) -> bool {
        let names = self.names(order);
        items.iter().all(|item| self.name(item).is_some_and(|name| names.contains(&Some(name))))
    }

    /// `merged`, ordered by `patch` and `server`.
    pub(super) fn ordered(self, merged: Vec<Value>, patch: &[Value], server: &[Value]) -> Vec<Value> {
        let patch = self.names(patch);
        let position = |names: &[Option<&Value>], name: &Value| names.iter().position(|n| *n == Some(name));
        let mut patched: Vec<(usize, &Value)> = Vec::with_capacity(merged.len());
        let mut kept: Vec<&Value> = Vec::new();
        for item in &merged {
            match self.name(item).and_then(|name| position(&patch, name)) {
                Some(at) => patched.push((at, item)),
                None => kept.push(item),
            }
        }
        if kept.is_empty() && patched.is_sorted_by_key(|(at, _)| *at) {
            return merged;
        }
        let server = self.names(server);
        let on_server = |item: &Value| position(&server, self.name(item)?);
        let mut patched: Vec<_> = patched.into_iter().map(|(at, item)| (at, on_server(item), item)).collect();
        let mut kept: Vec<_> = kept.into_iter().map(|item| (on_server(item), item)).collect();
        patched.sort_by_key(|(at, ..)| *at);
        kept.sort_by_key(|(server, _)| *server);
        let mut out = Vec::with_capacity(merged.len());
        let (mut patched, mut kept) = (patched.into_iter().peekable(), kept.into_iter().peekable());
        while let (Some((_, new, patched_item)), Some((old, kept_item))) = (patched.peek(), kept.peek()) {
            if old.zip(*new).is_some_and(|(old, new)| old < new) {
                out.push((*kept_item).clone());
                kept.next();
            } else {
                out.push((*patched_item).clone());
                patched.next();
            }
        }
        out.extend(patched.map(|(.., item)| item.clone()).chain(kept.map(|(_, item)| item.clone())));
        out
    }
}

/// The items without repetitions.
pub(super) fn unique(items: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !out.contains(&item) {
            out.push(item);
        }
    }
    out
}
