//! Missing, failed, misplaced and surplus pods, node by node.
//!
//! Real: pkg/controller/daemon `manage` and `podsShouldBeOnNode`. Modelled: all of it.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::{BackoffKey, FailedPodsBackoff};
use super::placement::fit;
use super::template;
use crate::controllers::shared::pods;
use crate::controllers::shared::workload::min_ready_s;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str};

/// What one sync sees: the set, the nodes, the pods by the node they are on or meant for.
pub(super) struct Snapshot<'a> {
    pub(super) set: &'a Arc<Object>,
    pub(super) nodes: Vec<&'a Arc<Object>>,
    pub(super) pods: BTreeMap<Str, Vec<Arc<Object>>>,
    /// The hash of the newest revision.
    pub(super) hash: String,
    pub(super) now: Time,
}

/// What a sync does with pods.
#[derive(Default)]
pub(super) struct PodChanges {
    /// The nodes that get a pod.
    pub(super) create: Vec<Str>,
    pub(super) delete: Vec<Arc<Object>>,
    /// When a failed pod may be deleted.
    pub(super) after: Option<Millis>,
}

impl PodChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty()
    }
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

impl Snapshot<'_> {
    /// Groups pods by node, without finished ones that are terminating.
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
    pub(super) fn manage(&self, surges: bool, backoff: &mut FailedPodsBackoff) -> PodChanges {
        let mut changes = PodChanges::default();
        for node in &self.nodes {
            let fit = fit(self.set, node);
            match self.pods.get(node.name()) {
                None if fit.run => changes.create.push(node.name().into()),
                None => {}
                Some(pods) if fit.stay => {
                    let running = self.running(node, pods, backoff, &mut changes);
                    if !surges {
                        changes.delete.extend(running.into_iter().skip(1));
                    } else if running.is_empty() && fit.run {
                        changes.create.push(node.name().into());
                    } else {
                        self.prune_surge(running, &mut changes);
                    }
                }
                Some(pods) => changes.delete.extend(pods.iter().filter(|pod| !pod.is_terminating()).cloned()),
            }
        }
        changes.delete.extend(self.of_no_node());
        changes
    }

    /// The running pods of a node, oldest first. Deletes finished ones, failed ones after their back-off.
    fn running(
        &self,
        node: &Object,
        all: &[Arc<Object>],
        backoff: &mut FailedPodsBackoff,
        changes: &mut PodChanges,
    ) -> Vec<Arc<Object>> {
        let observed = self.set.i64_at(&["status", "observedGeneration"]).unwrap_or(0);
        let key: BackoffKey = (self.set.uid().into(), observed, node.name().into());
        let mut running = Vec::new();
        for pod in all.iter().filter(|pod| !pod.is_terminating()) {
            match pods::phase(pod) {
                "Failed" => match backoff.fail(&key, self.now) {
                    0 => changes.delete.push(pod.clone()),
                    ms => changes.after = Some(changes.after.map_or(ms, |sooner| sooner.min(ms))),
                },
                "Succeeded" => changes.delete.push(pod.clone()),
                _ => running.push(pod.clone()),
            }
        }
        running.sort_by(|a, b| oldest_first(a, b));
        running
    }

    /// Keeps the oldest new pod, and the oldest old one while it is ready and the new one is not available yet.
    fn prune_surge(&self, running: Vec<Arc<Object>>, changes: &mut PodChanges) {
        if running.len() <= 1 {
            return;
        }
        let is_new = |pod: &Arc<Object>| pod.label(template::HASH) == Some(self.hash.as_str());
        let (mut new, mut old): (Vec<_>, Vec<_>) = running.into_iter().partition(is_new);
        changes.delete.extend(new.drain(new.len().min(1)..));
        changes.delete.extend(old.drain(old.len().min(1)..));
        if let (Some(new), Some(old)) = (new.pop(), old.pop())
            && (!pods::is_ready(&old) || self.is_available(&new))
        {
            changes.delete.push(old);
        }
    }

    /// Unbound pods of nodes that do not exist: no scheduler can bind them.
    fn of_no_node(&self) -> impl Iterator<Item = Arc<Object>> {
        let is_there = |name: &str| self.nodes.iter().any(|node| node.name() == name);
        let gone = self.pods.iter().filter(move |(node, _)| !is_there(node));
        let unplaced = |pod: &&Arc<Object>| pod.str_at(&["spec", "nodeName"]).is_none_or(str::is_empty);
        gone.flat_map(|(_, pods)| pods).filter(unplaced).cloned()
    }
}
