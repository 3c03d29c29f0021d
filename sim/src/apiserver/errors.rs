//! Failures that more than one verb answers with, in the server's words.

use crate::object::{FieldError, Value};
use crate::value;
use crate::wire::{Resource, Status};

/// 422: the object, named by its kind, breaks these rules.
pub(super) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Box<Status> {
    let mut texts: Vec<String> = Vec::new();
    for error in errors {
        let text = error.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let all = if texts.len() == 1 { texts.remove(0) } else { format!("[{}]", texts.join(", ")) };
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
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
    Box::new(
        Status::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {all}")).details(details),
    )
}

/// 409: the object, named by its kind, is not the one that the client means.
pub(super) fn precondition(group: &str, kind: &str, name: &str, why: &str) -> Box<Status> {
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let mut details = value!({"name": name, "kind": kind});
    if !group.is_empty() {
        details.set_at(&["group"], group);
    }
    let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
    Box::new(Status::new(409, "Conflict", message).details(details))
}

/// 405.
pub(super) fn method_not_allowed() -> Box<Status> {
    let message = "the server does not allow this method on the requested resource";
    Box::new(Status::new(405, "MethodNotAllowed", message).details(value!({})))
}

/// 405 of a custom resource's subresource.
pub(super) fn not_supported(resource: Resource, verb: &str) -> Box<Status> {
    let (group, plural) = (resource.group(), resource.plural());
    let message = format!("{verb} is not supported on resources of kind \"{plural}.{group}\"");
    let details = value!({"group": group, "kind": plural});
    Box::new(Status::new(405, "MethodNotAllowed", message).details(details))
}

/// 404: no such object.
pub(super) fn not_found(resource: Resource, name: &str) -> Box<Status> {
    Box::new(Status::not_found(resource, name))
}

/// 504: the client asks for a revision that is still to come.
pub(super) fn too_large(wanted: u64, current: u64) -> Box<Status> {
    let details = value!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1
    });
    let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
    Box::new(Status::new(504, "Timeout", message).details(details))
}

/// How Go's `strconv` complains about a text that is no unsigned number.
pub(super) fn parse_uint(text: &str) -> String {
    format!("strconv.ParseUint: parsing {text:?}: invalid syntax")
}
