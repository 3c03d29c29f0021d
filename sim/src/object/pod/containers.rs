//! The containers of a pod that run as long as the pod.

use crate::object::{Object, Value};

/// Whether an init container is a sidecar: it starts in its turn and keeps running.
pub fn is_sidecar(container: &Value) -> bool {
    container.str_at(&["restartPolicy"]) == Some("Always")
}

/// The containers that run as long as the pod: the main ones, then sidecars.
pub fn lasting_containers(pod: &Object) -> impl Iterator<Item = &Value> {
    let sidecars = pod.items_at(&["spec", "initContainers"]).iter().filter(|c| is_sidecar(c));
    pod.items_at(&["spec", "containers"]).iter().chain(sidecars)
}
