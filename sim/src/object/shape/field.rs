//! One top-level field of an object through all walks: what an update costs that changed only this field.

use super::decode::Decode;
use super::prune::Prune;
use super::rewrite::Edit;
use super::{DecodeError, Kind, Shape, Value};
use crate::object::Key;
use crate::object::place::Place;

impl Shape {
    /// Checks the types in the value of a top-level field (built-in types), drops what the type does not have into
    /// `unknown`, brings the rest into its stored form and sets defaults: `decode`, `prune`, `canonicalize` and
    /// `apply_defaults` of an object that has only this field. Nothing is added beside the field.
    pub fn decode_field(
        &self,
        key: Key,
        value: &Value,
        unknown: &mut Vec<String>,
    ) -> Result<Edit, DecodeError> {
        let root = self.root();
        let Kind::Struct(s) = &self.node(root).kind else { return Ok(Edit::Keep) };
        if !self.is_custom() {
            Decode::new(self).field(root, key, value)?;
        }
        let pruned = Prune { shape: self, unknown }.entry(root, key, value, &Place::ROOT.field(key));
        let canonical = pruned.then(value, |value| match s.field(key) {
            Some(field) if !self.is_custom() => self.canonical_field(field, value),
            _ => Edit::Keep,
        });
        Ok(canonical.then(value, |value| self.default_entry(root, s, key, value)))
    }
}
