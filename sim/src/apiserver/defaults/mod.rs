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
use crate::object::{DecodeError, Edit, Key, Map, Value};

pub(super) use pod::qos_class;
pub(super) use workload::labels_from_template;

/// Decodes a body: checks the types of a built-in object's values (in the words of the decoder), drops fields that the type
/// does not have, brings the rest into the type's form and sets defaults. Returns the dotted paths of what was dropped, as
/// field validation names them. `old` is the object that it replaces.
///
/// Values of custom objects are checked by `validation`.
pub fn decode(kind: &Kind, new: &mut Value, old: Option<&Value>) -> Result<Vec<String>, DecodeError> {
    let mut unknown = Vec::new();
    let shape = kind.shape();
    let before =
        Before(old.and_then(Value::as_map).filter(|old| new.as_map().is_some_and(|new| covers(new, old))));
    if before.0.is_none() {
        if !kind.custom {
            shape.decode(new)?;
        }
        unknown = shape.prune(new);
        shape.canonicalize(new);
        shape.apply_defaults(new);
    } else if let Some(map) = new.as_map_mut() {
        let mut edits = Vec::new();
        for (key, value) in map.iter().filter(|(key, value)| before.differs(*key, value)) {
            edits.push((*key, shape.decode_field(*key, value, &mut unknown)?));
        }
        for (key, edit) in edits {
            match edit {
                Edit::Keep => (),
                Edit::Drop => drop(map.remove(key.as_str())),
                Edit::Set(value) => map.set(key, value),
            }
        }
    }
    drop_double_owners(new);
    if !kind.custom {
        of_kind(kind.resource.as_str(), new, &before);
    }
    Ok(unknown)
}

/// Brings an object into its type's form and sets defaults.
pub fn apply_defaults(kind: &Kind, new: &mut Value) {
    kind.shape().canonicalize(new);
    kind.shape().apply_defaults(new);
    if !kind.custom {
        of_kind(kind.resource.as_str(), new, &Before(None));
    }
}

/// The top-level fields before this write; none on create, and where a field is gone that must perhaps come back.
struct Before<'a>(Option<&'a Map>);

impl Before<'_> {
    /// Whether the value at `key` is another one than before.
    fn differs(&self, key: Key, value: &Value) -> bool {
        !self.0.and_then(|old| old.get_key(key)).is_some_and(|was| shared(was, value))
    }

    /// Whether the field is there and another one than before.
    fn changed(&self, new: &Value, field: &str) -> bool {
        let Some(value) = new.get(field) else { return false };
        !self.0.and_then(|old| old.get(field)).is_some_and(|was| shared(was, value))
    }
}

fn covers(new: &Map, old: &Map) -> bool {
    old.iter().all(|(key, _)| new.get_key(*key).is_some())
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
fn of_kind(resource: &str, new: &mut Value, before: &Before<'_>) {
    if resource == "v1/pods" {
        return pod::pod(new, before.changed(new, "spec"), before.changed(new, "status"));
    }
    let changed = |field| before.changed(new, field);
    if new.get("spec").is_some() && !changed("spec") && !changed("metadata") && resource != "v1/nodes" {
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
