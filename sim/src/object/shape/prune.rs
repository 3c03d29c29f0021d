//! Drops the fields that a type does not have, and names them.

use super::rewrite::{self, Edit};
use super::{Kind, NodeId, Shape, Value};
use crate::object::Key;
use crate::object::place::Place;

impl Shape {
    /// Drops unknown fields and returns their dotted paths (`spec.ports[0].bogus`), as strict field validation
    /// prints them.
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        let mut walk = Prune { shape: self, unknown: &mut unknown };
        if let Some(pruned) = walk.value(self.root(), value, &Place::ROOT) {
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
    fn value(&mut self, id: NodeId, value: &Value, place: &Place<'_>) -> Option<Value> {
        match (&self.shape.node(id).kind, value) {
            (Kind::Struct(_), Value::Map(map)) => {
                let pruned =
                    rewrite::entries(map, |key, child| self.entry(id, key, child, &place.field(key)));
                pruned.map(Value::Map)
            }
            (Kind::List(list), Value::List(items)) => {
                rewrite::items(items, |i, item| self.value(list.items, item, &place.index(i)))
            }
            _ => None,
        }
    }

    pub(super) fn entry(&mut self, id: NodeId, key: Key, child: &Value, place: &Place<'_>) -> Edit {
        if let Some(id) = self.shape.child(id, key) {
            return self.value(id, child, place).into();
        }
        self.unknown.push(place.path());
        Edit::Drop
    }
}
