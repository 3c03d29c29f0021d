//! `watch-cut`: watch connections break: at once, and while the fault lasts each new one too.

use super::{Fault, Victims, hosts};
use crate::cluster::Cluster;
use crate::scenario::{KindName, PlannedFault};
use crate::wire::{Fate, Request, Resource, Verb};

pub(super) struct WatchCut;

impl Fault for WatchCut {
    fn bends(&self) -> bool {
        false
    }

    /// While it lasts: a new watch is refused by a broken connection.
    fn bend(&self, fault: &PlannedFault, request: &Request) -> Fate {
        let hit =
            request.verb == Verb::Watch && request.resource.is_some_and(|resource| is_meant(fault, resource));
        if hit { Fate::Reset { committed: false } } else { Fate::Pass }
    }

    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for host in hosts(victims) {
            let cut: Vec<_> =
                cluster.watches_of(host).filter(|(_, resource)| is_meant(fault, *resource)).collect();
            for (id, _) in cut {
                cluster.cut_watch(host, id);
            }
        }
    }
}

/// Whether the fault is about watches of this resource.
fn is_meant(fault: &PlannedFault, resource: Resource) -> bool {
    fault.args.text("kind").is_none_or(|kind| {
        let kind = KindName::from(kind);
        // A kind's plural is its name with an `s` or `es`, or `ies` for a `y`: enough to tell kinds by their resource.
        let singular = resource.plural();
        kind.matches(resource.group(), resource.plural(), singular) || plural_of(&kind.0) == resource.plural()
    })
}

/// The plural of a kind, as Kubernetes' own names form it.
fn plural_of(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    if let Some(stem) = kind.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
        return format!("{stem}ies");
    }
    if kind.ends_with('s') || kind.ends_with('x') { format!("{kind}es") } else { format!("{kind}s") }
}
