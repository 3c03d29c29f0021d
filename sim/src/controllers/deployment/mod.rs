//! The Deployment controller: rolls ReplicaSets from one pod template to the next.
//!
//! - `controller`: which deployments a change concerns
//! - `rollout`: one sync
//! - `sets`: which ReplicaSet is new, which are old; revisions; the new one's creation
//! - `rolling`: how far to grow and shrink, pure arithmetic
//! - `scale`: scaling proportionally when the size changes in mid-rollout
//! - `status`: counts, conditions, the progress deadline
//!
//! Real: pkg/controller/deployment. Modelled: RollingUpdate and Recreate, pause and resume, revisions and their history,
//! adoption, hash collisions, progress deadline, ReplicaFailure. Not modelled: the second status write of a sync,
//! which a real server refuses because the first one made it stale, is not sent.

mod controller;
mod rolling;
mod rollout;
mod scale;
mod sets;
mod status;
#[cfg(test)]
mod tests;

pub(super) use controller::Deployments;
