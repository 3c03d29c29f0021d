//! Defaults that depend on other fields, of kinds with one or two of them.

use super::super::tree::{default, edit_items, edited, text};
use crate::object::{Str, Value};
use crate::value;

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// Ingress is always isolated; egress where there are rules for it.
pub(super) fn network_policy(new: &mut Value) {
    let Some(spec) = new.get("spec") else { return };
    let egress = !spec.items_at(&["egress"]).is_empty();
    let types = if egress { value!(["Ingress", "Egress"]) } else { value!(["Ingress"]) };
    default(new, &["spec", "policyTypes"], types);
}

/// Users and groups are of the RBAC group, service accounts of the core one.
pub(super) fn role_binding(new: &mut Value) {
    edit_items(new, &["subjects"], |subject| {
        let named = matches!(text(subject, &["kind"]), "User" | "Group");
        let is_due = named && text(subject, &["apiGroup"]).is_empty();
        edited(subject, is_due, |subject| subject.set_at(&["apiGroup"], RBAC_GROUP))
    });
}

/// Names follow from the kind's; the stored versions begin with the storage version.
pub(super) fn custom_resource_definition(new: &mut Value) {
    let Some(spec) = new.get("spec") else { return };
    let kind = text(spec, &["names", "kind"]).to_owned();
    let storage = spec.items_at(&["versions"]).iter().find(|v| v.get("storage") == Some(&Value::Bool(true)));
    let storage: Option<Str> = storage.and_then(|v| v.str_at(&["name"])).map(Str::new);
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

/// A limit's default is its maximum; the default request is the default limit, or else the minimum.
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

/// `podCIDR` is the first of `podCIDRs`; what is not reserved is allocatable.
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

/// Every namespace carries its name as a label.
pub(super) fn namespace(new: &mut Value) {
    let name = text(new, &["metadata", "name"]).to_owned();
    if !name.is_empty() && new.str_at(&["metadata", "labels", NAME_LABEL]) != Some(&name) {
        new.set_at(&["metadata", "labels", NAME_LABEL], name);
    }
}

/// `stringData` is written, never read: it goes into `data` in base64.
pub(super) fn secret(new: &mut Value) {
    let Some(plain) = new.as_map_mut().and_then(|map| map.remove("stringData")) else { return };
    for (key, text) in plain.as_map().into_iter().flatten() {
        let encoded = base64(text.as_str().unwrap_or_default().as_bytes());
        new.set_at(&["data", key.as_str()], encoded);
    }
}

/// RFC 4648 base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let six = (bits >> (18 - 6 * i)) & 63;
            out.push(if i <= chunk.len() { char::from(ALPHABET[six as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(
            ["", "f", "fo", "foo", "hello"].map(|t| base64(t.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "aGVsbG8="]
        );
    }
}
