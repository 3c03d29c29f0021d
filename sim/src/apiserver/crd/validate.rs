//! Validation of a definition without its schema: names, versions, subresources, columns.
//!
//! Recorded in `crd-invalid` and `crd-create-lifecycle`. An error about a part that all versions share names `spec.validation`
//! and the like, because the server's internal type keeps that part there.

use super::super::errors::invalid_struct;
use super::super::tree::text;
use super::structural;
use crate::object::{FieldError, Value, names};

/// The annotation for groups under `k8s.io` (apiextensions `KubeAPIApprovedAnnotation`).
const APPROVED: &str = "api-approved.kubernetes.io";
/// The types of a printer column (apiextensions `printerColumnDatatypes`).
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
/// The formats of values that the server knows (apiextensions `supportedVersionedFormats`).
const FORMATS: [&str; 28] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "date-time",
    "datetime",
    "int32",
    "int64",
    "double",
];

/// The name of what a definition uses and is not modelled.
pub(crate) fn unmodelled(crd: &Value) -> Option<String> {
    if crd.str_at(&["spec", "conversion", "strategy"]) == Some("Webhook") {
        return Some("conversion webhooks of custom resources".to_owned());
    }
    let versions = crd.items_at(&["spec", "versions"]).iter();
    let rules = versions.filter_map(|v| rules_at(v.at(&["schema", "openAPIV3Schema"])?, "openAPIV3Schema"));
    rules.map(|path| format!("CEL rules of custom resources (x-kubernetes-validations at {path})")).next()
}

fn rules_at(schema: &Value, path: &str) -> Option<String> {
    if !schema.items_at(&["x-kubernetes-validations"]).is_empty() {
        return Some(path.to_owned());
    }
    walk(schema, path).into_iter().find_map(|(path, child)| rules_at(child, &path))
}

/// The schemas directly inside a schema, with their paths.
fn walk<'v>(schema: &'v Value, path: &str) -> Vec<(String, &'v Value)> {
    let properties = schema.get("properties").and_then(Value::as_map).into_iter().flatten();
    let mut all: Vec<_> =
        properties.map(|(key, child)| (format!("{path}.properties[{key}]"), child)).collect();
    for key in ["items", "additionalProperties"] {
        all.extend(schema.get(key).filter(|v| v.as_map().is_some()).map(|v| (format!("{path}.{key}"), v)));
    }
    all
}

/// The warnings about a definition.
pub(crate) fn warnings(crd: &Value) -> Vec<String> {
    let mut texts = Vec::new();
    let mut todo: Vec<&Value> = Vec::new();
    for version in crd.items_at(&["spec", "versions"]) {
        todo.extend(version.at(&["schema", "openAPIV3Schema"]));
    }
    while let Some(schema) = todo.pop() {
        if let Some(format) = schema.str_at(&["format"]).filter(|format| !FORMATS.contains(format)) {
            texts.push(format!("unrecognized format {format:?}"));
        }
        todo.extend(walk(schema, "").into_iter().map(|(_, child)| child));
    }
    texts
}

/// The errors of a definition. `old` is the definition that it replaces.
pub(crate) fn validate(new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    group_and_name(new, &mut errors);
    let scope = text(new, &["spec", "scope"]);
    if scope.is_empty() {
        errors.push(FieldError::required("spec.scope", ""));
    } else if !matches!(scope, "Cluster" | "Namespaced") {
        let supported = ["Cluster", "Namespaced"].map(Value::from);
        errors.push(FieldError::not_supported("spec.scope", &scope.into(), &supported));
    }
    versions(new, &mut errors);
    accepted_names(new, &mut errors);
    conversion(new, &mut errors);
    stored_versions(new, &mut errors);
    if let Some(old) = old {
        immutable(new, old, &mut errors);
    }
    errors
}

fn group_and_name(new: &Value, errors: &mut Vec<FieldError>) {
    let (group, plural) = (text(new, &["spec", "group"]), text(new, &["spec", "names", "plural"]));
    let name = text(new, &["metadata", "name"]);
    if name != format!("{plural}.{group}") {
        let why = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid("metadata.name", &name.into(), why));
    }
    if group.is_empty() {
        errors.push(FieldError::required("spec.group", ""));
        return;
    }
    for why in names::subdomain(group) {
        errors.push(FieldError::invalid("spec.group", &group.into(), why));
    }
    if !group.contains('.') {
        errors.push(FieldError::invalid(
            "spec.group",
            &group.into(),
            "should be a domain with at least one dot",
        ));
    }
    let protected = [".k8s.io", ".kubernetes.io"].iter().any(|end| group.ends_with(end));
    if protected && new.at(&["metadata", "annotations", APPROVED]).is_none() {
        let why = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
                   https://github.com/kubernetes/enhancements/pull/1111";
        errors.push(FieldError::required(&format!("metadata.annotations[{APPROVED}]"), why));
    }
}

