//! One scheduling cycle: a pod against all nodes.

use super::filter::{Pair, filter, not_modelled};
use super::fit_error;
use super::placement::{Demand, NodeFacts, Placement, Taken};
use super::score::scores;
use crate::engine::Draws;
use crate::object::{Object, Str};

/// The node for this pod, or why there is none. Ties are drawn by the pod's name, which a run keeps when faults are
/// left out of it.
pub(super) fn cycle(
    pod: &Object,
    demand: &Demand,
    placement: &Placement,
    draws: &mut Draws,
) -> Result<Str, String> {
    let all: Vec<(&NodeFacts, &Taken)> = placement.nodes().collect();
    if all.is_empty() {
        return Err(fit_error::NO_NODES.to_owned());
    }
    if let Some(what) = not_modelled(pod) {
        return Err(format!("0/{} nodes are available: wavetank does not model {what} yet.", all.len()));
    }
    let mut fit = Vec::with_capacity(all.len());
    let mut unfit = Vec::new();
    for (node, taken) in &all {
        let mut reasons = Vec::new();
        filter(&Pair { pod, demand, node, taken }, &mut reasons);
        if reasons.is_empty() { fit.push((*node, *taken)) } else { unfit.push(reasons) }
    }
    if fit.is_empty() {
        return Err(fit_error::message(&unfit));
    }
    let scores = scores(demand, &fit, &all);
    let most = scores.iter().copied().max().unwrap_or(0);
    let best: Vec<&NodeFacts> =
        fit.iter().zip(&scores).filter(|(_, score)| **score == most).map(|((node, _), _)| *node).collect();
    let last = best.len() as u64 - 1;
    let drawn = draws.between(&["schedule", pod.namespace(), pod.name()], 0, last);
    Ok(best[usize::try_from(drawn).unwrap_or(0)].node.name().into())
}
