//! JSON merge patch, RFC 7386: maps merge, null removes, other values replace.

use crate::object::{Map, Value};

/// Applies `patch` to `target`. The result shares the rest with `target`.
pub fn merge(target: &Value, patch: &Value) -> Value {
    let Value::Map(patch) = patch else { return patch.clone() };
    let mut out = target.as_map().cloned().unwrap_or_default();
    for (key, change) in patch {
        let key = key.as_str();
        match (change, out.get(key)) {
            (Value::Null, None) => (),
            (Value::Null, Some(_)) => drop(out.remove(key)),
            (change, old) => {
                let new = merge(old.unwrap_or(&Value::Null), change);
                if old != Some(&new) {
                    out.set(key, new);
                }
            }
        }
    }
    Value::Map(out)
}

/// The smallest patch from `source` to `target`, if no map of `target` holds null.
pub fn diff(source: &Value, target: &Value) -> Value {
    let (Value::Map(from), Value::Map(to)) = (source, target) else { return target.clone() };
    let removed =
        from.iter().filter(|(key, _)| to.get(key.as_str()).is_none()).map(|(key, _)| (*key, Value::Null));
    let set = to.iter().filter_map(|(key, new)| match from.get(key.as_str()) {
        Some(old) if old == new => None,
        Some(old) => Some((*key, diff(old, new))),
        None => Some((*key, new.clone())),
    });
    Value::Map(removed.chain(set).collect::<Map>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn the_examples_of_rfc_7386_hold() {
        for (target, patch, wanted) in [
            (value!({"a": "b"}), value!({"a": "c"}), value!({"a": "c"})),
            (value!({"a": "b"}), value!({"b": "c"}), value!({"a": "b", "b": "c"})),
            (value!({"a": "b"}), value!({"a": null}), value!({})),
            (value!({"a": ["b"]}), value!({"a": "c"}), value!({"a": "c"})),
            (value!({"a": {"b": "c"}}), value!({"a": {"b": "d", "c": null}}), value!({"a": {"b": "d"}})),
            (value!({"e": null}), value!({"a": 1}), value!({"e": null, "a": 1})),
            (value!([1, 2]), value!({"a": "b", "c": null}), value!({"a": "b"})),
            (value!({}), value!({"a": {"bb": {"ccc": null}}}), value!({"a": {"bb": {}}})),
            (value!({"a": "foo"}), value!("bar"), value!("bar")),
        ] {
            assert_eq!(merge(&target, &patch), wanted, "{target:?} {patch:?}");
        }
    }
}
