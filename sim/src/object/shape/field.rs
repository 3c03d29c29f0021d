//! All walks over one top-level field of a custom resource, for an update that changes only this field.

use super::prune::Prune;
use super::rewrite::Edit;
use super::{NodeKind, Shape, Value};
use crate::object::Key;
use crate::object::field_path::FieldPath;

impl Shape {
    /// Drops unknown fields from the value of a top-level field, adds their paths to `unknown`, and sets defaults: `prune` and
    /// `apply_defaults` for an object with only this field. Adds no other top-level field.
    pub fn complete_field(&self, key: Key, value: &Value, unknown: &mut Vec<String>) -> Edit {
        let root = self.root();
        let NodeKind::Struct(s) = &self.node(root).kind else { return Edit::Keep };
        let pruned = Prune { shape: self, unknown }.entry(root, key, value, &FieldPath::ROOT.field(key));
        pruned.then(value, |value| self.default_entry(root, s, key, value))
    }
}
