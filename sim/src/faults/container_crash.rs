//! `container-crash`: a container's process ends by itself, with an exit code; 137 as if it were killed.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;
use crate::wire::Exit;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        let code = fault
            .args
            .count("exitCode")
            .map_or(Exit::SIGKILL, |code| i32::try_from(code).unwrap_or(i32::MAX));
        for pod in &victims.objects {
            cluster.crash_container(pod.uid(), fault.args.text("container"), code);
        }
    }
}
