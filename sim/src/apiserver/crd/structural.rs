//! Validation of a definition's schema: the structural rules, with the messages and paths of a real server.
//!
//! Recorded in `crd-invalid`. Not modelled: the cost of CEL rules, and some errors about combinations of vendor extensions
//! that no recording shows. A definition with only such errors is accepted here.

use regex_lite::Regex;

use super::super::errors;
use crate::object::{FieldError, Value};
use crate::value;

/// The types of a schema (apiextensions `openapiV3Types`).
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// The keywords that are forbidden inside `allOf`, `anyOf`, `oneOf` and `not` (apiextensions
/// `validateNestedValueValidation`).
const OUTSIDE_JUNCTORS: [&str; 11] = [
    "type",
    "default",
    "title",
    "description",
    "nullable",
    "additionalProperties",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
];

/// Where a schema is; the error about a missing type depends on it.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Field,
    Item,
}

/// The errors of a version's schema, which has this path in errors.
pub(super) fn check(schema: &Value, path: &str) -> Vec<FieldError> {
    let mut check = SchemaChecker { errors: Vec::new() };
    check.junctors(schema, path);
    check.schema(schema, path, Level::Root);
    check.errors
}

struct SchemaChecker {
    errors: Vec<FieldError>,
}

impl SchemaChecker {
    fn invalid(&mut self, path: &str, key: &str, bad: &Value, detail: &str) {
        self.errors.push(FieldError::invalid(&format!("{path}.{key}"), bad, detail));
    }

    fn required(&mut self, path: &str, key: &str, detail: &str) {
        self.errors.push(FieldError::required(&format!("{path}.{key}"), detail));
    }

    fn forbidden(&mut self, path: &str, key: &str, detail: &str) {
        self.errors.push(errors::forbidden(&format!("{path}.{key}"), detail));
    }

    fn schema(&mut self, schema: &Value, path: &str, level: Level) {
        let is = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        self.kind(schema, path, level);
        if schema.get("$ref").is_some() {
            self.forbidden(path, "$ref", "$ref is not supported");
        }
        if is("uniqueItems") {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbidden(path, "uniqueItems", why);
        }
        if let Some(off @ Value::Bool(false)) = schema.get("x-kubernetes-preserve-unknown-fields") {
            self.invalid(path, "x-kubernetes-preserve-unknown-fields", off, "must be true or undefined");
        }
        if schema.get("properties").is_some() && schema.get("additionalProperties").is_some() {
            let why = "additionalProperties and properties are mutual exclusive";
            self.forbidden(path, "additionalProperties", why);
        }
        self.pattern(schema, path);
        self.default(schema, path);
        self.list(schema, path);
        self.children(schema, path, level);
    }

    fn kind(&mut self, schema: &Value, path: &str, level: Level) {
        let is = |key: &str| schema.get(key).and_then(Value::as_bool) == Some(true);
        let kind = schema.str_at(&["type"]).unwrap_or_default();
        let bad: Value = kind.into();
        if kind.is_empty() {
            let untyped = is("x-kubernetes-int-or-string") || is("x-kubernetes-preserve-unknown-fields");
            match level {
                Level::Root => self.required(path, "type", "must not be empty at the root"),
                _ if untyped => (),
                Level::Field => self.required(path, "type", "must not be empty for specified object fields"),
                Level::Item => self.required(path, "type", "must not be empty for specified array items"),
            }
        } else if level == Level::Root && kind != "object" {
            self.invalid(path, "type", &bad, "must be object at the root");
        } else if !TYPES.contains(&kind) {
            let supported = TYPES.map(Value::from);
            self.errors.push(FieldError::not_supported(&format!("{path}.type"), &bad, &supported));
        }
        if is("x-kubernetes-embedded-resource") && kind != "object" && !kind.is_empty() {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            self.invalid(path, "type", &bad, why);
        }
    }

    fn pattern(&mut self, schema: &Value, path: &str) {
        let Some(pattern) = schema.str_at(&["pattern"]) else { return };
        if Regex::new(pattern).is_err() {
            // Go's text for the most common mistake. All others get one text here.
            let open = pattern.matches('(').count() > pattern.matches(')').count();
            let what = if open { "missing closing )" } else { "invalid syntax" };
            let why = format!(
                "must be a valid regular expression, but isn't: error parsing regexp: {what}: `{pattern}`"
            );
            self.invalid(path, "pattern", &pattern.into(), &why);
        }
    }

