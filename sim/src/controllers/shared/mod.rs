//! What several controllers need. A file that only one controller uses belongs to that controller.
//!
//! - `claim`: owner references, adoption and release
//! - `pods`: alive, ready, available, and which pod to delete first
//! - `pods_by_node`: which pods a node has
//! - `history`: ControllerRevisions
//! - `template_hash`: `pod-template-hash` and the hash of a revision
//! - `tolerations`: how long a pod may stay on a tainted node
//! - `disruption_target`: the condition DisruptionTarget of a pod that a controller is about to delete

pub(super) mod claim;
pub(super) mod disruption_target;
pub(super) mod history;
pub(super) mod pods;
pub(super) mod pods_by_node;
pub(super) mod template_hash;
pub(super) mod tolerations;
