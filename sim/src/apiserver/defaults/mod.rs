//! Decoding and defaults: the server brings a body into the form of its type and sets defaults before it validates it.
//!
//! Real: the server decodes into the Go type, sets defaults and converts. Modelled: unconditional defaults are data of the
//! shape; defaults that depend on other fields are here, one file per family of kinds. To add one: a line in [`of_kind`].
//!
//! An update costs only what it changes: parts shared with the stored object are not visited again.

mod decode;
mod other;
mod pod;
mod service;
mod workload;

use super::kind::Kind;
use crate::object::{DecodeError, Value, keys};
use decode::Before;

pub(super) use pod::qos_class;
pub(super) use workload::labels_from_template;

/// Decodes a body: checks the types of a built-in object's values (with the decoder's messages), drops unknown fields,
/// brings the rest into the type's form and sets defaults. Returns the dotted paths of the dropped fields, as field validation
/// names them. `old` is the object that it replaces. `validation` checks the values of custom objects.
pub(super) fn decode(kind: &Kind, new: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
    let before = Before::of(old, new);
    let unknown =
        if kind.custom { decode::custom(kind, new, &before) } else { kind.shape().store(new, old)? };
    decode::drop_double_owners(new);
    if !kind.custom {
        of_kind(kind.resource.as_str(), new, &before);
    }
    Ok(unknown)
}

/// Brings an object into its type's form and sets defaults.
pub(super) fn apply_defaults(kind: &Kind, new: &mut Value) {
    kind.shape().canonicalize(new);
    kind.shape().apply_defaults(new);
    if !kind.custom {
        of_kind(kind.resource.as_str(), new, &Before(None));
    }
}

/// Sets the defaults that depend on other fields.
fn of_kind(resource: &str, new: &mut Value, before: &Before<'_>) {
    if resource == "v1/pods" {
        return pod::pod(new, before.changed(new, keys::SPEC), before.changed(new, keys::STATUS));
    }
    let changed = |field| before.changed(new, field);
    let has_spec = new.get_key(keys::SPEC).is_some();
    if has_spec && !changed(keys::SPEC) && !changed(keys::METADATA) && resource != "v1/nodes" {
        return;
    }
    match resource {
        "apps/v1/daemonsets" => workload::daemon_set(new),
        "apps/v1/deployments" => workload::deployment(new),
        "apps/v1/replicasets" => pod::template(new, &["spec", "template"]),
        "apps/v1/statefulsets" => workload::stateful_set(new),
        "batch/v1/cronjobs" => pod::template(new, &["spec", "jobTemplate", "spec", "template"]),
        "batch/v1/jobs" => workload::job(new),
        "networking.k8s.io/v1/networkpolicies" => other::network_policy(new),
        "rbac.authorization.k8s.io/v1/clusterrolebindings" | "rbac.authorization.k8s.io/v1/rolebindings" => {
            other::role_binding(new);
        }
        "apiextensions.k8s.io/v1/customresourcedefinitions" => other::custom_resource_definition(new),
        "v1/limitranges" => other::limit_range(new),
        "v1/namespaces" => other::namespace(new),
        "v1/nodes" => other::node(new),
        "v1/podtemplates" => pod::template(new, &["template"]),
        "v1/replicationcontrollers" => workload::replication_controller(new),
        "v1/secrets" => other::secret(new),
        "v1/services" => service::service(new),
        _ => (),
    }
}

#[cfg(test)]
mod tests;
