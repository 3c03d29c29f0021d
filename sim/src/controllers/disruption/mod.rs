//! The disruption controller: how many pods of a PodDisruptionBudget may be evicted now.
//!
//! - `controller`: which budgets a change concerns; one sync
//! - `expected`: how many pods there should be, by the sizes of the workloads they belong to
//! - `status`: healthy pods, evictions under way, the status
//!
//! Real: pkg/controller/disruption. Modelled: minAvailable and maxUnavailable as numbers and percentages, disrupted pods and
//! their two minutes, the condition DisruptionAllowed. A change of a pod is told to every budget that selects it; the
//! real controller picks one. Not modelled: the size of custom resources (a budget that needs it fails its
//! sync); taking back DisruptionTarget from pods that were not deleted after all.

mod controller;
mod expected;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::Disruptions;
