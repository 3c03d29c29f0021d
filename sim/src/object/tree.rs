//! The object tree: a JSON value. Revisions share its branches.

use std::sync::Arc;

use derive_more::From;
use smol_str::SmolStr;

use super::{Key, Map, keys};

/// A string of a tree: up to 23 bytes inline, longer ones shared.
pub type Str = SmolStr;

/// One value of a tree. Integers and floats are distinct, as in the Kubernetes decoder; an integer outside `i64` is a float.
#[derive(Clone, Debug, Default, From)]
pub enum Value {
    /// JSON null.
    #[default]
    Null,
    /// JSON true and false.
    #[from]
    Bool(bool),
    /// An integer in the range of `i64`.
    #[from]
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    #[from(&str, String, Str)]
    Str(Str),
    /// An array; cloning shares the items.
    #[from(Vec<Value>)]
    List(Arc<[Value]>),
    /// An object; cloning shares the entries.
    #[from]
    Map(Map),
}

impl Value {
    /// An empty map.
    pub fn empty_map() -> Self {
        Self::Map(Map::default())
    }

    /// A list of these items.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(s) = self { Some(s) } else { None }
    }

    /// The number, if this is an integer.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(n) = self { Some(*n) } else { None }
    }

    /// The string, if this is one.
    pub fn as_text(&self) -> Option<&Str> {
        if let Self::Str(s) = self { Some(s) } else { None }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The items, if this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The items, if this is a list; else empty.
    pub fn items(&self) -> &[Value] {
        self.as_list().unwrap_or_default()
    }

    /// The map, if this is one.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// The map, to edit, if this is one.
    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether two scalars are equal, or two maps or lists are the same by address. If false, they may still be equal.
    #[inline]
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Map(a), Self::Map(b)) => a.ptr_eq(b),
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b),
            (Self::Map(_) | Self::List(_), _) => false,
            (a, b) => a == b,
        }
    }

    /// The value at `key`, if this is a map with that key.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// The value at an interned key, if this is a map with that key.
    #[inline]
    pub fn get_key(&self, key: Key) -> Option<&Value> {
        self.as_map()?.get_key(key)
    }

    /// A field of `metadata`, if this is the tree of an object with that field.
    pub fn meta(&self, field: Key) -> Option<&Value> {
        self.get_key(keys::METADATA)?.get_key(field)
    }

    /// The value at the end of a path of map keys.
    #[inline]
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The string at the end of a path of map keys.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.as_str()
    }

    /// The integer at the end of a path of map keys.
    pub fn i64_at(&self, path: &[&str]) -> Option<i64> {
        self.at(path)?.as_i64()
    }

    /// The items of the list at the end of a path of map keys; empty if there is none.
    pub fn items_at(&self, path: &[&str]) -> &[Value] {
        self.at(path).map(Self::items).unwrap_or_default()
    }

    /// Replaces the value at the end of a path of interned keys, if there is one. Returns whether there was.
    pub fn replace_at(&mut self, path: &[Key], value: impl Into<Value>) -> bool {
        let place = path.iter().try_fold(self, |value, key| value.as_map_mut()?.get_key_mut(*key));
        place.map(|place| *place = value.into()).is_some()
    }

    /// Sets the value at the end of a path. Missing maps on the way are added; other values on the way become maps.
    pub fn set_at(&mut self, path: &[&str], value: impl Into<Value>) {
        let Some((first, rest)) = path.split_first() else {
            *self = value.into();
            return;
        };
        if self.as_map().is_none() {
            *self = Self::empty_map();
        }
        let map = self.as_map_mut().expect("made a map above");
        match map.find(first) {
            Ok(position) => map.value_mut(position).set_at(rest, value),
            Err(position) => {
                let mut child = Self::Null;
                child.set_at(rest, value);
                map.insert(position, Key::new(first), child);
            }
        }
    }

    /// Removes the value at the end of a path and returns it. The maps on the way stay.
    pub fn remove_at(&mut self, path: &[&str]) -> Option<Value> {
        self.at(path)?;
        let (last, way) = path.split_last()?;
        let mut value = self;
        for key in way {
            value = value.as_map_mut()?.get_mut(key)?;
        }
        value.as_map_mut()?.remove(last)
    }

    /// The value at an RFC 6901 JSON pointer; list items by index.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, token| {
            let token = token.replace("~1", "/").replace("~0", "~");
            match value {
                Self::Map(map) => map.get(&token),
                Self::List(items) => items.get(token.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }

    /// The JSON name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }
}

