//! Pods on nodes with NoExecute taints.

use std::sync::Arc;

use super::{Fixture, NS, kinds};
use crate::controllers::Manager;
use crate::controllers::taint_eviction::TaintEviction;
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{ObjectKey, Status, Verb};

fn fixture() -> Fixture {
    let mut fixture = Fixture::with(Manager::with(kinds(), vec![Box::new(TaintEviction::default())]));
    fixture.kubelet = false;
    fixture.create(*NODES, value!({"metadata": {"name": "n"}}));
    fixture
}

fn taint(fixture: &mut Fixture, taints: Value) {
    let key = (*NODES, ObjectKey::new("", "n"));
    let node = fixture.store.objects[&key].edited(|root| root.set_at(&["spec", "taints"], taints));
    fixture.store.update(*NODES, Arc::new(node), "").unwrap();
    fixture.run();
}

fn unreachable() -> Value {
    value!([{"key": "unreachable", "effect": "NoExecute"}])
}

fn tolerating(seconds: i64) -> Value {
    value!([{"key": "unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}])
}

fn terminating(fixture: &Fixture) -> Vec<String> {
    let pods = fixture.all(*PODS).into_iter().filter(|pod| pod.is_terminating());
    pods.map(|pod| pod.name().to_owned()).collect()
}

#[test]
fn a_pod_is_marked_and_deleted_when_its_toleration_is_over_and_at_once_without_one() {
    let mut fixture = fixture();
    fixture.pod_on("now", "n", value!([]));
    fixture.pod_on("later", "n", tolerating(300));
    fixture.pod_on("never", "n", value!([{"operator": "Exists"}]));
    fixture.pod_on("elsewhere", "m", value!([]));
    taint(&mut fixture, unreachable());
    assert_eq!(terminating(&fixture), ["now"]);
    fixture.run_until(Time(299_999));
    assert_eq!(terminating(&fixture), ["now"]);
    fixture.run_until(Time(300_000));
    assert_eq!(terminating(&fixture), ["later", "now"]);
    let pod = fixture.get(*PODS, "later");
    let condition = pod.condition("DisruptionTarget").unwrap();
    assert_eq!(condition.str_at(&["reason"]), Some("DeletionByTaintManager"));
    assert_eq!(pod.str_at(&["status", "phase"]), Some("Running"));
    assert!(pod.condition("Ready").is_some(), "the other conditions stay");
    let patch = fixture.requests.iter().position(|r| r == "patch v1/pods default/later");
    let delete = fixture.requests.iter().position(|r| r == "delete v1/pods default/later");
    assert!(patch.unwrap() < delete.unwrap());
}

#[test]
fn an_eviction_is_cancelled_when_the_taint_is_removed_and_starts_anew_when_it_returns() {
    let mut fixture = fixture();
    fixture.pod_on("p", "n", tolerating(300));
    taint(&mut fixture, unreachable());
    fixture.run_until(Time(250_000));
    taint(&mut fixture, value!([]));
    fixture.run_until(Time(400_000));
    assert_eq!(terminating(&fixture), [""; 0]);
    taint(&mut fixture, unreachable());
    fixture.run_until(Time(699_999));
    assert_eq!(terminating(&fixture), [""; 0]);
    fixture.run_until(Time(700_000));
    assert_eq!(terminating(&fixture), ["p"]);
}

#[test]
fn a_pod_that_is_bound_to_a_tainted_node_is_deleted_and_a_failed_deletion_is_repeated() {
    let mut fixture = fixture();
    taint(&mut fixture, unreachable());
    let mut failures = 2;
    fixture.rule = Box::new(move |request| {
        let fails = request.verb == Verb::Delete && failures > 0;
        failures -= i32::from(fails);
        fails.then(|| Status::new(500, "InternalError", "injected"))
    });
    fixture.pod_on("p", "n", value!([]));
    fixture.run_until(Time(1000));
    assert_eq!(terminating(&fixture), ["p"]);
    assert_eq!(fixture.requests.iter().filter(|r| *r == &format!("delete v1/pods {NS}/p")).count(), 3);
}
