//! The StatefulSet controller: pods with names that stay, in order, each with its own volumes.
//!
//! - `controller`: which sets a change concerns, revisions, one sync from top to bottom
//! - `replicas`: which pods are created, deleted and waited for
//! - `identity`: names, ordinals, the pod of an ordinal
//! - `claims`: the volume claims of a pod and who owns them
//! - `status`: counts and revisions
//!
//! Real: pkg/controller/statefulset. Modelled: OrderedReady and Parallel, RollingUpdate with partition, OnDelete, revisions
//! and their history, claim templates and their retention policy, ordinals, minReadySeconds, adoption and release.
//! Terminating pods are waited for, on a lost node for ever, as only their kubelet ends them. Not modelled:
//! `maxUnavailable`, whose feature gate is off, so that the server drops it; a claim that is being deleted holds its pod
//! back until it is gone, where the real controller looks again after a back-off.

mod claims;
mod controller;
mod identity;
mod replicas;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::StatefulSets;
