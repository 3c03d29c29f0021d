//! Strategic merge patch: lists of built-in types merge by key; directives in the patch control the merge.
//!
//! Real: `$patch: replace|delete`, `$retainKeys`, `$setElementOrder/f`, `$deleteFromPrimitiveList/f`; added items
//! come before those only on the server; a null for an absent field is ignored. Modelled: all of it, from the OpenAPI of the
//! types. The caller refuses custom resources (415).

use std::sync::Arc;

use derive_more::Display;

use super::draft::Draft;
use super::order::{self, Items};
use crate::object::{Field, Key, Map, NodeId, PatchStrategy, Shape, Value};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const SET_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// Why a patch was not applied: the message of the real server.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum StrategicError {
    /// A directive is malformed: a 400.
    Malformed(String),
    /// The patch does not fit the object: a 500 on a real server too.
    Failed(String),
}

impl std::error::Error for StrategicError {}

type Result<T> = std::result::Result<T, StrategicError>;

fn malformed<T>(what: &str) -> Result<T> {
    Err(StrategicError::Malformed(format!("invalid patch format of {what}")))
}

/// Applies `patch` to `target`; both are maps.
pub fn apply(target: &Value, patch: &Value, shape: &Shape) -> Result<Value> {
    let (Value::Map(original), Value::Map(patch)) = (target, patch) else { return Ok(patch.clone()) };
    Patcher { shape }.maps(shape.root(), original, patch).map(Value::Map)
}

struct Patcher<'a> {
    shape: &'a Shape,
}

impl Patcher<'_> {
    fn maps(&self, id: NodeId, original: &Map, patch: &Map) -> Result<Map> {
        if patch.iter().any(|(key, _)| key.as_str().starts_with('$')) {
            return self.directed(id, original, patch);
        }
        let mut out = Draft::new(original.clone(), patch.len());
        for (key, change) in patch {
            self.entry(id, *key, change, &mut out)?;
        }
        Ok(out.finish())
    }

    /// As [`maps`](Self::maps), for a patch with directives.
    fn directed(&self, id: NodeId, original: &Map, patch: &Map) -> Result<Map> {
        match patch.get(PATCH).map(Value::as_str) {
            Some(Some("replace")) => {
                return Ok(patch.iter().filter(|(key, _)| key.as_str() != PATCH).cloned().collect());
            }
            Some(Some("delete")) => return Ok(Map::default()),
            Some(Some("merge")) | None => (),
            Some(_) => return Err(unknown_directive(patch)),
        }
        let base = match patch.get(RETAIN_KEYS) {
            Some(keys) => retained(original, patch, keys)?,
            None => original.clone(),
        };
        let mut out = Draft::new(base, patch.len());
        let mut ordered = Vec::new();
        for (key, order) in patch {
            if let Some(name) = key.as_str().strip_prefix(SET_ORDER) {
                self.ordered_list(id, name, order, patch, &mut out)?;
                ordered.push(name);
            }
        }
        for (key, change) in patch {
            let name = key.as_str();
            if let Some(name) = name.strip_prefix(DELETE_FROM) {
                delete_values(&mut out, Key::new(name), change)?;
            } else if !is_directive(name) && !ordered.contains(&name) {
                self.entry(id, *key, change, &mut out)?;
            }
        }
        Ok(out.finish())
    }

    fn entry(&self, id: NodeId, key: Key, change: &Value, out: &mut Draft) -> Result<()> {
        let old = out.get(key);
        let new = match (old, change) {
            (_, Value::Null) => None,
            (None, new) => Some(fresh(new)),
            (Some(old), new) => Some(self.values(id, key, old, new)?),
        };
        if old != new.as_ref() {
            out.edit(key, new);
        }
        Ok(())
    }

    fn values(&self, id: NodeId, key: Key, old: &Value, new: &Value) -> Result<Value> {
        let strategy = self.field(id, key).map(|field| &field.patch);
        let child = self.shape.child(id, key).unwrap_or(NodeId::ANY);
        match (old, new) {
            (Value::Map(old), Value::Map(new)) if strategy.is_none_or(|s| !s.replace) => {
                self.maps(child, old, new).map(Value::Map)
            }
            (Value::List(old), Value::List(new)) => match strategy {
                Some(strategy) if strategy.merge => {
                    self.lists(child, strategy, old, new, new).map(Value::from)
                }
                _ => Ok(fresh(&Value::List(new.clone()))),
            },
            _ => Ok(fresh(new)),
        }
    }

    fn field(&self, id: NodeId, key: Key) -> Option<&Field> {
        self.shape.as_struct(id)?.field(key)
    }

    /// Merges two lists by the strategy of the field. `order` names all items of the patch.
    fn lists(
        &self,
        id: NodeId,
        strategy: &PatchStrategy,
        old: &[Value],
        new: &[Value],
        order: &[Value],
    ) -> Result<Vec<Value>> {
        let Some(merge_key) = strategy.merge_key else {
            let mut merged = old.to_vec();
            merged.extend(new.iter().filter(|item| !old.contains(item)).cloned());
            return Ok(Items::primitives().ordered(order::unique(merged), order, old));
        };
        let mut merged = old.to_vec();
        let mut plain = Vec::with_capacity(new.len());
        let mut replace = false;
        for item in new {
            let map = item.as_map().ok_or_else(|| no_key(item, merge_key))?;
            match map.get(PATCH).map(Value::as_str) {
                None => plain.push(map),
                Some(Some("delete")) => {
                    let wanted = map.get_key(merge_key).ok_or_else(|| no_key(item, merge_key))?;
                    merged.retain(|old| old.get_key(merge_key) != Some(wanted));
                }
                Some(Some("replace")) => replace = true,
                Some(Some("merge")) => {
                    let text = "merging lists cannot yet be specified in the patch";
                    return Err(StrategicError::Failed(text.into()));
                }
                Some(_) => return Err(unknown_directive(map)),
            }
        }
        if replace {
            return Ok(plain.into_iter().map(|map| fresh(&Value::Map(map.clone()))).collect());
        }
        for map in plain {
            self.merge_item(id, merge_key, map, &mut merged)?;
        }
        Ok(Items::keyed(merge_key).ordered(merged, order, old))
    }

    fn merge_item(&self, id: NodeId, merge_key: Key, item: &Map, merged: &mut Vec<Value>) -> Result<()> {
        let wanted = item.get_key(merge_key).ok_or_else(|| no_key(&Value::Map(item.clone()), merge_key))?;
        let Some(old) = merged.iter_mut().find(|old| old.get_key(merge_key) == Some(wanted)) else {
            merged.push(fresh(&Value::Map(item.clone())));
            return Ok(());
        };
        if let Value::Map(map) = &*old {
            *old = Value::Map(self.maps(self.shape.item(id), map, item)?);
        }
        Ok(())
    }

    /// Merges a list and sorts its items by `$setElementOrder`.
    fn ordered_list(
        &self,
        id: NodeId,
        name: &str,
        order: &Value,
        patch: &Map,
        out: &mut Draft,
    ) -> Result<()> {
        let Value::List(order) = order else { return malformed("setElementOrder list") };
        let key = Key::new(name);
        let Some(field) = self.field(id, key) else {
            let owner =
                self.shape.node(id).name.as_deref().and_then(|n| n.rsplit('.').next()).unwrap_or_default();
            let text = format!("unable to find api field in struct {owner} for the json field {name:?}");
            return Err(StrategicError::Failed(text));
        };
        let old: Arc<[Value]> = match out.get(key) {
            Some(Value::List(items)) => items.clone(),
            _ => Arc::default(),
        };
        let change = patch.get_key(key);
        let items = field.patch.merge_key.map_or(Items::primitives(), Items::keyed);
        let merge = |new, order| self.lists(field.node, &field.patch, &old, new, order);
        let merged = match change {
            Some(Value::List(new)) if field.patch.merge && items.names_all(order, new) => {
                out.edit(key, Some(merge(new, order)?.into()));
                return Ok(());
            }
            Some(Value::List(new)) if field.patch.merge => merge(new, new)?,
            Some(Value::List(new)) => new.to_vec(),
            Some(_) | None if out.get(key).is_none() => return Ok(()),
            _ => old.to_vec(),
        };
        out.edit(key, Some(items.ordered(merged, order, &old).into()));
        Ok(())
    }
}

