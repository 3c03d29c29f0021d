//! Facts about pods, read from the object.
//!
//! - `containers`: sidecars, and the containers that run as long as the pod
//! - `state`: whether a pod has ended, whether it is ready
//! - `fit`: whether a pod fits a node
//! - `row`: the line of `kubectl get pods`

mod containers;
mod fit;
mod row;
mod state;

pub use containers::{is_sidecar, lasting_containers};
pub use fit::{selects_node, tolerates, tolerates_one};
pub use row::{PodRow, human_duration, pod_row};
pub(super) use state::PodState;
