//! The ReplicaSet controller: keeps `spec.replicas` pods of one template. It also serves ReplicationControllers, as a
//! [`Flavour`].
//!
//! Real: pkg/controller/replicaset. Modelled: slow-start batches, bursts of 500, order of deletion, adoption and release,
//! status with terminatingReplicas, ReplicaFailure, availability after minReadySeconds. Differs: the next sync reports a
//! failed batch, where the real controller reports it in the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::claim::{Owner, may_adopt, owners_of, selector_of};
use super::shared::workload::{await_availability, min_ready_s, pod_of, replicas, slow_start};
use super::{Caches, Call, Controller, Outcome, SyncKey, Verdict, Watches};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::engine::Time;
use crate::object::{Key, LabelSelector, Map, Object, Str, Value, keys};
use crate::value;
use crate::wire::resource::{PODS, REPLICA_SETS};
use crate::wire::{Answer, Request, Resource, Verb};

/// At most so many creations or deletions per sync (pkg/controller/replicaset `BurstReplicas`).
const BURST: usize = 500;

/// A kind that keeps a number of pods of one template.
#[derive(Clone, Debug)]
pub(super) struct Flavour {
    /// The controller's name.
    pub(super) name: &'static str,
    /// Its resource.
    pub(super) resource: Resource,
    /// Its kind.
    pub(super) kind: &'static str,
    /// Whether its status counts terminating pods.
    pub(super) counts_terminating: bool,
}

/// The controller of ReplicaSets, or of another kind like them.
#[derive(Clone, Debug)]
pub(super) struct ReplicaSets {
    flavour: Flavour,
    /// Why the last sync could not create or delete a pod.
    failures: BTreeMap<SyncKey, ReplicaFailure>,
}

/// Reason and message of the condition ReplicaFailure.
#[derive(Clone, Debug)]
struct ReplicaFailure {
    reason: &'static str,
    message: Str,
}

impl Default for ReplicaSets {
    fn default() -> Self {
        Self::of(Flavour {
            name: "replicaset-controller",
            resource: *REPLICA_SETS,
            kind: "ReplicaSet",
            counts_terminating: true,
        })
    }
}

impl ReplicaSets {
    /// The controller of this kind.
    pub(super) fn of(flavour: Flavour) -> Self {
        Self { flavour, failures: BTreeMap::new() }
    }
}

impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        self.flavour.name
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![self.flavour.resource, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>) {
        let Flavour { resource: sets, kind, .. } = self.flavour;
        if resource == sets {
            out.push(SyncKey::of(resource, change.object()));
        } else {
            owners_of(change, (sets, kind), caches, out);
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Flavour { resource, kind, .. } = self.flavour;
        let Some(set) = caches.of(resource).get(&target.key) else {
            self.failures.remove(target);
            return out;
        };
        let Some(selector) = selector_of(resource, set) else { return out };
        let owner = Owner { resource, kind, object: set };
        let claimed = owner.claim(&selector, caches.of(*PODS), pods::is_active, None, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let (stopping, active): (Vec<_>, Vec<_>) =
            claimed.into_iter().filter(|pod| !pods::is_finished(pod)).partition(|pod| pods::is_stopping(pod));
        let failure = self.failures.remove(target);
        let stopping = self.flavour.counts_terminating.then_some(stopping.len());
        let status = ReplicaSetStatus::of((set, &selector), &active, stopping, failure.as_ref(), now);
        let update = status.update(resource, set);
        // The status reports a failure of the last sync before this one tries again.
        let (first, last) = if failure.is_some() { (update, None) } else { (None, update) };
        out.together(first.into_iter().collect());
        if !set.is_terminating() {
            manage(&owner, &active, caches, now, &mut out);
        }
        if let Some(update) = last {
            out.settle(update);
        }
        await_availability(set, &active, now, &mut out);
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            return may_adopt(answer, caches.of(target.resource).get(&target.key));
        }
        let verdict = Verdict::usual(call, answer);
        if let (Some(failure), Verdict::Retry) = (answer.failure(), verdict) {
            let (reason, message) = match call.verb {
                Verb::Create => ("FailedCreate", failure.message.as_str().into()),
                // controller_utils.go `DeletePod`.
                Verb::Delete => {
                    ("FailedDelete", format!("unable to delete pods: {}", failure.message).into())
                }
                _ => return verdict,
            };
            self.failures.insert(target.clone(), ReplicaFailure { reason, message });
        }
        verdict
    }
}

/// Creates missing pods, deletes surplus ones.
fn manage(owner: &Owner<'_>, active: &[Arc<Object>], caches: &Caches, now: Time, out: &mut Outcome) {
    let wanted = usize::try_from(replicas(owner.object)).unwrap_or(0);
    if active.len() < wanted {
        let pod = Object::shared(pod_of(owner, owner.object.at(&["spec", "template"])));
        let missing = (wanted - active.len()).min(BURST);
        slow_start(vec![Request::create(*PODS, pod); missing], 1, out);
    } else if active.len() > wanted {
        let surplus = (active.len() - wanted).min(BURST);
        let doomed = to_delete(owner, active, surplus, caches, now);
        out.together(doomed.iter().map(|pod| pods::delete(pod)).collect());
    }
}

