//! JSON patch, RFC 6902, as the API server applies it.
//!
//! Real: a patch that does not fit the object is a 422 without a reason, a malformed patch a 400; `replace` of an absent map
//! key adds it. Modelled: all of it.

use derive_more::Display;

use crate::object::{Key, Value};

/// The most operations in a patch (k8s.io/apiserver handlers, maxJSONPatchOperations).
const MAX_OPERATIONS: usize = 10_000;

/// Why a patch was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum JsonPatchError {
    /// The body is not a patch: 400 with this text.
    Malformed(String),
    /// Too many operations: 413 with this text.
    TooLarge(String),
    /// The patch does not fit the object: 422 `the server rejected our request due to an error in our request`. The text is ours.
    Rejected(String),
}

impl std::error::Error for JsonPatchError {}

type Result<T> = std::result::Result<T, JsonPatchError>;

/// Applies `patch`, a list of RFC 6902 operations, to `target`.
pub fn apply(target: &Value, patch: &Value) -> Result<Value> {
    let operations = patch.as_list().ok_or_else(|| {
        let found = match patch {
            Value::Bool(_) => "bool",
            Value::Int(_) | Value::Float(_) => "number",
            other => other.type_name(),
        };
        let text = format!("json: cannot unmarshal {found} into Go value of type []handlers.jsonPatchOp");
        JsonPatchError::Malformed(format!("error decoding patch: {text}"))
    })?;
    if operations.len() > MAX_OPERATIONS {
        return Err(JsonPatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    let mut out = target.clone();
    for operation in operations {
        operate(&mut out, operation)?;
    }
    Ok(out)
}

fn operate(target: &mut Value, operation: &Value) -> Result<()> {
    let field = |name: &str| {
        operation.str_at(&[name]).ok_or_else(|| rejected(format!("an operation without a `{name}` string")))
    };
    let value = || operation.get("value").cloned().ok_or_else(|| rejected("an operation without a `value`"));
    let path = tokens(field("path")?)?;
    match field("op")? {
        "add" => put(target, &path, value()?, insert),
        "remove" => remove(target, &path).map(drop),
        "replace" => put(target, &path, value()?, replace),
        "move" => {
            let from = tokens(field("from")?)?;
            let moved = remove(target, &from)?;
            put(target, &path, moved, insert)
        }
        "copy" => {
            let copied = find(target, &tokens(field("from")?)?)?.clone();
            put(target, &path, copied, insert)
        }
        "test" => {
            let wanted = operation.get("value").unwrap_or(&Value::Null);
            let found = find(target, &path).unwrap_or(&Value::Null);
            if found == wanted {
                Ok(())
            } else {
                Err(rejected(format!("test of `{}` failed", path.join("/"))))
            }
        }
        other => Err(rejected(format!("unknown operation `{other}`"))),
    }
}

fn rejected(text: impl Into<String>) -> JsonPatchError {
    JsonPatchError::Rejected(text.into())
}

fn absent(token: &str) -> JsonPatchError {
    rejected(format!("there is nothing at `{token}`"))
}

fn tokens(pointer: &str) -> Result<Vec<String>> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest =
        pointer.strip_prefix('/').ok_or_else(|| rejected(format!("`{pointer}` is no JSON pointer")))?;
    Ok(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}

/// An index into a list of `len` items. As in the library of the server, negative ones count from the end.
fn index(token: &str, len: usize) -> Result<usize> {
    let i: i64 = token.parse().map_err(|_| rejected(format!("`{token}` is no index")))?;
    let from_end = i64::try_from(len).unwrap_or(i64::MAX);
    usize::try_from(if i < 0 { i + from_end } else { i }).map_err(|_| absent(token))
}

fn find<'v>(value: &'v Value, path: &[String]) -> Result<&'v Value> {
    path.iter().try_fold(value, |value, token| match value {
        Value::Map(map) => map.get(token).ok_or_else(|| absent(token)),
        Value::List(items) => items.get(index(token, items.len())?).ok_or_else(|| absent(token)),
        _ => Err(absent(token)),
    })
}

