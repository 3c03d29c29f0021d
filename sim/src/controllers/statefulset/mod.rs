//! The StatefulSet controller: pods with stable names, in order, each with its own volumes.
//!
//! - `controller`: which sets a change concerns, revisions, one sync from top to bottom
//! - `replicas`: which pods it creates, deletes and waits for
//! - `identity`: names, ordinals, the pod of an ordinal
//! - `claims`: the volume claims of a pod and their owners
//! - `status`: counts and revisions
//!
//! Real: pkg/controller/statefulset. Modelled: OrderedReady and Parallel, RollingUpdate with partition, OnDelete, revisions
//! and their history, claim templates and their retention policy, ordinals, minReadySeconds, adoption and release. It
//! waits for terminating pods; on a lost node it waits for ever, because only the kubelet ends them. Differs: a pod waits
//! until its terminating claim is gone; the real controller retries after a back-off. Not modelled: `maxUnavailable`,
//! which the server drops because its feature gate is off.

mod claims;
mod controller;
mod identity;
mod replicas;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::StatefulSets;
