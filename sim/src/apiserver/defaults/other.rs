//! Defaults that depend on other fields, for kinds with one or two of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::super::crd::storage_version;
use super::super::tree::{default, edit_items, edited, text};
use crate::object::Value;
use crate::value;

/// The label with a namespace's own name (core `LabelMetadataName`).
const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// A policy isolates ingress always, and egress if it has egress rules.
pub(super) fn network_policy(new: &mut Value) {
    let Some(spec) = new.get("spec") else { return };
    let egress = !spec.items_at(&["egress"]).is_empty();
    let types = if egress { value!(["Ingress", "Egress"]) } else { value!(["Ingress"]) };
    default(new, &["spec", "policyTypes"], types);
}

/// Subjects of kind User and Group are in the RBAC group, service accounts in the core group.
pub(super) fn role_binding(new: &mut Value) {
    edit_items(new, &["subjects"], |subject| {
        let named = matches!(text(subject, &["kind"]), "User" | "Group");
        let is_due = named && text(subject, &["apiGroup"]).is_empty();
        edited(subject, is_due, |subject| subject.set_at(&["apiGroup"], RBAC_GROUP))
    });
}

/// Singular and list kind follow from the kind; the stored versions begin with the storage version.
pub(super) fn custom_resource_definition(new: &mut Value) {
    let Some(spec) = new.get("spec") else { return };
    let kind = text(spec, &["names", "kind"]).to_owned();
    let storage = storage_version(new).and_then(Value::as_text).cloned();
    if !kind.is_empty() {
        default(new, &["spec", "names", "singular"], kind.to_lowercase());
        default(new, &["spec", "names", "listKind"], format!("{kind}List"));
    }
    let stored = new.items_at(&["status", "storedVersions"]);
    if let Some(storage) = storage
        && stored.is_empty()
        && new.get("status").is_some()
    {
        new.set_at(&["status", "storedVersions"], value!([storage]));
    }
}

/// The default limit is the maximum; the default request is the default limit, else the minimum.
pub(super) fn limit_range(new: &mut Value) {
    edit_items(new, &["spec", "limits"], |limit| {
        edited(limit, text(limit, &["type"]) == "Container", |limit| {
            for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
                let Some(amounts) = limit.get(from).and_then(Value::as_map).cloned() else { continue };
                for (resource, amount) in &amounts {
                    default(limit, &[to, resource.as_str()], amount.clone());
                }
            }
        })
    });
}

/// `podCIDR` is the first of `podCIDRs`; without reservations the whole capacity is allocatable.
pub(super) fn node(new: &mut Value) {
    if let Some(capacity) = new.at(&["status", "capacity"]).cloned() {
        default(new, &["status", "allocatable"], capacity);
    }
    let cidr = text(new, &["spec", "podCIDR"]).to_owned();
    let first = new.items_at(&["spec", "podCIDRs"]).first().and_then(Value::as_str).map(str::to_owned);
    match first {
        Some(first) if cidr.is_empty() => new.set_at(&["spec", "podCIDR"], first),
        first if !cidr.is_empty() && first.as_deref() != Some(&cidr) => {
            new.set_at(&["spec", "podCIDRs"], value!([cidr]));
        }
        _ => (),
    }
}

/// A namespace has its name as a label.
pub(super) fn namespace(new: &mut Value) {
    let name = text(new, &["metadata", "name"]).to_owned();
    if !name.is_empty() && new.str_at(&["metadata", "labels", NAME_LABEL]) != Some(&name) {
        new.set_at(&["metadata", "labels", NAME_LABEL], name);
    }
}

/// `stringData` is write-only: its values move to `data`, in base64.
pub(super) fn secret(new: &mut Value) {
    let Some(plain) = new.as_map_mut().and_then(|map| map.remove("stringData")) else { return };
    for (key, text) in plain.as_map().into_iter().flatten() {
        let encoded = STANDARD.encode(text.as_str().unwrap_or_default().as_bytes());
        new.set_at(&["data", key.as_str()], encoded);
    }
}
