//! The status of a website, as a pure function of the website and its Deployment.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::Resource;

use super::{Website, WebsiteStatus};

/// The website is as its spec says.
pub(super) const READY: &str = "Ready";
/// The operator is not done yet. kstatus, and with it Helm and Flux, wait until this is not True.
pub(super) const RECONCILING: &str = "Reconciling";

/// The status that the website should have, given its Deployment as just written. Without a change it equals the status that
/// the website has, so that a pass without news writes nothing.
pub(super) fn status(website: &Website, deployment: &Deployment, now: &Time) -> WebsiteStatus {
    let wanted = website.spec.replicas;
    let seen = deployment.status.clone().unwrap_or_default();
    let ready_replicas = seen.ready_replicas.unwrap_or(0);
    let current = seen.observed_generation >= deployment.metadata.generation;
    let all = [seen.replicas, seen.updated_replicas, seen.ready_replicas];
    let complete = current && all.iter().all(|count| count.unwrap_or(0) == wanted);
    let condition = |type_: &str, holds: bool| {
        let condition = Condition {
            type_: type_.into(),
            status: if holds { "True" } else { "False" }.into(),
            reason: if complete { "Serving" } else { "RollingOut" }.into(),
            message: format!("{ready_replicas} of {wanted} pods are ready"),
            observed_generation: website.meta().generation,
            last_transition_time: now.clone(),
        };
        since_its_transition(condition, website.status.as_ref())
    };
    WebsiteStatus {
        observed_generation: website.meta().generation,
        ready_replicas,
        conditions: vec![condition(READY, complete), condition(RECONCILING, !complete)],
    }
}

/// Keeps the transition time of a condition whose status has not changed.
fn since_its_transition(mut condition: Condition, before: Option<&WebsiteStatus>) -> Condition {
    let mut earlier = before.into_iter().flat_map(|status| &status.conditions);
    let same = |last: &&Condition| last.type_ == condition.type_ && last.status == condition.status;
    if let Some(last) = earlier.find(same) {
        condition.last_transition_time = last.last_transition_time.clone();
    }
    condition
}
