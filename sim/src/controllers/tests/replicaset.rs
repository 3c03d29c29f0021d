//! ReplicaSets: creation, order of deletion, adoption and release, status.

use std::sync::Arc;

use super::{Fixture, NS, workload};
use crate::controllers::shared::pods::deletion_order;
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{PODS, REPLICA_SETS};
use crate::wire::{Status, Verb};

fn names(fixture: &Fixture) -> Vec<String> {
    fixture.all(*PODS).iter().map(|pod| pod.name().to_owned()).collect()
}

#[test]
fn pods_are_created_in_rounds_that_double_and_carry_the_template_and_the_owner() {
    let mut fixture = Fixture::new();
    fixture.kubelet = false;
    fixture.create(*REPLICA_SETS, workload("r", 4));
    for pod in fixture.all(*PODS) {
        assert_eq!((pod.meta("generateName"), pod.label("app")), ("r-", Some("d")));
        let owner = pod.controller().unwrap();
        assert_eq!((owner.kind, owner.name, owner.block_owner_deletion), ("ReplicaSet", "r", true));
        assert_eq!(owner.uid, fixture.get(*REPLICA_SETS, "r").uid());
    }
    let status = fixture.get(*REPLICA_SETS, "r").at(&["status"]).cloned();
    let recorded =
        value!({"replicas": 4, "fullyLabeledReplicas": 4, "terminatingReplicas": 0, "observedGeneration": 1});
    assert_eq!(status, Some(recorded));
    // The controller writes the first status before its cache shows the new pods (ctl-deployment-create).
    let first =
        fixture.statuses(*REPLICA_SETS, "r").into_iter().find(|status| status.get("replicas").is_some());
    assert_eq!(first, Some(value!({"replicas": 0, "terminatingReplicas": 0, "observedGeneration": 1})));
}

#[test]
fn a_refused_pod_ends_the_round_and_is_reported_until_it_can_be_created() {
    let mut fixture = Fixture::new();
    fixture.refuse(Verb::Create, *PODS, Status::forbidden(*PODS, "", "exceeded quota"));
    fixture.create(*REPLICA_SETS, workload("r", 8));
    assert_eq!(fixture.requests.iter().filter(|r| r.starts_with("create v1/pods")).count(), 1);
    fixture.run_until(Time(2_000));
    let condition = fixture.get(*REPLICA_SETS, "r").condition("ReplicaFailure").cloned().unwrap();
    assert_eq!(condition.str_at(&["reason"]), Some("FailedCreate"));
    assert_eq!(condition.str_at(&["message"]), Some("pods \"\" is forbidden: exceeded quota"));
    fixture.rule = Box::new(|_| None);
    fixture.run_until(Time(10_000));
    assert_eq!(fixture.all(*PODS).len(), 8);
    assert!(fixture.get(*REPLICA_SETS, "r").condition("ReplicaFailure").is_none());
}

#[test]
fn finished_and_terminating_pods_are_replaced() {
    let mut fixture = Fixture::new();
    fixture.create(*REPLICA_SETS, workload("r", 2));
    let [failed, deleted] = &names(&fixture)[..] else { panic!("two pods") };
    fixture.set_status(*PODS, failed, value!({"phase": "Failed"}));
    assert_eq!(fixture.all(*PODS).len(), 3);
    fixture.kubelet = false;
    fixture.delete(*PODS, deleted, "");
    let status = fixture.get(*REPLICA_SETS, "r");
    assert_eq!(fixture.all(*PODS).len(), 4);
    assert_eq!(status.i64_at(&["status", "terminatingReplicas"]), Some(1));
}

#[test]
fn orphans_that_fit_are_adopted_and_pods_that_no_longer_fit_are_released() {
    let mut fixture = Fixture::new();
    let orphan = value!({"metadata": {"name": "stray", "namespace": NS, "labels": {"app": "d"}}, "spec": {}});
    fixture.create(*PODS, orphan);
    fixture.create(*REPLICA_SETS, workload("r", 2));
    assert_eq!(fixture.all(*PODS).len(), 2);
    assert_eq!(fixture.get(*PODS, "stray").controller().unwrap().name, "r");
    fixture.edit(*PODS, "stray", |root| root.set_at(&["metadata", "labels", "app"], "debug"));
    assert!(fixture.get(*PODS, "stray").controller().is_none());
    assert_eq!(fixture.all(*PODS).len(), 3);
}

