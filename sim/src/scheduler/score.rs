//! Which of the nodes that would take a pod is best.
//!
//! Real: weighted Score plugins. Modelled: least allocated (weight 1) and the spread over hosts and zones (weight 2), where
//! "the same pods" are those of one controller. Not modelled: the logarithm in the real spread, image locality, balanced
//! allocation, preferences; ties are drawn at random there and here.

use super::placement::{NodeFacts, Placement, Taken};
use super::resources::Demand;

/// The highest score of one plugin (framework `MaxNodeScore`).
const MOST: i64 = 100;
/// The weight of the spread (kube-scheduler's default for `PodTopologySpread`).
const SPREAD_WEIGHT: i64 = 2;

/// The scores of these nodes, in their order.
pub(super) fn scores(demand: &Demand, nodes: &[(&NodeFacts, &Taken)], placement: &Placement) -> Vec<i64> {
    let crowds: Vec<i64> = nodes.iter().map(|node| crowd(demand, *node, placement)).collect();
    let most = crowds.iter().copied().max().unwrap_or(0);
    let least = crowds.iter().copied().min().unwrap_or(0);
    let spread = |crowd: i64| if most == 0 { MOST } else { MOST * (most + least - crowd) / most };
    nodes
        .iter()
        .zip(&crowds)
        .map(|((node, taken), crowd)| least_allocated(demand, node, taken) + SPREAD_WEIGHT * spread(*crowd))
        .collect()
}

/// How many pods of the same controller are on the node and in its zone.
fn crowd(demand: &Demand, (node, taken): (&NodeFacts, &Taken), placement: &Placement) -> i64 {
    let here = taken.of_owner(&demand.owner);
    if node.zone.is_empty() || demand.owner.is_empty() {
        return here;
    }
    here + placement.in_zone(&node.zone, &demand.owner)
}

fn least_allocated(demand: &Demand, node: &NodeFacts, taken: &Taken) -> i64 {
    let free = |there: i64, gone: i64, wanted: i64| {
        let left = there - gone - wanted;
        if there <= 0 || left < 0 {
            return 0;
        }
        // Bytes times a hundred overflow only where a node has more than any machine.
        left.checked_mul(MOST).map_or_else(|| left / (there / MOST).max(1), |many| many / there)
    };
    let (there, gone, wanted) = (&node.allocatable, &taken.for_scores, &demand.for_scores);
    let both = free(there.cpu_m, gone.cpu_m, wanted.cpu_m) + free(there.memory, gone.memory, wanted.memory);
    both / 2
}
