//! A built-in object into its stored form in one walk: what `decode`, `prune`, `canonicalize` and `apply_defaults` do one
//! after the other.
//!
//! What an update shares with the stored object has that form already and is not looked into.

use super::decode::Decode;
use super::rewrite::{self, Edit};
use super::{DecodeError, Field, Key, Kind, NodeId, Scalar, Shape, Str, Struct, Value};
use crate::object::Map;
use crate::object::place::Place;

impl Shape {
    /// Checks the types of a built-in object's values, drops what the type does not have, brings the rest into its stored
    /// form and sets defaults. Returns the dotted paths of what was dropped. `old` is the stored object that it replaces.
    pub fn store(&self, value: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
        let mut walk = Store { shape: self, unknown: Vec::new(), fits: true };
        let new = walk.value(self.root(), value, old, &Place::ROOT);
        if !walk.fits {
            // For its words.
            self.decode(value)?;
        }
        if let Some(new) = new {
            *value = new;
        }
        Ok(walk.unknown)
    }
}

struct Store<'a> {
    shape: &'a Shape,
    unknown: Vec<String>,
    /// Whether all values had their type so far; if not, what the walk makes is thrown away.
    fits: bool,
}

impl Store<'_> {
    fn value(&mut self, id: NodeId, value: &Value, old: Option<&Value>, place: &Place<'_>) -> Option<Value> {
        if old.is_some_and(|old| old.is_shared_with(value)) || !self.check(id, value) {
            return None;
        }
        self.below(id, value, old, place)
    }

    /// Whether a value has its type, apart from what is in it.
    fn check(&mut self, id: NodeId, value: &Value) -> bool {
        let fits = match (&self.shape.node(id).kind, value) {
            (_, Value::Null) | (Kind::Any, _) => true,
            (Kind::Struct(_), Value::Map(_)) | (Kind::List(_), Value::List(_)) => true,
            (Kind::Scalar(scalar), _) => Decode::new(self.shape).scalar(id, *scalar, value).is_ok(),
            _ => false,
        };
        self.fits &= fits;
        fits
    }

    /// What becomes of a value that has its type.
    fn below(&mut self, id: NodeId, value: &Value, old: Option<&Value>, place: &Place<'_>) -> Option<Value> {
        match (&self.shape.node(id).kind, value) {
            (Kind::Struct(s), Value::Map(map)) => {
                self.map(id, s, map, old.and_then(Value::as_map), place).map(Value::Map)
            }
            (Kind::List(list), Value::List(items)) => {
                let old = old.map(Value::items).unwrap_or_default();
                rewrite::items(items, |i, item| self.value(list.items, item, old.get(i), &place.index(i)))
            }
            (Kind::Scalar(scalar), _) => self.shape.canonical_scalar(id, *scalar, value),
            _ => None,
        }
    }

    fn map(
        &mut self,
        id: NodeId,
        s: &Struct,
        map: &Map,
        old: Option<&Map>,
        place: &Place<'_>,
    ) -> Option<Map> {
        let mut at = 0;
        let kept = rewrite::entries(map, |key, child| {
            let old = old.and_then(|old| old.get_near(key, at));
            at += 1;
            if old.is_some_and(|old| old.is_shared_with(child)) {
                return Edit::Keep;
            }
            if let Some(field) = s.field(key) {
                if self.shape.node(field.node).takes_as_is(child) {
                    return Edit::Keep;
                }
                return self.field(field, child, old, &place.field(key));
            }
            self.unnamed(id, s, child, old, &place.field(key))
        });
        let mut missing: Vec<(Key, Value)> = Vec::new();
        for field in s.written().filter(|f| map.get_key(f.key).is_none()) {
            missing.push((field.key, self.shape.new_field(field)));
        }
        let now = kept.as_ref().unwrap_or(map);
        for field in s.assigned() {
            if now.get_key(field.key).is_none() && missing.iter().all(|(key, _)| *key != field.key) {
                missing.extend(self.shape.default_of(field).map(|default| (field.key, default)));
            }
        }
        if missing.is_empty() {
            return kept;
        }
        Some(now.iter().cloned().chain(missing).collect())
    }

    /// What becomes of a value at a key that is no field's.
    fn unnamed(
        &mut self,
        id: NodeId,
        s: &Struct,
        child: &Value,
        old: Option<&Value>,
        place: &Place<'_>,
    ) -> Edit {
        match s.additional {
            Some(node) if child.is_null() && self.shape.is_string(node) => Edit::Set(Str::default().into()),
            Some(node) => self.value(node, child, old, place).into(),
            None if self.shape.node(id).preserve_unknown => Edit::Keep,
            None => {
                self.unknown.push(place.path());
                Edit::Drop
            }
        }
    }

    fn field(&mut self, field: &Field, child: &Value, old: Option<&Value>, place: &Place<'_>) -> Edit {
        if !self.check(field.node, child) {
            return Edit::Keep;
        }
        let shape = self.shape;
        let edit = shape.canonical_field(field, child, || self.below(field.node, child, old, place).into());
        match edit {
            // The zero value in place of null may have defaults in it.
            Edit::Set(zero) if child.is_null() => {
                Edit::Set(shape.defaulted(field.node, &zero).unwrap_or(zero))
            }
            edit => edit,
        }
    }
}

impl Shape {
    fn is_string(&self, id: NodeId) -> bool {
        matches!(self.node(id).kind, Kind::Scalar(Scalar::String))
    }

    /// What is written for an absent field, with the defaults that are in it.
    fn new_field(&self, field: &Field) -> Value {
        let zero = self.zero(field);
        self.defaulted(field.node, &zero).unwrap_or(zero)
    }
}
