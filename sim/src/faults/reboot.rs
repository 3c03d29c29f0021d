//! `reboot`: a machine restarts. Its containers die without a SIGTERM; when it is up again the same pods run, each container
//! with one restart more.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for node in &victims.objects {
            cluster.reboot(node.name());
        }
    }
}
