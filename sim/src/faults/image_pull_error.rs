//! `image-pull-error`: the next pulls of an image fail, on whatever node. Once it has healed the next pull succeeds; the
//! kubelet's back-off is not reset.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        let times = fault.args.count("times").unwrap_or(1);
        let reason = fault.args.text("reason").unwrap_or("ErrImagePull");
        if let Some(image) = &victims.image {
            cluster.container_faults().fail_pulls(image, times, reason);
        }
    }

    fn end(&self, _fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        if let Some(image) = &victims.image {
            cluster.container_faults().end_failing_pulls(image);
        }
    }
}
