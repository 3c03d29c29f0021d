//! Drops the fields that a type does not have, and names them.

use super::rewrite::{self, Edit};
use super::{Kind, NodeId, Shape, Value, push_field, push_index};

impl Shape {
    /// Drops unknown fields and returns their dotted paths (`spec.ports[0].bogus`), as strict field validation
    /// prints them.
    pub fn prune(&self, value: &mut Value) -> Vec<String> {
        let mut unknown = Vec::new();
        let mut walk = Prune { shape: self, path: String::new(), unknown: &mut unknown };
        if let Some(pruned) = walk.value(self.root(), value) {
            *value = pruned;
        }
        unknown
    }
}

struct Prune<'a> {
    shape: &'a Shape,
    path: String,
    unknown: &'a mut Vec<String>,
}

impl Prune<'_> {
    fn value(&mut self, id: NodeId, value: &Value) -> Option<Value> {
        let node = self.shape.node(id);
        match (&node.kind, value) {
            (Kind::Struct(_), Value::Map(map)) => {
                rewrite::entries(map, |key, child| self.entry(id, key, child)).map(Value::Map)
            }
            (Kind::List(list), Value::List(items)) => rewrite::items(items, |i, item| {
                let depth = push_index(&mut self.path, i);
                let pruned = self.value(list.items, item);
                self.path.truncate(depth);
                pruned
            }),
            _ => None,
        }
    }

    fn entry(&mut self, id: NodeId, key: super::Key, child: &Value) -> Edit {
        let depth = push_field(&mut self.path, key.as_str());
        let edit = match self.shape.child(id, key) {
            Some(id) => self.value(id, child).into(),
            None => {
                self.unknown.push(self.path.clone());
                Edit::Drop
            }
        };
        self.path.truncate(depth);
        edit
    }
}