/// Runs `change` on the map or list that holds the end of the path.
fn edit<T>(
    value: &mut Value,
    path: &[String],
    change: impl FnOnce(&mut Value, &str) -> Result<T>,
) -> Result<T> {
    let (first, rest) = path.split_first().ok_or_else(|| rejected("the whole object cannot be removed"))?;
    if rest.is_empty() {
        return change(value, first);
    }
    match value {
        Value::Map(map) => edit(map.get_mut(first).ok_or_else(|| absent(first))?, rest, change),
        Value::List(items) => {
            let i = index(first, items.len())?;
            let mut copy = items.to_vec();
            let out = edit(copy.get_mut(i).ok_or_else(|| absent(first))?, rest, change)?;
            *value = copy.into();
            Ok(out)
        }
        _ => Err(absent(first)),
    }
}

/// Puts a value at the end of the path: into a map under its key, into a list as `into_list` does.
fn put(
    target: &mut Value,
    path: &[String],
    new: Value,
    into_list: fn(&mut Vec<Value>, &str, Value) -> Result<()>,
) -> Result<()> {
    if path.is_empty() {
        *target = new;
        return Ok(());
    }
    edit(target, path, |holder, token| match holder {
        Value::Map(map) => {
            map.set(Key::new(token), new);
            Ok(())
        }
        Value::List(items) => {
            let mut copy = items.to_vec();
            into_list(&mut copy, token, new)?;
            *holder = copy.into();
            Ok(())
        }
        _ => Err(absent(token)),
    })
}

fn insert(items: &mut Vec<Value>, token: &str, new: Value) -> Result<()> {
    let i = if token == "-" { items.len() } else { index(token, items.len() + 1)? };
    if i > items.len() {
        return Err(absent(token));
    }
    items.insert(i, new);
    Ok(())
}

fn replace(items: &mut Vec<Value>, token: &str, new: Value) -> Result<()> {
    let i = index(token, items.len())?;
    *items.get_mut(i).ok_or_else(|| absent(token))? = new;
    Ok(())
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value> {
    edit(target, path, |holder, token| match holder {
        Value::Map(map) => map.remove(token).ok_or_else(|| absent(token)),
        Value::List(items) => {
            let i = index(token, items.len())?;
            let old = items.get(i).cloned().ok_or_else(|| absent(token))?;
            let rest = items.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, item)| item.clone());
            *holder = Value::list(rest.collect::<Vec<_>>());
            Ok(old)
        }
        _ => Err(absent(token)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn rejected_by(target: &Value, patch: &Value) -> bool {
        matches!(apply(target, patch), Err(JsonPatchError::Rejected(_)))
    }

    #[test]
    fn operations_do_what_the_recorded_server_does() {
        let object = value!({"data": {"k": "v", "l": "m"}, "list": [1, 2]});
        let patch = value!([
            {"op": "add", "path": "/data/n", "value": "o"},
            {"op": "test", "path": "/data/k", "value": "v"},
            {"op": "remove", "path": "/data/l"},
            {"op": "copy", "from": "/data/k", "path": "/data/copied"},
            {"op": "move", "from": "/data/copied", "path": "/data/moved"},
            {"op": "replace", "path": "/data/none", "value": "x"},
            {"op": "add", "path": "/data/x~1y", "value": "z"},
            {"op": "add", "path": "/list/-", "value": 4},
            {"op": "add", "path": "/list/2", "value": 3},
            {"op": "remove", "path": "/list/0"}
        ]);
        let wanted = value!({
            "data": {"k": "v", "n": "o", "moved": "v", "none": "x", "x/y": "z"},
            "list": [2, 3, 4]
        });
        assert_eq!(apply(&object, &patch).unwrap(), wanted);
        assert_eq!(apply(&object, &value!([])).unwrap(), object);
    }

    #[test]
    fn a_patch_that_does_not_fit_is_rejected() {
        let object = value!({"metadata": {}, "list": [1]});
        for patch in [
            value!([{"op": "test", "path": "/list/0", "value": 2}]),
            value!([{"op": "remove", "path": "/none"}]),
            value!([{"op": "add", "path": "/metadata/labels/x", "value": 1}]),
            value!([{"op": "bogus", "path": "/list"}]),
            value!([{"op": "add", "path": "/list/5", "value": 1}]),
            value!([{"op": "replace", "path": "/list/1", "value": 1}]),
            value!([{"op": "remove", "path": ""}]),
            value!([{"path": "/list"}]),
            value!([7]),
        ] {
            assert!(rejected_by(&object, &patch), "{patch:?}");
        }
    }

    #[test]
    fn a_body_other_than_a_list_is_malformed_with_the_servers_message() {
        let text = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp";
        assert_eq!(apply(&value!({}), &value!({"op": "add"})), Err(JsonPatchError::Malformed(text.into())));
    }
}
