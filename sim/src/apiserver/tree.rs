//! Small reads and edits of trees. An edit that changes nothing copies nothing.

use crate::object::Value;

/// Sets the value at `path` if it is absent.
pub(super) fn default(value: &mut Value, path: &[&str], make: impl Into<Value>) {
    if value.at(path).is_none() {
        value.set_at(path, make);
    }
}

/// The string at `path`; empty if it is absent.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.str_at(path).unwrap_or_default()
}

/// Replaces items of the list at `path` by what `edit` returns for them; `None` keeps an item.
pub(super) fn edit_items(value: &mut Value, path: &[&str], edit: impl Fn(&Value) -> Option<Value>) {
    let items = value.items_at(path);
    let Some((first, new)) = items.iter().enumerate().find_map(|(i, item)| Some((i, edit(item)?))) else {
        return;
    };
    let mut all = items.to_vec();
    all[first] = new;
    for item in &mut all[first + 1..] {
        if let Some(new) = edit(item) {
            *item = new;
        }
    }
    value.set_at(path, all);
}

/// An edited copy of the item, if `is_due`.
pub(super) fn edited(item: &Value, is_due: bool, edit: impl FnOnce(&mut Value)) -> Option<Value> {
    is_due.then(|| {
        let mut item = item.clone();
        edit(&mut item);
        item
    })
}

/// The conditions with `new` at the end, which replaces the condition of its type.
pub(super) fn replace_condition(conditions: &[Value], new: Value) -> Vec<Value> {
    let others = conditions.iter().filter(|old| old.get("type") != new.get("type"));
    others.cloned().chain([new.clone()]).collect()
}
