//! `node-loss`: a machine loses its power. Kubelet, containers and the programs in them stop at one instant; the Node object
//! stays. Healed by `return` (the same machine gets its power back) or `replace` (the Node is deleted, another machine joins).

use super::{Fault, Victims};
use crate::cluster::{CHAOS, Cluster};
use crate::scenario::PlannedFault;
use crate::wire::{ObjectKey, Request, resource};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for node in &victims.objects {
            cluster.power_off(node.name());
        }
    }

    fn end(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for node in &victims.objects {
            if fault.args.text("heal") == Some("replace") {
                cluster.remove_machine(node.name());
                cluster.ask(CHAOS, Request::delete(*resource::NODES, &ObjectKey::of(node)));
                cluster.join_like(node.name(), None);
            } else {
                cluster.power_on(node.name());
            }
        }
    }
}
