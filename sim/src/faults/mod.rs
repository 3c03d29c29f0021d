//! Failures: what strikes, whom, and through which seam. Only what a real failure could reach is touched.
//!
//! - `injector`: carries out a plan: waits for times and events, strikes, heals
//! - `triggers`: counts the events that set steps of the scenario off
//! - `known`: birth names, kinds and labels, learnt from commits
//! - `victims`: who a target means at this moment
//! - one file per fault
//!
//! To add a fault: one file with its [`Fault`], one line in [`BEHAVIOURS`], `available: true` in the table of
//! `scenario::fault`, and a test that shows it bites.

use crate::cluster::Cluster;
use crate::scenario::PlannedFault;
use crate::wire::{Addr, Fate, Request};

mod api_error;
mod api_latency;
mod compaction;
mod container_crash;
mod crash;
mod eviction;
mod image_pull_error;
mod injector;
mod known;
mod kubelet_restart;
mod node_loss;
mod partition;
mod pod_deletion;
mod readiness_flap;
mod reboot;
mod slow_start;
mod triggers;
mod victims;
mod watch_cut;

pub use injector::{Injector, Unused};
use victims::Victims;

/// How a fault acts: it bends requests, or it strikes and perhaps ends.
trait Fault: Sync {
    /// Whether it bends requests on their way, rather than striking once.
    fn bends(&self) -> bool {
        false
    }

    /// What becomes of a request of one of its victims.
    fn bend(&self, _fault: &PlannedFault, _request: &Request) -> Fate {
        Fate::Pass
    }

    /// Strikes its victims; says in words whom, or that there was nobody.
    fn strike(&self, _fault: &PlannedFault, _victims: &Victims, _cluster: &mut Cluster) {}

    /// Ends what it did to those that it struck: its duration is over, or all faults heal.
    fn end(&self, _fault: &PlannedFault, _victims: &Victims, _cluster: &mut Cluster) {}
}

/// What each fault does, by name.
const BEHAVIOURS: &[(&str, &dyn Fault)] = &[
    ("api-error", &api_error::ApiError),
    ("api-latency", &api_latency::ApiLatency),
    ("compaction", &compaction::Compaction),
    ("container-crash", &container_crash::ContainerCrash),
    ("crash", &crash::Crash),
    ("eviction", &eviction::Eviction),
    ("image-pull-error", &image_pull_error::ImagePullError),
    ("kubelet-restart", &kubelet_restart::KubeletRestart),
    ("node-loss", &node_loss::NodeLoss),
    ("partition", &partition::Partition),
    ("pod-deletion", &pod_deletion::PodDeletion),
    ("readiness-flap", &readiness_flap::ReadinessFlap),
    ("reboot", &reboot::Reboot),
    ("slow-start", &slow_start::SlowStart),
    ("watch-cut", &watch_cut::WatchCut),
];

/// The behaviour of a planned fault.
fn behaviour(fault: &PlannedFault) -> &'static dyn Fault {
    let found = BEHAVIOURS.iter().find(|(name, _)| *name == fault.fault.name);
    found.expect("every available fault has a behaviour: a test compares the tables").1
}

/// The hosts among the victims.
fn hosts(victims: &Victims) -> impl Iterator<Item = Addr> + '_ {
    victims.hosts.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fault::FAULTS;

    #[test]
    fn every_available_fault_has_a_behaviour_and_no_other() {
        let mut available: Vec<&str> =
            FAULTS.iter().filter(|fault| fault.available).map(|fault| fault.name).collect();
        available.sort_unstable();
        let behaving: Vec<&str> = BEHAVIOURS.iter().map(|(name, _)| *name).collect();
        assert_eq!(available, behaving);
    }
}
