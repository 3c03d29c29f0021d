//! Label keys, label values and label selectors inside objects.

use super::check::{Checker, FieldPath, text};
use crate::object::{Key, LabelSelector, Map, Value, names};

/// Checks a map of labels, or a map with the same rules.
pub(super) fn labels(field: FieldPath<'_>, labels: Option<&Value>, check: &mut Checker) {
    for (key, value) in labels.and_then(Value::as_map).into_iter().flatten() {
        check.names(field, key.as_str(), names::qualified_name(key.as_str()));
        if let Some(value) = value.as_str() {
            check.names(field, value, names::label_value(value));
        }
    }
}

/// Checks a label selector, and returns whether it is valid.
pub(super) fn selector(field: &str, selector: &Value, check: &mut Checker) -> bool {
    let before = check.errors.len();
    labels(format_args!("{field}.matchLabels"), selector.get("matchLabels"), check);
    for (i, expression) in selector.items_at(&["matchExpressions"]).iter().enumerate() {
        let field = format_args!("{field}.matchExpressions[{i}]");
        let has_values = !expression.items_at(&["values"]).is_empty();
        match text(expression, "operator") {
            "In" | "NotIn" if !has_values => {
                let why = "must be specified when `operator` is 'In' or 'NotIn'";
                check.required(format_args!("{field}.values"), why);
            }
            "Exists" | "DoesNotExist" if has_values => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                check.forbidden(format_args!("{field}.values"), why);
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => (),
            other => check.invalid(format_args!("{field}.operator"), other, "not a valid selector operator"),
        }
        let key = text(expression, "key");
        check.names(format_args!("{field}.key"), key, names::qualified_name(key));
    }
    check.errors.len() == before
}

/// Whether the selector of an object selects these labels. An invalid selector selects nothing.
pub(super) fn selects(selector: &Value, labels: Option<&Value>) -> bool {
    let none = Map::from_entries(Vec::<(Key, Value)>::new());
    let labels = labels.and_then(Value::as_map).unwrap_or(&none);
    LabelSelector::from_value(selector).is_ok_and(|selector| selector.matches(Some(labels)))
}
