//! `kubelet-restart`: the kubelet's process restarts; containers do not notice. It lists its pods anew, and what it had asked
//! is never answered.
//!
//! Not modelled: a lagging replica of the API server to list from, since there is one server.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for node in &victims.objects {
            cluster.restart_kubelet(node.name());
        }
    }
}
