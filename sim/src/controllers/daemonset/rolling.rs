//! How far a rolling update may go: old pods to delete within `maxUnavailable`, new ones to add within `maxSurge`.
//!
//! Real: pkg/controller/daemon/update.go `rollingUpdate`. Modelled: all of it.

use std::sync::Arc;

use super::manage::{Plan, View};
use super::placement::fit;
use crate::object::{Object, Str, Value};

/// How many nodes may be without an available pod, and how many may have two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    pub(super) unavailable: usize,
    pub(super) surge: usize,
    /// Nodes that are to have a pod.
    pub(super) desired: usize,
}

/// A number, or a percentage of `total` rounded up.
fn resolve(value: Option<&Value>, total: usize) -> usize {
    match value {
        Some(Value::Int(number)) => usize::try_from(*number).unwrap_or(0),
        Some(Value::Str(text)) => {
            let percent: usize = text.strip_suffix('%').and_then(|n| n.parse().ok()).unwrap_or(0);
            percent.saturating_mul(total).div_ceil(100)
        }
        _ => 0,
    }
}

impl Limits {
    fn of(set: &Object, desired: usize) -> Self {
        let at = |field| set.at(&["spec", "updateStrategy", "rollingUpdate", field]);
        let (unavailable, surge) = (resolve(at("maxUnavailable"), desired), resolve(at("maxSurge"), desired));
        // Both 0 would leave no way forward.
        let unavailable = if unavailable == 0 && surge == 0 { 1 } else { unavailable };
        Self { unavailable, surge, desired }
    }
}

/// Whether the set may have two pods on a node.
pub(super) fn surges(set: &Object) -> bool {
    resolve(set.at(&["spec", "updateStrategy", "rollingUpdate", "maxSurge"]), 1) > 0
        && set.str_at(&["spec", "updateStrategy", "type"]) != Some("OnDelete")
}

/// The new and the old pod of a node, terminating ones aside.
#[derive(Default)]
struct Pair<'a> {
    new: Option<&'a Arc<Object>>,
    old: Option<&'a Arc<Object>>,
}

impl View<'_> {
    /// What the update does now.
    pub(super) fn roll(&self) -> Plan {
        let wanted = self.nodes.iter().filter(|node| fit(self.set, node).run);
        let wanted: Vec<Str> = wanted.map(|node| node.name().into()).collect();
        let limits = Limits::of(self.set, wanted.len());
        let mut nodes: Vec<Str> = self.pods.keys().cloned().chain(wanted).collect();
        nodes.sort();
        nodes.dedup();
        if limits.surge == 0 { self.replace(&nodes, limits) } else { self.surge(&nodes, limits) }
    }

    /// `None` where the node has two of a kind: that is to be cleaned up first.
    fn pair(&self, node: &str) -> Option<Pair<'_>> {
        let mut pair = Pair::default();
        let pods = self.pods.get(node).into_iter().flatten();
        for pod in pods.filter(|pod| !pod.is_terminating()) {
            let place = if self.is_updated(pod) { &mut pair.new } else { &mut pair.old };
            if place.replace(pod).is_some() {
                return None;
            }
        }
        Some(pair)
    }

    /// Without surge: deletes old pods; the new ones come when they are gone.
    fn replace(&self, nodes: &[Str], limits: Limits) -> Plan {
        let (mut unavailable, mut broken, mut candidates) = (0, Vec::new(), Vec::new());
        for node in nodes {
            match self.pair(node) {
                Some(Pair { new: Some(new), old: None }) => {
                    unavailable += usize::from(!self.is_available(new));
                }
                Some(Pair { new: None, old: Some(old) }) if self.is_available(old) => {
                    candidates.push(old.clone());
                }
                Some(Pair { new: None, old: Some(old) }) => {
                    broken.push(old.clone());
                    unavailable += 1;
                }
                _ => unavailable += 1,
            }
        }
        candidates.truncate(limits.unavailable.saturating_sub(unavailable));
        broken.extend(candidates);
        Plan { delete: broken, ..Plan::default() }
    }

    /// With surge: adds new pods beside old ones, and deletes the old ones when the new ones are available.
    fn surge(&self, nodes: &[Str], limits: Limits) -> Plan {
        let (mut plan, mut surging, mut available) = (Plan::default(), 0, 0);
        let (mut candidates, mut misplaced) = (Vec::new(), Vec::new());
        for name in nodes {
            let Some(pair) = self.pair(name) else {
                surging += 1;
                continue;
            };
            let serves = pair.old.or(pair.new).is_some_and(|pod| self.is_available(pod));
            available += usize::from(serves);
            let Some(old) = pair.old else { continue };
            if let Some(new) = pair.new {
                match self.is_available(new) {
                    true => plan.delete.push(old.clone()),
                    false => surging += 1,
                }
                continue;
            }
            let node = self.nodes.iter().find(|node| node.name() == *name);
            match (node.is_some_and(|node| fit(self.set, node).run), serves) {
                (true, true) => candidates.push(name.clone()),
                (true, false) => plan.create.push(name.clone()),
                (false, true) => misplaced.push(old.clone()),
                (false, false) => plan.delete.push(old.clone()),
            }
        }
        candidates.truncate(limits.surge.saturating_sub(surging));
        plan.create.extend(candidates);
        misplaced.truncate(available.saturating_sub(limits.desired));
        plan.delete.extend(misplaced);
        plan
    }
}
