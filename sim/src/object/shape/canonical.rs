//! The stored form of built-in types: a real server decodes a body into the Go type and encodes that again.
//!
//! Real: empty values that the type may omit disappear, others are written; quantities and times take their canonical form.
//! Modelled: all of it, from OpenAPI and the tables in `empty`; a wrong entry there shows as an empty value too many or too
//! few. Custom resources keep what was written, so this never walks them.

use super::empty::Empty;
use super::lookup::ScalarForm;
use super::rewrite::{self, Edit};
use super::{Field, Key, NodeId, NodeKind, Scalar, Shape, Str, Struct, Value};
use crate::object::quantity::is_plain;
use crate::object::{Map, Quantity, time};

impl Shape {
    /// Brings a built-in object into its stored form. Does nothing to a custom resource.
    pub fn canonicalize(&self, value: &mut Value) {
        if self.is_custom() {
            return;
        }
        if let Some(new) = self.canonical(self.root(), value) {
            *value = new;
        }
    }

    /// The object of this type without values. The owners of a create are found by comparison with it.
    pub fn empty_object(&self) -> Value {
        let mut empty = Value::empty_map();
        self.canonicalize(&mut empty);
        empty
    }

    fn canonical(&self, id: NodeId, value: &Value) -> Option<Value> {
        match (&self.node(id).kind, value) {
            (NodeKind::Struct(s), Value::Map(map)) => self.canonical_map(s, map).map(Value::Map),
            (NodeKind::List(list), Value::List(items)) => {
                rewrite::items(items, |_, item| self.canonical(list.items, item))
            }
            (NodeKind::Scalar(scalar), _) => self.canonical_scalar(id, *scalar, value),
            _ => None,
        }
    }

    pub(super) fn canonical_scalar(&self, id: NodeId, scalar: Scalar, value: &Value) -> Option<Value> {
        match (scalar, value) {
            (Scalar::Quantity, _) => quantity(value),
            (Scalar::String, Value::Str(text)) => match self.node(id).form {
                ScalarForm::Time => time::canonical(text, 0).map(Value::from),
                ScalarForm::MicroTime => time::canonical(text, 6).map(Value::from),
                _ => None,
            },
            _ => None,
        }
    }

    fn canonical_map(&self, s: &Struct, map: &Map) -> Option<Map> {
        let kept = rewrite::entries(map, |key, child| match s.field(key) {
            Some(field) => self.canonical_field(field, child, || self.canonical(field.node, child).into()),
            None => s.additional.map_or(Edit::Keep, |id| self.canonical_entry(id, child)),
        });
        let absent = s.written().filter(|f| map.get_key(f.key).is_none());
        let missing: Vec<(Key, Value)> = absent.map(|f| (f.key, self.zero(f))).collect();
        if missing.is_empty() {
            return kept;
        }
        let kept = kept.as_ref().unwrap_or(map);
        Some(kept.iter().cloned().chain(missing).collect())
    }

    /// The edit of a field; `below` returns it if the value is not empty.
    pub(super) fn canonical_field(&self, field: &Field, child: &Value, below: impl FnOnce() -> Edit) -> Edit {
        let empty = match child {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(n) => *n == 0,
            Value::Str(s) => s.is_empty(),
            Value::List(items) => items.is_empty(),
            // A map type is a Go map, which is omitted when empty; a struct is not.
            Value::Map(map) => {
                map.is_empty() && self.as_struct(field.node).is_some_and(|s| s.fields.is_empty())
            }
            Value::Float(_) => false,
        };
        match field.empty {
            Empty::Written if child.is_null() && field.default.is_some() => Edit::Set(self.zero(field)),
            Empty::Omitted if empty => Edit::Drop,
            Empty::Written if child.is_null() => Edit::Keep,
            // Protobuf has no empty lists; CustomResourceDefinitions are stored as JSON.
            Empty::Written if empty && child.as_list().is_some() && !self.is_stored_as_json() => {
                Edit::Set(Value::Null)
            }
            Empty::Kept if child.is_null() => Edit::Drop,
            _ => below(),
        }
    }

    fn is_stored_as_json(&self) -> bool {
        self.node(self.root()).name.as_ref().is_some_and(|name| name.contains(".apiextensions."))
    }

    /// The edit of a value at a free key: null becomes the empty value of the map's type.
    fn canonical_entry(&self, id: NodeId, child: &Value) -> Edit {
        if child.is_null() && matches!(self.node(id).kind, NodeKind::Scalar(Scalar::String)) {
            return Edit::Set(Value::Str(Str::default()));
        }
        self.canonical(id, child).into()
    }

    /// The value written for an absent field: its zero value, or null for lists, maps and pointers.
    pub(super) fn zero(&self, field: &Field) -> Value {
        match field.assigned.as_ref().or(field.default.as_ref()) {
            Some(default @ Value::Map(_)) => {
                self.canonical(field.node, default).unwrap_or_else(|| default.clone())
            }
            Some(default) => default.clone(),
            None => Value::Null,
        }
    }
}

fn quantity(value: &Value) -> Option<Value> {
    let text = match value {
        Value::Str(text) if is_plain(text) => return None,
        Value::Str(text) => text.clone(),
        Value::Int(_) | Value::Float(_) => value.to_json().into(),
        _ => return None,
    };
    let canonical = text.parse::<Quantity>().ok()?.to_string();
    (value.as_str() != Some(&canonical)).then(|| canonical.into())
}
