//! The DaemonSet controller: one pod on every matching node.
//!
//! - `controller`: which sets a change concerns, one sync from top to bottom
//! - `placement`: which nodes should have a pod and which may keep one
//! - `template`: the pod of a node; the node of a pod
//! - `manage`: missing, failed and surplus pods
//! - `rolling`: rolling updates within `maxUnavailable` or `maxSurge`
//! - `backoff`: delays between replacements of failed pods
//! - `status`: counts
//!
//! Real: pkg/controller/daemon. Modelled: placement by name, selector, affinity and taints, the tolerations that daemon pods
//! get, RollingUpdate and OnDelete, revisions and their history, minReadySeconds, adoption and release. The deletion of a
//! node syncs no set (recorded: its pod counts until pod GC deletes it). Differs: nodes come in order of name, where the
//! real controller iterates Go maps. Not modelled: several revisions with the same template.

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
