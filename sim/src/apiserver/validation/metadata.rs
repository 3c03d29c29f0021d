//! Metadata: names, labels, annotations, finalizers, owners.

use super::super::kind::Kind;
use super::super::rules::NameRule;
use super::check::{Checker, PendingWrite, text};
use super::labels;
use crate::object::{FieldError, Value, keys, names};

/// The size of all annotations of an object, keys and values (apimachinery `TotalAnnotationSizeLimitB`).
const ANNOTATIONS_LIMIT: usize = 262_144;
/// The finalizers without a domain that built-in kinds may have (core `standardFinalizers`).
const STANDARD_FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

pub(super) fn check(kind: &Kind, new: &Value, old: Option<&Value>, check: &mut Checker) {
    let write = PendingWrite { new, old, subresource: "" };
    let of = |key| new.meta(key);
    if old.is_none() {
        name(kind, new, check);
    }
    if !write.changes(&["metadata"]) {
        return;
    }
    if write.changes(&["metadata", "labels"]) {
        labels::labels(format_args!("metadata.labels"), of(keys::LABELS), check);
    }
    if write.changes(&["metadata", "annotations"]) {
        annotations(of(keys::ANNOTATIONS), check);
    }
    if write.changes(&["metadata", "ownerReferences"]) {
        let all = of(keys::OWNER_REFERENCES);
        owners(all.map(Value::items).unwrap_or_default(), all, check);
    }
    if write.changes(&["metadata", "finalizers"]) {
        let all = of(keys::FINALIZERS);
        finalizers(kind, all.map(Value::items).unwrap_or_default(), all, check);
    }
}

fn name(kind: &Kind, new: &Value, check: &mut Checker) {
    let name = new.meta(keys::NAME).and_then(Value::as_str).unwrap_or_default();
    let reasons = match kind.rules.name {
        NameRule::Subdomain => names::subdomain(name),
        NameRule::Label => names::label(name),
        NameRule::Dns1035 => names::label_1035(name),
        NameRule::PathSegment => names::path_segment(name),
    };
    check.names("metadata.name", name, reasons);
}

fn annotations(annotations: Option<&Value>, check: &mut Checker) {
    let mut size = 0;
    for (key, value) in annotations.and_then(Value::as_map).into_iter().flatten() {
        let key = key.as_str();
        size += key.len() + value.as_str().unwrap_or_default().len();
        check.names("metadata.annotations", key, names::qualified_name(&key.to_lowercase()));
    }
    if size > ANNOTATIONS_LIMIT {
        let message = format!("Too long: may not be more than {ANNOTATIONS_LIMIT} bytes");
        check.errors.push(FieldError::new("metadata.annotations", "FieldValueTooLong", message));
    }
}

fn owners(owners: &[Value], all: Option<&Value>, check: &mut Checker) {
    for owner in owners {
        let mut not_empty = |key: &str| {
            if text(owner, key).is_empty() {
                check.invalid(format_args!("metadata.ownerReferences.{key}"), "", "must not be empty");
            }
        };
        let api_version = text(owner, "apiVersion");
        ["kind", "name", "uid"].into_iter().for_each(&mut not_empty);
        if api_version.is_empty() || api_version.matches('/').count() > 1 {
            check.invalid("metadata.ownerReferences.apiVersion", api_version, "version must not be empty");
        }
        if api_version == "v1" && text(owner, "kind") == "Event" {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            check.invalid_struct("metadata.ownerReferences", &go(owner), why);
        }
    }
    let mut controllers =
        owners.iter().filter(|o| o.get("controller").and_then(Value::as_bool) == Some(true));
    if let (Some(first), Some(second), Some(_)) = (controllers.next(), controllers.next(), all) {
        let shown: Vec<String> = owners.iter().map(go).collect();
        let named = |owner| format!("{}/{}", text(owner, "kind"), text(owner, "name"));
        let why = format!(
            "Only one reference can have Controller set to true. Found \"true\" in references for {} and {}",
            named(first),
            named(second)
        );
        check.invalid_struct("metadata.ownerReferences", &format!("[{}]", shown.join(",")), &why);
    }
}

/// An owner reference as Go prints it, with the fields in the order of the type.
fn go(owner: &Value) -> String {
    let order = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let fields = order.iter().filter_map(|key| Some(format!("{key:?}:{}", owner.get(key)?.to_json())));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn finalizers(kind: &Kind, finalizers: &[Value], all: Option<&Value>, check: &mut Checker) {
    for finalizer in finalizers.iter().filter_map(Value::as_str) {
        check.names("metadata.finalizers", finalizer, names::qualified_name(finalizer));
    }
    let has = |name: &str| finalizers.iter().any(|f| f.as_str() == Some(name));
    if has("orphan") && has("foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        check.invalid("metadata.finalizers", all.cloned().unwrap_or_default(), why);
    }
    if kind.custom {
        return;
    }
    for (i, finalizer) in finalizers.iter().enumerate() {
        let name = finalizer.as_str().unwrap_or_default();
        if !name.contains('/') && !STANDARD_FINALIZERS.contains(&name) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            check.invalid(format_args!("metadata.finalizers[{i}]"), name, why);
        }
    }
}
