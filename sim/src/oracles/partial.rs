//! Partial match of an object against a pattern, as Chainsaw's assertions do it.
//!
//! A map matches if the object has every field of the pattern; other fields of the object do not matter. A list matches if it has
//! the pattern's length and its items match in order: a shorter list is no prefix. Null in a pattern matches null and absence.
//! Numbers match by value: `1` and `1.0` are equal. Not supported: Chainsaw's expressions in parentheses and its `~.` iterators; CEL
//! takes their place.

use std::fmt::Write;

use crate::object::Value;

/// The first difference of `value` from `pattern`, as text (`status.readyReplicas: want 3, is 2`); `None` if it matches.
pub(super) fn difference(pattern: &Value, value: &Value) -> Option<String> {
    let mut path = String::new();
    differ(pattern, Some(value), &mut path)
        .map(|what| if path.is_empty() { what } else { format!("{path}: {what}") })
}

/// The first difference at or below `path`; leaves `path` at its place.
fn differ(pattern: &Value, value: Option<&Value>, path: &mut String) -> Option<String> {
    let depth = path.len();
    match (pattern, value) {
        (Value::Null, None) => None,
        (pattern, None) => Some(format!("want {}, is absent", short(pattern))),
        (Value::Map(pattern), Some(Value::Map(map))) => pattern.iter().find_map(|(key, pattern)| {
            path.truncate(depth);
            push_field(path, key.as_str());
            differ(pattern, map.get(key.as_str()), path)
        }),
        (Value::List(pattern), Some(Value::List(items))) => {
            if pattern.len() != items.len() {
                return Some(format!("want {} items, has {}", pattern.len(), items.len()));
            }
            pattern.iter().zip(items.iter()).enumerate().find_map(|(i, (pattern, item))| {
                path.truncate(depth);
                write!(path, "[{i}]").expect("a String takes every write");
                differ(pattern, Some(item), path)
            })
        }
        (pattern, Some(value)) if equal(pattern, value) => None,
        (pattern, Some(value)) => Some(format!("want {}, is {}", short(pattern), short(value))),
    }
}

fn push_field(path: &mut String, key: &str) {
    let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    match (plain, path.is_empty()) {
        (true, true) => path.push_str(key),
        (true, false) => path.extend([".", key]),
        (false, _) => path.extend(["['", key, "']"]),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Float(b)) | (Value::Float(b), Value::Int(a)) => *a as f64 == *b,
        (a, b) => a == b,
    }
}

/// A value as text, cut where it gets long.
pub(super) fn short(value: &Value) -> String {
    let mut text = value.to_json();
    if let Some((end, _)) = text.char_indices().nth(80) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[track_caller]
    fn differs(pattern: Value, value: Value, text: &str) {
        assert_eq!(difference(&pattern, &value).as_deref(), Some(text));
    }

    #[test]
    fn a_pattern_asks_for_some_fields_of_maps_and_all_items_of_lists() {
        let deployment = value!({"metadata": {"name": "web", "labels": {"example.com/a": "b"}}, "spec": {"args": [{"a": 1, "b": 2}, 3]},
            "status": {"readyReplicas": 2}});
        for pattern in [
            value!({}),
            value!({"status": {"readyReplicas": 2}}),
            value!({"status": {"readyReplicas": 2.0}}),
            value!({"spec": {"args": [{"a": 1}, 3]}}),
            value!({"spec": {"paused": null}}),
        ] {
            assert_eq!(difference(&pattern, &deployment), None);
        }
        let differs = |pattern, text| differs(pattern, deployment.clone(), text);
        differs(value!({"status": {"readyReplicas": 3}}), "status.readyReplicas: want 3, is 2");
        differs(value!({"status": {"replicas": 3}}), "status.replicas: want 3, is absent");
        differs(value!({"spec": {"args": [{"a": 1}]}}), "spec.args: want 1 items, has 2");
        differs(value!({"spec": {"args": [{"b": 3}, 3]}}), "spec.args[0].b: want 3, is 2");
        differs(value!({"spec": {"args": [{"b": 2}, "3"]}}), "spec.args[1]: want \"3\", is 3");
        differs(
            value!({"metadata": {"labels": {"example.com/a": "c"}}}),
            "metadata.labels['example.com/a']: want \"c\", is \"b\"",
        );
        differs(value!({"status": []}), "status: want [], is {\"readyReplicas\":2}");
    }
}
