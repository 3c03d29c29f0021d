//! One scheduling cycle: a pod against the nodes.
//!
//! Real: `schedulePod`, which looks at nodes in turn and stops when it found enough. Modelled: the same number, and that the
//! next cycle goes on where this one stopped; of a pod that asks for nodes by name only those are looked at. Not modelled:
//! that zones take turns in the order of the nodes; it is that of names.

use std::collections::BTreeSet;

use super::affinity::{Affinity, Spaces};
use super::claims;
use super::filter::{Pair, Plugin, Rejection, Wish, filter, named_nodes};
use super::placement::{NodeFacts, Placement, Taken};
use super::resources::Demand;
use super::score::scores;
use super::spread::Spread;
use crate::engine::Draws;
use crate::object::{Object, Str};

/// A pod that wants a node.
pub(super) struct Subject<'a> {
    pub(super) pod: &'a Object,
    pub(super) demand: Demand,
    /// The volumes that its claims are bound to.
    pub(super) volumes: Vec<claims::Bound>,
    pub(super) spaces: Spaces,
}

/// Why no node takes a pod.
pub(super) struct Unfit {
    /// How many nodes there are.
    pub(super) all: usize,
    /// Those that were looked at: all of them, or those that the pod asks for by name.
    pub(super) rejected: Vec<(Str, Rejection)>,
    /// Who had a say in this.
    pub(super) plugins: BTreeSet<Plugin>,
}

impl Unfit {
    /// Why this node does not take the pod; nothing for one that was not looked at.
    pub(super) fn of(&self, node: &str) -> Option<&Rejection> {
        self.rejected.iter().find(|(name, _)| name == node).map(|(_, rejection)| rejection)
    }
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
    subject: &Subject<'_>,
    placement: &Placement,
    next: &mut usize,
    draws: &mut Draws,
) -> Result<Str, Unfit> {
    let pod = subject.pod;
    let view = View::new(subject, placement);
    // Where victims leave for a pod is where it goes, if it can.
    if let Some(name) = placement.nominated(pod.uid())
        && placement.node(name).is_some_and(|(node, taken)| view.rejection(node, taken).is_none())
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
    for (node, taken) in nodes[first..].iter().chain(&nodes[..first]) {
        if let Some(rejection) = view.rejection(node, taken) {
            unfit.plugins.insert(rejection.plugin);
            unfit.rejected.push((node.node.name().into(), rejection));
            continue;
        }
        fit.push((*node, *taken));
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
    Subject { pod, demand, .. }: &Subject<'_>,
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

/// Why this node would not take the pod; nothing if it would.
pub(super) fn rejection(subject: &Subject<'_>, placement: &Placement, name: &str) -> Option<Rejection> {
    let (node, taken) = placement.node(name)?;
    View::new(subject, placement).rejection(node, taken)
}

/// A node with what is taken on it.
type Candidate<'a> = (&'a NodeFacts, &'a Taken);

/// The nodes as one pod sees them.
struct View<'a> {
    subject: &'a Subject<'a>,
    placement: &'a Placement,
    nodes: Vec<Candidate<'a>>,
    wish: Wish<'a>,
    spread: Spread,
    affinity: Affinity<'a>,
}

impl<'a> View<'a> {
    fn new(subject: &'a Subject<'a>, placement: &'a Placement) -> Self {
        let (pod, nodes) = (subject.pod, placement.nodes().collect::<Vec<_>>());
        let (spread, affinity) = (Spread::of(pod, &nodes), Affinity::of(pod, &subject.spaces, &nodes));
        Self { subject, placement, wish: Wish::of(pod), spread, affinity, nodes }
    }

    /// Why a node does not take the pod; nothing where it does.
    fn rejection(&self, node: &NodeFacts, taken: &Taken) -> Option<Rejection> {
        let Self { subject, wish, spread, affinity, .. } = self;
        let Subject { pod, demand, volumes, .. } = subject;
        let more = self.placement.with_nominated(pod, node.node.name(), taken);
        let taken = more.as_ref().unwrap_or(taken);
        filter(&Pair { pod, wish, demand, volumes, node, taken, spread, affinity })
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
