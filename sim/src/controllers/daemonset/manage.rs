//! Pods that are missing, failed, misplaced or too many, node by node.
//!
//! Real: pkg/controller/daemon `manage` and `podsShouldBeOnNode`. Modelled: all of it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::{Backoff, Key};
use super::placement::fit;
use super::template;
use crate::controllers::shared::pods;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str};

/// One sync's view: the set, the nodes, the pods by the node they are on or for.
pub(super) struct View<'a> {
    pub(super) set: &'a Arc<Object>,
    pub(super) nodes: Vec<&'a Arc<Object>>,
    pub(super) pods: BTreeMap<Str, Vec<Arc<Object>>>,
    /// The hash of the newest revision.
    pub(super) hash: String,
    pub(super) now: Time,
}

/// What a sync is to do.
#[derive(Default)]
pub(super) struct Plan {
    /// Nodes that get a pod.
    pub(super) create: Vec<Str>,
    pub(super) delete: Vec<Arc<Object>>,
    /// When a failed pod may be deleted.
    pub(super) after: Option<Millis>,
}

impl Plan {
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }
}

pub(super) fn min_ready_s(set: &Object) -> i64 {
    set.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0)
}

/// Pods on a node first, then the oldest.
pub(super) fn oldest_first(a: &Object, b: &Object) -> Ordering {
    let unassigned = |pod: &Object| pod.str_at(&["spec", "nodeName"]).is_none_or(str::is_empty);
    let created = |pod: &Object| pod.meta("creationTimestamp").to_owned();
    unassigned(a)
        .cmp(&unassigned(b))
        .then_with(|| created(a).cmp(&created(b)))
        .then_with(|| a.name().cmp(b.name()))
}

impl View<'_> {
    /// Sorts pods by node. Ended pods that are being deleted do not count any more.
    pub(super) fn by_node(pods: &[Arc<Object>]) -> BTreeMap<Str, Vec<Arc<Object>>> {
        let mut by_node: BTreeMap<Str, Vec<Arc<Object>>> = BTreeMap::new();
        for pod in pods.iter().filter(|pod| !(pods::is_finished(pod) && pod.is_terminating())) {
            if let Some(node) = template::target_node(pod) {
                by_node.entry(node.into()).or_default().push(pod.clone());
            }
        }
        by_node
    }

    pub(super) fn is_updated(&self, pod: &Object) -> bool {
        template::is_updated(self.set, pod, &self.hash)
    }

    pub(super) fn is_available(&self, pod: &Object) -> bool {
        pods::is_available(pod, min_ready_s(self.set), self.now)
    }

    /// The pods to create and to delete before any update.
    pub(super) fn manage(&self, surges: bool, backoff: &mut Backoff) -> Plan {
        let mut plan = Plan::default();
        for node in &self.nodes {
            let fit = fit(self.set, node);
            match self.pods.get(node.name()) {
                None if fit.run => plan.create.push(node.name().into()),
                None => {}
                Some(pods) if fit.stay => {
                    let running = self.running(node, pods, backoff, &mut plan);
                    if !surges {
                        plan.delete.extend(running.into_iter().skip(1));
                    } else if running.is_empty() && fit.run {
                        plan.create.push(node.name().into());
                    } else {
                        self.prune_surge(running, &mut plan);
                    }
                }
                Some(pods) => plan.delete.extend(pods.iter().filter(|pod| !pod.is_terminating()).cloned()),
            }
        }
        plan.delete.extend(self.of_no_node());
        plan
    }

    /// The pods of a node that live, oldest first. Those that ended are deleted: failed ones not too often.
    fn running(
        &self,
        node: &Object,
        all: &[Arc<Object>],
        backoff: &mut Backoff,
        plan: &mut Plan,
    ) -> Vec<Arc<Object>> {
        let observed = self.set.i64_at(&["status", "observedGeneration"]).unwrap_or(0);
        let key: Key = (self.set.uid().into(), observed, node.name().into());
        let mut running = Vec::new();
        for pod in all.iter().filter(|pod| !pod.is_terminating()) {
            match pods::phase(pod) {
                "Failed" => match backoff.fail(&key, self.now) {
                    0 => plan.delete.push(pod.clone()),
                    ms => plan.after = Some(plan.after.map_or(ms, |sooner| sooner.min(ms))),
                },
                "Succeeded" => plan.delete.push(pod.clone()),
                _ => running.push(pod.clone()),
            }
        }
        running.sort_by(|a, b| oldest_first(a, b));
        running
    }

    /// Of several pods the oldest new one and the oldest old one stay, and the old one only while it serves in the new
    /// one's stead.
    fn prune_surge(&self, running: Vec<Arc<Object>>, plan: &mut Plan) {
        if running.len() <= 1 {
            return;
        }
        let is_new = |pod: &Arc<Object>| pod.label(template::HASH) == Some(self.hash.as_str());
        let (mut new, mut old): (Vec<_>, Vec<_>) = running.into_iter().partition(is_new);
        plan.delete.extend(new.drain(new.len().min(1)..));
        plan.delete.extend(old.drain(old.len().min(1)..));
        if let (Some(new), Some(old)) = (new.pop(), old.pop())
            && (!pods::is_ready(&old) || self.is_available(&new))
        {
            plan.delete.push(old);
        }
    }

    /// Pods for nodes that are gone, which no scheduler will ever place.
    fn of_no_node(&self) -> impl Iterator<Item = Arc<Object>> {
        let is_there = |name: &str| self.nodes.iter().any(|node| node.name() == name);
        let gone = self.pods.iter().filter(move |(node, _)| !is_there(node));
        let unplaced = |pod: &&Arc<Object>| pod.str_at(&["spec", "nodeName"]).is_none_or(str::is_empty);
        gone.flat_map(|(_, pods)| pods).filter(unplaced).cloned()
    }
}
