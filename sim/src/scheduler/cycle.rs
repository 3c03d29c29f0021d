//! One scheduling cycle: filters and scores the nodes for a pod.
//!
//! Real: `schedulePod`, which filters nodes until it has found enough. Modelled: the same number; the next cycle continues
//! where this one stopped; for a pod that names nodes, it filters only these. Differs: the nodes are ordered by name, where
//! a real scheduler alternates between zones.

use std::collections::BTreeSet;

use super::affinity::{Affinity, NamespaceLabels};
use super::claims;
use super::filter::{NodeRequirements, PodAndNode, filter, named_nodes};
use super::placement::{NodeFacts, NodeUsage, Placement};
use super::reasons::{Plugin, Rejection};
use super::resources::Demand;
use super::score::scores;
use super::spread::Spread;
use crate::engine::Draws;
use crate::object::{Object, Str};

/// A pod to schedule.
pub(super) struct PodToPlace<'a> {
    pub(super) pod: &'a Object,
    pub(super) demand: Demand,
    /// The volumes that its claims are bound to.
    pub(super) volumes: Vec<claims::Bound>,
    pub(super) namespaces: NamespaceLabels,
}

/// Why no node fits a pod.
pub(super) struct Unfit {
    /// How many nodes there are.
    pub(super) all: usize,
    /// The filtered nodes: all, or those that the pod names.
    pub(super) rejected: Vec<(Str, Rejection)>,
    /// The plugins that rejected them.
    pub(super) plugins: BTreeSet<Plugin>,
}

impl Unfit {
    /// Why this node was rejected; `None` if it was not filtered.
    pub(super) fn of(&self, node: &str) -> Option<&Rejection> {
        self.rejected.iter().find(|(name, _)| name == node).map(|(_, rejection)| rejection)
    }
}

/// With fewer nodes than this, a cycle filters all of them (kube-scheduler `minFeasibleNodesToFind`).
const FEW: usize = 100;
/// The percentage of nodes that a cycle wants to find feasible: at most, the number of nodes that lowers it by one, at
/// least (kube-scheduler `numFeasibleNodesToFind`, with `percentageOfNodesToScore` unset).
const PERCENTAGE: (usize, usize, usize) = (50, 125, 5);

/// How many feasible nodes are enough.
fn enough(nodes: usize) -> usize {
    let (most, step, least) = PERCENTAGE;
    let percentage = most.saturating_sub(nodes / step).max(least);
    (nodes * percentage / 100).max(FEW)
}

/// The node for this pod, or why there is none. Filters nodes from the index `next` on, and moves it past them. Ties are
/// drawn by the pod's name, so that leaving out a fault does not shift them.
pub(super) fn cycle(
    subject: &PodToPlace<'_>,
    placement: &Placement,
    next: &mut usize,
    draws: &mut Draws,
) -> Result<Str, Unfit> {
    let pod = subject.pod;
    let view = CycleView::new(subject, placement);
    // The node that the pod is nominated to comes first.
    if let Some(name) = placement.nominated(pod.uid())
        && placement.node(name).is_some_and(|(node, used)| view.rejection(node, used).is_none())
    {
        return Ok(name.clone());
    }
    let (all, named) = (view.nodes.len(), named_nodes(pod));
    let few: Vec<Candidate<'_>>;
    let nodes = match &named {
        None => &view.nodes,
        Some(names) => {
            few = names.iter().filter_map(|name| placement.node(name)).collect();
            &few
        }
    };
    let (first, enough) = (*next % nodes.len().max(1), enough(nodes.len()));
    let mut fit = Vec::with_capacity(enough.min(nodes.len()));
    let mut unfit = Unfit { all, rejected: Vec::new(), plugins: BTreeSet::new() };
    for (node, used) in nodes[first..].iter().chain(&nodes[..first]) {
        if let Some(rejection) = view.rejection(node, used) {
            unfit.plugins.insert(rejection.plugin);
            unfit.rejected.push((node.node.name().into(), rejection));
            continue;
        }
        fit.push((*node, *used));
        if fit.len() == enough {
            break;
        }
    }
    *next = (*next + fit.len() + unfit.rejected.len()) % all.max(1);
    if fit.is_empty() {
        unfit.plugins.extend(named.is_some().then_some(Plugin::NodeAffinity));
        return Err(unfit);
    }
    Ok(best(subject, &fit, placement, draws))
}

fn best(
    PodToPlace { pod, demand, .. }: &PodToPlace<'_>,
    fit: &[Candidate<'_>],
    placement: &Placement,
    draws: &mut Draws,
) -> Str {
    let scores = scores(demand, fit, placement);
    let most = scores.iter().copied().max().unwrap_or(0);
    let best: Vec<&NodeFacts> =
        fit.iter().zip(&scores).filter(|(_, score)| **score == most).map(|((node, _), _)| *node).collect();
    let last = best.len() as u64 - 1;
    let drawn = draws.between(&["schedule", pod.namespace(), pod.name()], 0, last);
    best[usize::try_from(drawn).unwrap_or(0)].node.name().into()
}

/// Why the pod does not fit this node; `None` if it does.
pub(super) fn rejection(subject: &PodToPlace<'_>, placement: &Placement, name: &str) -> Option<Rejection> {
    let (node, used) = placement.node(name)?;
    CycleView::new(subject, placement).rejection(node, used)
}

/// A node and its usage.
type Candidate<'a> = (&'a NodeFacts, &'a NodeUsage);

/// The nodes, and what the filters know of one pod.
struct CycleView<'a> {
    subject: &'a PodToPlace<'a>,
    placement: &'a Placement,
    nodes: Vec<Candidate<'a>>,
    requirements: NodeRequirements<'a>,
    spread: Spread,
    affinity: Affinity<'a>,
}

impl<'a> CycleView<'a> {
    fn new(subject: &'a PodToPlace<'a>, placement: &'a Placement) -> Self {
        let (pod, nodes) = (subject.pod, placement.nodes().collect::<Vec<_>>());
        let (spread, affinity) = (Spread::of(pod, &nodes), Affinity::of(pod, &subject.namespaces, &nodes));
        Self { subject, placement, requirements: NodeRequirements::of(pod), spread, affinity, nodes }
    }

    /// Why the pod does not fit a node; `None` if it does.
    fn rejection(&self, node: &NodeFacts, used: &NodeUsage) -> Option<Rejection> {
        let Self { subject, requirements, spread, affinity, .. } = self;
        let PodToPlace { pod, demand, volumes, .. } = subject;
        let more = self.placement.with_nominated(pod, node.node.name(), used);
        let used = more.as_ref().unwrap_or(used);
        filter(&PodAndNode { pod, requirements, demand, volumes, node, used, spread, affinity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a real scheduler, at its limits and at our limit of 5,000 nodes.
    #[test]
    fn the_more_nodes_the_smaller_the_percentage_that_is_enough() {
        let found = [10, 100, 250, 1_000, 5_000, 6_000].map(enough);
        assert_eq!(found, [100, 100, 120, 420, 500, 300]);
    }
}
