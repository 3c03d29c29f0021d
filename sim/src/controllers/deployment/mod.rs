//! The Deployment controller: rolls ReplicaSets from one pod template to the next.
//!
//! - `controller`: which deployments a change concerns
//! - `rollout`: one sync
//! - `sets`: the new ReplicaSet, the old ones, their revisions
//! - `rolling`: how far to grow and shrink, pure arithmetic
//! - `scale`: proportional scaling when `spec.replicas` changes during a rollout
//! - `status`: counts, conditions, the progress deadline
//!
//! Real: pkg/controller/deployment. Modelled: RollingUpdate and Recreate, pause and resume, revisions and their history,
//! adoption, hash collisions, progress deadline, ReplicaFailure. Not modelled: a second status write in one sync, which a
//! real server refuses because the first one made it stale.

mod controller;
mod rolling;
mod rollout;
mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::Deployments;
