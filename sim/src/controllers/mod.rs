//! The kube-controller-manager: one component, shared caches, one controller per file.
//!
//! - [`Manager`]: the component; feeds changes to work queues, runs syncs, sends their requests
//! - [`Controller`], [`Target`], [`Outcome`]: what a controller is and what it answers
//! - [`Caches`], [`Kind`]: the shared informers, built-in and custom
//! - `expectations`: no sync before the caches have seen what the last one wrote
//! - `claim`, `pods`, `template_hash`: what several controllers need
//! - `deployment`, `replicaset`: workloads
//! - `endpoints`: services
//! - `garbage_collector`, `namespace`, `service_account`, `root_ca`: what keeps the rest tidy
//!
//! Real: about thirty controllers, each with workers of its own. Modelled: those listed; every key of a controller may
//! be under way at once, one sync per key. Not modelled: leader election, the Events that `kubectl describe` shows.
//!
//! To add a controller:
//! 1. write `name.rs` with a struct that implements [`Controller`]: `watches` names the resources it follows,
//! 2. `keys` turns one change of such a resource into the targets to sync (owner, selector match, the object itself),
//! 3. `reconcile` compares desired with cached state and answers the requests to send, nothing where all is well,
//! 4. add its `mod` line and a line in [`all`],
//! 5. test it with `tests::Fixture`: a store, a kubelet and the manager, a few lines per case.
//!
//! Architecture invariant: names `object`, `engine`, `wire` and `client` only.

mod caches;
mod claim;
mod controller;
mod cron_job;
mod deployment;
mod disruption;
mod endpoints;
mod expectations;
mod garbage_collector;
mod job;
mod manager;
mod namespace;
mod pods;
mod replicaset;
mod resource_quota;
mod root_ca;
mod service_account;
mod sync;
mod template_hash;
#[cfg(test)]
mod tests;
mod ttl_after_finished;

pub use caches::{Caches, Kind};
pub use controller::{Call, Controller, Outcome, Target, Verdict, Watches};
pub use manager::Manager;

/// The controllers of a whole manager.
fn all() -> Vec<Box<dyn Controller>> {
    vec![
        Box::new(replicaset::ReplicaSets::default()),
        Box::new(deployment::Deployments::default()),
        Box::new(garbage_collector::GarbageCollector::default()),
        Box::new(namespace::Namespaces::default()),
        Box::new(service_account::ServiceAccounts),
        Box::new(root_ca::RootCa),
        Box::new(endpoints::EndpointSlices::default()),
        Box::new(endpoints::LegacyEndpoints::default()),
        Box::new(endpoints::Mirroring::default()),
        Box::new(job::Jobs::default()),
        Box::new(cron_job::CronJobs::default()),
        Box::new(disruption::Disruptions),
        Box::new(resource_quota::ResourceQuotas),
        Box::new(ttl_after_finished::TtlAfterFinished),
    ]
}
