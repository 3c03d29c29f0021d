//! Which fitting node is best.
//!
//! Real: weighted Score plugins; ties are drawn at random. Modelled: least allocated (weight 1) and the spread of a
//! controller's pods over hosts and zones (weight 2). Not modelled: the logarithm in the real spread, image locality,
//! balanced allocation, preferences.

use super::placement::{NodeFacts, NodeUsage, Placement};
use super::resources::Demand;

/// The highest score of one plugin (framework `MaxNodeScore`).
const MOST: i64 = 100;
/// The weight of the spread (kube-scheduler's default for `PodTopologySpread`).
const SPREAD_WEIGHT: i64 = 2;

/// The scores of these nodes, in their order.
pub(super) fn scores(demand: &Demand, nodes: &[(&NodeFacts, &NodeUsage)], placement: &Placement) -> Vec<i64> {
    let crowds: Vec<i64> = nodes.iter().map(|node| crowd(demand, *node, placement)).collect();
    let most = crowds.iter().copied().max().unwrap_or(0);
    let least = crowds.iter().copied().min().unwrap_or(0);
    let spread = |crowd: i64| if most == 0 { MOST } else { MOST * (most + least - crowd) / most };
    nodes
        .iter()
        .zip(&crowds)
        .map(|((node, used), crowd)| least_allocated(demand, node, used) + SPREAD_WEIGHT * spread(*crowd))
        .collect()
}

/// How many pods of the same controller the node and its zone have.
fn crowd(demand: &Demand, (node, used): (&NodeFacts, &NodeUsage), placement: &Placement) -> i64 {
    let here = used.of_owner(&demand.owner);
    if node.zone.is_empty() || demand.owner.is_empty() {
        return here;
    }
    here + placement.in_zone(&node.zone, &demand.owner)
}

fn least_allocated(demand: &Demand, node: &NodeFacts, used: &NodeUsage) -> i64 {
    let free = |all: i64, used: i64, wanted: i64| {
        let left = all - used - wanted;
        if all <= 0 || left < 0 {
            return 0;
        }
        // The product overflows only for nodes larger than any machine.
        left.checked_mul(MOST).map_or_else(|| left / (all / MOST).max(1), |many| many / all)
    };
    let (all, used, wanted) = (&node.allocatable, &used.for_scores, &demand.for_scores);
    let both = free(all.cpu_m, used.cpu_m, wanted.cpu_m) + free(all.memory, used.memory, wanted.memory);
    both / 2
}
