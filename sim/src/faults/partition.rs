//! `partition`: nodes, pods or programs do not reach the API server. Containers run on; so do the programs in them, which
//! hear nothing and reach nobody. What was sent is delivered in order when it ends. `oneWay`: they still hear the server.
//!
//! Not modelled: a partition between other parties, since applications have no network yet.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;
use crate::wire::Addr;

pub(super) struct Behaviour;

/// Who is cut off: hosts, the kubelets of nodes (with all that runs there), the programs in pods.
fn cut_off(victims: &Victims, cluster: &Cluster) -> Vec<Addr> {
    let mut all = victims.hosts.clone();
    for object in &victims.objects {
        if object.kind() == "Node" {
            all.extend(cluster.kubelet_of(object.name()));
        } else {
            all.extend(cluster.hosts_in_pod(object.uid()));
        }
    }
    all
}

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for addr in cut_off(victims, cluster) {
            cluster.cut(addr, fault.args.flag("oneWay"));
        }
    }

    fn end(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for addr in cut_off(victims, cluster) {
            cluster.mend(addr);
        }
    }
}
