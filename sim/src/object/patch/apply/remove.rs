//! Removes the members of a field set from a tree.
//!
//! Real: a map or list that loses its last entry becomes null. Modelled: that.

use crate::object::managed::{Elem, FieldSet};
use crate::object::{ListType, Map, NodeId, NodeKind, Shape, Value};

/// `value` without the members of `gone`.
pub(super) fn removed(shape: &Shape, value: &Value, gone: &FieldSet) -> Value {
    if gone.is_empty() { value.clone() } else { below(shape, shape.root(), value, gone) }
}

fn below(shape: &Shape, id: NodeId, value: &Value, gone: &FieldSet) -> Value {
    let keep = |elem: &Elem, id: NodeId, child: &Value| match gone.get(elem) {
        Some(node) if node.member => None,
        Some(node) => Some(below(shape, id, child, &node.below)),
        None => Some(child.clone()),
    };
    match (value, &shape.node(id).kind) {
        (Value::Map(map), _) => {
            let kept: Map = map
                .iter()
                .filter_map(|(key, child)| {
                    let child_id = shape.child(id, *key).unwrap_or(NodeId::ANY);
                    Some((*key, keep(&Elem::Field(*key), child_id, child)?))
                })
                .collect();
            if kept.is_empty() { Value::Null } else { Value::Map(kept) }
        }
        (Value::List(items), NodeKind::List(list)) if list.list_type != ListType::Atomic => {
            let kept: Vec<Value> = items
                .iter()
                .filter_map(|item| match Elem::of_item(shape, list, item) {
                    Some(elem) => keep(&elem, list.items, item),
                    None => Some(item.clone()),
                })
                .collect();
            if kept.is_empty() { Value::Null } else { kept.into() }
        }
        _ => value.clone(),
    }
}
