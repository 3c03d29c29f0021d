//! Validation: the rules of metadata, of built-in kinds, and of custom schemas, with the messages of a real server.
//!
//! Recorded in `validation-*`, `owner-references-validation`, `finalizer-invalid-names` and others. Modelled: the common rules.
//! Not modelled: all other rules, so that an object may be accepted here that a real server refuses; Go structs printed inside
//! some messages.
//!
//! A write costs only what it changes: parts shared with the stored object are not validated again. To add a kind: one line in
//! [`of_kind`].

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
use check::{Checker, PendingWrite};

/// The errors of an object that is created or replaces `old`. Its defaults are set and its metadata is complete.
pub(super) fn validate(kind: &Kind, new: &Value, old: Option<&Value>, subresource: &str) -> Vec<FieldError> {
    let mut check = Checker::default();
    metadata::check(kind, new, old, &mut check);
    if kind.custom {
        check.errors.extend(of_schema(kind, new, old));
    } else {
        of_kind(kind.resource.as_str(), &PendingWrite { new, old, subresource }, &mut check);
    }
    check.errors
}

/// The errors of a custom object under its schema. Errors that the stored object also has are ignored (CRD ratcheting).
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

fn of_kind(resource: &str, write: &PendingWrite<'_>, check: &mut Checker) {
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
        "v1/podtemplates" => pod::template(write.new, &["template"], false, check),
        "v1/replicationcontrollers" => workload::replication_controller(write, check),
        "v1/secrets" => other::secret(write, check),
        "v1/services" => service::service(write, check),
        _ => (),
    }
}

#[cfg(test)]
mod tests;
