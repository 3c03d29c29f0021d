//! What one commit of a component says, and what a refused create. The texts are recorded (`ctl-*` cases) or those of the
//! source that is named.
//!
//! - `telling`: who tells what about whom
//! - `pods`: the scheduler and the controllers on pods
//! - `kubelet`: kubelets on their pods and nodes
//! - `nodes`: the node controller, and taint eviction
//! - `workloads`: Deployments, Jobs, CronJobs, claims of StatefulSets
//! - `budgets`: PodDisruptionBudgets
//! - `owners`: owners in another namespace
//! - `refusals`: creates that the server refused

mod budgets;
mod kubelet;
mod nodes;
mod owners;
mod pods;
mod refusals;
mod telling;
mod workloads;

pub(super) use refusals::refusal;
use telling::Telling;
pub(super) use telling::{About, Related, Source, Word};

use super::known::Known;
use crate::wire::Commit;
use crate::wire::resource::{
    CRON_JOBS, JOBS, NODES, PERSISTENT_VOLUME_CLAIMS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS,
};

/// The actor that the controllers are.
pub(super) const MANAGER: &str = "kube-controller-manager";
/// The actor that the scheduler is.
const SCHEDULER: &str = "kube-scheduler";

/// What this commit says.
pub(super) fn words(known: &Known, actor: &str, commit: &Commit) -> Vec<Word> {
    let mut told = Telling::new(known);
    let (old, new) = (commit.old.as_deref(), commit.new.as_deref());
    let kubelet = actor.strip_prefix("kubelet/");
    let by_manager = actor == MANAGER;
    if commit.resource == *PODS {
        match (actor, kubelet) {
            (SCHEDULER, _) => told.scheduled(old, new),
            (MANAGER, _) => told.managed_pod(old, new),
            (_, Some(node)) => told.run_pod(node, old, new),
            _ => {}
        }
        told.killed(old, new);
        told.eviction_of_pod_cancelled(old, new);
    } else if commit.resource == *NODES {
        told.node(kubelet, old, new);
        told.evictions_cancelled(old, new);
    } else if commit.resource == *JOBS {
        told.job(by_manager, known.is_reaped(actor, commit), old, new);
    } else if commit.resource == *PERSISTENT_VOLUME_CLAIMS {
        told.claim(by_manager, old, new);
    } else if by_manager && commit.resource == *REPLICA_SETS {
        told.scaled(old, new);
    } else if by_manager && commit.resource == *CRON_JOBS {
        told.cron_job(old, new);
    } else if by_manager && commit.resource == *POD_DISRUPTION_BUDGETS {
        told.budget(old, new);
    }
    told.owners_elsewhere(old, new);
    told.words
}
