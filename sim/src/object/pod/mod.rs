//! What an object says that is a pod.
//!
//! - `containers`: which containers run as long as the pod does
//! - `state`: whether it has ended, whether it is ready
//! - `fit`: whether it fits a node by what both say
//! - `row`: the line that `kubectl get pods` prints

mod containers;
mod fit;
mod row;
mod state;

pub use containers::{is_sidecar, lasting_containers};
pub use fit::{selects_node, tolerates, tolerates_one};
pub use row::{PodRow, human_duration, pod_row};
pub(super) use state::PodState;
