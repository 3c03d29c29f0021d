//! The set of pending objects over dependent commits.

use super::super::fixtures::{DEPLOYMENT_UID, deployment, pod, replica_set, with};
use super::*;
use crate::value;

fn commits(tracker: &mut Convergence, objects: &[&Object]) {
    objects.iter().for_each(|object| tracker.update(None, Some(object)));
}

#[test]
fn the_summary_names_the_object_of_the_user_and_the_cause() {
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&deployment(2, 2, 2), &replica_set(2), &pod(1, true), &pod(2, false)]);
    assert_eq!(
        tracker.summary().as_deref(),
        Some(
            "Deployment default/web wants 3 available replicas, has 2; \
             Pod default/web-7fb4c554f7-bcd02 is not Ready: ContainersNotReady"
        )
    );
    assert_eq!(tracker.len(), 3);
    tracker.update(Some(&pod(2, false)), Some(&pod(2, true)));
    tracker.update(Some(&replica_set(2)), Some(&replica_set(3)));
    tracker.update(Some(&deployment(2, 2, 2)), Some(&deployment(2, 2, 3)));
    assert_eq!(tracker.summary(), None);
}

#[test]
fn dependents_of_a_deleted_owner_are_pending_until_they_are_collected() {
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&deployment(2, 2, 3), &replica_set(3), &pod(1, true)]);
    assert!(tracker.is_empty());
    tracker.update(Some(&deployment(2, 2, 3)), None);
    assert_eq!(
        tracker.summary().as_deref(),
        Some("ReplicaSet default/web-7fb4c554f7 refers to an owner that is gone: Deployment web")
    );
    tracker.update(Some(&replica_set(3)), None);
    assert_eq!(tracker.pending().map(|reason| reason.subject.kind.as_str()), Some("Pod"));
    tracker.update(Some(&pod(1, true)), None);
    assert!(tracker.is_empty());
}

#[test]
fn an_orphan_whose_reference_is_removed_is_no_longer_pending() {
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&deployment(2, 2, 3), &replica_set(3)]);
    let orphan = replica_set(3).edited(|root| drop(root.remove_at(&["metadata", "ownerReferences"])));
    tracker.update(Some(&replica_set(3)), Some(&orphan));
    tracker.update(Some(&deployment(2, 2, 3)), None);
    assert!(tracker.is_empty());
}

#[test]
fn a_recreated_owner_of_the_same_name_does_not_own_the_old_dependents() {
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&deployment(2, 2, 3), &replica_set(3)]);
    tracker.update(Some(&deployment(2, 2, 3)), None);
    let uid = DEPLOYMENT_UID.replace("182895da", "282895da");
    tracker.update(None, Some(&with(&deployment(2, 2, 3), &["metadata", "uid"], uid)));
    assert_eq!(tracker.len(), 1);
}

#[test]
fn a_late_binding_claim_waits_only_without_a_consumer() {
    let class = Object::new(value!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "local", "uid": "u1"}, "volumeBindingMode": "WaitForFirstConsumer"}));
    let claim = Object::new(value!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "ns", "uid": "u2"}, "spec": {"storageClassName": "local"},
        "status": {"phase": "Pending"}}));
    let user = Object::new(value!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns", "uid": "u3"}, "status": {"phase": "Succeeded"},
        "spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}));
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&claim]);
    assert_eq!(tracker.len(), 1);
    commits(&mut tracker, &[&class]);
    assert!(tracker.is_empty());
    commits(&mut tracker, &[&user]);
    assert_eq!(tracker.len(), 1);
    tracker.update(Some(&user), None);
    assert!(tracker.is_empty());
    commits(&mut tracker, &[&user]);
    let bound = with(&claim, &["status", "phase"], "Bound");
    tracker.update(Some(&claim), Some(&bound));
    assert!(tracker.is_empty());
}

#[test]
fn ignored_objects_and_jobs_of_cron_jobs_are_not_pending() {
    let ignore = Ignore { kind: "Deployment".into(), ..Ignore::default() };
    let mut tracker = Convergence::new(vec![ignore]);
    let owned = |api: &str, kind: &str, uid: &str, by: &str, owner: &str| {
        Object::new(
            value!({"apiVersion": api, "kind": kind, "metadata": {"name": uid, "namespace": "ns", "uid": uid,
            "ownerReferences": [{"kind": by, "name": owner, "uid": owner, "controller": true}]}}),
        )
    };
    let (job, pod) =
        (owned("batch/v1", "Job", "job", "CronJob", "cron"), owned("v1", "Pod", "pod", "Job", "job"));
    commits(&mut tracker, &[&deployment(2, 1, 0), &job, &pod]);
    assert!(tracker.is_empty());
    tracker.update(Some(&job), None);
    assert!(tracker.is_empty());
}

#[test]
fn what_is_stalled_is_found_behind_what_is_pending_otherwise() {
    let cache = |name: &str, kind: &str| {
        Object::new(
            value!({"apiVersion": "example.com/v1", "kind": "Cache", "metadata": {"name": name, "uid": name},
            "status": {"conditions": [{"type": kind, "status": "True", "reason": "NoQuota"}]}}),
        )
    };
    let mut tracker = Convergence::default();
    commits(&mut tracker, &[&cache("a", "Reconciling"), &deployment(2, 2, 2)]);
    assert!(tracker.stalled().is_none());
    commits(&mut tracker, &[&cache("b", "Stalled")]);
    let stalled = tracker.stalled().map(ToString::to_string);
    assert_eq!(stalled.as_deref(), Some("Cache b has Stalled=True: NoQuota"));
    assert!(tracker.summary().is_some_and(|text| text.starts_with("Cache a")));
}

#[test]
fn existing_objects_load_in_any_order() {
    let (deployment, replica_set, pod) = (deployment(2, 2, 3), replica_set(3), pod(1, true));
    let mut tracker = Convergence::default();
    tracker.load([&pod, &replica_set, &deployment].into_iter());
    assert_eq!(tracker.summary(), None);
}
