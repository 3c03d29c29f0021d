//! Errors that several verbs return. The texts are those of a real server.

use crate::object::{FieldError, Value};
use crate::value;
use crate::wire::{Resource, Status};

/// 422: the object of this kind and name is invalid.
pub(super) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Box<Status> {
    let mut texts: Vec<String> = Vec::new();
    for error in errors {
        let text = error.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let all = if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) };
    let mut details = Value::empty_map();
    for (field, text) in [("name", name), ("group", group), ("kind", kind)] {
        if !text.is_empty() {
            details.set_at(&[field], text);
        }
    }
    let causes = errors.iter().map(|error| {
        let mut cause = value!({"reason": (error.reason), "message": (error.message.as_str())});
        if !error.field.is_empty() {
            cause.set_at(&["field"], error.field.as_str());
        }
        cause
    });
    details.set_at(&["causes"], Value::list(causes));
    let message = format!("{} \"{name}\" is invalid: {all}", qualified(group, kind));
    Box::new(Status::new(422, "Invalid", message).details(details))
}

/// 409: the object of this kind and name does not meet a precondition of the request.
pub(super) fn precondition(group: &str, kind: &str, name: &str, why: &str) -> Box<Status> {
    let mut details = value!({"name": name, "kind": kind});
    if !group.is_empty() {
        details.set_at(&["group"], group);
    }
    let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", qualified(group, kind));
    Box::new(Status::new(409, "Conflict", message).details(details))
}

fn qualified(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

/// An error about a field that must not be set, or not to this value.
pub(super) fn forbidden(field: &str, why: &str) -> FieldError {
    FieldError::new(field, "FieldValueForbidden", format!("Forbidden: {why}"))
}

/// An error about a value that the real server prints as a Go struct; `printed` is that text.
pub(super) fn invalid_struct(field: &str, printed: &str, why: &str) -> FieldError {
    FieldError::new(field, "FieldValueInvalid", format!("Invalid value: {printed}: {why}"))
}

/// 405 for a built-in kind.
pub(super) fn method_not_allowed() -> Box<Status> {
    let message = "the server does not allow this method on the requested resource";
    Box::new(Status::new(405, "MethodNotAllowed", message).details(value!({})))
}

/// 405 for a subresource of a custom resource.
pub(super) fn not_supported(resource: Resource, verb: &str) -> Box<Status> {
    let (group, plural) = (resource.group(), resource.plural());
    let message = format!("{verb} is not supported on resources of kind \"{plural}.{group}\"");
    let details = value!({"group": group, "kind": plural});
    Box::new(Status::new(405, "MethodNotAllowed", message).details(details))
}

/// 404: the object does not exist.
pub(super) fn not_found(resource: Resource, name: &str) -> Box<Status> {
    Box::new(Status::not_found(resource, name))
}

/// 504: the client requests a revision that the store has not reached.
pub(super) fn too_large(wanted: u64, current: u64) -> Box<Status> {
    let details = value!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1
    });
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    Box::new(Status::new(504, "Timeout", message).details(details))
}

/// The error of Go's `strconv` for a text that is not an unsigned number.
pub(super) fn parse_uint(text: &str) -> String {
    format!("strconv.ParseUint: parsing {text:?}: invalid syntax")
}
