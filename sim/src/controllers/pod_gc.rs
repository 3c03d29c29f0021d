//! Pod garbage collection: pods whose node does not exist, terminating pods that no kubelet stops, and finished pods above
//! the threshold.
//!
//! Real: pkg/controller/podgc. Modelled: orphaned pods after a quarantine and a live read of the node, terminating pods
//! that were never bound, those on out-of-service nodes, the threshold of finished pods. Not modelled: nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::disruption_target::{self, Why};
use super::shared::pods_by_node::{PodsByNode, node_of};
use super::{Caches, Call, Controller, Outcome, Settings, SyncKey, Task, Verdict, Watches};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, ObjectKey, Options, Request, Resource, Verb};

/// From one pass to the next (pkg/controller/podgc `gcCheckPeriod`).
const PERIOD_MS: Millis = 20 * SECOND;
/// How long a node must be missing before it counts as deleted (pkg/controller/podgc `quarantineTime`).
const QUARANTINE_MS: Millis = 40 * SECOND;
/// The taint with which an administrator declares a node powered off (`v1.TaintNodeOutOfService`).
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// Reason and message of an orphan's condition.
const ORPHANED: Why = ("DeletionByPodGC", "PodGC: node no longer exists");

/// The pod garbage collector.
#[derive(Clone, Debug)]
pub(super) struct PodGc {
    threshold: usize,
    pods: PodsByNode,
    terminating: BTreeSet<ObjectKey>,
    finished: BTreeSet<ObjectKey>,
    /// Missing nodes, and when their quarantine ends.
    quarantine: BTreeMap<Str, Time>,
    /// Nodes that the server does not have.
    gone: BTreeSet<Str>,
    /// The finished pods above the threshold.
    surplus: BTreeSet<ObjectKey>,
    /// Whether the passes have begun.
    runs: bool,
}

impl PodGc {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            threshold: settings.terminated_pod_gc_threshold,
            pods: PodsByNode::default(),
            terminating: BTreeSet::new(),
            finished: BTreeSet::new(),
            quarantine: BTreeMap::new(),
            gone: BTreeSet::new(),
            surplus: BTreeSet::new(),
            runs: false,
        }
    }

    /// One pass.
    fn pass(&mut self, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        out.after(PERIOD_MS);
        let is_missing = |node: &Str| caches.of(*NODES).get(&ObjectKey::new("", node.clone())).is_none();
        let missing: Vec<Str> = self.pods.nodes().filter(|node| is_missing(node)).cloned().collect();
        self.quarantine.retain(|node, _| missing.contains(node));
        self.gone.clear();
        for node in missing {
            let due = *self.quarantine.entry(node.clone()).or_insert(now + QUARANTINE_MS);
            if due <= now {
                out.also(SyncKey::new(*NODES, ObjectKey::new("", node)));
            }
        }
        self.surplus = self.surplus_of(caches);
        for pod in self.terminating.iter().chain(&self.surplus) {
            out.also(SyncKey::new(*PODS, pod.clone()));
        }
        out
    }

    /// The finished pods above the threshold: evicted ones first, then the oldest.
    fn surplus_of(&self, caches: &Caches) -> BTreeSet<ObjectKey> {
        let many = self.finished.len().saturating_sub(self.threshold);
        if self.threshold == 0 || many == 0 {
            return BTreeSet::new();
        }
        let mut pods: Vec<&Arc<Object>> =
            self.finished.iter().filter_map(|key| caches.of(*PODS).get(key)).collect();
        let evicted = |pod: &Object| pod.str_at(&["status", "reason"]) == Some("Evicted");
        pods.sort_by(|a, b| {
            let age = |pod: &Object| (!evicted(pod), pod.meta("creationTimestamp").to_owned());
            age(a).cmp(&age(b)).then_with(|| a.name().cmp(b.name()))
        });
        pods.iter().take(many).map(|pod| ObjectKey::of(pod)).collect()
    }

    /// Whether to delete a pod; the inner value is its condition, if it gets one.
    fn verdict(&self, pod: &Object, caches: &Caches) -> Option<Option<Why>> {
        let node = node_of(pod);
        if self.gone.contains(node) {
            return Some(Some(ORPHANED));
        }
        let is_out = |node: &Arc<Object>| {
            let mut taints = node.items_at(&["spec", "taints"]).iter();
            !node.is_condition_true("Ready")
                && taints.any(|taint| taint.str_at(&["key"]) == Some(OUT_OF_SERVICE))
        };
        let out = caches.of(*NODES).get(&ObjectKey::new("", node)).is_some_and(is_out);
        let nobody_stops_it = pod.is_terminating() && (node.is_empty() || out);
        (nobody_stops_it || self.surplus.contains(&ObjectKey::of(pod))).then_some(None)
    }
}

/// Updates a set of the pods of which `holds` is true.
fn note(set: &mut BTreeSet<ObjectKey>, change: &Change, holds: impl Fn(&Object) -> bool) {
    let (was, is) = (change.old.as_deref().is_some_and(&holds), change.new.as_deref().is_some_and(&holds));
    if is && !was {
        set.insert(ObjectKey::of(change.object()));
    } else if was && !is {
        set.remove(&ObjectKey::of(change.object()));
    }
}

impl Controller for PodGc {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NODES, *PODS])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        if resource == *PODS {
            note(&mut self.terminating, change, |pod| pod.is_terminating());
            note(&mut self.finished, change, pods::is_finished);
            self.pods.note(change);
        }
        if !std::mem::replace(&mut self.runs, true) {
            out.push(SyncKey::task(*PODS, Task::Pass, ""));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome {
        if target.task == Task::Pass {
            return self.pass(caches, now);
        }
        let mut out = Outcome::done();
        if target.resource == *NODES {
            // The cache may lag, so the server has to confirm that the node is gone. The answer ends the quarantine.
            if !self.gone.contains(&target.key.name) && self.quarantine.contains_key(&target.key.name) {
                out.then(Request::get(*NODES, &target.key));
                out.again();
            } else {
                let pods = self.pods.on(&target.key.name).map(|pod| SyncKey::new(*PODS, pod.clone()));
                pods.for_each(|pod| out.also(pod));
            }
            return out;
        }
        let Some(pod) = caches.of(*PODS).get(&target.key) else { return out };
        if let Some(why) = self.verdict(pod, caches) {
            if !pods::is_finished(pod)
                && let Some(request) = disruption_target::mark(pod, why, Some("Failed"), now)
            {
                out.then(request);
            }
            let options = Options { grace_s: Some(0), ..Options::default() };
            out.then(Request::delete(*PODS, &target.key).options(options));
        }
        out
    }

    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            self.quarantine.remove(&target.key.name);
            if answer.failure().is_some_and(|failure| failure.code == 404) {
                self.gone.insert(target.key.name.clone());
            }
        }
        // The next pass repeats what failed.
        Verdict::Fine
    }
}
