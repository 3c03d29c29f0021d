//! One top-level field of a custom object through all walks: what an update costs that changed only this field.

use super::prune::Prune;
use super::rewrite::Edit;
use super::{Kind, Shape, Value};
use crate::object::Key;
use crate::object::place::Place;

impl Shape {
    /// Drops what the type does not have from the value of a top-level field, into `unknown`, and sets defaults: `prune` and
    /// `apply_defaults` of an object that has only this field. Nothing is added beside the field.
    pub fn complete_field(&self, key: Key, value: &Value, unknown: &mut Vec<String>) -> Edit {
        let root = self.root();
        let Kind::Struct(s) = &self.node(root).kind else { return Edit::Keep };
        let pruned = Prune { shape: self, unknown }.entry(root, key, value, &Place::ROOT.field(key));
        pruned.then(value, |value| self.default_entry(root, s, key, value))
    }
}
