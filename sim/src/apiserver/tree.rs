//! Small questions and edits of trees; edits copy nothing where nothing changes.

use crate::object::Value;

/// Sets what `path` ends in, where it is absent.
pub(super) fn default(value: &mut Value, path: &[&str], make: impl Into<Value>) {
    if value.at(path).is_none() {
        value.set_at(path, make);
    }
}

/// The string at `path`; nothing where it is absent.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> &'v str {
    value.str_at(path).unwrap_or_default()
}

/// Puts what `edit` makes of each item of the list at `path`; nothing leaves an item as it is.
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

/// What `edit` makes of a copy, where it changes something that `is_due` sees.
pub(super) fn edited(item: &Value, is_due: bool, edit: impl FnOnce(&mut Value)) -> Option<Value> {
    is_due.then(|| {
        let mut item = item.clone();
        edit(&mut item);
        item
    })
}
