//! Checks the applied config against its type, and finds the set of fields that it claims.
//!
//! Real: a config claims every leaf, list item and entry of a free map; of maps with named fields, only empty ones. Modelled:
//! all of it.

use std::fmt::Write;

use crate::object::managed::{Elem, FieldSet, SetNode};
use crate::object::{Key, List, ListType, NodeId, NodeKind, Scalar, Shape, Value};

/// The fields that `config` claims, or all errors with the messages of the real server.
pub(super) fn field_set(shape: &Shape, config: &Value) -> Result<FieldSet, String> {
    let mut walk = Walk { shape, path: String::new(), errors: Vec::new() };
    let set = walk.value(shape.root(), false, config).below;
    match &walk.errors[..] {
        [] => Ok(set),
        [error] => Err(error.clone()),
        errors => Err(format!("errors:\n  {}", errors.join("\n  "))),
    }
}

/// The set, and all maps on the way to its members that are named fields of their type.
pub(super) fn with_named_fields(shape: &Shape, id: NodeId, set: &FieldSet) -> FieldSet {
    FieldSet::from_sorted(set.nodes().iter().map(|(elem, node)| {
        let (child, named) = match elem {
            Elem::Field(key) => {
                let named = shape.as_struct(id).is_some_and(|s| s.field(*key).is_some());
                (shape.child(id, *key).unwrap_or(NodeId::ANY), named)
            }
            _ => (shape.item(id), false),
        };
        let below = with_named_fields(shape, child, &node.below);
        (elem.clone(), SetNode { member: node.member || named, below })
    }))
}

struct Walk<'a> {
    shape: &'a Shape,
    path: String,
    errors: Vec<String>,
}

impl Walk<'_> {
    fn complain(&mut self, text: &str) {
        self.errors.push(format!("{}: {text}", self.path));
    }

    fn expected(&mut self, what: &str, value: &Value) {
        let mut text = format!("expected {what}, got &value.valueUnstructured{{Value:");
        write_go(value, &mut text);
        text.push('}');
        self.complain(&text);
    }

    fn value(&mut self, id: NodeId, atomic: bool, value: &Value) -> SetNode {
        match (&self.shape.node(id).kind, value) {
            (NodeKind::Scalar(scalar), value) => {
                self.scalar(*scalar, value);
                SetNode::leaf()
            }
            (_, Value::Null) if !atomic => SetNode::default(),
            (NodeKind::List(list), Value::List(items)) => self.list(list, items),
            (NodeKind::Struct(s), Value::Map(_)) => {
                let below = self.map(id, value);
                if s.atomic || atomic { SetNode::leaf() } else { below }
            }
            (NodeKind::List(_), _) => {
                self.expected("list", value);
                SetNode::leaf()
            }
            (NodeKind::Struct(_), value) if !value.is_null() => {
                self.expected("map", value);
                SetNode::leaf()
            }
            (NodeKind::Any, Value::Map(_)) if !atomic => self.map(NodeId::ANY, value),
            _ => SetNode::leaf(),
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        let (fits, what) = match scalar {
            Scalar::String => (matches!(value, Value::Str(_)), "string"),
            Scalar::Integer | Scalar::Number => {
                (matches!(value, Value::Int(_) | Value::Float(_)), "numeric (int or float)")
            }
            Scalar::Boolean => (matches!(value, Value::Bool(_)), "boolean"),
            Scalar::IntOrString | Scalar::Quantity => {
                (!matches!(value, Value::Map(_) | Value::List(_)), "scalar")
            }
        };
        if !fits && !value.is_null() {
            self.expected(what, value);
        }
    }

    fn map(&mut self, id: NodeId, value: &Value) -> SetNode {
        let s = self.shape.as_struct(id);
        let entries = value.as_map().into_iter().flatten().map(|(key, child)| {
            let field = s.and_then(|s| s.field(*key));
            let atomic = field.and_then(|f| f.atomic) == Some(true);
            let mut node = self.entry(id, *key, atomic, child);
            let empty = child.is_null() || child.as_map().is_some_and(|map| map.is_empty());
            node.member |= empty || field.is_none();
            (Elem::Field(*key), node)
        });
        SetNode { member: false, below: FieldSet::from_sorted(entries.collect::<Vec<_>>()) }
    }

    fn entry(&mut self, id: NodeId, key: Key, atomic: bool, child: &Value) -> SetNode {
        let depth = self.path.len();
        Elem::Field(key).write_path(&mut self.path);
        let node = match self.shape.child(id, key) {
            Some(child_id) => self.value(child_id, atomic, child),
            None => {
                self.complain("field not declared in schema");
                SetNode::default()
            }
        };
        self.path.truncate(depth);
        node
    }

    fn list(&mut self, list: &List, items: &[Value]) -> SetNode {
        let mut nodes: Vec<(Elem, SetNode)> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let elem = if list.list_type == ListType::Atomic {
                Elem::Index(i)
            } else if let Some(elem) = Elem::of_item(self.shape, list, item) {
                elem
            } else {
                self.unkeyed(list, i, item);
                continue;
            };
            let depth = self.path.len();
            elem.write_path(&mut self.path);
            let node = self.value(list.items, false, item);
            self.path.truncate(depth);
            nodes.push((elem, SetNode { member: true, below: node.below }));
        }
        if list.list_type == ListType::Atomic {
            return SetNode::leaf();
        }
        nodes.sort_by(|a, b| a.0.cmp(&b.0));
        for group in nodes.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
            let mut text = "duplicate entries for key ".to_owned();
            group[0].0.write_path(&mut text);
            self.complain(&text);
        }
        nodes.dedup_by(|a, b| a.0 == b.0);
        SetNode { member: false, below: FieldSet::from_sorted(nodes) }
    }

    fn unkeyed(&mut self, list: &List, i: usize, item: &Value) {
        let ListType::Map(keys) = &list.list_type else { return };
        let missing = keys.iter().find(|key| item.get(key.as_str()).is_none()).map(|key| key.as_str());
        let text = match (item, missing) {
            (Value::Map(_), Some(key)) => format!(
                "element {i}: associative list with keys has an element that omits key field {key:?} (and doesn't have \
                 default value)"
            ),
            (Value::Null, _) => {
                format!("element {i}: associative list with keys may not have a null element")
            }
            _ => format!("element {i}: associative list with keys may not have non-map elements"),
        };
        self.complain(&text);
    }
}

/// A value as Go's `%#v` prints it.
fn write_go(value: &Value, out: &mut String) {
    match value {
        Value::List(items) => {
            out.push_str("[]interface {}{");
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_go(item, out);
            }
            out.push('}');
        }
        Value::Map(map) => {
            out.push_str("map[string]interface {}{");
            for (i, (key, value)) in map.iter().enumerate() {
                write!(out, "{}{:?}:", if i > 0 { ", " } else { "" }, key.as_str())
                    .expect("a String takes every write");
                write_go(value, out);
            }
            out.push('}');
        }
        Value::Null => out.push_str("interface {}(nil)"),
        scalar => out.push_str(&scalar.to_json()),
    }
}
