//! What several controllers use. A file that one controller uses belongs to that controller.
//!
//! - `workload`: fields of their specs, the pod of a template, batches of requests
//! - `claim`: owner references, adoption and release
//! - `pods`: active, ready, available; which pod to delete first
//! - `pods_by_node`: an index of pods by node
//! - `history`: ControllerRevisions
//! - `template_hash`: `pod-template-hash` and the hash of a revision
//! - `tolerations`: how long a pod may stay on a tainted node
//! - `disruption_target`: the condition DisruptionTarget of a pod that a controller deletes

pub(super) mod claim;
pub(super) mod disruption_target;
pub(super) mod history;
pub(super) mod pods;
pub(super) mod pods_by_node;
pub(super) mod template_hash;
pub(super) mod tolerations;
pub(super) mod workload;
