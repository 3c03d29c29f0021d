//! One step of a field path, its text in fieldsV1 (`f:name`, `k:{"name":"a"}`, `v:"x"`, `i:0`) and in messages
//! (`.name`, `[name="a"]`, `[="x"]`, `[0]`).

use std::cmp::Ordering;
use std::fmt::Write;
use std::sync::Arc;

use crate::object::json::write_text;
use crate::object::{Key, List, ListType, Map, Shape, Value};

/// One step of a field path.
#[derive(Clone, Debug)]
pub enum Elem {
    /// The value at a key of a map.
    Field(Key),
    /// The item of a list with these values of its key fields, sorted by key.
    Item(Arc<[(Key, Value)]>),
    /// The item of a set.
    Value(Value),
    /// The item at an index.
    Index(usize),
}

impl Elem {
    /// The step from a list to one of its items; none if the item lacks its keys or the list is atomic.
    pub(crate) fn of_item(shape: &Shape, list: &List, item: &Value) -> Option<Self> {
        let ListType::Map(keys) = &list.list_type else {
            return (list.list_type == ListType::Set).then(|| Self::Value(item.clone()));
        };
        item.as_map()?;
        let mut values = Vec::with_capacity(keys.len());
        for key in keys.iter() {
            let default = || shape.as_struct(list.items)?.field(*key)?.default.clone();
            values.push((*key, item.get(key.as_str()).cloned().or_else(default)?));
        }
        values.sort_by_key(|(key, _)| *key);
        Some(Self::Item(values.into()))
    }

    /// The steps to all items, sorted; none if an item lacks its keys.
    pub(crate) fn of_items<'v>(
        shape: &Shape,
        list: &List,
        items: &'v [Value],
    ) -> Option<Vec<(Self, &'v Value)>> {
        let elems: Option<Vec<_>> = items.iter().map(|i| Some((Self::of_item(shape, list, i)?, i))).collect();
        let mut elems = elems?;
        elems.sort_by(|a, b| a.0.cmp(&b.0));
        Some(elems)
    }

    /// Appends the fieldsV1 text.
    pub(super) fn write_name(&self, out: &mut String) {
        let written = match self {
            Self::Field(key) => {
                out.push_str("f:");
                out.write_str(key.as_str())
            }
            Self::Item(keys) => write!(out, "k:{}", Value::Map(Map::from_entries(keys.to_vec())).to_json()),
            Self::Value(value) => write!(out, "v:{}", value.to_json()),
            Self::Index(index) => write!(out, "i:{index}"),
        };
        written.expect("a String takes every write");
    }

    /// Appends the fieldsV1 text as a JSON string.
    pub(super) fn write_json_name(&self, out: &mut Vec<u8>) {
        let Self::Field(key) = self else {
            let mut name = String::new();
            self.write_name(&mut name);
            return write_text(&name, out);
        };
        out.extend_from_slice(b"\"f:");
        let quote = out.len();
        write_text(key.as_str(), out);
        // Removes the opening quote of the key: `f:` has one already.
        out.remove(quote);
    }

    /// Parses the fieldsV1 text.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let value = || Value::from_json(rest.as_bytes()).ok();
        Some(match kind {
            "f" => Self::Field(Key::new(rest)),
            "k" => Self::Item(value()?.as_map()?.iter().cloned().collect()),
            "v" => Self::Value(value()?),
            "i" => Self::Index(rest.parse().ok()?),
            _ => return None,
        })
    }

    /// Appends the text for messages.
    pub(crate) fn write_path(&self, out: &mut String) {
        let written = match self {
            Self::Field(key) => write!(out, ".{key}"),
            Self::Item(keys) => {
                let keys: Vec<String> =
                    keys.iter().map(|(key, value)| format!("{key}={}", value.to_json())).collect();
                write!(out, "[{}]", keys.join(","))
            }
            Self::Value(value) => write!(out, "[={}]", value.to_json()),
            Self::Index(index) => write!(out, "[{index}]"),
        };
        written.expect("a String takes every write");
    }
}

impl Ord for Elem {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |elem: &Self| match elem {
            Self::Field(_) => 0,
            Self::Item(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        };
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Item(a), Self::Item(b)) => {
                let pair =
                    |(a, b): (&(Key, Value), &(Key, Value))| a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1));
                let first = a.iter().zip(b.iter()).map(pair).find(|o| o.is_ne());
                first.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Value(a), Self::Value(b)) => order(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl PartialOrd for Elem {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Elem {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Elem {}

/// A total order of values: by kind, then by value.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Float(_) | Value::Int(_) => 0,
        Value::Str(_) => 1,
        Value::Bool(_) => 2,
        Value::List(_) => 3,
        Value::Map(_) => 4,
        Value::Null => 5,
    };
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).total_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.total_cmp(&(*b as f64)),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::List(_) | Value::Map(_), Value::List(_) | Value::Map(_)) => a.to_json().cmp(&b.to_json()),
        _ => rank(a).cmp(&rank(b)),
    }
}
