//! The values of an expression: borrowed parts of objects, and what the expression makes of them.

use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

use kube_cel::cel;

use super::CelVar;
use crate::object::{Map, Object, Str, Value};

/// A value. A clone copies no part of an object.
#[derive(Clone, Debug)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Str(&'a str),
    /// A string made by the expression.
    Text(Str),
    /// A list of an object.
    Items(&'a [Value]),
    /// A variable that stands for objects.
    Objects(&'a [Arc<Object>]),
    /// A list made by the expression.
    List(Rc<Vec<Val<'a>>>),
    /// A map of an object, or an object.
    Tree(&'a Map),
    /// A map made by the expression, in the order of its text.
    Map(Rc<Vec<(Val<'a>, Val<'a>)>>),
    Optional(Option<Rc<Val<'a>>>),
    /// An error in a turn of a macro: a later turn may make it irrelevant.
    Fault(Rc<str>),
    /// A value that only the library can handle: bytes, times, durations, quantities, addresses, versions.
    Other(cel::Value),
}

impl<'a> From<&'a Value> for Val<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Int(*n),
            Value::Float(n) => Self::Float(*n),
            Value::Str(s) => Self::Str(s),
            Value::List(items) => Self::Items(items),
            Value::Map(map) => Self::Tree(map),
        }
    }
}

impl<'a> From<CelVar<'a>> for Val<'a> {
    fn from(var: CelVar<'a>) -> Self {
        match var {
            CelVar::Object(object) => object.map_or(Self::Null, |object| object.root().into()),
            CelVar::Objects(objects) => Self::Objects(objects),
            CelVar::Value(value) => value.into(),
        }
    }
}

impl<'a> Val<'a> {
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            Self::Text(s) => Some(s),
            _ => None,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::UInt(_) | Self::Float(_))
    }

    /// How many items a list has.
    pub(super) fn list_len(&self) -> Option<usize> {
        match self {
            Self::Items(items) => Some(items.len()),
            Self::Objects(objects) => Some(objects.len()),
            Self::List(items) => Some(items.len()),
            _ => None,
        }
    }

    /// The item of a list.
    pub(super) fn item(&self, i: usize) -> Option<Val<'a>> {
        match self {
            Self::Items(items) => items.get(i).map(Val::from),
            Self::Objects(objects) => objects.get(i).map(|object| object.root().into()),
            Self::List(items) => items.get(i).cloned(),
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Option<impl Iterator<Item = Val<'a>>> {
        Some((0..self.list_len()?).filter_map(|i| self.item(i)))
    }

    /// The entries of a map, those of an object sorted by key.
    pub(super) fn entries(&self) -> Option<Vec<(Val<'a>, Val<'a>)>> {
        match self {
            Self::Tree(map) => {
                Some(map.iter().map(|(key, value)| (Val::Str(key.as_str()), value.into())).collect())
            }
            Self::Map(entries) => Some(entries.to_vec()),
            _ => None,
        }
    }

    /// The value at a key of a map; the outer `None` says that this is no map.
    pub(super) fn at(&self, key: &Val<'_>) -> Option<Option<Val<'a>>> {
        match (self, key.as_str()) {
            (Self::Tree(map), Some(key)) => Some(map.get(key).map(Val::from)),
            (Self::Tree(_), None) => Some(None),
            (Self::Map(entries), _) => {
                Some(entries.iter().find(|(k, _)| k.equals(key)).map(|(_, v)| v.clone()))
            }
            _ => None,
        }
    }

    /// CEL's equality: numbers by value, values of different types are unequal.
    pub(super) fn equals(&self, other: &Val<'_>) -> bool {
        if let (Some(a), Some(b)) = (self.as_str(), other.as_str()) {
            return a == b;
        }
        if let (Some(a), Some(b)) = (self.list_len(), other.list_len()) {
            return a == b
                && (0..a).all(|i| self.item(i).zip(other.item(i)).is_some_and(|(a, b)| a.equals(&b)));
        }
        match (self, other) {
            (Self::Null, Val::Null) => true,
            (Self::Bool(a), Val::Bool(b)) => a == b,
            (Self::Optional(a), Val::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b),
                (a, b) => a.is_none() && b.is_none(),
            },
            (Self::Other(a), Val::Other(b)) => a == b,
            (Self::Tree(a), Val::Tree(b)) => a == b,
            (Self::Tree(_) | Self::Map(_), Val::Tree(_) | Val::Map(_)) => self.equals_map(other),
            _ => self.compare_numbers(other) == Some(Ordering::Equal),
        }
    }

    fn equals_map(&self, other: &Val<'_>) -> bool {
        let (Some(a), Some(b)) = (self.entries(), other.entries()) else { return false };
        let same = |key: &Val<'_>, value: &Val<'_>| {
            other.at(key).flatten().is_some_and(|other| value.equals(&other))
        };
        a.len() == b.len() && a.iter().all(|(key, value)| same(key, value))
    }

    /// The order of numbers, strings and bools; `None` for everything else.
    pub(super) fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            _ => match (self.as_str(), other.as_str()) {
                (Some(a), Some(b)) => Some(a.cmp(b)),
                _ => self.compare_numbers(other),
            },
        }
    }

    fn compare_numbers(&self, other: &Val<'_>) -> Option<Ordering> {
        let whole = |value: &Val<'_>| match value {
            Val::Int(n) => Some(i128::from(*n)),
            Val::UInt(n) => Some(i128::from(*n)),
            _ => None,
        };
        let float = |value: &Val<'_>| match value {
            Val::Float(n) => Some(*n),
            value => whole(value).map(|n| n as f64),
        };
        match (whole(self), whole(other)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => float(self)?.partial_cmp(&float(other)?),
        }
    }

    /// What CEL calls the type, for messages.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Int(_) => "an int",
            Self::UInt(_) => "a uint",
            Self::Float(_) => "a double",
            Self::Str(_) | Self::Text(_) => "a string",
            Self::Items(_) | Self::Objects(_) | Self::List(_) => "a list",
            Self::Tree(_) | Self::Map(_) => "a map",
            Self::Optional(_) => "an optional",
            Self::Fault(_) => "an error",
            Self::Other(_) => "a value of a library",
        }
    }
}
