//! Pods that no other component deletes.

use std::sync::Arc;

use super::{Fixture, NS, kinds};
use crate::controllers::pod_gc::PodGc;
use crate::controllers::{Manager, Settings};
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{ObjectKey, Status, Verb};

fn fixture(threshold: usize) -> Fixture {
    let settings = Settings { terminated_pod_gc_threshold: threshold, ..Settings::default() };
    let mut fixture = Fixture::with(Manager::with(kinds(), vec![Box::new(PodGc::new(&settings))]));
    fixture.kubelet = false;
    fixture.create(*NODES, value!({"metadata": {"name": "n"}}));
    fixture
}

fn pods(fixture: &Fixture) -> Vec<String> {
    fixture.all(*PODS).iter().map(|pod| pod.name().to_owned()).collect()
}

#[test]
fn a_pod_of_a_deleted_node_fails_and_is_deleted_after_the_quarantine() {
    let mut fixture = fixture(0);
    fixture.pod_on("here", "n", value!([]));
    fixture.pod_on("orphan", "gone", value!([]));
    fixture.run_until(Time(59_999));
    assert_eq!(pods(&fixture), ["here", "orphan"]);
    fixture.run_until(Time(60_000));
    assert_eq!(pods(&fixture), ["here"]);
    let mut states = fixture.store.commits.iter().filter(|(_, pod)| pod.name() == "orphan");
    let condition = states.find_map(|(_, pod)| {
        pod.condition("DisruptionTarget").filter(|_| pod.str_at(&["status", "phase"]) == Some("Failed"))
    });
    let condition = condition.unwrap();
    assert_eq!(condition.str_at(&["reason"]), Some("DeletionByPodGC"));
}

#[test]
fn a_node_that_only_the_cache_lacks_is_not_gone() {
    let mut fixture = fixture(0);
    fixture.held = vec![*NODES];
    fixture.store.create(*NODES, value!({"metadata": {"name": "late"}}), Time(0)).unwrap();
    fixture.pod_on("p", "late", value!([]));
    fixture.run_until(Time(300_000));
    assert_eq!(pods(&fixture), ["p"]);
    fixture.rule = Box::new(|request| {
        (request.verb == Verb::Get).then(|| Status::new(500, "InternalError", "unavailable"))
    });
    fixture.run_until(Time(600_000));
    assert_eq!(pods(&fixture), ["p"]);
}

#[test]
fn terminating_pods_are_deleted_if_unbound_or_on_an_out_of_service_node() {
    let mut fixture = fixture(0);
    let never_bound = value!({"metadata": {"name": "unbound", "namespace": NS, "finalizers": ["f"]}});
    fixture.create(*PODS, never_bound);
    fixture.pod_on("stuck", "n", value!([]));
    fixture.delete(*PODS, "unbound", "");
    fixture.delete(*PODS, "stuck", "");
    fixture.run_until(Time(60_000));
    let phase = |fixture: &Fixture, name: &str| {
        fixture.find(*PODS, name).map(|pod| pod.str_at(&["status", "phase"]).unwrap_or_default().to_owned())
    };
    assert_eq!(phase(&fixture, "unbound").as_deref(), Some("Failed"));
    assert_eq!(phase(&fixture, "stuck").as_deref(), Some("Running"));
    let node = &fixture.store.objects[&(*NODES, ObjectKey::new("", "n"))];
    let taints = value!([{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]);
    let node = node.edited(|root| root.set_at(&["spec", "taints"], taints));
    fixture.store.update(*NODES, Arc::new(node), "").unwrap();
    fixture.run_until(Time(100_000));
    assert_eq!(phase(&fixture, "stuck"), None);
}

#[test]
fn of_too_many_finished_pods_the_evicted_are_deleted_first_then_the_oldest() {
    let mut fixture = fixture(2);
    for (name, reason) in [("old", ""), ("older", ""), ("evicted", "Evicted"), ("new", "")] {
        let ended = value!({"phase": "Failed", "reason": reason});
        let pod: Value =
            value!({"metadata": {"name": name, "namespace": NS}, "spec": {"nodeName": "n"}, "status": ended});
        fixture.create(*PODS, pod);
    }
    fixture.run_until(Time(20_000));
    assert_eq!(pods(&fixture), ["old", "older"], "names break ties of age");
}
