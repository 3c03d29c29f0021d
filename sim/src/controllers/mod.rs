//! The kube-controller-manager: one component, shared caches, one controller per file.
//!
//! - [`manager`]: the component that runs them: shared caches, work queues, syncs
//! - `shared`: what several controllers need: owner references, pods, template hashes, revisions, tolerations
//! - `deployment`, `replicaset`, `replication_controller`, `statefulset`, `daemonset`, `job`, `cron_job`: workloads
//! - `ttl_after_finished`: deletes finished jobs
//! - `disruption`, `resource_quota`: the status of PodDisruptionBudgets and ResourceQuotas
//! - `volumes`: claims and their volumes
//! - `endpoints`: Endpoints and EndpointSlices of Services
//! - `node_lifecycle`, `taint_eviction`, `pod_gc`, `node_ttl`: lost nodes and their pods
//! - `garbage_collector`, `namespace`, `service_account`, `root_ca`: cleaning up, and what each namespace needs
//!
//! Real: about thirty controllers, each with a fixed number of workers. Modelled: those listed. Differs: any number of
//! keys of a controller may be in progress at once, one sync per key. Not modelled: leader election. The module `events`
//! derives the Events that these controllers would write.
//!
//! To add a controller:
//! 1. write `name.rs` with its header (*Real*, *Modelled*, *Differs*, *Not modelled*) and a struct that implements [`Controller`],
//! 2. `watches` returns the resources it watches, `keys` maps a change of one to the keys to sync (its owner, selector matches,
//!    the object itself), `reconcile` compares desired with cached state and returns the requests to send, if any,
//! 3. add its `mod` line, a line in [`all`], and its name in `scenario::flag::CONTROLLERS`,
//! 4. test it with `tests::Fixture` (a store, a kubelet and the manager), and against recordings where there are some:
//!    `CASE=sts-parallel cargo test -p wavetank-sim --test controllers`,
//! 5. add a scenario to `tests/it/controllers` of the root package that does not hold when the controller is off.
//!
//! Architecture invariant: names `object`, `engine`, `wire` and `client` only.

mod cron_job;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod garbage_collector;
mod job;
mod manager;
mod namespace;
mod node_lifecycle;
mod node_ttl;
mod pod_gc;
mod replicaset;
mod replication_controller;
mod resource_quota;
mod root_ca;
mod service_account;
mod shared;
mod statefulset;
mod taint_eviction;
#[cfg(test)]
mod tests;
mod ttl_after_finished;
mod volumes;

pub use manager::{
    Caches, Call, Controller, Manager, Outcome, ServedKind, Settings, SyncKey, Task, Verdict, Watches,
};
pub use node_ttl::{NODE_TTL, node_ttl};

/// The controllers that `--controllers` enables.
fn all(settings: &Settings) -> Vec<Box<dyn Controller>> {
    let mut all: Vec<Box<dyn Controller>> = vec![
        Box::new(replicaset::ReplicaSets::default()),
        Box::new(replication_controller::controller()),
        Box::new(deployment::Deployments::default()),
        Box::new(statefulset::StatefulSets::default()),
        Box::new(daemonset::DaemonSets::default()),
        Box::new(volumes::Binder::new(settings)),
        Box::new(volumes::ClaimProtection),
        Box::new(volumes::VolumeProtection),
        Box::new(garbage_collector::GarbageCollector::default()),
        Box::new(namespace::Namespaces::default()),
        Box::new(service_account::ServiceAccounts),
        Box::new(root_ca::RootCa),
        Box::new(endpoints::EndpointSlices::default()),
        Box::new(endpoints::LegacyEndpoints::default()),
        Box::new(endpoints::Mirroring),
        Box::new(job::Jobs::default()),
        Box::new(cron_job::CronJobs::default()),
        Box::new(disruption::Disruptions),
        Box::new(resource_quota::ResourceQuotas),
        Box::new(ttl_after_finished::TtlAfterFinished),
        Box::new(node_lifecycle::NodeLifecycle::new(settings)),
        Box::new(taint_eviction::TaintEviction::default()),
        Box::new(pod_gc::PodGc::new(settings)),
        Box::new(node_ttl::NodeTtl::default()),
    ];
    all.retain(|controller| settings.runs(controller.name()));
    all
}
