//! What may be stored: the rules of metadata, of the kinds, and of custom schemas, in the real server's words.
//!
//! Recorded in `golden/validation-*`, `owner-references-validation`, `finalizer-invalid-names` and others. Modelled: the rules
//! that clients meet; a rule that is missing here lets an object pass that a real server refuses. Not modelled: the dumps of
//! Go structs inside some texts.
//!
//! A write costs what it changes: parts that are shared with the stored object are not checked again. To add a kind: one
//! line in [`of_kind`].

mod batch;
mod check;
mod container;
mod labels;
mod metadata;
mod other;
mod pod;
mod pod_update;
mod service;
mod volume;
mod workload;

use super::crd;
use super::kind::Kind;
use crate::object::{FieldError, Value};
use check::Check;

/// The complaints about an object that is created, or replaces `old`. Defaults are set, metadata is complete.
pub(super) fn validate(kind: &Kind, new: &Value, old: Option<&Value>, subresource: &str) -> Vec<FieldError> {
    let mut check = Check::default();
    metadata::check(kind, new, old, &mut check);
    if kind.custom {
        check.errors.extend(of_schema(kind, new, old));
    } else {
        of_kind(kind.resource.as_str(), &Write { new, old, subresource }, &mut check);
    }
    check.errors
}

/// A write to judge.
struct Write<'a> {
    new: &'a Value,
    old: Option<&'a Value>,
    subresource: &'a str,
}

impl Write<'_> {
    /// Whether the value at `path` is another one than what is stored.
    fn changes(&self, path: &[&str]) -> bool {
        let Some(mut old) = self.old else { return true };
        let mut new = self.new;
        for (i, key) in path.iter().enumerate() {
            let rest = &path[i + 1..];
            match (old.get(key), new.get(key)) {
                (Some(was), Some(is)) if !was.is_shared_with(is) => (old, new) = (was, is),
                (Some(_), Some(_)) | (None, None) => return false,
                (Some(one), None) | (None, Some(one)) => return one.at(rest).is_some(),
            }
        }
        true
    }
}

/// A custom object against its schema. What was wrong before may stay wrong (CRD ratcheting).
fn of_schema(kind: &Kind, new: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let unchanged = |old: &Value| {
        let fields = new.as_map().into_iter().flatten();
        let mut own = fields.filter(|(key, _)| key.as_str() != "metadata");
        own.all(|(key, value)| old.get(key.as_str()).is_some_and(|was| was.is_shared_with(value)))
    };
    if old.is_some_and(unchanged) {
        return Vec::new();
    }
    let mut errors = kind.shape().validate(new);
    if let Some(old) = old
        && !errors.is_empty()
    {
        let before = kind.shape().validate(old);
        errors.retain(|error| !before.contains(error));
    }
    errors
}

fn of_kind(resource: &str, write: &Write<'_>, check: &mut Check) {
    match resource {
        "apiextensions.k8s.io/v1/customresourcedefinitions" if write.subresource.is_empty() => {
            check.errors.extend(crd::validate(write.new, write.old));
        }
        "apps/v1/daemonsets" => workload::daemon_set(write, check),
        "apps/v1/deployments" => workload::deployment(write, check),
        "apps/v1/replicasets" => workload::replica_set(write, check),
        "apps/v1/statefulsets" => workload::stateful_set(write, check),
        "batch/v1/cronjobs" => batch::cron_job(write, check),
        "batch/v1/jobs" => batch::job(write, check),
        "coordination.k8s.io/v1/leases" => other::lease(write, check),
        "discovery.k8s.io/v1/endpointslices" => other::endpoint_slice(write, check),
        "rbac.authorization.k8s.io/v1/clusterrolebindings" | "rbac.authorization.k8s.io/v1/rolebindings" => {
            other::immutable(write, &["roleRef"], check);
        }
        "scheduling.k8s.io/v1/priorityclasses" => other::immutable(write, &["value"], check),
        "v1/configmaps" => other::config_map(write, check),
        "events.k8s.io/v1/events" | "v1/events" => other::event(write, check),
        "v1/nodes" => other::node(write, check),
        "v1/pods" => pod::pod(write, check),
        "v1/podtemplates" => pod::template(write.new, &["template"], None, check),
        "v1/replicationcontrollers" => workload::replication_controller(write, check),
        "v1/secrets" => other::secret(write, check),
        "v1/services" => service::service(write, check),
        _ => (),
    }
}

#[cfg(test)]
mod tests;
