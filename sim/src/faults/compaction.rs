//! `compaction`: the API server forgets its history but for the newest revisions. A watch that resumes from an older one and
//! a list that goes on from an older one are answered with 410, and their clients have to list anew.
//!
//! Real: etcd is compacted every five minutes, which ends old continue tokens; watches live on the watch cache, which is empty
//! below the present after the API server has restarted. Modelled: both at once, at any time. Open watches go on, as they
//! do in a compaction: to see one resume, cut it (`watch-cut`) and compact before it comes back.

use super::{Fault, Victims};
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn strike(&self, fault: &PlannedFault, _victims: &Victims, cluster: &mut Cluster) {
        cluster.compact(fault.args.count("keep").unwrap_or(0));
    }
}
