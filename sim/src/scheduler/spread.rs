//! Hard topology spread constraints: `whenUnsatisfiable: DoNotSchedule`.
//!
//! Real: the filter part of the plugin PodTopologySpread. Modelled: skew, minDomains, matchLabelKeys, the policies for node
//! affinity and taints. Not modelled: preferences (`ScheduleAnyway`), except as `score` spreads the pods of a controller.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::placement::{NodeFacts, NodeUsage, is_affine, tolerates_taints};
use super::reasons::{FilterReason, final_reason, reason_by_pods};
use crate::object::{LabelSelector, Object, Str, Value};

/// The constraints of one pod, with the counts of existing pods.
#[derive(Debug, Default)]
pub(super) struct Spread {
    constraints: Vec<Constraint>,
}

#[derive(Debug)]
struct Constraint {
    key: Str,
    max_skew: i64,
    /// 1 if the pod counts itself, else 0.
    own: i64,
    /// Pods per domain.
    counts: BTreeMap<Str, i64>,
    /// The pods of the domain with the fewest.
    least: i64,
}

/// The hard constraints of a pod.
fn hard(pod: &Object) -> impl Iterator<Item = &Value> {
    let all = pod.items_at(&["spec", "topologySpreadConstraints"]).iter();
    all.filter(|c| c.str_at(&["whenUnsatisfiable"]) != Some("ScheduleAnyway"))
}

impl Spread {
    pub(super) fn of(pod: &Object, nodes: &[(&NodeFacts, &NodeUsage)]) -> Self {
        let hard: Vec<&Value> = hard(pod).collect();
        let keys: Vec<&str> = hard.iter().filter_map(|c| c.str_at(&["topologyKey"])).collect();
        // A node without the label of one constraint counts for none.
        let nodes: Vec<&(&NodeFacts, &NodeUsage)> =
            nodes.iter().filter(|(node, _)| keys.iter().all(|key| node.node.label(key).is_some())).collect();
        Self { constraints: hard.into_iter().map(|c| Constraint::of(c, pod, &nodes)).collect() }
    }
}

impl Constraint {
    fn of(constraint: &Value, pod: &Object, nodes: &[&(&NodeFacts, &NodeUsage)]) -> Self {
        let key = constraint.str_at(&["topologyKey"]).unwrap_or_default();
        let matches = |other: &Object| counts(constraint, pod) && selects(constraint, pod, other);
        let mut counts: BTreeMap<Str, i64> = BTreeMap::new();
        for (node, used) in nodes.iter().filter(|(node, _)| counts_for(constraint, pod, &node.node)) {
            let there = used.residents().filter(|other| !other.is_terminating() && matches(other)).count();
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

/// Whether a node's pods count by the constraint's policies.
fn counts_for(constraint: &Value, pod: &Object, node: &Arc<Object>) -> bool {
    let ignores_affinity = constraint.str_at(&["nodeAffinityPolicy"]) == Some("Ignore");
    let honors_taints = constraint.str_at(&["nodeTaintsPolicy"]) == Some("Honor");
    (ignores_affinity || is_affine(pod, node)) && (!honors_taints || tolerates_taints(pod, node))
}

/// Whether the constraint counts other pods: with an empty selector it counts only the pod itself.
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

/// Whether a change of a pod on a node may make the waiting pod fit.
pub(super) fn is_helped_by_pod(pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    hard(pod).any(|constraint| {
        let selected = [old, new].map(|other| other.is_some_and(|other| selects(constraint, pod, other)));
        if old.is_some() && new.is_some() { selected[0] != selected[1] } else { selected.contains(&true) }
    })
}

/// Whether a change of a node may make the waiting pod fit.
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

/// Whether a constraint of the pod respects taints.
pub(super) fn honors_taints(pod: &Object) -> bool {
    hard(pod).any(|constraint| constraint.str_at(&["nodeTaintsPolicy"]) == Some("Honor"))
}

/// PodTopologySpread.
pub(super) fn filter(spread: &Spread, node: &NodeFacts, reasons: &mut Vec<FilterReason>) {
    for constraint in &spread.constraints {
        let Some(domain) = node.node.label(&constraint.key) else {
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
