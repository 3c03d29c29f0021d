//! One scheduling cycle: a pod against all nodes.

use super::affinity::Affinity;
use super::filter::{Pair, Reason, filter};
use super::placement::{Demand, NodeFacts, Placement, Taken};
use super::score::scores;
use super::spread::Spread;
use crate::engine::Draws;
use crate::object::{Object, Str};

/// Why no node takes a pod: the reasons of each.
pub(super) struct Unfit {
    pub(super) nodes: Vec<Str>,
    pub(super) reasons: Vec<Vec<Reason>>,
}

/// The node for this pod, or why there is none. Ties are drawn by the pod's name, which a run keeps when faults are
/// left out of it.
pub(super) fn cycle(
    pod: &Object,
    demand: &Demand,
    placement: &Placement,
    draws: &mut Draws,
) -> Result<Str, Unfit> {
    let all: Vec<(&NodeFacts, &Taken)> = placement.nodes().collect();
    let mut fit = Vec::with_capacity(all.len());
    let mut unfit = Unfit { nodes: Vec::new(), reasons: Vec::new() };
    for ((node, taken), reasons) in all.iter().zip(filtered(pod, demand, placement)) {
        if reasons.is_empty() {
            fit.push((*node, *taken));
        } else {
            unfit.nodes.push(node.node.name().into());
            unfit.reasons.push(reasons);
        }
    }
    if fit.is_empty() {
        return Err(unfit);
    }
    let scores = scores(demand, &fit, &all);
    let most = scores.iter().copied().max().unwrap_or(0);
    let best: Vec<&NodeFacts> =
        fit.iter().zip(&scores).filter(|(_, score)| **score == most).map(|((node, _), _)| *node).collect();
    let last = best.len() as u64 - 1;
    let drawn = draws.between(&["schedule", pod.namespace(), pod.name()], 0, last);
    Ok(best[usize::try_from(drawn).unwrap_or(0)].node.name().into())
}

/// Per node: why it does not take the pod; nothing where it does.
pub(super) fn filtered(pod: &Object, demand: &Demand, placement: &Placement) -> Vec<Vec<Reason>> {
    let all: Vec<(&NodeFacts, &Taken)> = placement.nodes().collect();
    let (spread, affinity) = (&Spread::of(pod, &all), &Affinity::of(pod, &all));
    let why = |(node, taken): &(&NodeFacts, &Taken)| {
        let mut reasons = Vec::new();
        let more = placement.with_nominated(pod, node.node.name(), taken);
        let taken = more.as_ref().unwrap_or(taken);
        filter(&Pair { pod, demand, node, taken, spread, affinity }, &mut reasons);
        reasons
    };
    all.iter().map(why).collect()
}
