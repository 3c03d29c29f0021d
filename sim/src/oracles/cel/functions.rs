//! Operators and functions on our values. All others are the library's.

use std::cmp::Ordering;
use std::rc::Rc;

use kube_cel::cel::common::ast::operators;

use super::library::{self, no_overload};
use super::value::Val;

/// The functions that are ours, because the library would convert objects or because it differs from cel-go.
const OURS: [&str; 11] = [
    "size",
    "dyn",
    "startsWith",
    "endsWith",
    "contains",
    "hasValue",
    "value",
    "orValue",
    "optional.of",
    "optional.none",
    "or",
];

/// Whether there is a function of this name, with its namespace if it has one.
pub(super) fn knows(function: &str) -> bool {
    OURS.contains(&function) || library::knows(function)
}

/// Applies an operator of one or two operands.
pub(super) fn operator<'a>(name: &str, args: &[Val<'a>]) -> Result<Val<'a>, String> {
    let ours = match args {
        [value] => unary(name, value),
        [left, right] => binary(name, left, right)?,
        _ => None,
    };
    match ours {
        Some(value) => Ok(value),
        None if args.iter().all(|arg| arg.is_number() || matches!(arg, Val::Other(_))) => {
            library::call(name, None, false, args)
        }
        None => Err(no_overload(name, args)),
    }
}

fn unary<'a>(name: &str, value: &Val<'a>) -> Option<Val<'a>> {
    match (name, value) {
        (operators::LOGICAL_NOT, Val::Bool(b)) => Some(Val::Bool(!b)),
        (operators::NEGATE, Val::Int(n)) => n.checked_neg().map(Val::Int),
        (operators::NEGATE, Val::Float(n)) => Some(Val::Float(-n)),
        _ => None,
    }
}

fn binary<'a>(name: &str, left: &Val<'a>, right: &Val<'a>) -> Result<Option<Val<'a>>, String> {
    let order = |test: fn(Ordering) -> bool| left.compare(right).map(|order| Val::Bool(test(order)));
    Ok(match name {
        operators::EQUALS => Some(Val::Bool(left.equals(right))),
        operators::NOT_EQUALS => Some(Val::Bool(!left.equals(right))),
        operators::LESS => order(Ordering::is_lt),
        operators::LESS_EQUALS => order(Ordering::is_le),
        operators::GREATER => order(Ordering::is_gt),
        operators::GREATER_EQUALS => order(Ordering::is_ge),
        operators::IN => Some(Val::Bool(contains(right, left)?)),
        operators::INDEX => Some(index(left, right)?),
        operators::OPT_INDEX | operators::OPT_SELECT => Some(optional_at(left, right)?),
        operators::ADD => add(left, right),
        _ => None,
    })
}

fn contains(container: &Val<'_>, value: &Val<'_>) -> Result<bool, String> {
    if let Some(mut items) = container.items() {
        return Ok(items.any(|item| item.equals(value)));
    }
    let found = container.at(value).map(|found| found.is_some());
    found.ok_or_else(|| no_overload("in", &[value.clone(), container.clone()]))
}

/// `list[1]` and `map["a"]`.
pub(super) fn index<'a>(of: &Val<'a>, key: &Val<'a>) -> Result<Val<'a>, String> {
    if let Val::Optional(_) = of {
        return optional_at(of, key);
    }
    match (of.list_len(), key) {
        (Some(len), Val::Int(i)) => {
            let item = usize::try_from(*i).ok().and_then(|i| of.item(i));
            item.ok_or_else(|| format!("index out of bounds: {i} in a list of {len}"))
        }
        _ => match of.at(key) {
            Some(found) => found.ok_or_else(|| format!("no such key: {}", key_text(key))),
            None => Err(no_field(of, key)),
        },
    }
}

fn key_text(key: &Val<'_>) -> String {
    key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned)
}

fn no_field(of: &Val<'_>, key: &Val<'_>) -> String {
    match key.as_str() {
        Some(key) => format!("{} has no field `{key}`", of.type_name()),
        None => no_overload("[]", &[of.clone(), key.clone()]),
    }
}

/// `a.?b` and `a[?b]`.
fn optional_at<'a>(of: &Val<'a>, key: &Val<'a>) -> Result<Val<'a>, String> {
    let of = match of {
        Val::Optional(None) => return Ok(Val::Optional(None)),
        Val::Optional(Some(value)) => value,
        value => value,
    };
    match (of.list_len(), key) {
        (Some(_), Val::Int(i)) => {
            Ok(Val::Optional(usize::try_from(*i).ok().and_then(|i| of.item(i)).map(Rc::new)))
        }
        _ => of.at(key).map(|found| Val::Optional(found.map(Rc::new))).ok_or_else(|| no_field(of, key)),
    }
}

fn add<'a>(left: &Val<'a>, right: &Val<'a>) -> Option<Val<'a>> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => a.checked_add(*b).map(Val::Int),
        (Val::Float(a), Val::Float(b)) => Some(Val::Float(a + b)),
        _ => match (left.as_str(), right.as_str()) {
            (Some(a), Some(b)) => Some(Val::Text(smol_str::format_smolstr!("{a}{b}"))),
            _ => Some(Val::list(left.items()?.chain(right.items()?).collect())),
        },
    }
}

/// Calls a function, a method (`args[0]` is its target), or a function in a namespace.
pub(super) fn call<'a>(
    function: &str,
    namespace: Option<&str>,
    is_method: bool,
    args: &[Val<'a>],
) -> Result<Val<'a>, String> {
    let ours = match (function, namespace, args) {
        ("size", None, [value]) => size(value),
        ("dyn", None, [value]) => Some(value.clone()),
        ("startsWith", None, [a, b]) => strings(a, b, |a, b| a.starts_with(b)),
        ("endsWith", None, [a, b]) => strings(a, b, |a, b| a.ends_with(b)),
        ("contains", None, [a, b]) => strings(a, b, |a, b| a.contains(b)),
        ("of", Some("optional"), [value]) => Some(Val::Optional(Some(Rc::new(value.clone())))),
        ("none", Some("optional"), []) => Some(Val::Optional(None)),
        ("hasValue", None, [Val::Optional(value)]) => Some(Val::Bool(value.is_some())),
        ("value", None, [Val::Optional(None)]) => return Err("`value` of an optional that has none".into()),
        ("value", None, [Val::Optional(Some(value))]) => Some(value.as_ref().clone()),
        ("orValue", None, [Val::Optional(value), default]) => {
            Some(value.as_ref().map_or_else(|| default.clone(), |value| value.as_ref().clone()))
        }
        ("or", None, [Val::Optional(a), b @ Val::Optional(_)]) => {
            Some(if a.is_some() { args[0].clone() } else { b.clone() })
        }
        _ => None,
    };
    ours.map_or_else(|| library::call(function, namespace, is_method, args), Ok)
}

/// Characters of a string, items of a list, entries of a map.
fn size<'a>(value: &Val<'a>) -> Option<Val<'a>> {
    let n = match value {
        Val::Tree(map) => map.len(),
        Val::Map(entries) => entries.len(),
        value => match value.as_str() {
            Some(text) => text.chars().count(),
            None => value.list_len()?,
        },
    };
    i64::try_from(n).ok().map(Val::Int)
}

fn strings<'a>(a: &Val<'_>, b: &Val<'_>, test: fn(&str, &str) -> bool) -> Option<Val<'a>> {
    Some(Val::Bool(test(a.as_str()?, b.as_str()?)))
}
