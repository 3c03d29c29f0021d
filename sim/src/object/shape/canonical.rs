//! The form in which built-in types are stored: what a real server makes of a body by decoding it into the Go type and
//! encoding that again.
//!
//! Real: empty values that the type may omit disappear, those that it may not are written; quantities and times take
//! their canonical form. Modelled: all of it, from OpenAPI and the tables in `empty`. Not modelled: a wrong entry there
//! shows as an empty value too many or too few. Custom resources keep what was written, and so are never walked.

use super::empty::Empty;
use super::lookup::Form;
use super::rewrite::{self, Edit};
use super::{Field, Key, Kind, NodeId, Scalar, Shape, Str, Struct, Value};
use crate::object::quantity::is_plain;
use crate::object::{Map, Quantity, time};

impl Shape {
    /// Brings a built-in object into its stored form; leaves a custom resource alone.
    pub fn canonicalize(&self, value: &mut Value) {
        if self.is_custom() {
            return;
        }
        if let Some(new) = self.canonical(self.root(), value) {
            *value = new;
        }
    }

    /// The object of this type with nothing set: what a create is compared with to find out who owns what.
    pub fn empty_object(&self) -> Value {
        let mut empty = Value::empty_map();
        self.canonicalize(&mut empty);
        empty
    }

    fn canonical(&self, id: NodeId, value: &Value) -> Option<Value> {
        match (&self.node(id).kind, value) {
            (Kind::Struct(s), Value::Map(map)) => self.canonical_map(s, map).map(Value::Map),
            (Kind::List(list), Value::List(items)) => {
                rewrite::items(items, |_, item| self.canonical(list.items, item))
            }
            (Kind::Scalar(scalar), _) => self.canonical_scalar(id, *scalar, value),
            _ => None,
        }
    }

    pub(super) fn canonical_scalar(&self, id: NodeId, scalar: Scalar, value: &Value) -> Option<Value> {
        match (scalar, value) {
            (Scalar::Quantity, _) => quantity(value),
            (Scalar::String, Value::Str(text)) => match self.node(id).form {
                Form::Time => time::canonical(text, 0).map(Value::from),
                Form::MicroTime => time::canonical(text, 6).map(Value::from),
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

    /// What becomes of a field; `below` says it where the value is not empty.
    pub(super) fn canonical_field(&self, field: &Field, child: &Value, below: impl FnOnce() -> Edit) -> Edit {
        let empty = match child {
            Value::Null => true,
            Value::Bool(b) => !b,
            Value::Int(n) => *n == 0,
            Value::Str(s) => s.is_empty(),
            Value::List(items) => items.is_empty(),
            // A map type is a Go map, and omitted when empty; a struct is not.
            Value::Map(map) => {
                map.is_empty() && self.as_struct(field.node).is_some_and(|s| s.fields.is_empty())
            }
            Value::Float(_) => false,
        };
        match field.empty {
            Empty::Written if child.is_null() && field.default.is_some() => Edit::Set(self.zero(field)),
            Empty::Omitted if empty => Edit::Drop,
            Empty::Written if child.is_null() => Edit::Keep,
            // Protobuf does not tell an empty list from none; definitions of custom resources are stored as JSON.
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

    /// A value of a free key: null is the empty value of the map's type.
    fn canonical_entry(&self, id: NodeId, child: &Value) -> Edit {
        if child.is_null() && matches!(self.node(id).kind, Kind::Scalar(Scalar::String)) {
            return Edit::Set(Value::Str(Str::default()));
        }
        self.canonical(id, child).into()
    }

    /// What is written for an absent field: its zero value, or null for lists, maps and pointers.
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
