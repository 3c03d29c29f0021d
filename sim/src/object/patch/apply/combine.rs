//! Merges the config into the live tree by type: maps by key, keyed lists and sets by item; other values are replaced.
//!
//! Real: items of both lists take the order of the config; items only of the live list keep their position among them.
//! Modelled: all of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::managed::Elem;
use crate::object::{List, ListType, NodeId, NodeKind, Shape, Value};

/// Merges `config` into `live`.
pub(super) fn merged(shape: &Shape, live: &Value, config: &Value) -> Value {
    Walk { shape }.value(shape.root(), false, live, config)
}

struct Walk<'a> {
    shape: &'a Shape,
}

impl Walk<'_> {
    fn value(&self, id: NodeId, atomic: bool, live: &Value, config: &Value) -> Value {
        let s = self.shape.as_struct(id);
        let granular = !atomic && s.is_none_or(|s| !s.atomic);
        match (&self.shape.node(id).kind, live, config) {
            (NodeKind::Struct(_) | NodeKind::Any, Value::Map(_), Value::Map(_)) if granular => {
                self.map(id, live, config)
            }
            (NodeKind::Struct(_), Value::Map(old), Value::Null) if granular && !old.is_empty() => {
                live.clone()
            }
            (NodeKind::List(list), Value::List(old), Value::List(new))
                if list.list_type != ListType::Atomic =>
            {
                self.list(list, old, new).map_or_else(|| config.clone(), Value::from)
            }
            (NodeKind::List(list), Value::List(old), Value::Null)
                if list.list_type != ListType::Atomic && !old.is_empty() =>
            {
                live.clone()
            }
            _ if live == config => live.clone(),
            _ => config.clone(),
        }
    }

    fn map(&self, id: NodeId, live: &Value, config: &Value) -> Value {
        let (Value::Map(old), Value::Map(new)) = (live, config) else { return config.clone() };
        let s = self.shape.as_struct(id);
        let mut out = old.clone();
        for (key, child) in new {
            let merged = match old.get(key.as_str()) {
                Some(old) => {
                    let atomic = s.and_then(|s| s.field(*key)).and_then(|f| f.atomic) == Some(true);
                    let merged =
                        self.value(self.shape.child(id, *key).unwrap_or(NodeId::ANY), atomic, old, child);
                    if merged == *old {
                        continue;
                    }
                    merged
                }
                None => child.clone(),
            };
            out.set(*key, merged);
        }
        Value::Map(out)
    }

    /// The items of both lists; none if an item lacks its keys.
    fn list(&self, list: &List, live: &[Value], config: &[Value]) -> Option<Vec<Value>> {
        let elems = |items: &[Value]| {
            items.iter().map(|i| Elem::of_item(self.shape, list, i)).collect::<Option<Vec<_>>>()
        };
        let (old, new) = (elems(live)?, elems(config)?);
        let mut in_old: BTreeMap<&Elem, usize> = BTreeMap::new();
        for (i, elem) in old.iter().enumerate() {
            in_old.entry(elem).or_insert(i);
        }
        let in_new: BTreeSet<&Elem> = new.iter().collect();
        let mut shared = new.iter().filter(|elem| in_old.contains_key(elem)).peekable();
        let mut done: BTreeSet<&Elem> = BTreeSet::new();
        let mut out = Vec::with_capacity(old.len() + new.len());
        let (mut i, mut j) = (0, 0);
        while i < old.len() || j < new.len() {
            if let Some(elem) = old.get(i) {
                if !in_new.contains(elem) {
                    out.push(live[i].clone());
                    i += 1;
                    continue;
                }
                // An item of both lists waits for its turn in the applied list.
                if done.contains(elem)
                    || new.get(j) != Some(elem) && shared.peek().is_some_and(|next| *next != elem)
                {
                    i += 1;
                    continue;
                }
            }
            let Some(elem) = new.get(j) else { break };
            let item = in_old.get(elem).map(|at| self.value(list.items, false, &live[*at], &config[j]));
            out.push(item.unwrap_or_else(|| config[j].clone()));
            done.insert(elem);
            shared.next_if(|next| *next == elem);
            j += 1;
        }
        Some(out)
    }
}
