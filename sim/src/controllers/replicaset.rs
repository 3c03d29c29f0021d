//! The ReplicaSet controller: as many pods of one template as wanted. It serves every kind that does just this, as a
//! [`Flavour`]: `replication_controller` is the other one.
//!
//! Real: pkg/controller/replicaset. Modelled: slow-start batches, bursts of 500, order of deletion, adoption and release,
//! status with terminatingReplicas, ReplicaFailure, availability after minReadySeconds. Not modelled: a failed batch is told in
//! the same sync; here in the next one's status.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::claim::{Owner, controller_ref, may_adopt, owners_of, selector_of};
use super::{Caches, Call, Controller, Outcome, Target, Verdict, Watches};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::engine::Time;
use crate::object::{Key, LabelSelector, Map, Object, Str, Value, keys};
use crate::value;
use crate::wire::resource::{PODS, REPLICA_SETS};
use crate::wire::{Answer, Request, Resource, Verb};

/// At most so many creations or deletions per sync (pkg/controller/replicaset `BurstReplicas`).
const BURST: usize = 500;

/// A kind that keeps so many pods of one template.
#[derive(Clone, Debug)]
pub(super) struct Flavour {
    /// The controller's name.
    pub(super) name: &'static str,
    /// Its resource.
    pub(super) resource: Resource,
    /// Its kind.
    pub(super) kind: &'static str,
    /// Whether its status counts terminating pods.
    pub(super) tells_terminating: bool,
}

/// The controller of ReplicaSets, or of another kind like them.
#[derive(Clone, Debug)]
pub(super) struct ReplicaSets {
    flavour: Flavour,
    /// What went wrong when pods were last created or deleted.
    failures: BTreeMap<Target, Failure>,
}

#[derive(Clone, Debug)]
struct Failure {
    reason: &'static str,
    message: Str,
}

