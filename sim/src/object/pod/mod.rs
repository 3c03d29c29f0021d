//! Facts about pods, read from the object.
//!
//! - `containers`: sidecars, the containers that run as long as the pod, and what all need together
//! - `state`: whether a pod has ended, whether it is ready
//! - `fit`: whether a pod fits a node
//! - `row`: the line of `kubectl get pods`

mod containers;
mod fit;
mod row;
mod state;

pub use containers::{is_sidecar, lasting_containers, total_of_containers};
pub use fit::{selects_node, tolerates, tolerates_one};
pub use row::{PodRow, human_duration, pod_row};
pub(super) use state::PodState;