    fn default(&mut self, schema: &Value, path: &str) {
        let Some(default) = schema.get("default").filter(|d| !d.is_null()) else { return };
        let wrapped = value!({"type": "object", "properties": {"d": (schema.clone())}});
        let Ok(shape) = super::kinds::shape(Some(&wrapped)) else { return };
        for error in shape.validate(&value!({"d": (default.clone())})) {
            let field = error.field.strip_prefix('d').unwrap_or_default();
            let named = format!("{} in body", error.field);
            let message =
                error.message.replace(&named, &format!("{} in body", field.trim_start_matches('.')));
            self.errors.push(FieldError::new(&format!("{path}.default{field}"), error.reason, message));
        }
    }

    fn list(&mut self, schema: &Value, path: &str) {
        if schema.str_at(&["type"]) == Some("array") && schema.get("items").is_none() {
            self.required(path, "items", "must be specified");
        }
        if schema.str_at(&["x-kubernetes-list-type"]) != Some("map") {
            return;
        }
        let keys = schema.items_at(&["x-kubernetes-list-map-keys"]);
        if keys.is_empty() {
            let why = "must not be empty if x-kubernetes-list-type is map";
            self.required(path, "x-kubernetes-list-map-keys", why);
        }
        for key in keys.iter().filter_map(Value::as_str) {
            let is_required = schema.items_at(&["items", "required"]).iter().any(|r| r.as_str() == Some(key));
            let property = schema.at(&["items", "properties", key]);
            if !is_required && property.is_none_or(|p| p.get("default").is_none()) {
                let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                self.required(path, &format!("items.properties[{key}].default"), why);
            }
        }
    }

    fn children(&mut self, schema: &Value, path: &str, level: Level) {
        for (key, child) in schema.get("properties").and_then(Value::as_map).into_iter().flatten() {
            let path = format!("{path}.properties[{key}]");
            if level == Level::Root && key.as_str() == "metadata" {
                self.metadata(child, &path);
                continue;
            }
            self.schema(child, &path, Level::Field);
        }
        if let Some(items @ Value::Map(_)) = schema.get("items") {
            self.schema(items, &format!("{path}.items"), Level::Item);
        }
        if let Some(values @ Value::Map(_)) = schema.get("additionalProperties") {
            self.schema(values, &format!("{path}.additionalProperties"), Level::Field);
        }
    }

    fn metadata(&mut self, schema: &Value, path: &str) {
        let properties = schema.get("properties").and_then(Value::as_map);
        let named = |key: &str| matches!(key, "name" | "generateName");
        if properties.is_some_and(|p| p.iter().any(|(key, _)| !named(key.as_str()))) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.errors.push(errors::forbidden(path, why));
        }
    }

    /// Checks all junctors in a schema: `allOf`, `anyOf`, `oneOf` and `not`.
    fn junctors(&mut self, schema: &Value, path: &str) {
        let int_or_string = schema.get("x-kubernetes-int-or-string").and_then(Value::as_bool) == Some(true);
        for (place, branch) in branches(schema) {
            if !(int_or_string && is_int_or_string_branch(&place)) {
                self.inside(branch, &format!("{path}.{place}"));
            }
        }
        for (key, child) in schema.get("properties").and_then(Value::as_map).into_iter().flatten() {
            self.junctors(child, &format!("{path}.properties[{key}]"));
        }
        for key in ["items", "additionalProperties"] {
            if let Some(child @ Value::Map(_)) = schema.get(key) {
                self.junctors(child, &format!("{path}.{key}"));
            }
        }
    }

    fn inside(&mut self, schema: &Value, path: &str) {
        for key in OUTSIDE_JUNCTORS {
            if schema.get(key).is_some() {
                self.forbidden(path, key, "must be empty to be structural");
            }
        }
        for (key, child) in schema.get("properties").and_then(Value::as_map).into_iter().flatten() {
            self.inside(child, &format!("{path}.properties[{key}]"));
        }
        if let Some(items @ Value::Map(_)) = schema.get("items") {
            self.inside(items, &format!("{path}.items"));
        }
        for (place, branch) in branches(schema) {
            self.inside(branch, &format!("{path}.{place}"));
        }
    }
}

/// The schemas inside a schema's junctors, with their paths: `anyOf[0]`, `not`.
fn branches(schema: &Value) -> Vec<(String, &Value)> {
    let mut all = Vec::new();
    for key in ["allOf", "anyOf", "oneOf"] {
        let items = schema.items_at(&[key]).iter().enumerate();
        all.extend(items.map(|(i, branch)| (format!("{key}[{i}]"), branch)));
    }
    all.extend(schema.get("not").map(|branch| ("not".to_owned(), branch)));
    all
}

/// Whether an int-or-string schema may repeat its types here: `anyOf: [{type: integer}, {type: string}]`, also in `allOf`.
fn is_int_or_string_branch(place: &str) -> bool {
    place.starts_with("anyOf[") || place == "allOf[0]"
}
