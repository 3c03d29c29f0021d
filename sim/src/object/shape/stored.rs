//! Brings a built-in object into its stored form in one walk, with the result of `decode`, `prune`, `canonicalize` and
//! `apply_defaults` in turn. The walk skips branches that an update shares with the stored object.

use super::decode::Decode;
use super::rewrite::{self, Edit};
use super::{DecodeError, Field, Key, NodeId, NodeKind, Scalar, Shape, Str, Struct, Value};
use crate::object::Map;
use crate::object::field_path::FieldPath;

impl Shape {
    /// Checks the types of a built-in object's values, drops unknown fields, brings the rest into its stored form and sets
    /// defaults. Returns the dotted paths of the dropped fields. `old` is the stored object that `value` replaces.
    pub fn store(&self, value: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
        let mut walk = StoreWalk { shape: self, unknown: Vec::new(), fits: true };
        let new = walk.value(self.root(), value, old, &FieldPath::ROOT);
        if !walk.fits {
            // For the message.
            self.decode(value)?;
        }
        if let Some(new) = new {
            *value = new;
        }
        Ok(walk.unknown)
    }
}

struct StoreWalk<'a> {
    shape: &'a Shape,
    unknown: Vec<String>,
    /// Whether all values had their type so far; if not, the result is discarded.
    fits: bool,
}

impl StoreWalk<'_> {
    fn value(&mut self, id: NodeId, value: &Value, old: Option<&Value>, at: &FieldPath<'_>) -> Option<Value> {
        if old.is_some_and(|old| old.is_shared_with(value)) || !self.check(id, value) {
            return None;
        }
        self.below(id, value, old, at)
    }

    /// Whether a value has its type, without a look at its parts.
    fn check(&mut self, id: NodeId, value: &Value) -> bool {
        let fits = match (&self.shape.node(id).kind, value) {
            (_, Value::Null) | (NodeKind::Any, _) => true,
            (NodeKind::Struct(_), Value::Map(_)) | (NodeKind::List(_), Value::List(_)) => true,
            (NodeKind::Scalar(scalar), _) => Decode::new(self.shape).scalar(id, *scalar, value).is_ok(),
            _ => false,
        };
        self.fits &= fits;
        fits
    }

    /// The stored form of a value that has its type; none if it is that already.
    fn below(&mut self, id: NodeId, value: &Value, old: Option<&Value>, at: &FieldPath<'_>) -> Option<Value> {
        match (&self.shape.node(id).kind, value) {
            (NodeKind::Struct(s), Value::Map(map)) => {
                self.map(id, s, map, old.and_then(Value::as_map), at).map(Value::Map)
            }
            (NodeKind::List(list), Value::List(items)) => {
                let old = old.map(Value::items).unwrap_or_default();
                rewrite::items(items, |i, item| self.value(list.items, item, old.get(i), &at.index(i)))
            }
            (NodeKind::Scalar(scalar), _) => self.shape.canonical_scalar(id, *scalar, value),
            _ => None,
        }
    }

    fn map(
        &mut self,
        id: NodeId,
        s: &Struct,
        map: &Map,
        old: Option<&Map>,
        at: &FieldPath<'_>,
    ) -> Option<Map> {
        let mut guess = 0;
        let kept = rewrite::entries(map, |key, child| {
            let old = old.and_then(|old| old.get_near(key, guess));
            guess += 1;
            if old.is_some_and(|old| old.is_shared_with(child)) {
                return Edit::Keep;
            }
            if let Some(field) = s.field(key) {
                if self.shape.node(field.node).takes_as_is(child) {
                    return Edit::Keep;
                }
                return self.field(field, child, old, &at.field(key));
            }
            self.unnamed(id, s, child, old, &at.field(key))
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

    /// The edit of a value whose key is not a named field.
    fn unnamed(
        &mut self,
        id: NodeId,
        s: &Struct,
        child: &Value,
        old: Option<&Value>,
        at: &FieldPath<'_>,
    ) -> Edit {
        match s.additional {
            Some(node) if child.is_null() && self.shape.is_string(node) => Edit::Set(Str::default().into()),
            Some(node) => self.value(node, child, old, at).into(),
            None if self.shape.node(id).preserve_unknown => Edit::Keep,
            None => {
                self.unknown.push(at.dotted());
                Edit::Drop
            }
        }
    }

    fn field(&mut self, field: &Field, child: &Value, old: Option<&Value>, at: &FieldPath<'_>) -> Edit {
        if !self.check(field.node, child) {
            return Edit::Keep;
        }
        let shape = self.shape;
        let edit = shape.canonical_field(field, child, || self.below(field.node, child, old, at).into());
        match edit {
            // The zero value that replaces null may contain defaults.
            Edit::Set(zero) if child.is_null() => {
                Edit::Set(shape.defaulted(field.node, &zero).unwrap_or(zero))
            }
            edit => edit,
        }
    }
}

impl Shape {
    fn is_string(&self, id: NodeId) -> bool {
        matches!(self.node(id).kind, NodeKind::Scalar(Scalar::String))
    }

    /// The value written for an absent field, with the defaults in it.
    fn new_field(&self, field: &Field) -> Value {
        let zero = self.zero(field);
        self.defaulted(field.node, &zero).unwrap_or(zero)
    }
}
