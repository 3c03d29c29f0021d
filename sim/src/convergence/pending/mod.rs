//! Why one object has not reached its wanted state: the table of kinds, and the rules for every kind.
//!
//! Real: kstatus, which users of Helm and Flux know. Modelled: the controller has observed the generation; Deployment,
//! ReplicaSet, StatefulSet and DaemonSet have all wanted replicas updated, ready and available (a paused Deployment, an
//! OnDelete StatefulSet and a suspended Job are not pending); a Job is finished; a claim is Bound, or WaitForFirstConsumer
//! without a consumer; a pod is Ready or Succeeded; a CustomResourceDefinition is Established; a custom resource is neither
//! `Reconciling` nor `Stalled`, and `Ready` if it has that condition.
//!
//! Differs, by our choice: a node must be Ready without lifecycle taints, because a lost node is a fault; nothing may be
//! terminating or have an owner that does not exist, because finalizers and garbage collection must end; a Failed pod that
//! its controller has replaced is not pending; a bound claim has the size that it wants. Expectations, not these rules, judge
//! whether the spec is the wanted one. A scenario names what is pending by design (`converge.pending`).
//!
//! To add a kind: a function in the file of its family that says what it lacks, a line in [`RULES`], and a case in `tests`.

mod cluster;
mod custom;
mod workloads;

#[cfg(test)]
mod tests;

use super::reason::{Reason, Want, text};
use crate::object::{Object, OwnerRef, Value, keys};

/// What a rule needs to know of other objects.
pub trait Lookup {
    /// Whether there is an object with this reference's uid.
    fn has_owner(&self, owner: &OwnerRef<'_>) -> bool;
    /// Whether the claim's storage class is WaitForFirstConsumer and no pod uses the claim.
    fn waits_for_consumer(&self, claim: &Object) -> bool;
}

/// For judging one object alone: every owner exists, and every claim has a consumer.
impl Lookup for () {
    fn has_owner(&self, _: &OwnerRef<'_>) -> bool {
        true
    }
    fn waits_for_consumer(&self, _: &Object) -> bool {
        false
    }
}

type PendingRule = fn(&Object, &dyn Lookup) -> Option<Want>;

/// The rule of each kind. Other kinds have [`custom::resource`].
const RULES: &[(&str, &str, PendingRule)] = &[
    ("v1", "Pod", cluster::pod),
    ("v1", "Node", cluster::node),
    ("apps/v1", "ReplicaSet", workloads::replica_set),
    ("v1", "ReplicationController", workloads::replica_set),
    ("apps/v1", "Deployment", workloads::deployment),
    ("apps/v1", "StatefulSet", workloads::stateful_set),
    ("apps/v1", "DaemonSet", workloads::daemon_set),
    ("batch/v1", "Job", workloads::job),
    ("v1", "PersistentVolumeClaim", cluster::claim),
    ("v1", "Namespace", cluster::namespace),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", custom::definition),
];

/// Whether the object is a Lease or an Event: written all the time, never pending, not part of the state.
pub(super) fn is_noise(object: &Object) -> bool {
    let noise = [("Lease", "coordination.k8s.io/"), ("Event", "v1"), ("Event", "events.k8s.io/")];
    let kind = object.kind();
    noise.iter().any(|(name, group)| *name == kind && object.api_version().starts_with(group))
}

/// Why `object` is pending; `None` if it has reached its wanted state.
pub fn pending(object: &Object, others: &dyn Lookup) -> Option<Reason> {
    if is_noise(object) {
        return None;
    }
    let (api_version, kind) = (object.api_version(), object.kind());
    let found = RULES.iter().find(|rule| rule.1 == kind && rule.0 == api_version);
    let rule = found.map_or(custom::resource as PendingRule, |found| found.2);
    let want = terminating(object).or_else(|| dangling(object, others)).or_else(|| rule(object, others))?;
    Some(Reason::new(object, want))
}

fn terminating(object: &Object) -> Option<Want> {
    object.at(&["metadata", "deletionTimestamp"])?;
    let node = text(object, &["spec", "nodeName"]);
    Some(Want::Terminating {
        finalizers: object.finalizers().map(Into::into).collect(),
        node: Some(node).filter(|node| object.kind() == "Pod" && !node.is_empty()),
    })
}

fn dangling(object: &Object, others: &dyn Lookup) -> Option<Want> {
    let owner = object.owners().find(|owner| !others.has_owner(owner))?;
    Some(Want::Dangling { owner: (owner.kind.into(), owner.name.into()) })
}

/// The generation is observed, if the object has `observedGeneration`.
fn observed(object: &Object) -> Option<Want> {
    let observed = object.status(keys::OBSERVED_GENERATION)?.as_i64()?;
    let generation = Some(object.generation()).filter(|generation| *generation > 0)?;
    (observed != generation).then_some(Want::Observed { generation, observed })
}

/// As [`observed`], for kinds whose controller always writes `observedGeneration`.
fn observed_at_all(object: &Object) -> Option<Want> {
    let observed = object.count(keys::OBSERVED_GENERATION);
    let generation = object.generation();
    (observed != generation).then_some(Want::Observed { generation, observed })
}

/// Reason and message of a condition, as one text.
fn because(condition: &Value) -> String {
    let part = |field: &str| condition.str_at(&[field]).unwrap_or_default();
    match (part("reason"), part("message")) {
        ("", "") => part("status").to_owned(),
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
