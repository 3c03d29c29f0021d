//! The first difference between two answers. `<any>` equals every value; uids inside texts equal each other, and so do times.

use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

/// Marks a value that differed between two recordings.
const ANY: &str = "<any>";

/// The first difference: its path, the recorded and the received value.
pub(crate) fn difference(wanted: &Value, got: &Value) -> Option<String> {
    find("", wanted, got)
}

fn find(at: &str, wanted: &Value, got: &Value) -> Option<String> {
    match (wanted, got) {
        (Value::String(any), _) if any == ANY => None,
        (Value::String(w), Value::String(g)) if plain(w) == plain(g) => None,
        (Value::Object(w), Value::Object(g)) => {
            let missing = w.keys().find(|key| !g.contains_key(*key));
            let extra = g.keys().find(|key| !w.contains_key(*key));
            let inner = || w.iter().find_map(|(key, w)| find(&format!("{at}/{key}"), w, g.get(key)?));
            // A different value says more than a missing one.
            inner()
                .or_else(|| missing.map(|key| format!("{at}/{key}: is missing, should be {}", w[key])))
                .or_else(|| extra.map(|key| format!("{at}/{key}: should not be there, is {}", g[key])))
        }
        (Value::Array(w), Value::Array(g)) if at.ends_with("/managedFields") => owners(at, w, g),
        (Value::Array(w), Value::Array(g)) if w.len() == g.len() => {
            w.iter().zip(g).enumerate().find_map(|(i, (w, g))| find(&format!("{at}/{i}"), w, g))
        }
        _ if wanted == got => None,
        _ => Some(format!("{at}: should be {wanted}, is {got}")),
    }
}

/// Entries of managedFields are a set.
fn owners(at: &str, wanted: &[Value], got: &[Value]) -> Option<String> {
    let name = |entry: &Value| {
        ["manager", "operation", "subresource"]
            .map(|field| entry[field].as_str().unwrap_or_default().to_owned())
    };
    let entry =
        |entries: &[Value], wanted: &Value| entries.iter().find(|entry| name(entry) == name(wanted)).cloned();
    if let Some(extra) = got.iter().find(|g| entry(wanted, g).is_none()) {
        return Some(format!("{at}/{}: should not be there", name(extra).join(",")));
    }
    wanted.iter().find_map(|w| {
        let at = format!("{at}/{}", name(w).join(","));
        match entry(got, w) {
            Some(g) => find(&at, w, &g),
            None => Some(format!("{at}: is missing")),
        }
    })
}

/// The text without uids and times.
pub(crate) fn plain(text: &str) -> String {
    static UID: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( \+0000 UTC|Z)").unwrap());
    if text.len() < 20 {
        return text.to_owned();
    }
    TIME.replace_all(&UID.replace_all(text, "<uid>"), "<time>").into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::difference;

    #[test]
    fn values_that_may_differ_are_equal() {
        let wanted = json!({
            "metadata": {"uid": "<any>", "managedFields": [
                {"manager": "a", "operation": "Apply"}, {"manager": "b", "operation": "Update", "time": "<any>"}
            ]},
            "message": "uid 6b9bd28e-f240-4d72-b2ae-9221c0fcd166 at 2026-11-23T15:33:11Z"
        });
        let got = json!({
            "metadata": {"uid": 7, "managedFields": [
                {"manager": "b", "operation": "Update", "time": "now"}, {"manager": "a", "operation": "Apply"}
            ]},
            "message": "uid e3e0683f-e240-4d72-b2ae-9221c0fcd166 at 2026-01-01T00:00:00Z"
        });
        assert_eq!(difference(&wanted, &got), None);
    }

    #[test]
    fn the_first_difference_is_named() {
        let cases = [
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "/a/b: should be 1, is 2"),
            (json!({"a": [1]}), json!({"a": [1, 2]}), "/a: should be [1], is [1,2]"),
            (json!({"a": 1}), json!({}), "/a: is missing, should be 1"),
            (json!({}), json!({"a": 1}), "/a: should not be there, is 1"),
        ];
        for (wanted, got, how) in cases {
            assert_eq!(difference(&wanted, &got).as_deref(), Some(how));
        }
    }
}