/// Most compared values are scalars, so comparisons that need registers are functions of their own.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        // Strings first: most values are strings, and processors predict a jump by kind badly.
        if let (Self::Str(a), Self::Str(b)) = (self, other) {
            return is_same_text(a, b);
        }
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b) || are_same_items(a, b),
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

#[inline(never)]
fn is_same_text(a: &Str, b: &Str) -> bool {
    a == b
}

#[inline(never)]
fn are_same_items(a: &[Value], b: &[Value]) -> bool {
    a == b
}

impl From<f64> for Value {
    /// A number without a fraction becomes an integer: the real server writes 2.0 as 2.
    fn from(n: f64) -> Self {
        let whole = n.fract() == 0.0 && n.abs() < (1_u64 << 53) as f64;
        if whole { Self::Int(n as i64) } else { Self::Float(n) }
    }
}

impl<const N: usize> From<[(&str, Value); N]> for Value {
    fn from(entries: [(&str, Value); N]) -> Self {
        Self::Map(entries.into_iter().map(|(k, v)| (Key::new(k), v)).collect())
    }
}

/// Builds a [`Value`] from JSON-like text; keys are string literals, values are expressions.
///
/// ```
/// use wavetank_sim::value;
/// let port = 80;
/// let v = value!({"kind": "Service", "spec": {"ports": [{"port": port}], "paused": false}});
/// assert_eq!(v.i64_at(&["spec", "replicas"]), None);
/// ```
#[macro_export]
macro_rules! value {
    (null) => { $crate::object::Value::Null };
    ([ $($item:tt),* $(,)? ]) => { $crate::object::Value::list([ $($crate::value!($item)),* ]) };
    ({ $($key:literal : $value:tt),* $(,)? }) => {
        $crate::object::Value::Map(
            $crate::object::Map::from_array([ $(($crate::key!($key), $crate::value!($value))),* ])
        )
    };
    ($other:expr) => { $crate::object::Value::from($other) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_24_bytes_and_an_entry_32() {
        assert_eq!(size_of::<Value>(), 24);
        assert_eq!(size_of::<(Key, Value)>(), 32);
    }

    #[test]
    fn editing_a_clone_leaves_the_original_and_shares_the_rest() {
        let old = value!({"metadata": {"name": "a"}, "spec": {"replicas": 1}});
        let mut new = old.clone();
        new.set_at(&["spec", "replicas"], 2);
        assert_eq!(old.i64_at(&["spec", "replicas"]), Some(1));
        assert_eq!(new.i64_at(&["spec", "replicas"]), Some(2));
        let shared = |v: &Value| v.get("metadata").and_then(Value::as_map).cloned();
        assert!(shared(&old).zip(shared(&new)).is_some_and(|(a, b)| a.ptr_eq(&b)));
    }

    #[test]
    fn the_later_of_two_equal_keys_wins() {
        let map =
            Map::from_entries(vec![("b".into(), 1.into()), ("a".into(), 2.into()), ("b".into(), 3.into())]);
        assert_eq!(Value::Map(map), value!({"a": 2, "b": 3}));
    }

    #[test]
    fn pointers_reach_into_lists_and_unescape() {
        let v = value!({"a/b": [{"c": 7}]});
        assert_eq!(v.pointer("/a~1b/0/c"), Some(&Value::Int(7)));
        assert_eq!(v.pointer("/a~1b/1"), None);
    }
}
