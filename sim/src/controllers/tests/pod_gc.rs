//! Pods that nobody else removes.

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
fn a_pod_whose_node_is_gone_fails_and_goes_after_the_quarantine() {
    let mut fixture = fixture(0);
    fixture.pod_on("here", "n", value!([]));
    fixture.pod_on("orphan", "gone", value!([]));
    fixture.run_until(Time(59_999));
    assert_eq!(pods(&fixture), ["here", "orphan"]);
    fixture.run_until(Time(60_000));
    assert_eq!(pods(&fixture), ["here"]);
    let of_it = |(_, pod): &&(_, Arc<crate::object::Object>)| pod.name() == "orphan";
    let states: Vec<_> = fixture.store.commits.iter().filter(of_it).collect();
    let marked = &states[1].1;
    assert_eq!(marked.str_at(&["status", "phase"]), Some("Failed"));
    let condition = marked.condition("DisruptionTarget").unwrap();
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
        (request.verb == Verb::Get).then(|| Status::new(500, "InternalError", "nobody knows"))
    });
    fixture.run_until(Time(600_000));
    assert_eq!(pods(&fixture), ["p"]);
}

#[test]
fn terminating_pods_go_that_no_node_has_or_whose_node_is_out_of_service() {
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
fn of_too_many_pods_that_ended_the_evicted_go_first_then_the_oldest() {
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
