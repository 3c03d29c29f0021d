//! Defaults from the schema.
//!
//! Real: CRD defaults are set in every existing map; null is dropped if the type forbids it, or replaced if there is a default.
//! Modelled: that, and for built-in types the non-zero defaults in their OpenAPI (`protocol: TCP`) and those that `apiserver`
//! adds to it (`x-server-default`). Not modelled here: defaults that depend on other fields, which are code in `apiserver`.

use super::rewrite::{self, Edit};
use super::{Field, Key, NodeId, NodeKind, Shape, Struct, Value};

impl Shape {
    /// Sets defaults and drops nulls that the type does not allow.
    pub fn apply_defaults(&self, value: &mut Value) {
        if let Some(new) = self.defaulted(self.root(), value) {
            *value = new;
        }
    }

    pub(super) fn defaulted(&self, id: NodeId, value: &Value) -> Option<Value> {
        // Only custom resources drop nulls here.
        if !self.is_custom() && !self.node(id).defaults {
            return None;
        }
        match (&self.node(id).kind, value) {
            (NodeKind::Struct(s), Value::Map(map)) => {
                let kept = rewrite::entries(map, |key, child| self.default_entry(id, s, key, child));
                let absent = s.assigned().filter(|f| map.get_key(f.key).is_none());
                let missing: Vec<(Key, Value)> =
                    absent.filter_map(|f| Some((f.key, self.default_of(f)?))).collect();
                if missing.is_empty() {
                    return kept.map(Value::Map);
                }
                let kept = kept.as_ref().unwrap_or(map);
                Some(Value::Map(kept.iter().cloned().chain(missing).collect()))
            }
            (NodeKind::List(list), Value::List(items)) => {
                rewrite::items(items, |_, item| self.defaulted(list.items, item))
            }
            _ => None,
        }
    }

    pub(super) fn default_entry(&self, id: NodeId, s: &Struct, key: Key, child: &Value) -> Edit {
        let Some(child_id) = self.child(id, key) else { return Edit::Keep };
        if child.is_null() && !self.node(child_id).nullable && self.is_custom() {
            let default = s.field(key).and_then(|f| self.default_of(f));
            return default.map_or(Edit::Drop, Edit::Set);
        }
        self.defaulted(child_id, child).into()
    }

    /// The value assigned to the field, with the defaults in it.
    pub(super) fn default_of(&self, field: &Field) -> Option<Value> {
        let default = field.assigned.as_ref()?;
        Some(self.defaulted(field.node, default).unwrap_or_else(|| default.clone()))
    }
}
