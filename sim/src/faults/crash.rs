//! `crash`: a program dies where it stands, between two instructions. Whatever it had sent is under way; what it had
//! not is lost. A pod as target means the programs in it.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn kills_at_once(&self) -> bool {
        true
    }

    fn strike(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for host in &victims.hosts {
            cluster.crash(*host);
        }
        for pod in &victims.objects {
            cluster.crash_pod_programs(pod.uid());
        }
    }
}
