//! What the server makes of a body before it judges it: the form of its type, and defaults.
//!
//! Real: decode into the Go type, default, convert. Modelled: unconditional defaults are data of the shape; those that
//! depend on other fields are here, one file per family of kinds. To add one: a line in [`of_kind`].
//!
//! An update costs what it changes: a top-level field that is shared with the stored object is not walked again.

mod other;
mod pod;
mod service;
mod workload;

use super::kind::Kind;
use super::tree::shared;
use crate::object::{DecodeError, Map, Value};

pub(super) use pod::qos_class;
pub(super) use workload::labels_from_template;

/// Decodes a body: checks the types of a built-in object's values (in the words of the decoder), drops fields that the type
/// does not have, brings the rest into the type's form and sets defaults. Returns the dotted paths of what was dropped, as
/// field validation names them. `old` is the object that it replaces.
///
/// Values of custom objects are checked by `validation`.
pub fn decode(kind: &Kind, new: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
    let mut decoded = Ok(Vec::new());
    changed(new, old, |part| {
        if !kind.custom
            && let Err(error) = kind.shape().decode(part)
        {
            decoded = Err(error);
            return;
        }
        decoded = Ok(kind.shape().prune(part));
        default_part(kind, part);
    });
    decoded
}

/// Brings the object into its type's form and sets defaults. `old` is the object that it replaces.
pub fn apply_defaults(kind: &Kind, new: &mut Value, old: Option<&Value>) {
    changed(new, old, |part| default_part(kind, part));
}

fn default_part(kind: &Kind, part: &mut Value) {
    let shape = kind.shape();
    shape.canonicalize(part);
    shape.apply_defaults(part);
    drop_double_owners(part);
    if !kind.custom {
        of_kind(kind.resource.as_str(), part);
    }
}

/// An owner that is named twice in the same words counts once.
fn drop_double_owners(new: &mut Value) {
    let owners = new.items_at(&["metadata", "ownerReferences"]);
    let is_first = |i: usize| !owners[..i].contains(&owners[i]);
    if !(0..owners.len()).all(is_first) {
        let once: Vec<Value> =
            (0..owners.len()).filter(|i| is_first(*i)).map(|i| owners[i].clone()).collect();
        new.set_at(&["metadata", "ownerReferences"], once);
    }
}

/// Defaults that depend on other fields.
fn of_kind(resource: &str, new: &mut Value) {
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
        "v1/pods" => pod::pod(new),
        "v1/podtemplates" => pod::template(new, &["template"]),
        "v1/replicationcontrollers" => workload::replication_controller(new),
        "v1/secrets" => other::secret(new),
        "v1/services" => service::service(new),
        _ => (),
    }
}

/// Lets `edit` work on the top-level fields that are not shared with `old`, and puts the result back.
fn changed(new: &mut Value, old: Option<&Value>, edit: impl FnOnce(&mut Value)) {
    let Some(old) = old.and_then(Value::as_map) else { return edit(new) };
    let Some(map) = new.as_map_mut() else { return };
    let is_changed = |key: &str, value: &Value| !old.get(key).is_some_and(|was| shared(was, value));
    if map.iter().all(|(key, value)| !is_changed(key.as_str(), value)) && old.len() == map.len() {
        return;
    }
    let kept: Vec<_> = map.iter().filter(|(key, value)| !is_changed(key.as_str(), value)).cloned().collect();
    let changed: Map = map.iter().filter(|(key, value)| is_changed(key.as_str(), value)).cloned().collect();
    let mut part = Value::Map(changed);
    edit(&mut part);
    let made = part.as_map().into_iter().flatten().cloned();
    // What was kept goes last: it wins over what was made up for a field that only the part does not have.
    *map = made.chain(kept).collect();
}

#[cfg(test)]
mod tests;
