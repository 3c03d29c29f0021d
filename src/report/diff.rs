//! The difference of two trees, field by field.

use std::collections::BTreeSet;
use std::fmt;

use wavetank_sim::object::Value;

/// How many characters of a value a change shows. Our choice.
const WIDTH: usize = 60;

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    /// The path: `status.conditions[Ready].status`. Items of a list are named by their type, name or key, else by their place.
    path: String,
    old: Option<Value>,
    new: Option<Value>,
}

/// Fields that every write changes, or that follow from others.
const NOISE: &[&str] = &[
    "metadata.resourceVersion",
    "metadata.generation",
    ".observedGeneration",
    ".lastTransitionTime",
    ".lastUpdateTime",
    ".lastHeartbeatTime",
    ".lastProbeTime",
];

impl Change {
    /// Whether it is one of the fields that say little.
    pub(super) fn is_noise(&self) -> bool {
        NOISE.iter().any(|field| self.path.ends_with(field))
    }

    /// Whether it is the status of a condition, or a new condition.
    pub(super) fn is_condition(&self) -> bool {
        let rest = self.path.strip_prefix("status.conditions[");
        rest.is_some_and(|rest| rest.ends_with("].status") || rest.ends_with(']'))
    }

    /// Whether it is the object's resourceVersion.
    pub(super) fn is_revision(&self) -> bool {
        self.path == "metadata.resourceVersion"
    }
}

/// `path old -> new`, `path = value` for a new field, `path removed`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => write!(f, " {} -> {}", short(old), short(new)),
            (None, Some(new)) => write!(f, " = {}", short(new)),
            (_, None) => f.write_str(" removed"),
        }
    }
}

/// A value on one line: a text as it is, in quotes if it is more than a word, a condition by its status, anything else as JSON.
fn short(value: &Value) -> String {
    let condition = value.str_at(&["type"]).and(value.str_at(&["status"]));
    let is_word = |text: &&str| !text.is_empty() && !text.contains(char::is_whitespace);
    let text = match value.as_str().or(condition).filter(is_word) {
        Some(word) => word.to_owned(),
        None => value.to_json(),
    };
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text,
    }
}

/// The fields that differ, in the order of the trees.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(old), Some(new), &mut found);
    found
}

fn compare(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Change>) {
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Map(old)), Some(Value::Map(new))) => {
            for (key, value) in old {
                compare(&field(path, key.as_str()), Some(value), new.get_key(*key), found);
            }
            for (key, value) in new.iter().filter(|(key, _)| old.get_key(*key).is_none()) {
                compare(&field(path, key.as_str()), None, Some(value), found);
            }
        }
        (Some(Value::List(old)), Some(Value::List(new))) => match (named(old), named(new)) {
            (Some(old), Some(new)) => {
                let item = |list: &[(&str, &Value)], name: &str| -> Option<Value> {
                    list.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).clone())
                };
                for (name, value) in &old {
                    let path = format!("{path}[{name}]");
                    compare(&path, Some(value), item(&new, name).as_ref(), found);
                }
                for (name, value) in new.iter().filter(|(name, _)| item(&old, name).is_none()) {
                    compare(&format!("{path}[{name}]"), None, Some(value), found);
                }
            }
            _ => {
                for at in 0..old.len().max(new.len()) {
                    compare(&format!("{path}[{at}]"), old.get(at), new.get(at), found);
                }
            }
        },
        // What is new is told by its parts, up to the items of lists.
        (None, Some(Value::Map(new))) if !path.ends_with(']') && !new.is_empty() => {
            for (key, value) in new {
                compare(&field(path, key.as_str()), None, Some(value), found);
            }
        }
        (None, Some(list @ Value::List(new))) if !new.is_empty() && named(new).is_some() => {
            compare(path, Some(&Value::list([])), Some(list), found);
        }
        (old, new) => {
            found.push(Change { path: path.to_owned(), old: old.cloned(), new: new.cloned() });
        }
    }
}

/// The items of a list with their names, if each has another.
fn named(items: &[Value]) -> Option<Vec<(&str, &Value)>> {
    ["type", "name", "key", "uid", "ip"].into_iter().find_map(|key| {
        let named: Vec<(&str, &Value)> =
            items.iter().filter_map(|item| Some((item.str_at(&[key])?, item))).collect();
        let names: BTreeSet<&str> = named.iter().map(|(name, _)| *name).collect();
        (names.len() == items.len()).then_some(named)
    })
}

/// The path of a field. A key with a character that separates keys is quoted.
fn field(path: &str, key: &str) -> String {
    if key.contains(['.', '/', '[']) {
        format!("{path}[\"{key}\"]")
    } else if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use wavetank_sim::object::Value;
    use wavetank_sim::value;

    use super::changes;

    fn told(old: Value, new: Value) -> Vec<String> {
        changes(&old, &new).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn items_of_lists_are_named_by_what_tells_them_apart() {
        let conditions = |ready: &str| value!([{"type": "Available", "status": "True"}, {"type": "Ready", "status": (ready)}]);
        let old = value!({"status": {"conditions": (conditions("False")), "replicas": 1}});
        let new = value!({"status": {"conditions": (conditions("True")), "replicas": 2, "phase": "Up"}});
        assert_eq!(
            told(old, new),
            ["status.conditions[Ready].status False -> True", "status.replicas 1 -> 2", "status.phase = Up"]
        );
        let none = value!({"status": {"conditions": []}});
        let one =
            value!({"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "New"}]}});
        assert_eq!(told(none, one.clone()), ["status.conditions[Ready] = Unknown"]);
        assert_eq!(told(value!({}), one), ["status.conditions[Ready] = Unknown"]);
        assert_eq!(told(value!({"a": ["x", "y"]}), value!({"a": ["x"]})), ["a[1] removed"]);
    }

    #[test]
    fn keys_with_dots_are_quoted_and_long_values_are_cut() {
        let old = value!({"metadata": {"annotations": {"example.com/at": "1"}}});
        let new = value!({"metadata": {"annotations": {"example.com/at": ""}}});
        assert_eq!(told(old, new), ["metadata.annotations[\"example.com/at\"] 1 -> \"\""]);
        let long = "x".repeat(100);
        let [line] = &told(value!({}), value!({"a": (long.as_str())}))[..] else { panic!() };
        assert!(line.ends_with("xx..") && line.len() < 80, "{line}");
    }
}
