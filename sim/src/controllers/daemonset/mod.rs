//! The DaemonSet controller: one pod on every node that fits.
//!
//! - `controller`: which sets a change concerns, one sync from top to bottom
//! - `placement`: which nodes are to have a pod and which may keep one
//! - `template`: the pod of a node; which node a pod is for
//! - `manage`: pods that are missing, failed or too many
//! - `rolling`: how far an update may go, with `maxUnavailable` or `maxSurge`
//! - `backoff`: failed pods are not replaced faster and faster
//! - `status`: counts
//!
//! Real: pkg/controller/daemon. Modelled: placement by name, selector, affinity and taints, the tolerations that daemon pods
//! get, RollingUpdate and OnDelete, revisions and their history, minReadySeconds, adoption and release. Nodes are taken
//! in order of name, where the real controller takes them as Go's maps come. As there, a node that is deleted
//! wakes no set (recorded: its pod counts until pod GC takes it). Not modelled: several revisions with the same
//! template, which only a crash between two Go maps could leave.

mod backoff;
mod controller;
mod manage;
mod placement;
mod rolling;
mod status;
mod template;
#[cfg(test)]
mod tests;

pub(super) use controller::DaemonSets;