impl Default for ReplicaSets {
    fn default() -> Self {
        Self::of(Flavour {
            name: "replicaset-controller",
            resource: *REPLICA_SETS,
            kind: "ReplicaSet",
            tells_terminating: true,
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

    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>) {
        let Flavour { resource: sets, kind, .. } = self.flavour;
        if resource == sets {
            out.push(Target::of(resource, change.object()));
        } else {
            owners_of(change, (sets, kind), caches, out);
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        let Flavour { resource, kind, .. } = self.flavour;
        let Some(set) = caches.of(resource).get(&target.key) else {
            self.failures.remove(target);
            return out;
        };
        let Some(selector) = selector_of(resource, set) else { return out };
        let owner = Owner { resource, kind, object: set };
        let claimed = owner.claim(&selector, caches.of(*PODS), pods::is_active, &mut out);
        if !out.is_empty() {
            out.again();
            return out;
        }
        let (stopping, active): (Vec<_>, Vec<_>) =
            claimed.into_iter().filter(|pod| !pods::is_finished(pod)).partition(|pod| pods::is_stopping(pod));
        let failure = self.failures.remove(target);
        let stopping = self.flavour.tells_terminating.then_some(stopping.len());
        let status = Status::of((set, &selector), &active, stopping, failure.as_ref(), now);
        let update = status.update(resource, set);
        // What failed last time is told before it is tried again.
        let told_first = update.clone().filter(|_| failure.is_some());
        if let Some(update) = told_first.clone() {
            out.then(update);
        }
        if !set.is_terminating() {
            manage(&owner, &active, caches, now, &mut out);
        }
        if let Some(update) = update.filter(|_| told_first.is_none()) {
            out.settle(update);
        }
        let min_ready_s = min_ready_s(set);
        if let Some(at) = active.iter().filter_map(|pod| pods::available_at(pod, min_ready_s, now)).min() {
            out.after(at.since(now));
        }
        out
    }

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
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
            self.failures.insert(target.clone(), Failure { reason, message });
        }
        verdict
    }
}

pub(super) fn replicas(set: &Object) -> i64 {
    set.spec(keys::REPLICAS).and_then(Value::as_i64).unwrap_or(1)
}

fn min_ready_s(set: &Object) -> i64 {
    set.spec(keys::MIN_READY_SECONDS).and_then(Value::as_i64).unwrap_or(0)
}

/// Creates what is missing, deletes what is too much.
fn manage(owner: &Owner<'_>, active: &[Arc<Object>], caches: &Caches, now: Time, out: &mut Outcome) {
    let wanted = usize::try_from(replicas(owner.object)).unwrap_or(0);
    if active.len() < wanted {
        let pod = Object::shared(pod_from_template(owner));
        slow_start((wanted - active.len()).min(BURST), &Request::create(*PODS, pod), out);
    } else if active.len() > wanted {
        let surplus = (active.len() - wanted).min(BURST);
        let doomed = to_delete(owner, active, surplus, caches, now);
        out.together(doomed.iter().map(|pod| pods::delete(pod)).collect());
    }
}

/// Sends a request so many times: once, then in rounds that double, so that what fails always fails once.
pub(super) fn slow_start(count: usize, request: &Request, out: &mut Outcome) {
    in_growing_rounds(vec![request.clone(); count], 1, out);
}

/// Sends requests in rounds that double from `batch` on: one, two, four.
pub(super) fn in_growing_rounds(mut requests: Vec<Request>, mut batch: usize, out: &mut Outcome) {
    while !requests.is_empty() {
        let rest = requests.split_off(batch.min(requests.len()));
        out.together(requests);
        requests = rest;
        batch *= 2;
    }
}

/// The pod that a workload's template describes, owned by the workload.
pub(super) fn pod_from_template(owner: &Owner<'_>) -> Value {
    pod_of(owner, owner.object.at(&["spec", "template"]))
}

/// The pod that a template describes, owned by the workload.
pub(super) fn pod_of(owner: &Owner<'_>, template: Option<&Value>) -> Value {
    let mut metadata = value!({
        "generateName": (format!("{}-", owner.object.name())),
        "namespace": (owner.object.namespace()),
        "ownerReferences": [(controller_ref(owner))]
    });
    for field in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.and_then(|t| t.at(&["metadata", field])) {
            metadata.set_at(&[field], value.clone());
        }
    }
    let spec = template.and_then(|t| t.get("spec")).cloned().unwrap_or_default();
    value!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// The pods to delete first.
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
struct Status {
    counts: Vec<(Key, i64)>,
    conditions: Value,
}

impl Status {
    fn of(
        (set, selector): (&Object, &LabelSelector),
        active: &[Arc<Object>],
        stopping: Option<usize>,
        failure: Option<&Failure>,
        now: Time,
    ) -> Self {
        let labels = set.at(&["spec", "template", "metadata", "labels"]).and_then(Value::as_map);
        let labels = labels.map(|labels: &Map| LabelSelector::from_labels(labels)).unwrap_or_default();
        // All that the set selects has the labels of its template, if it selects by just these.
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

    /// The request that makes it so; nothing where it is.
    fn update(&self, resource: Resource, set: &Arc<Object>) -> Option<Request> {
        let same = self.counts.iter().all(|(field, count)| set.count(*field) == *count)
            && set.count(keys::OBSERVED_GENERATION) == set.generation()
            && self.conditions.items() == set.conditions();
        if same {
            return None;
        }
        let told = self.counts.iter();
        let told =
            told.filter(|(field, n)| *n != 0 || [keys::REPLICAS, keys::TERMINATING_REPLICAS].contains(field));
        let mut status: Vec<(Key, Value)> =
            told.map(|(field, count)| (*field, Value::from(*count))).collect();
        status.push((keys::OBSERVED_GENERATION, set.generation().into()));
        if !self.conditions.items().is_empty() {
            status.push((keys::CONDITIONS, self.conditions.clone()));
        }
        let updated = set.edited(|root| root.set_at(&["status"], Value::Map(Map::from_entries(status))));
        Some(Request::update_status(resource, Arc::new(updated)))
    }
}

/// The conditions, with ReplicaFailure as it should be.
fn conditions(set: &Object, failure: Option<&Failure>, now: Time) -> Value {
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