#[test]
fn a_terminating_set_does_not_adopt() {
    let mut fixture = Fixture::new();
    let mut held = workload("r", 0);
    held.set_at(&["metadata", "finalizers"], value!(["ex.test/keep"]));
    fixture.create(*REPLICA_SETS, held);
    // The manager's cache does not show yet that the set is terminating.
    fixture.held = vec![*REPLICA_SETS];
    fixture.delete(*REPLICA_SETS, "r", "");
    fixture.create(
        *PODS,
        value!({"metadata": {"name": "stray", "namespace": NS, "labels": {"app": "d"}}, "spec": {}}),
    );
    fixture.run_until(Time(1_000));
    assert!(fixture.get(*PODS, "stray").controller().is_none());
    assert!(fixture.requests.contains(&"get apps/v1/replicasets default/r".to_owned()));
}

#[test]
fn pods_become_available_after_min_ready_seconds() {
    let mut fixture = Fixture::new();
    let mut slow = workload("r", 1);
    slow.set_at(&["spec", "minReadySeconds"], 3);
    fixture.create(*REPLICA_SETS, slow);
    let available =
        |fixture: &Fixture| fixture.get(*REPLICA_SETS, "r").i64_at(&["status", "availableReplicas"]);
    fixture.run_until(Time(3_000));
    assert_eq!(available(&fixture), None);
    fixture.run_until(Time(3_100));
    assert_eq!(available(&fixture), Some(1));
}

/// A ready pod on a node, with some paths changed.
fn pod(uid: &str, changes: &[(&[&str], Value)]) -> Object {
    let ready = |since: &str| value!([{"type": "Ready", "status": "True", "lastTransitionTime": since}]);
    let mut root = value!({
        "metadata": {"uid": uid, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "conditions": (ready("2026-01-01T00:00:10Z"))}
    });
    for (path, value) in changes {
        root.set_at(path, value.clone());
    }
    Object::new(root)
}

#[test]
fn surplus_pods_are_deleted_in_the_order_of_the_real_controller() {
    let now = Time(86_400_000);
    let conditions: &[&str] = &["status", "conditions"];
    let cost: &[&str] = &["metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"];
    let since = |t: &str| value!([{"type": "Ready", "status": "True", "lastTransitionTime": t}]);
    let restarts = |n: i64| value!([{"restartCount": n}]);
    // The controller deletes each of these before all that follow it in this list.
    let order: Vec<(&str, Object, usize)> = vec![
        ("unassigned", pod("a", &[(&["spec", "nodeName"], value!(""))]), 0),
        ("pending", pod("b", &[(&["status", "phase"], value!("Pending"))]), 0),
        ("unknown", pod("c", &[(&["status", "phase"], value!("Unknown"))]), 0),
        ("not ready", pod("d", &[(conditions, value!([]))]), 0),
        ("cheap", pod("e", &[(cost, value!("-10"))]), 0),
        ("doubled up", pod("f", &[]), 2),
        ("ready for a shorter time", pod("g", &[(conditions, since("2026-01-01T23:00:00Z"))]), 1),
        ("restarted", pod("h", &[(&["status", "containerStatuses"], restarts(3))]), 1),
        ("younger", pod("i", &[(&["metadata", "creationTimestamp"], value!("2026-01-01T22:00:00Z"))]), 1),
        ("ordinary", pod("j", &[]), 1),
        ("dear", pod("k", &[(cost, value!("100"))]), 1),
    ];
    for (i, (name, first, rank)) in order.iter().enumerate() {
        for (other, second, other_rank) in &order[i + 1..] {
            let ordering = deletion_order((first, *rank), (second, *other_rank), now);
            assert!(ordering.is_lt(), "{name} comes before {other}");
            assert!(deletion_order((second, *other_rank), (first, *rank), now).is_gt());
        }
    }
    // Ready times of about the same age do not count: the uid decides.
    let (a, b) = (pod("b", &[]), pod("a", &[(conditions, since("2026-01-01T00:30:00Z"))]));
    assert!(deletion_order((&a, 0), (&b, 0), now).is_gt());
}

#[test]
fn scaling_down_prefers_pods_that_are_not_ready() {
    let mut fixture = Fixture::new();
    fixture.create(*REPLICA_SETS, workload("r", 3));
    let victim = names(&fixture).into_iter().nth(1).unwrap();
    let unready =
        fixture.get(*PODS, &victim).edited(|root| root.set_at(&["status", "conditions"], value!([])));
    fixture.store.update(*PODS, Arc::new(unready), "status").unwrap();
    fixture.run();
    fixture.edit(*REPLICA_SETS, "r", |root| root.set_at(&["spec", "replicas"], 2));
    assert_eq!(fixture.all(*PODS).len(), 2);
    assert!(!names(&fixture).contains(&victim));
}
