//! `watch-cut`: watch connections break: at once, and while the fault lasts each new one too.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::{KindName, PlannedFault};
use crate::wire::{Fate, Passing, Resource, Verb};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    /// While it lasts: a new watch is refused by a broken connection.
    fn leaving(&self, fault: &PlannedFault, passing: Passing<'_>) -> Fate {
        let watches = passing.request.verb == Verb::Watch;
        let hit = passing.request.resource.is_some_and(|resource| is_meant(fault, resource, passing.kind));
        if watches && hit { Fate::Reset { committed: false } } else { Fate::Pass }
    }

    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for host in &victims.hosts {
            let watches = cluster.watches_of(*host);
            let meant = watches.filter(|(_, resource, kind)| is_meant(fault, *resource, kind));
            let cut: Vec<_> = meant.map(|(id, ..)| id).collect();
            cut.into_iter().for_each(|id| cluster.cut_watch(*host, id));
        }
    }
}

/// Whether the fault is about watches of this resource.
fn is_meant(fault: &PlannedFault, resource: Resource, kind: &str) -> bool {
    let named = fault.args.text("kind").map(KindName::from);
    named.is_none_or(|named| named.matches(resource.group(), resource.plural(), kind))
}
