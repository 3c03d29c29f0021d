//! Kinds with few rules of their own.

use super::check::{Checker, PendingWrite, text};
use crate::object::names::{DEFAULT_NAMESPACE, SYSTEM_NAMESPACE};
use crate::object::{FieldError, Value};

/// The size of all data of a ConfigMap or Secret (core `MaxSecretSize`).
const DATA_LIMIT: usize = 1_048_576;
/// The keys that Secrets of a type must have (core `ValidateSecret`).
const SECRET_KEYS: [(&str, &[&str]); 3] = [
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
];

/// Checks that an update does not change a field.
pub(super) fn immutable(write: &PendingWrite<'_>, path: &[&str], check: &mut Checker) {
    let Some(old) = write.old else { return };
    if old.at(path) != write.new.at(path) {
        let value = write.new.at(path).cloned().unwrap_or_default();
        check.invalid(path.join("."), value, "field is immutable");
    }
}

pub(super) fn config_map(write: &PendingWrite<'_>, check: &mut Checker) {
    data(write, &["data", "binaryData"], check);
}

pub(super) fn secret(write: &PendingWrite<'_>, check: &mut Checker) {
    immutable(write, &["type"], check);
    data(write, &["data"], check);
    let kind = text(write.new, "type");
    for (_, keys) in SECRET_KEYS.iter().filter(|(of, _)| *of == kind) {
        for key in keys.iter().filter(|key| write.new.at(&["data", key]).is_none()) {
            check.required(format_args!("data[{key}]"), "");
        }
    }
}

/// Checks data: valid keys, the size, and no change once the object is immutable.
fn data(write: &PendingWrite<'_>, fields: &[&str], check: &mut Checker) {
    if let Some(old) = write.old
        && old.get("immutable").and_then(Value::as_bool) == Some(true)
    {
        let why = "field is immutable when `immutable` is set";
        if write.new.get("immutable").and_then(Value::as_bool) != Some(true) {
            check.forbidden("immutable", why);
        }
        for field in fields.iter().filter(|field| old.get(field) != write.new.get(field)) {
            check.forbidden(field, why);
        }
    }
    let mut size = 0;
    for field in fields {
        for (key, value) in write.new.get(field).and_then(Value::as_map).into_iter().flatten() {
            let key = key.as_str();
            size += value.as_str().unwrap_or_default().len();
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
            if key.is_empty() || key.len() > 253 || !key.bytes().all(plain) {
                let why = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
                           'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
                check.invalid(format_args!("{field}[{key}]"), key, why);
            }
        }
    }
    if size > DATA_LIMIT {
        let message = format!("Too long: may not be more than {DATA_LIMIT} bytes");
        check.errors.push(FieldError::new("", "FieldValueTooLong", message));
    }
}

pub(super) fn lease(write: &PendingWrite<'_>, check: &mut Checker) {
    let of = |key: &str| write.new.i64_at(&["spec", key]);
    if let Some(seconds) = of("leaseDurationSeconds").filter(|n| *n <= 0) {
        check.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0");
    }
    if let Some(count) = of("leaseTransitions").filter(|n| *n < 0) {
        check.invalid("spec.leaseTransitions", count, "must be greater than or equal to 0");
    }
}

pub(super) fn endpoint_slice(write: &PendingWrite<'_>, check: &mut Checker) {
    immutable(write, &["addressType"], check);
    check.one_of("addressType", write.new.get("addressType"), &["FQDN", "IPv4", "IPv6"]);
    let ports = write.new.items_at(&["ports"]);
    for (i, port) in ports.iter().enumerate() {
        if ports[..i].iter().any(|p| text(p, "name") == text(port, "name")) {
            check.duplicate(format_args!("ports[{i}].name"), &text(port, "name").into());
        }
    }
}

/// An Event is in the namespace of its object. Not modelled: the stricter rules of `events.k8s.io`.
pub(super) fn event(write: &PendingWrite<'_>, check: &mut Checker) {
    let namespace = write.new.str_at(&["involvedObject", "namespace"]).unwrap_or_default();
    let own = write.new.str_at(&["metadata", "namespace"]).unwrap_or_default();
    let cluster_scoped = namespace.is_empty() && matches!(own, DEFAULT_NAMESPACE | SYSTEM_NAMESPACE);
    if namespace != own && !cluster_scoped {
        check.invalid("involvedObject.namespace", namespace, "does not match event.namespace");
    }
}

pub(super) fn node(write: &PendingWrite<'_>, check: &mut Checker) {
    let Some(old) = write.old else { return };
    for (field, shown) in [("podCIDR", "podCIDRs"), ("providerID", "providerID")] {
        let was = old.str_at(&["spec", field]).unwrap_or_default();
        if !was.is_empty() && write.new.str_at(&["spec", field]) != Some(was) {
            let why = format!("node updates may not change {field} except from \"\" to valid");
            check.forbidden(format_args!("spec.{shown}"), &why);
        }
    }
}
