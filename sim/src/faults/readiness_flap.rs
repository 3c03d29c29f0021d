//! `readiness-flap`: the readiness probes of containers that are ready fail for a while.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        cluster.flap_containers(&victims.containers(), fault.args.time_ms("down").unwrap_or(0));
    }
}
