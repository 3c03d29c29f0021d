//! The containers of a pod that run as long as the pod, and what all need together.

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

/// What the containers of a pod need together (component-helpers `PodRequests`, `PodLimits`): the larger of the sum of all that
/// last, and of each init container with the sidecars before it.
pub fn total_of_containers<T: Clone + Default>(
    pod: &Object,
    of: impl Fn(&Value) -> T,
    add: impl Fn(&mut T, &T),
    raise: impl Fn(&mut T, &T),
) -> T {
    let (mut sum, mut sidecars, mut most) = (T::default(), T::default(), T::default());
    pod.items_at(&["spec", "containers"]).iter().for_each(|container| add(&mut sum, &of(container)));
    for container in pod.items_at(&["spec", "initContainers"]) {
        let mut now = of(container);
        if is_sidecar(container) {
            add(&mut sum, &now);
            add(&mut sidecars, &now);
            now.clone_from(&sidecars);
        } else {
            add(&mut now, &sidecars);
        }
        raise(&mut most, &now);
    }
    raise(&mut sum, &most);
    sum
}
