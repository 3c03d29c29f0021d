//! Drops the fields that a type does not have, and returns their paths.

use super::rewrite::{self, Edit};
use super::{NodeId, NodeKind, Shape, Value};
use crate::object::Key;
use crate::object::field_path::FieldPath;

impl Shape {
    /// Drops unknown fields and returns their dotted paths (`spec.ports[0].bogus`), as strict field validation
    /// prints them.
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        let mut walk = Prune { shape: self, unknown: &mut unknown };
        if let Some(pruned) = walk.value(self.root(), value, &FieldPath::ROOT) {
            *value = pruned;
        }
        unknown
    }
}

pub(super) struct Prune<'a> {
    pub(super) shape: &'a Shape,
    pub(super) unknown: &'a mut Vec<String>,
}

impl Prune<'_> {
    fn value(&mut self, id: NodeId, value: &Value, at: &FieldPath<'_>) -> Option<Value> {
        match (&self.shape.node(id).kind, value) {
            (NodeKind::Struct(_), Value::Map(map)) => {
                let pruned = rewrite::entries(map, |key, child| self.entry(id, key, child, &at.field(key)));
                pruned.map(Value::Map)
            }
            (NodeKind::List(list), Value::List(items)) => {
                rewrite::items(items, |i, item| self.value(list.items, item, &at.index(i)))
            }
            _ => None,
        }
    }

    pub(super) fn entry(&mut self, id: NodeId, key: Key, child: &Value, at: &FieldPath<'_>) -> Edit {
        if let Some(id) = self.shape.child(id, key) {
            return self.value(id, child, at).into();
        }
        self.unknown.push(at.dotted());
        Edit::Drop
    }
}
