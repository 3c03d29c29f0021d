//! One scheduling cycle: a pod against the nodes.
//!
//! Real: `schedulePod`, which looks at nodes in turn and stops when it found enough. Modelled: the same number, and that the
//! next cycle goes on where this one stopped. Not modelled: that zones take turns in the order of the nodes; it is that of names.

use super::affinity::Affinity;
use super::filter::{Pair, Reason, Wish, filter};
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

/// With fewer nodes than this, a cycle looks at all of them (kube-scheduler `minFeasibleNodesToFind`).
const FEW: usize = 100;
/// The part of the nodes, in percent, that a cycle wants to find fit in a small cluster, how many nodes more lower it by
/// one, and where that ends (kube-scheduler `numFeasibleNodesToFind`, with `percentageOfNodesToScore` unset).
const PART: (usize, usize, usize) = (50, 125, 5);

/// Among how many fit nodes a cycle chooses.
fn enough(nodes: usize) -> usize {
    let (most, step, least) = PART;
    let part = most.saturating_sub(nodes / step).max(least);
    (nodes * part / 100).max(FEW)
}

/// The node for this pod, or why there is none. It looks from the node `next` on, which moves on as far as it looked.
/// Ties are drawn by the pod's name, which a run keeps when faults are left out of it.
pub(super) fn cycle(
    pod: &Object,
    demand: &Demand,
    placement: &Placement,
    next: &mut usize,
    draws: &mut Draws,
) -> Result<Str, Unfit> {
    let view = View::new(pod, demand, placement);
    let nodes = view.nodes.len();
    let (first, enough) = (*next % nodes.max(1), enough(nodes));
    let mut fit = Vec::with_capacity(enough.min(nodes));
    let mut unfit = Unfit { nodes: Vec::new(), reasons: Vec::new() };
    for (node, taken) in view.nodes[first..].iter().chain(&view.nodes[..first]) {
        let reasons = view.reasons(node, taken);
        if !reasons.is_empty() {
            unfit.nodes.push(node.node.name().into());
            unfit.reasons.push(reasons);
            continue;
        }
        fit.push((*node, *taken));
        if fit.len() == enough {
            break;
        }
    }
    *next = (first + fit.len() + unfit.nodes.len()) % nodes.max(1);
    if fit.is_empty() {
        return Err(unfit);
    }
    let scores = scores(demand, &fit, placement);
    let most = scores.iter().copied().max().unwrap_or(0);
    let best: Vec<&NodeFacts> =
        fit.iter().zip(&scores).filter(|(_, score)| **score == most).map(|((node, _), _)| *node).collect();
    let last = best.len() as u64 - 1;
    let drawn = draws.between(&["schedule", pod.namespace(), pod.name()], 0, last);
    Ok(best[usize::try_from(drawn).unwrap_or(0)].node.name().into())
}

/// Whether the pod would go on this node.
pub(super) fn is_fit(pod: &Object, demand: &Demand, placement: &Placement, name: &str) -> bool {
    let view = View::new(pod, demand, placement);
    let found = view.nodes.iter().find(|(node, _)| node.node.name() == name);
    found.is_some_and(|(node, taken)| view.reasons(node, taken).is_empty())
}

/// The nodes as one pod sees them.
struct View<'a> {
    pod: &'a Object,
    demand: &'a Demand,
    placement: &'a Placement,
    nodes: Vec<(&'a NodeFacts, &'a Taken)>,
    wish: Wish<'a>,
    spread: Spread,
    affinity: Affinity<'a>,
}

impl<'a> View<'a> {
    fn new(pod: &'a Object, demand: &'a Demand, placement: &'a Placement) -> Self {
        let nodes: Vec<_> = placement.nodes().collect();
        let (spread, affinity) = (Spread::of(pod, &nodes), Affinity::of(pod, &nodes));
        Self { pod, demand, placement, wish: Wish::of(pod), spread, affinity, nodes }
    }

    /// Why a node does not take the pod; nothing where it does.
    fn reasons(&self, node: &NodeFacts, taken: &Taken) -> Vec<Reason> {
        let Self { pod, demand, wish, spread, affinity, .. } = self;
        let mut reasons = Vec::new();
        let more = self.placement.with_nominated(pod, node.node.name(), taken);
        let taken = more.as_ref().unwrap_or(taken);
        filter(&Pair { pod, wish, demand, node, taken, spread, affinity }, &mut reasons);
        reasons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of a real scheduler, at its limits and at ours of 5,000 nodes.
    #[test]
    fn the_more_nodes_the_smaller_the_part_that_is_looked_at() {
        let found = [10, 100, 250, 1_000, 5_000, 6_000].map(enough);
        assert_eq!(found, [100, 100, 120, 420, 500, 300]);
    }
}
