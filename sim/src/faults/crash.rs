//! `crash`: a program dies where it stands, between two instructions. Whatever it had sent is under way; what it had
//! not is lost. A pod as target means the programs in it.

use super::{Fault, Victims, hosts};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Crash;

impl Fault for Crash {
    fn strike(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for host in hosts(victims) {
            cluster.crash(host);
        }
        for pod in &victims.objects {
            cluster.crash_pod_programs(pod.uid());
        }
    }
}
