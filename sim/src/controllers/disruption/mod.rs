//! The disruption controller: how many pods of a PodDisruptionBudget may be evicted now.
//!
//! - `controller`: which budgets a change concerns; one sync
//! - `expected`: how many pods there should be, by the sizes of their workloads
//! - `status`: healthy pods, evictions in progress, the status
//!
//! Real: pkg/controller/disruption. Modelled: minAvailable and maxUnavailable as numbers and percentages, disrupted pods and
//! their two minutes, the condition DisruptionAllowed. Differs: a change of a pod syncs every budget that selects it; the
//! real controller picks one. Not modelled: the scale subresource of custom resources (a budget that needs it fails its
//! sync); removing DisruptionTarget from pods whose deletion did not follow.

mod controller;
mod expected;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::Disruptions;
