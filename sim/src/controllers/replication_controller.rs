//! The ReplicationController: a predecessor of the ReplicaSet, with a plain map as its selector.
//!
//! Real: pkg/controller/replication, which feeds converted objects to the ReplicaSet controller. Modelled: the same, as a
//! flavour of [`ReplicaSets`]; its status does not count terminating pods (recorded).

use super::replicaset::{Flavour, ReplicaSets};
use crate::wire::resource::REPLICATION_CONTROLLERS;

/// The controller of ReplicationControllers.
pub(super) fn controller() -> ReplicaSets {
    ReplicaSets::of(Flavour {
        name: "replicationcontroller-controller",
        resource: *REPLICATION_CONTROLLERS,
        kind: "ReplicationController",
        counts_terminating: false,
    })
}

#[cfg(test)]
mod tests {
    use crate::controllers::tests::{Fixture, NS, template};
    use crate::object::Value;
    use crate::value;
    use crate::wire::resource::{PODS, REPLICATION_CONTROLLERS};

    fn controller(replicas: i64) -> Value {
        value!({
            "metadata": {"name": "rc", "namespace": NS},
            "spec": {"replicas": replicas, "selector": {"app": "d"}, "template": (template("nginx"))}
        })
    }

    #[test]
    fn scaling_goes_through_the_statuses_that_a_real_server_recorded() {
        let mut fixture = Fixture::new();
        fixture.create(*REPLICATION_CONTROLLERS, controller(2));
        for pod in fixture.all(*PODS) {
            let owner = pod.controller().expect("the controller made the pod");
            assert_eq!((owner.kind, owner.api_version), ("ReplicationController", "v1"));
        }
        fixture.edit(*REPLICATION_CONTROLLERS, "rc", |root| root.set_at(&["spec", "replicas"], 1));
        // ctl-replication-controller, state by state.
        let full = |n: i64, generation: i64| {
            value!({
                "replicas": n, "fullyLabeledReplicas": n, "readyReplicas": n, "availableReplicas": n,
                "observedGeneration": generation
            })
        };
        let mut one_ready = full(2, 1);
        one_ready.set_at(&["readyReplicas"], 1);
        one_ready.set_at(&["availableReplicas"], 1);
        let recorded = [
            value!({"replicas": 0, "observedGeneration": 1}),
            value!({"replicas": 2, "fullyLabeledReplicas": 2, "observedGeneration": 1}),
            one_ready,
            full(2, 1),
            full(2, 2),
            full(1, 2),
        ];
        assert_eq!(fixture.statuses(*REPLICATION_CONTROLLERS, "rc"), recorded);
    }

    #[test]
    fn the_plain_map_is_its_selector() {
        let mut fixture = Fixture::new();
        fixture.create(*REPLICATION_CONTROLLERS, controller(1));
        for (name, app) in [("a", "d"), ("b", "other")] {
            let labels = value!({"app": app});
            let orphan = value!({"metadata": {"name": name, "namespace": NS, "labels": labels}, "spec": {}});
            fixture.create(*PODS, orphan);
        }
        // The controller adopts the first and deletes a surplus pod; it leaves the second alone.
        let owned = fixture.all(*PODS).iter().filter(|pod| pod.controller().is_some()).count();
        assert_eq!((owned, fixture.all(*PODS).len()), (1, 2));
        assert!(fixture.get(*PODS, "b").controller().is_none());
    }
}