/// The entries of the original that `$retainKeys` names.
fn retained(original: &Map, patch: &Map, keys: &Value) -> Result<Map> {
    let Value::List(keys) = keys else { return malformed("retainKeys") };
    let named = |key: &str| keys.iter().any(|k| k.as_str() == Some(key));
    if patch.iter().any(|(key, _)| !key.as_str().starts_with('$') && !named(key.as_str())) {
        return malformed("retainKeys");
    }
    Ok(original.iter().filter(|(key, _)| named(key.as_str())).cloned().collect())
}

fn delete_values(out: &mut Draft, key: Key, values: &Value) -> Result<()> {
    let Value::List(values) = values else { return malformed("primitive list") };
    if let Some(Value::List(items)) = out.get(key) {
        let kept: Vec<Value> = items.iter().filter(|item| !values.contains(item)).cloned().collect();
        out.edit(key, Some(kept.into()));
    }
    Ok(())
}

/// A new value: without directives and nulls.
fn fresh(value: &Value) -> Value {
    if is_fresh(value) {
        return value.clone();
    }
    match value {
        Value::Map(map) => Value::Map(
            map.iter()
                .filter(|(key, child)| !child.is_null() && !is_directive(key.as_str()))
                .map(|(key, child)| (*key, fresh(child)))
                .collect(),
        ),
        Value::List(items) => {
            Value::list(items.iter().filter(|item| item.get(PATCH).is_none()).map(fresh).collect::<Vec<_>>())
        }
        scalar => scalar.clone(),
    }
}

/// Whether the value contains neither directives nor nulls of maps.
fn is_fresh(value: &Value) -> bool {
    match value {
        Value::Map(map) => {
            map.iter().all(|(key, child)| !child.is_null() && !is_directive(key.as_str()) && is_fresh(child))
        }
        Value::List(items) => items.iter().all(is_fresh),
        _ => true,
    }
}

fn is_directive(key: &str) -> bool {
    key.starts_with('$')
        && (key == PATCH || key == RETAIN_KEYS || key.starts_with(SET_ORDER) || key.starts_with(DELETE_FROM))
}

fn no_key(item: &Value, merge_key: Key) -> StrategicError {
    StrategicError::Failed(format!("map: {} does not contain declared merge key: {merge_key}", go_text(item)))
}

fn unknown_directive(map: &Map) -> StrategicError {
    let directive = map.get(PATCH).map(go_text).unwrap_or_default();
    let map = go_text(&Value::Map(map.clone()));
    StrategicError::Failed(format!("unknown patch type: {directive} in map: {map}"))
}

/// A value as Go's `%v` prints it.
fn go_text(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(" ");
    match value {
        Value::Map(map) => {
            format!("map[{}]", join(map.iter().map(|(key, v)| format!("{key}:{}", go_text(v))).collect()))
        }
        Value::List(items) => format!("[{}]", join(items.iter().map(go_text).collect())),
        Value::Str(text) => text.to_string(),
        Value::Null => "<nil>".into(),
        scalar => scalar.to_json(),
    }
}