fn versions(new: &Value, errors: &mut Vec<FieldError>) {
    let versions = new.items_at(&["spec", "versions"]);
    let names: Vec<&str> = versions.iter().map(|v| text(v, &["name"])).collect();
    for (i, name) in names.iter().enumerate() {
        let fields = [format!("spec.versions[{i}].name"), "spec.version".to_owned()];
        for field in fields.iter().take(if i == 0 { 2 } else { 1 }) {
            errors.extend(
                names::label_1035(name).into_iter().map(|e| FieldError::invalid(field, &(*name).into(), e)),
            );
        }
    }
    let shown = if new.at(&["spec", "versions"]).is_none_or(Value::is_null) {
        "null".to_owned()
    } else {
        go_versions(versions)
    };
    let bad = |why: &str| invalid_struct("spec.versions", &shown, why);
    if (1..names.len()).any(|i| names[..i].contains(&names[i])) {
        errors.push(bad("must contain unique version names"));
    }
    if versions.iter().filter(|v| v.get("storage") == Some(&Value::Bool(true))).count() != 1 {
        errors.push(bad("must have exactly one version marked as storage version"));
    }
    if new.at(&["spec", "preserveUnknownFields"]).and_then(Value::as_bool) == Some(true) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &true.into(), why));
    }
    for (i, version) in versions.iter().enumerate() {
        match version.at(&["schema", "openAPIV3Schema"]) {
            None => {
                errors.push(FieldError::required(&format!("spec.versions[{i}].schema.openAPIV3Schema"), ""))
            }
            Some(schema) => {
                let Some(path) = common(versions, i, "schema", "validation") else { continue };
                errors.extend(structural::check(schema, &format!("{path}.openAPIV3Schema")));
            }
        }
        if let Some(path) = common(versions, i, "subresources", "subresources") {
            scale(version, &path, errors);
        }
        if let Some(path) = common(versions, i, "additionalPrinterColumns", "additionalPrinterColumns") {
            columns(version, &path, errors);
        }
    }
}

/// The path of a field of the i-th version in errors. A field that all versions share is reported once, on the definition.
fn common(versions: &[Value], i: usize, key: &str, shared: &str) -> Option<String> {
    let is_shared = versions.iter().all(|v| v.get(key) == versions[0].get(key));
    match (is_shared, i) {
        (true, 0) => Some(format!("spec.{shared}")),
        (true, _) => None,
        (false, i) => Some(format!("spec.versions[{i}].{key}")),
    }
}

/// Versions as the server prints its internal type. Parts that all versions share are kept elsewhere, and so print as null.
fn go_versions(versions: &[Value]) -> String {
    let all = versions.iter().map(|version| {
        let is = |key: &str| version.get(key).and_then(Value::as_bool) == Some(true);
        format!(
            "{{\"Name\":{:?},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":null,\"Schema\":null,\
             \"Subresources\":null,\"AdditionalPrinterColumns\":null,\"SelectableFields\":null}}",
            text(version, &["name"]),
            is("served"),
            is("storage"),
            is("deprecated"),
        )
    });
    format!("[{}]", all.collect::<Vec<_>>().join(","))
}

fn scale(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(scale) = version.at(&["subresources", "scale"]) else { return };
    for (key, under) in [("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")] {
        let value = text(scale, &[key]);
        let field = format!("{path}.scale.{key}");
        if value.is_empty() {
            errors.push(FieldError::required(&field, ""));
        } else if !value.starts_with(&format!("{under}.")) {
            let why = format!("should be a json path under {under}");
            errors.push(FieldError::invalid(&field, &value.into(), why));
        }
    }
}

