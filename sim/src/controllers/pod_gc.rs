//! Pod garbage collection: pods whose node is gone, pods that nobody will stop, and too many that ended.
//!
//! Real: pkg/controller/podgc. Modelled: orphaned pods after a quarantine and a look at the server, terminating pods that
//! were never bound, those on nodes that are out of service, the threshold of ended pods. Not modelled: nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::shared::disruption_target::{self, Why};
use super::shared::pods_by_node::{PodsByNode, node_of};
use super::{Caches, Call, Controller, Outcome, Settings, Target, Verdict, Watches};
use crate::client::Change;
use crate::controllers::shared::pods;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, ObjectKey, Options, Request, Resource, Verb};

/// Between two passes (pkg/controller/podgc `gcCheckPeriod`).
const PERIOD_MS: Millis = 20 * SECOND;
/// For how long a missing node may turn up (pkg/controller/podgc `quarantineTime`).
const QUARANTINE_MS: Millis = 40 * SECOND;
/// The taint of nodes that are known to be powered off.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
/// What the condition of an orphan says.
const ORPHANED: Why = ("DeletionByPodGC", "PodGC: node no longer exists");

/// The pod garbage collector.
#[derive(Clone, Debug)]
pub(super) struct PodGc {
    threshold: usize,
    pods: PodsByNode,
    terminating: BTreeSet<ObjectKey>,
    finished: BTreeSet<ObjectKey>,
    /// Missing nodes, and from when on they count as gone.
    quarantine: BTreeMap<Str, Time>,
    /// Nodes that the server does not have.
    gone: BTreeSet<Str>,
    /// Pods that ended and are too many.
    surplus: BTreeSet<ObjectKey>,
    ticks: bool,
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
            ticks: false,
        }
    }

    /// One pass.
    fn tick(&mut self, caches: &Caches, now: Time) -> Outcome {
        let mut out = Outcome::done();
        out.after(PERIOD_MS);
        let is_missing = |node: &Str| caches.of(*NODES).get(&ObjectKey::new("", node.clone())).is_none();
        let missing: Vec<Str> = self.pods.nodes().filter(|node| is_missing(node)).cloned().collect();
        self.quarantine.retain(|node, _| missing.contains(node));
        self.gone.clear();
        for node in missing {
            let due = *self.quarantine.entry(node.clone()).or_insert(now + QUARANTINE_MS);
            if due <= now {
                out.also(Target::new(*NODES, ObjectKey::new("", node)));
            }
        }
        self.surplus = self.surplus_of(caches);
        for pod in self.terminating.iter().chain(&self.surplus) {
            out.also(Target::new(*PODS, pod.clone()));
        }
        out
    }

    /// The pods that ended and are more than the threshold: the evicted ones first, then the oldest.
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

    /// Why a pod goes, and what its condition says.
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

/// Keeps a set of the pods of which something holds.
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

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<Target>) {
        if resource == *PODS {
            note(&mut self.terminating, change, |pod| pod.is_terminating());
            note(&mut self.finished, change, pods::is_finished);
            self.pods.note(change);
        }
        if !std::mem::replace(&mut self.ticks, true) {
            out.push(Target::new(*PODS, ObjectKey::default()));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome {
        if target.key == ObjectKey::default() {
            return self.tick(caches, now);
        }
        let mut out = Outcome::done();
        if target.resource == *NODES {
            // The cache may lag: only the server knows that a node is gone. The answer ends the quarantine.
            if !self.gone.contains(&target.key.name) && self.quarantine.contains_key(&target.key.name) {
                out.then(Request::get(*NODES, &target.key));
                out.again();
            } else {
                let pods = self.pods.on(&target.key.name).map(|pod| Target::new(*PODS, pod.clone()));
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

    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        if call.verb == Verb::Get {
            self.quarantine.remove(&target.key.name);
            if answer.failure().is_some_and(|failure| failure.code == 404) {
                self.gone.insert(target.key.name.clone());
            }
        }
        // What failed is tried again by the next pass.
        Verdict::Fine
    }
}
