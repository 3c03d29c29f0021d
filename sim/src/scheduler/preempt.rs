//! Preemption: which pods to delete so that a more important one fits.
//!
//! Real: the plugin DefaultPreemption. Modelled: per node the fewest and least important victims, if possible without
//! violating a disruption budget; the node with the fewest violations, then with the lowest highest priority of a victim,
//! the lowest sum of priorities, the fewest victims, the youngest ones; `preemptionPolicy: Never`; no second preemption
//! while victims are terminating. Not modelled: sampling. A real scheduler dry-runs at least 10 % of the nodes, we all of
//! them; so a failing preemption among thousands of full nodes is slow here.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::cycle::{PodToPlace, Unfit, rejection};
use super::placement::{Placement, priority};
use super::reasons::{FilterReason, final_reason};
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, Value};
use crate::value;
use crate::wire::resource::PODS;
use crate::wire::{ObjectKey, PatchType, Request};

/// The reason of a victim's condition (core/v1 `PodReasonPreemptionByScheduler`).
const REASON: &str = "PreemptionByScheduler";

/// The node for a pod, and the pods to delete there.
pub(super) struct Chosen {
    pub(super) node: Str,
    pub(super) victims: Vec<Arc<Object>>,
    /// How many victims violate a disruption budget.
    violations: usize,
}

/// Why a pod may not preempt others now.
pub(super) fn not_eligible(pod: &Object, placement: &Placement, unfit: &Unfit) -> Option<&'static str> {
    if pod.str_at(&["spec", "preemptionPolicy"]) == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let node = placement.nominated(pod.uid())?;
    // If fewer pods no longer help there, it looks for another node.
    unfit.of(node).filter(|rejection| rejection.by_pods())?;
    let (_, used) = placement.node(node)?;
    let waits = used.residents().any(|other| priority(other) < priority(pod) && is_preempted(other));
    waits.then_some("not eligible due to a terminating pod on the nominated node.")
}

/// Whether a pod is terminating for a more important one.
fn is_preempted(pod: &Object) -> bool {
    let why = pod.condition("DisruptionTarget").filter(|c| c.str_at(&["status"]) == Some("True"));
    pod.is_terminating() && why.and_then(|c| c.str_at(&["reason"])) == Some(REASON)
}

/// The best choice. If no node fits even without less important pods, the reasons of those that fewer pods might have
/// helped.
pub(super) fn choose(
    subject: &PodToPlace<'_>,
    placement: &Placement,
    unfit: &Unfit,
    budgets: &[&Object],
) -> Result<Chosen, BTreeMap<Str, Vec<FilterReason>>> {
    let (mut choices, mut why) = (Vec::new(), BTreeMap::new());
    let mut without = placement.clone();
    for (node, _) in unfit.rejected.iter().filter(|(_, rejection)| rejection.by_pods()) {
        match victims(subject, &mut without, node, budgets) {
            Ok(chosen) => choices.push(chosen),
            Err(reasons) => drop(why.insert(node.clone(), reasons)),
        }
    }
    choices.into_iter().min_by_key(cost).ok_or(why)
}

/// The fewest pods to delete from a node. Leaves `without` unchanged.
fn victims(
    subject: &PodToPlace<'_>,
    without: &mut Placement,
    node: &Str,
    budgets: &[&Object],
) -> Result<Chosen, Vec<FilterReason>> {
    let none = || vec![final_reason("No preemption victims found for incoming pod")];
    let (_, used) = without.node(node).ok_or_else(none)?;
    let less = |other: &&Arc<Object>| priority(other) < priority(subject.pod);
    let mut lower: Vec<Arc<Object>> = used.residents().filter(less).cloned().collect();
    if lower.is_empty() {
        return Err(none());
    }
    for other in &lower {
        without.remove(other.uid());
    }
    if let Some(rejection) = rejection(subject, without, node) {
        lower.iter().for_each(|other| without.put(other, node));
        return Err(rejection.reasons);
    }
    // Puts pods back while the pod still fits: first those that a budget protects, then the most important.
    lower.sort_by_key(importance);
    let (protected, others) = by_budgets(lower, budgets);
    let mut victims = Vec::new();
    let mut reprieve = |other: &Arc<Object>| {
        without.put(other, node);
        let stays = rejection(subject, without, node).is_none();
        if !stays {
            without.remove(other.uid());
            victims.push(other.clone());
        }
        stays
    };
    let violations = protected.into_iter().filter(|other| !reprieve(other)).count();
    for other in &others {
        reprieve(other);
    }
    victims.iter().for_each(|other| without.put(other, node));
    victims.sort_by_key(importance);
    if victims.is_empty() { Err(none()) } else { Ok(Chosen { node: node.clone(), victims, violations }) }
}

/// Smaller for more important pods.
fn importance(pod: &Arc<Object>) -> (Reverse<i64>, Str) {
    (Reverse(priority(pod)), started(pod))
}

/// The pods whose deletion would violate a budget, and the others. Earlier pods use up what a budget allows.
fn by_budgets(pods: Vec<Arc<Object>>, budgets: &[&Object]) -> (Vec<Arc<Object>>, Vec<Arc<Object>>) {
    let allowed = |budget: &&Object| budget.i64_at(&["status", "disruptionsAllowed"]).unwrap_or(0);
    let mut allowed: Vec<i64> = budgets.iter().map(allowed).collect();
    pods.into_iter().partition(|pod| {
        let mut violated = false;
        for (_, allowed) in budgets.iter().zip(&mut allowed).filter(|(budget, _)| covers(budget, pod)) {
            *allowed -= 1;
            violated |= *allowed < 0;
        }
        violated
    })
}

/// Whether a budget covers a pod that is not being disrupted already.
fn covers(budget: &Object, pod: &Object) -> bool {
    let selector = budget.at(&["spec", "selector"]).map(LabelSelector::from_value);
    let matches = |s: &LabelSelector| !s.is_everything() && s.matches(pod.labels());
    budget.namespace() == pod.namespace()
        && pod.labels().is_some_and(|labels| !labels.is_empty())
        && selector.is_some_and(|s| s.is_ok_and(|s| matches(&s)))
        && budget.at(&["status", "disruptedPods", pod.name()]).is_none()
}

fn started(pod: &Object) -> Str {
    pod.str_at(&["status", "startTime"]).unwrap_or("9").into()
}

/// The cost of a choice; the smaller, the better.
fn cost(chosen: &Chosen) -> (usize, i64, i64, usize, Reverse<Str>) {
    let priorities = || chosen.victims.iter().map(|victim| priority(victim));
    let highest = priorities().max().unwrap_or(0);
    // Priorities are counted from the lowest possible one, so that more victims never cost less.
    let sum = priorities().map(|priority| priority + i64::from(i32::MAX) + 1).sum();
    let most = chosen.victims.iter().filter(|victim| priority(victim) == highest);
    let oldest = most.map(|victim| started(victim)).min().unwrap_or_default();
    (chosen.violations, highest, sum, chosen.victims.len(), Reverse(oldest))
}

/// Sets the victim's condition DisruptionTarget.
pub(super) fn disruption(victim: &Object, now: Time) -> Request {
    let condition = value!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": REASON,
        "message": "default-scheduler: preempting to accommodate a higher priority pod",
        "lastTransitionTime": (now.rfc3339()),
        "observedGeneration": (victim.generation()),
    });
    let patch = value!({
        "metadata": {"uid": (victim.uid())},
        "status": {"conditions": (Value::list([condition]))},
    });
    Request::patch(*PODS, &ObjectKey::of(victim), PatchType::Strategic, patch).subresource("status")
}
