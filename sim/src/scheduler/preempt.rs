//! Preemption: which pods have to go so that a more important one fits.
//!
//! Real: the plugin DefaultPreemption. Modelled: per node the fewest and least important victims, and rather those that no
//! disruption budget keeps; the node with the fewest that one does, then the one whose most important victim matters
//! least, then the lowest sum, the fewest victims, the youngest; `preemptionPolicy: Never`; no second round while
//! victims are still going. Not modelled: that a real scheduler looks at a tenth of the nodes at least and not at all:
//! among thousands of full nodes a preemption that fails is slow here.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::cycle::{Subject, Unfit, rejection};
use super::filter::{Reason, final_reason};
use super::placement::{Placement, priority};
use crate::engine::Time;
use crate::object::{LabelSelector, Object, Str, Value};
use crate::value;
use crate::wire::resource::PODS;
use crate::wire::{ObjectKey, PatchType, Request};

/// Why a victim leaves (core/v1 `PodReasonPreemptionByScheduler`).
const REASON: &str = "PreemptionByScheduler";

/// Where a pod will go, and who has to leave.
pub(super) struct Chosen {
    pub(super) node: Str,
    pub(super) victims: Vec<Arc<Object>>,
    /// How many of them some disruption budget would keep.
    violations: usize,
}

/// Why a pod may not preempt others now.
pub(super) fn not_eligible(pod: &Object, placement: &Placement, unfit: &Unfit) -> Option<&'static str> {
    if pod.str_at(&["spec", "preemptionPolicy"]) == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let node = placement.nominated(pod.uid())?;
    // Where fewer pods do not help any more it looks for another node.
    unfit.of(node).filter(|rejection| rejection.by_pods())?;
    let (_, taken) = placement.node(node)?;
    let going = taken.residents().any(|other| priority(other) < priority(pod) && is_going(other));
    going.then_some("not eligible due to a terminating pod on the nominated node.")
}

/// Whether a pod leaves for a more important one.
fn is_going(pod: &Object) -> bool {
    let why = pod.condition("DisruptionTarget").filter(|c| c.str_at(&["status"]) == Some("True"));
    pod.is_terminating() && why.and_then(|c| c.str_at(&["reason"])) == Some(REASON)
}

/// The best choice; or if no node becomes fit without less important pods, why each of those does not that fewer pods might
/// have helped.
pub(super) fn choose(
    subject: &Subject<'_>,
    placement: &Placement,
    unfit: &Unfit,
    budgets: &[&Object],
) -> Result<Chosen, BTreeMap<Str, Vec<Reason>>> {
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

/// The least that has to go from a node. Afterwards the placement is as before.
fn victims(
    subject: &Subject<'_>,
    without: &mut Placement,
    node: &Str,
    budgets: &[&Object],
) -> Result<Chosen, Vec<Reason>> {
    let none = || vec![final_reason("No preemption victims found for incoming pod")];
    let (_, taken) = without.node(node).ok_or_else(none)?;
    let less = |other: &&Arc<Object>| priority(other) < priority(subject.pod);
    let mut lower: Vec<Arc<Object>> = taken.residents().filter(less).cloned().collect();
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
    // The most important come back first, as long as there is room; before all others those that a budget would keep.
    lower.sort_by_key(importance);
    let (kept, others) = by_budgets(lower, budgets);
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
    let violations = kept.into_iter().filter(|other| !reprieve(other)).count();
    for other in &others {
        reprieve(other);
    }
    victims.iter().for_each(|other| without.put(other, node));
    victims.sort_by_key(importance);
    if victims.is_empty() { Err(none()) } else { Ok(Chosen { node: node.clone(), victims, violations }) }
}

/// The more important, the smaller.
fn importance(pod: &Arc<Object>) -> (Reverse<i64>, Str) {
    (Reverse(priority(pod)), started(pod))
}

/// Those pods whose eviction some budget would not allow, and the others. The first ones use up what it does allow.
fn by_budgets(pods: Vec<Arc<Object>>, budgets: &[&Object]) -> (Vec<Arc<Object>>, Vec<Arc<Object>>) {
    let allowed = |budget: &&Object| budget.i64_at(&["status", "disruptionsAllowed"]).unwrap_or(0);
    let mut allowed: Vec<i64> = budgets.iter().map(allowed).collect();
    pods.into_iter().partition(|pod| {
        let mut violated = false;
        for (_, allowed) in budgets.iter().zip(&mut allowed).filter(|(budget, _)| keeps(budget, pod)) {
            *allowed -= 1;
            violated |= *allowed < 0;
        }
        violated
    })
}

/// Whether a budget is about a pod that is not on its way out already.
fn keeps(budget: &Object, pod: &Object) -> bool {
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

/// What is lost: the smaller, the better.
fn cost(chosen: &Chosen) -> (usize, i64, i64, usize, Reverse<Str>) {
    let priorities = || chosen.victims.iter().map(|victim| priority(victim));
    let highest = priorities().max().unwrap_or(0);
    // Sums are taken above the lowest possible priority, so that more victims never cost less.
    let sum = priorities().map(|priority| priority + i64::from(i32::MAX) + 1).sum();
    let most = chosen.victims.iter().filter(|victim| priority(victim) == highest);
    let oldest = most.map(|victim| started(victim)).min().unwrap_or_default();
    (chosen.violations, highest, sum, chosen.victims.len(), Reverse(oldest))
}

/// Tells in the victim's condition why it has to go.
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
