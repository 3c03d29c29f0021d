//! Rolling updates: which old pods to delete within `maxUnavailable`, which new ones to create within `maxSurge`.
//!
//! Real: pkg/controller/daemon/update.go `rollingUpdate`. Modelled: all of it.

use std::sync::Arc;

use super::manage::{PodChanges, Snapshot};
use super::placement::fit;
use crate::controllers::shared::workload::scaled;
use crate::object::{Object, Str};

/// How many nodes may be without an available pod, and how many may have two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    pub(super) unavailable: usize,
    pub(super) surge: usize,
    /// Nodes that should have a pod.
    pub(super) desired: usize,
}

/// A field of `rollingUpdate`: a number, or a percentage of `total` rounded up.
fn limit(set: &Object, field: &str, total: usize) -> usize {
    let value = set.at(&["spec", "updateStrategy", "rollingUpdate", field]);
    usize::try_from(scaled(value, i64::try_from(total).unwrap_or(i64::MAX), true)).unwrap_or(0)
}

impl Limits {
    fn of(set: &Object, desired: usize) -> Self {
        let (unavailable, surge) = (limit(set, "maxUnavailable", desired), limit(set, "maxSurge", desired));
        // If both were 0, the update could not proceed.
        let unavailable = if unavailable == 0 && surge == 0 { 1 } else { unavailable };
        Self { unavailable, surge, desired }
    }
}

/// Whether the set may have two pods on a node.
pub(super) fn surges(set: &Object) -> bool {
    limit(set, "maxSurge", 1) > 0 && set.str_at(&["spec", "updateStrategy", "type"]) != Some("OnDelete")
}

/// The new and the old pod of a node, without terminating ones.
#[derive(Default)]
struct NodePods<'a> {
    new: Option<&'a Arc<Object>>,
    old: Option<&'a Arc<Object>>,
}

impl Snapshot<'_> {
    /// The next step of a rolling update.
    pub(super) fn roll(&self) -> PodChanges {
        let wanted = self.nodes.iter().filter(|node| fit(self.set, node).run);
        let wanted: Vec<Str> = wanted.map(|node| node.name().into()).collect();
        let limits = Limits::of(self.set, wanted.len());
        let mut nodes: Vec<Str> = self.pods.keys().cloned().chain(wanted).collect();
        nodes.sort();
        nodes.dedup();
        if limits.surge == 0 { self.replace(&nodes, limits) } else { self.surge(&nodes, limits) }
    }

    /// `None` if the node has two new or two old pods: `manage` deletes one first.
    fn pods_of(&self, node: &str) -> Option<NodePods<'_>> {
        let mut found = NodePods::default();
        let pods = self.pods.get(node).into_iter().flatten();
        for pod in pods.filter(|pod| !pod.is_terminating()) {
            let place = if self.is_updated(pod) { &mut found.new } else { &mut found.old };
            if place.replace(pod).is_some() {
                return None;
            }
        }
        Some(found)
    }

    /// Without surge: deletes old pods; `manage` creates the new ones once these are gone.
    fn replace(&self, nodes: &[Str], limits: Limits) -> PodChanges {
        let (mut unavailable, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
        for node in nodes {
            match self.pods_of(node) {
                Some(NodePods { new: Some(new), old: None }) => {
                    unavailable += usize::from(!self.is_available(new));
                }
                Some(NodePods { new: None, old: Some(old) }) if self.is_available(old) => {
                    candidates.push(old.clone());
                }
                Some(NodePods { new: None, old: Some(old) }) => {
                    broken.push(old.clone());
                    unavailable += 1;
                }
                _ => unavailable += 1,
            }
        }
        candidates.truncate(limits.unavailable.saturating_sub(unavailable));
        broken.extend(candidates);
        PodChanges { delete: broken, ..PodChanges::default() }
    }

    /// With surge: creates new pods beside old ones, and deletes the old ones when the new ones are available.
    fn surge(&self, nodes: &[Str], limits: Limits) -> PodChanges {
        let (mut changes, mut surging, mut available) = (PodChanges::default(), 0, 0);
        let (mut candidates, mut misplaced) = (Vec::new(), Vec::new());
        for name in nodes {
            let Some(pods) = self.pods_of(name) else {
                surging += 1;
                continue;
            };
            let serves = pods.old.or(pods.new).is_some_and(|pod| self.is_available(pod));
            available += usize::from(serves);
            let Some(old) = pods.old else { continue };
            if let Some(new) = pods.new {
                match self.is_available(new) {
                    true => changes.delete.push(old.clone()),
                    false => surging += 1,
                }
                continue;
            }
            let node = self.nodes.iter().find(|node| node.name() == *name);
            match (node.is_some_and(|node| fit(self.set, node).run), serves) {
                (true, true) => candidates.push(name.clone()),
                (true, false) => changes.create.push(name.clone()),
                (false, true) => misplaced.push(old.clone()),
                (false, false) => changes.delete.push(old.clone()),
            }
        }
        candidates.truncate(limits.surge.saturating_sub(surging));
        changes.create.extend(candidates);
        misplaced.truncate(available.saturating_sub(limits.desired));
        changes.delete.extend(misplaced);
        changes
    }
}
