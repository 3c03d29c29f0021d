//! `slow-start`: containers take longer from ContainerCreating to Running: those that start while it lasts, without a
//! duration the next one.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        let by_ms = fault.args.time_ms("by").unwrap_or(0);
        cluster.container_faults().slow_starts(victims.containers(), by_ms, fault.duration_ms.is_none());
    }

    fn end(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        cluster.container_faults().end_slow_starts(&victims.containers());
    }
}
