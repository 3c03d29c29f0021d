//! Topology spread constraints that forbid: `whenUnsatisfiable: DoNotSchedule`.
//!
//! Real: the filter part of the plugin PodTopologySpread. Modelled: skew, minDomains, matchLabelKeys, the policies for node
//! affinity and taints. Not modelled: preferences (`ScheduleAnyway`), except as `score` spreads the pods of a controller.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::filter::{Pair, Reason, final_reason, is_affine, reason_by_pods, tolerates_taints};
use super::placement::{NodeFacts, Taken};
use crate::object::{LabelSelector, Object, Str, Value};

/// The constraints of one pod, with what the nodes hold already.
#[derive(Debug, Default)]
pub(super) struct Spread {
    constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct Constraint {
    key: Str,
    max_skew: i64,
    /// Whether the pod counts itself.
    own: i64,
    /// Pods per domain.
    counts: BTreeMap<Str, i64>,
    /// The least crowded domain has so many.
    least: i64,
}

/// The constraints of a pod that forbid.
fn hard(pod: &Object) -> impl Iterator<Item = &Value> {
    let all = pod.items_at(&["spec", "topologySpreadConstraints"]).iter();
    all.filter(|c| c.str_at(&["whenUnsatisfiable"]) != Some("ScheduleAnyway"))
}

impl Spread {
    pub(super) fn of(pod: &Object, nodes: &[(&NodeFacts, &Taken)]) -> Self {
        let hard: Vec<&Value> = hard(pod).collect();
        let keys: Vec<&str> = hard.iter().filter_map(|c| c.str_at(&["topologyKey"])).collect();
        // A node that lacks the label of any constraint counts for none.
        let nodes: Vec<&(&NodeFacts, &Taken)> =
            nodes.iter().filter(|(node, _)| keys.iter().all(|key| node.node.label(key).is_some())).collect();
        Self { constraints: hard.into_iter().map(|c| Constraint::of(c, pod, &nodes)).collect() }
    }
}

impl Constraint {
    fn of(constraint: &Value, pod: &Object, nodes: &[&(&NodeFacts, &Taken)]) -> Self {
        let key = constraint.str_at(&["topologyKey"]).unwrap_or_default();
        let matches = |other: &Object| counts(constraint, pod) && selects(constraint, pod, other);
        let mut counts: BTreeMap<Str, i64> = BTreeMap::new();
        for (node, taken) in nodes.iter().filter(|(node, _)| counts_for(constraint, pod, &node.node)) {
            let there = taken.residents().filter(|other| !other.is_terminating() && matches(other)).count();
            let domain = node.node.label(key).unwrap_or_default();
            *counts.entry(domain.into()).or_default() += i64::try_from(there).unwrap_or(i64::MAX);
        }
        let too_few = constraint
            .i64_at(&["minDomains"])
            .is_some_and(|least| i64::try_from(counts.len()).is_ok_and(|domains| domains < least));
        let least = if too_few { 0 } else { counts.values().copied().min().unwrap_or(0) };
        let max_skew = constraint.i64_at(&["maxSkew"]).unwrap_or(1);
        Self { key: key.into(), max_skew, own: i64::from(selects(constraint, pod, pod)), counts, least }
    }
}

/// Whether a node's pods count: by the constraint's policies.
fn counts_for(constraint: &Value, pod: &Object, node: &Arc<Object>) -> bool {
    let ignores_affinity = constraint.str_at(&["nodeAffinityPolicy"]) == Some("Ignore");
    let honors_taints = constraint.str_at(&["nodeTaintsPolicy"]) == Some("Honor");
    (ignores_affinity || is_affine(pod, node)) && (!honors_taints || tolerates_taints(pod, node))
}

/// Whether the constraint counts any pods: an empty selector means the pod itself and nobody else.
fn counts(constraint: &Value, pod: &Object) -> bool {
    let selector = constraint.get("labelSelector").map(LabelSelector::from_value);
    let mut keys = constraint.items_at(&["matchLabelKeys"]).iter().filter_map(Value::as_str);
    selector.is_some_and(|s| s.is_ok_and(|s| !s.is_everything())) || keys.any(|key| pod.label(key).is_some())
}

/// Whether `other` is one of the pods that the constraint of `pod` spreads.
fn selects(constraint: &Value, pod: &Object, other: &Object) -> bool {
    let selector = constraint.get("labelSelector").map(LabelSelector::from_value);
    let selected = selector.is_some_and(|s| s.is_ok_and(|s| s.matches(other.labels())));
    let keys = constraint.items_at(&["matchLabelKeys"]).iter().filter_map(Value::as_str);
    let mut keys = keys.filter(|key| pod.label(key).is_some());
    pod.namespace() == other.namespace() && selected && keys.all(|key| pod.label(key) == other.label(key))
}

/// Whether what happened to a pod on a node may help the waiting one.
pub(super) fn is_helped_by_pod(pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    hard(pod).any(|constraint| {
        let selected = [old, new].map(|other| other.is_some_and(|other| selects(constraint, pod, other)));
        if old.is_some() && new.is_some() { selected[0] != selected[1] } else { selected.contains(&true) }
    })
}

/// Whether what happened to a node may help the waiting pod.
pub(super) fn is_helped_by_node(pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    let keys = || hard(pod).filter_map(|c| c.str_at(&["topologyKey"]));
    let counts = |node: &Object| keys().all(|key| node.label(key).is_some());
    match (old, new) {
        (Some(old), Some(new)) if counts(old) == counts(new) => {
            let moved = keys().any(|key| old.label(key) != new.label(key));
            counts(new) && (moved || old.at(&["spec", "taints"]) != new.at(&["spec", "taints"]))
        }
        (Some(_), Some(_)) => true,
        (old, new) => old.or(new).is_some_and(counts),
    }
}

/// Whether it matters to the pod's constraints which taints it tolerates.
pub(super) fn honors_taints(pod: &Object) -> bool {
    hard(pod).any(|constraint| constraint.str_at(&["nodeTaintsPolicy"]) == Some("Honor"))
}

/// PodTopologySpread.
pub(super) fn filter(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    for constraint in &pair.spread.constraints {
        let Some(domain) = pair.node.node.label(&constraint.key) else {
            reasons.push(final_reason(
                "node(s) didn't match pod topology spread constraints (missing required label)",
            ));
            return;
        };
        let there = constraint.counts.get(domain).copied().unwrap_or(0);
        if there + constraint.own - constraint.least > constraint.max_skew {
            reasons.push(reason_by_pods("node(s) didn't match pod topology spread constraints"));
            return;
        }
    }
}