fn columns(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    for (i, column) in version.items_at(&["additionalPrinterColumns"]).iter().enumerate() {
        let at = |key: &str| format!("{path}[{i}].{key}");
        if text(column, &["name"]).is_empty() {
            errors.push(FieldError::required(&at("name"), ""));
        }
        let kind = text(column, &["type"]);
        if !COLUMN_TYPES.contains(&kind) {
            let why = format!("must be one of {}", COLUMN_TYPES.join(","));
            errors.push(FieldError::invalid(&at("type"), &kind.into(), why));
        }
        let json_path = text(column, &["jsonPath"]);
        if json_path.is_empty() {
            errors.push(FieldError::required(&at("JSONPath"), ""));
        } else if !json_path.starts_with('.') {
            let why = "must be a simple json path starting with .";
            errors.push(FieldError::invalid(&at("JSONPath"), &json_path.into(), why));
        }
    }
}

fn accepted_names(new: &Value, errors: &mut Vec<FieldError>) {
    let own = |key: &str| text(new, &["spec", "names", key]);
    for key in ["plural", "singular", "kind", "listKind"] {
        let (name, field) = (own(key), format!("spec.names.{key}"));
        if name.is_empty() {
            errors.push(FieldError::required(&field, ""));
            continue;
        }
        let mixed = matches!(key, "kind" | "listKind");
        let checked = if mixed { name.to_lowercase() } else { name.to_owned() };
        let prefix = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
        let reasons = names::label_1035(&checked).into_iter();
        errors.extend(reasons.map(|e| FieldError::invalid(&field, &name.into(), format!("{prefix}{e}"))));
    }
    for key in ["shortNames", "categories"] {
        for (i, name) in new.items_at(&["spec", "names", key]).iter().enumerate() {
            let reasons = names::label_1035(name.as_str().unwrap_or_default()).into_iter();
            let field = format!("spec.names.{key}[{i}]");
            errors.extend(reasons.map(|e| FieldError::invalid(&field, name, e)));
        }
    }
    if !own("kind").is_empty() && own("kind") == own("listKind") {
        let why = "kind and listKind may not be the same";
        errors.push(FieldError::invalid("spec.names.listKind", &own("listKind").into(), why));
    }
}

fn conversion(new: &Value, errors: &mut Vec<FieldError>) {
    let strategy = text(new, &["spec", "conversion", "strategy"]);
    if strategy == "Webhook" {
        if new.at(&["spec", "conversion", "webhook", "clientConfig"]).is_none() {
            let why = "required when strategy is set to Webhook";
            errors.push(FieldError::required("spec.conversion.webhookClientConfig", why));
        }
        if new.items_at(&["spec", "conversion", "webhook", "conversionReviewVersions"]).is_empty() {
            errors.push(FieldError::required("spec.conversion.conversionReviewVersions", ""));
        }
    } else if !matches!(strategy, "" | "None") {
        let supported = ["None", "Webhook"].map(Value::from);
        errors.push(FieldError::not_supported("spec.conversion.strategy", &strategy.into(), &supported));
    }
}

fn stored_versions(new: &Value, errors: &mut Vec<FieldError>) {
    let stored = new.items_at(&["status", "storedVersions"]);
    let mut bad =
        |shown: &Value, why: &str| errors.push(FieldError::invalid("status.storedVersions", shown, why));
    if stored.is_empty() {
        bad(&Value::Null, "must have at least one stored version");
        return;
    }
    let versions = new.items_at(&["spec", "versions"]);
    let mut storage = versions.iter().filter(|v| v.get("storage") == Some(&Value::Bool(true)));
    if let (Some(first), more) = (storage.next(), storage.next()) {
        let name = first.get("name").cloned().unwrap_or_default();
        if more.is_some() || !stored.contains(&name) {
            let why = format!("must have the storage version {}", name.as_str().unwrap_or_default());
            bad(&Value::list(stored.iter().cloned()), &why);
        }
    }
}

fn immutable(new: &Value, old: &Value, errors: &mut Vec<FieldError>) {
    let established = super::is_established(old);
    let fixed: &[&[&str]] = if established {
        &[&["spec", "scope"], &["spec", "names", "kind"], &["spec", "group"], &["spec", "names", "plural"]]
    } else {
        &[&["spec", "group"], &["spec", "names", "plural"]]
    };
    for path in fixed {
        if let Some(value) = new.at(path).filter(|value| Some(*value) != old.at(path)) {
            errors.push(FieldError::invalid(&path.join("."), value, "field is immutable"));
        }
    }
}