/// The pods to delete.
fn to_delete(
    set: &Owner<'_>,
    active: &[Arc<Object>],
    surplus: usize,
    caches: &Caches,
    now: Time,
) -> Vec<Arc<Object>> {
    if surplus == active.len() {
        return active.to_vec();
    }
    let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
    if let Some(controller) = set.object.controller() {
        let siblings: BTreeSet<&str> =
            caches.of(set.resource).owned_by(controller.uid).map(|sibling| sibling.uid()).collect();
        for pod in
            siblings.iter().flat_map(|uid| caches.of(*PODS).owned_by(uid)).filter(|pod| pods::is_active(pod))
        {
            *on_node.entry(pod.str_at(&["spec", "nodeName"]).unwrap_or_default()).or_default() += 1;
        }
    }
    let rank = |pod: &Object| {
        on_node.get(pod.str_at(&["spec", "nodeName"]).unwrap_or_default()).copied().unwrap_or(0)
    };
    let mut sorted = active.to_vec();
    sorted.sort_by(|a, b| pods::deletion_order((a, rank(a)), (b, rank(b)), now));
    sorted.truncate(surplus);
    sorted
}

/// The status a set should have.
#[derive(PartialEq, Debug)]
struct ReplicaSetStatus {
    counts: Vec<(Key, i64)>,
    conditions: Value,
}

impl ReplicaSetStatus {
    fn of(
        (set, selector): (&Object, &LabelSelector),
        active: &[Arc<Object>],
        stopping: Option<usize>,
        failure: Option<&ReplicaFailure>,
        now: Time,
    ) -> Self {
        let labels = set.at(&["spec", "template", "metadata", "labels"]).and_then(Value::as_map);
        let labels = labels.map(|labels: &Map| LabelSelector::from_labels(labels)).unwrap_or_default();
        // If the selector is just the template's labels, every selected pod has them.
        let same = labels == *selector;
        let is_labeled = |pod: &Object| same || labels.matches(pod.labels());
        let min_ready_s = min_ready_s(set);
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let count = |test: &dyn Fn(&Object) -> bool| number(active.iter().filter(|pod| test(pod)).count());
        let terminating = stopping.map(|n| (keys::TERMINATING_REPLICAS, number(n)));
        Self {
            counts: [
                (keys::REPLICAS, count(&|_| true)),
                (keys::FULLY_LABELED_REPLICAS, count(&is_labeled)),
                (keys::READY_REPLICAS, count(&pods::is_ready)),
                (keys::AVAILABLE_REPLICAS, count(&|pod| pods::is_available(pod, min_ready_s, now))),
            ]
            .into_iter()
            .chain(terminating)
            .collect(),
            conditions: conditions(set, failure, now),
        }
    }

    /// The request that writes this status; `None` if the set has it already.
    fn update(&self, resource: Resource, set: &Arc<Object>) -> Option<Request> {
        let same = self.counts.iter().all(|(field, count)| set.count(*field) == *count)
            && set.count(keys::OBSERVED_GENERATION) == set.generation()
            && self.conditions.items() == set.conditions();
        if same {
            return None;
        }
        let is_written = |(field, n): &&(Key, i64)| {
            *n != 0 || [keys::REPLICAS, keys::TERMINATING_REPLICAS].contains(field)
        };
        let written = self.counts.iter().filter(is_written);
        let mut status: Vec<(Key, Value)> =
            written.map(|(field, count)| (*field, Value::from(*count))).collect();
        status.push((keys::OBSERVED_GENERATION, set.generation().into()));
        if !self.conditions.items().is_empty() {
            status.push((keys::CONDITIONS, self.conditions.clone()));
        }
        let updated = set.edited(|root| root.set_at(&["status"], Value::Map(Map::from_entries(status))));
        Some(Request::update_status(resource, Arc::new(updated)))
    }
}

/// The conditions of the set, with or without ReplicaFailure.
fn conditions(set: &Object, failure: Option<&ReplicaFailure>, now: Time) -> Value {
    let is_failure = |c: &&Value| c.str_at(&["type"]) == Some("ReplicaFailure");
    let old = set.conditions();
    match (failure, old.iter().any(|c| is_failure(&c))) {
        (Some(failure), false) => {
            let condition = value!({
                "type": "ReplicaFailure", "status": "True", "lastTransitionTime": (now.rfc3339()),
                "reason": (failure.reason), "message": (failure.message.clone())
            });
            Value::list(old.iter().cloned().chain([condition]).collect::<Vec<_>>())
        }
        (None, true) => Value::list(old.iter().filter(|c| !is_failure(c)).cloned().collect::<Vec<_>>()),
        _ => Value::list(old.to_vec()),
    }
}
