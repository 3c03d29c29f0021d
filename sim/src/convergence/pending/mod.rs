//! Why one object is not yet what it should be: the table of kinds, and the rules that hold for every kind.
//!
//! The rules are those of kstatus, which users of Helm and Flux know, with a few of our own (ORACLES.md): a
//! node has to be Ready without lifecycle taints, a pod that its controller has replaced asks for nothing,
//! `Ready` of a custom resource is not required. Does not judge whether the object's spec is what the user
//! wants: expectations do that.
//!
//! To add a kind: a function in the file of its family that says what it lacks, a line in [`RULES`], and a case in `tests`.

mod cluster;
mod workloads;

#[cfg(test)]
mod tests;

use super::reason::{Reason, Want, text};
use crate::object::{Object, OwnerRef, keys};

/// What a rule must know of other objects.
pub trait Lookup {
    /// Whether there is an object with this reference's uid.
    fn has_owner(&self, owner: &OwnerRef<'_>) -> bool;
    /// Whether the claim's storage class is WaitForFirstConsumer and no pod uses the claim.
    fn waits_for_consumer(&self, claim: &Object) -> bool;
}

/// A world in which every owner exists and every claim has a consumer: for judging one object alone.
impl Lookup for () {
    fn has_owner(&self, _: &OwnerRef<'_>) -> bool {
        true
    }
    fn waits_for_consumer(&self, _: &Object) -> bool {
        false
    }
}

type Rule = fn(&Object, &dyn Lookup) -> Option<Want>;

/// The rule of each kind. Every other kind has [`custom_resource`].
const RULES: &[(&str, &str, Rule)] = &[
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
];

/// Whether the object is a heartbeat or a note: written all the time, never pending, never a state.
pub(super) fn is_noise(object: &Object) -> bool {
    let noise = [("Lease", "coordination.k8s.io/"), ("Event", "v1"), ("Event", "events.k8s.io/")];
    let kind = object.kind();
    noise.iter().any(|(name, group)| *name == kind && object.api_version().starts_with(group))
}

/// Why `object` is pending; `None` if it is what it should be.
pub fn pending(object: &Object, world: &dyn Lookup) -> Option<Reason> {
    if is_noise(object) {
        return None;
    }
    let (api_version, kind) = (object.api_version(), object.kind());
    let found = RULES.iter().find(|rule| rule.1 == kind && rule.0 == api_version);
    let rule = found.map_or(custom_resource as Rule, |found| found.2);
    let want = terminating(object).or_else(|| dangling(object, world)).or_else(|| rule(object, world))?;
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

fn dangling(object: &Object, world: &dyn Lookup) -> Option<Want> {
    let owner = object.owners().find(|owner| !world.has_owner(owner))?;
    Some(Want::Dangling { owner: (owner.kind.into(), owner.name.into()) })
}

/// The generation has been observed, where the kind says what has been.
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

/// kstatus's rule for kinds it does not know: the generation is observed and nothing is `Reconciling`.
fn custom_resource(object: &Object, _: &dyn Lookup) -> Option<Want> {
    observed(object).or_else(|| {
        let condition = object.condition("Reconciling").filter(|c| c.str_at(&["status"]) == Some("True"))?;
        Some(Want::Busy(smol_str::format_smolstr!("Reconciling=True: {}", because(condition))))
    })
}

/// A condition's reason and message, as one text.
fn because(condition: &crate::object::Value) -> String {
    let part = |field: &str| condition.str_at(&[field]).unwrap_or_default();
    match (part("reason"), part("message")) {
        ("", "") => part("status").to_owned(),
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
