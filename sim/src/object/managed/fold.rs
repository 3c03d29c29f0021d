//! Whether two writes of one writer count as one, so that hours of lease renewals cost nothing.
//!
//! They do if no field that both changed has its first value again: then comparing the first tree with the last finds the
//! same fields as comparing step by step. A list that both changed is not compared; such writes do not count as one.

use crate::object::{Key, Map, Value, keys};

/// Whether the steps from `first` to `middle` and from `middle` to `last` take the same fields as one from `first` to `last`.
pub(super) fn counts_as_one(first: &Value, middle: &Value, last: &Value) -> bool {
    if first.is_shared_with(middle) || middle.is_shared_with(last) {
        return true;
    }
    match (first, middle, last) {
        (Value::Map(first), Value::Map(middle), Value::Map(last)) => maps(first, middle, last),
        (Value::List(_), _, _) | (_, Value::List(_), _) | (_, _, Value::List(_)) => false,
        _ => first != last,
    }
}

fn maps(first: &Map, middle: &Map, last: &Map) -> bool {
    let same_keys = |a: &Map, b: &Map| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0);
    if same_keys(first, middle) && same_keys(middle, last) {
        let mut steps = first.iter().zip(middle).zip(last);
        return steps.all(|((first, middle), last)| counts_as_one(&first.1, &middle.1, &last.1));
    }
    let mut keys = middle.iter().map(|(key, _)| key.as_str());
    let steps = keys.all(|key| {
        let middle = middle.get(key).unwrap_or(&Value::Null);
        match (first.get(key), last.get(key)) {
            (Some(first), Some(last)) => counts_as_one(first, middle, last),
            // Added and changed, changed and removed, added and removed: only the last state matters.
            _ => true,
        }
    });
    // Removed by the first and added by the second: the second owns the field, even with the old value.
    steps
        && !first
            .iter()
            .any(|(key, _)| middle.get(key.as_str()).is_none() && last.get(key.as_str()).is_some())
}

/// Whether the next write found what the last one left, apart from the metadata that the server writes.
pub(super) fn joins(left: &Value, found: &Value) -> bool {
    let (Value::Map(left), Value::Map(found)) = (left, found) else { return false };
    if left.ptr_eq(found) {
        return true;
    }
    left.len() == found.len()
        && left.iter().zip(found).all(|((key, value), (other_key, other))| {
            key == other_key
                && match (value, other) {
                    (Value::Map(left), Value::Map(found)) if *key == keys::METADATA => {
                        metadata_joins(left, found)
                    }
                    _ => value == other,
                }
        })
}

fn metadata_joins(left: &Map, found: &Map) -> bool {
    fn own(map: &Map) -> impl Iterator<Item = &(Key, Value)> {
        map.iter().filter(|(key, _)| *key != keys::RESOURCE_VERSION && *key != keys::GENERATION)
    }
    left.ptr_eq(found) || own(left).eq(own(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn a_field_that_returns_to_its_first_value_keeps_the_writes_apart() {
        let tree = |n: i64| value!({"spec": {"n": n, "other": "x"}});
        assert!(counts_as_one(&tree(1), &tree(2), &tree(3)));
        assert!(!counts_as_one(&tree(1), &tree(2), &tree(1)));
        let without = value!({"spec": {"other": "x"}});
        assert!(!counts_as_one(&tree(1), &without, &tree(1)));
        assert!(counts_as_one(&without, &tree(1), &tree(2)));
    }

    #[test]
    fn metadata_of_the_server_between_two_writes_does_not_keep_them_apart() {
        let left = value!({"metadata": {"name": "a", "resourceVersion": "1"}, "spec": {"n": 1}});
        let mut found = left.clone();
        found.set_at(&["metadata", "resourceVersion"], "2");
        found.set_at(&["metadata", "generation"], 2);
        assert!(joins(&left, &found));
        found.set_at(&["metadata", "finalizers"], value!(["x/y"]));
        assert!(!joins(&left, &found));
    }
}
