//! Preemption: which pods have to go so that a more important one fits.
//!
//! Real: the plugin DefaultPreemption. Modelled: per node the fewest and least important victims; the node whose most
//! important victim matters least, then the lowest sum, the fewest victims, the youngest; `preemptionPolicy: Never`;
//! no second round while victims are still going. Not modelled: disruption budgets in the choice, and that a real
//! scheduler looks at a tenth of the nodes at least and not at all.

use std::cmp::Reverse;
use std::sync::Arc;

use super::cycle::{Unfit, is_fit};
use super::placement::{Demand, Placement, priority};
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::PODS;
use crate::wire::{ObjectKey, PatchType, Request};

/// Where a pod will go, and who has to leave.
pub(super) struct Chosen {
    pub(super) node: Str,
    pub(super) victims: Vec<Arc<Object>>,
}

/// Why a pod may not preempt others now.
pub(super) fn not_eligible(pod: &Object, placement: &Placement) -> Option<&'static str> {
    if pod.str_at(&["spec", "preemptionPolicy"]) == Some("Never") {
        return Some("not eligible due to preemptionPolicy=Never.");
    }
    let node = placement.nominated(pod.uid())?;
    let (_, taken) = placement.nodes().find(|(facts, _)| facts.node.name() == node)?;
    let going = taken.residents().any(|other| other.is_terminating() && priority(other) < priority(pod));
    going.then_some("not eligible due to terminating pod on the nominated node.")
}

/// The best choice, if any node becomes fit without less important pods.
pub(super) fn choose(pod: &Object, demand: &Demand, placement: &Placement, unfit: &Unfit) -> Option<Chosen> {
    let by_pods = |reasons: &[super::filter::Reason]| reasons.iter().all(|reason| reason.by_pods);
    let nodes = unfit.nodes.iter().zip(&unfit.reasons).filter(|(_, reasons)| by_pods(reasons));
    let choices = nodes.filter_map(|(node, _)| victims(pod, demand, placement, node));
    choices.min_by_key(cost)
}

/// The least that has to go from a node.
fn victims(pod: &Object, demand: &Demand, placement: &Placement, node: &Str) -> Option<Chosen> {
    let (_, taken) = placement.nodes().find(|(facts, _)| facts.node.name() == node)?;
    let mut lower: Vec<Arc<Object>> =
        taken.residents().filter(|other| priority(other) < priority(pod)).cloned().collect();
    if lower.is_empty() {
        return None;
    }
    let mut without = placement.clone();
    for other in &lower {
        without.remove(other.uid());
    }
    let fits = |placement: &Placement| is_fit(pod, demand, placement, node);
    if !fits(&without) {
        return None;
    }
    // The most important come back first, as long as there is room.
    lower.sort_by_key(|other| (Reverse(priority(other)), started(other)));
    let mut victims = Vec::new();
    for other in lower {
        without.put(&other, node);
        if !fits(&without) {
            without.remove(other.uid());
            victims.push(other);
        }
    }
    (!victims.is_empty()).then(|| Chosen { node: node.clone(), victims })
}

fn started(pod: &Object) -> Str {
    pod.str_at(&["status", "startTime"]).unwrap_or("9").into()
}

/// What is lost: the smaller, the better.
fn cost(chosen: &Chosen) -> (i64, i64, usize, Reverse<Str>) {
    let priorities = || chosen.victims.iter().map(|victim| priority(victim));
    let highest = priorities().max().unwrap_or(0);
    // Sums are taken above the lowest possible priority, so that more victims never cost less.
    let sum = priorities().map(|priority| priority + i64::from(i32::MAX) + 1).sum();
    let most = chosen.victims.iter().filter(|victim| priority(victim) == highest);
    let oldest = most.map(|victim| started(victim)).min().unwrap_or_default();
    (highest, sum, chosen.victims.len(), Reverse(oldest))
}

/// Tells in the victim's condition why it has to go.
pub(super) fn disruption(victim: &Object, now: Time) -> Request {
    let condition = value!({
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
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
