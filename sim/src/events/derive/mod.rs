//! What components report of a commit, or of a refused create. The texts are recorded (`ctl-*` cases) or come from the source
//! that a comment names.
//!
//! - `report`: one report: its source, the involved object, reason and message
//! - `pods`: the scheduler and the controllers, about pods
//! - `kubelet`: kubelets, about the containers of their pods
//! - `nodes`: the node controller and taint eviction
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
mod report;
mod workloads;

pub(super) use refusals::of_refusal;
use report::Reports;
pub(super) use report::{Involved, Related, Report, Source};

use super::state::{MANAGER, PriorState};
use crate::wire::Commit;
use crate::wire::resource::{
    CRON_JOBS, JOBS, NODES, PERSISTENT_VOLUME_CLAIMS, POD_DISRUPTION_BUDGETS, PODS, REPLICA_SETS,
};

const SCHEDULER: &str = "kube-scheduler";

/// What components report of this commit.
pub(super) fn of_commit(state: &PriorState, actor: &str, commit: &Commit) -> Vec<Report> {
    let mut found = Reports::new(state);
    let (old, new) = (commit.old.as_deref(), commit.new.as_deref());
    let kubelet = actor.strip_prefix("kubelet/");
    let by_manager = actor == MANAGER;
    if commit.resource == *PODS {
        match (actor, kubelet) {
            (SCHEDULER, _) => found.scheduler_on_pod(old, new),
            (MANAGER, _) => found.controllers_on_pod(old, new),
            (_, Some(node)) => found.kubelet_on_pod(node, old, new),
            _ => {}
        }
        found.containers_killed(old, new);
        found.eviction_of_pod_cancelled(old, new);
    } else if commit.resource == *NODES {
        found.node(kubelet, old, new);
        found.evictions_cancelled(old, new);
    } else if commit.resource == *JOBS {
        found.job(by_manager, state.is_deleted_by_cron_job(actor, commit), old, new);
    } else if commit.resource == *PERSISTENT_VOLUME_CLAIMS {
        found.claim(by_manager, old, new);
    } else if by_manager && commit.resource == *REPLICA_SETS {
        found.replica_set_scaled(old, new);
    } else if by_manager && commit.resource == *CRON_JOBS {
        found.cron_job(old, new);
    } else if by_manager && commit.resource == *POD_DISRUPTION_BUDGETS {
        found.budget(old, new);
    }
    found.owners_in_other_namespaces(old, new);
    found.list
}
