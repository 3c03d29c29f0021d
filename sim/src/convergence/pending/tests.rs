//! The rules of each kind: an object and the reason that the user reads.

use super::super::fixtures::{deployment, node, pod, replica_set, with};
use super::*;
use crate::object::Value;
use crate::value;

#[track_caller]
fn reads(object: &Object, text: Option<&str>) {
    assert_eq!(pending(object, &()).map(|reason| reason.to_string()).as_deref(), text);
}

fn object(root: Value) -> Object {
    Object::new(root)
}

fn workload(kind: &str, spec: Value, status: Value) -> Object {
    let api_version = if kind == "Job" { "batch/v1" } else { "apps/v1" };
    object(value!({"apiVersion": api_version, "kind": kind, "spec": spec, "status": status,
        "metadata": {"name": "a", "namespace": "ns", "generation": 1}}))
}

#[test]
fn a_deployment_wants_its_replicas_updated_ready_available_and_observed() {
    reads(&deployment(2, 2, 3), None);
    reads(&deployment(2, 2, 2), Some("Deployment default/web wants 3 available replicas, has 2"));
    reads(&deployment(3, 2, 3), Some("Deployment default/web is at generation 3, its controller has seen 2"));
    reads(&with(&deployment(3, 2, 0), &["spec", "paused"], true), None);
    let surging = with(&deployment(2, 2, 3), &["status", "replicas"], 4);
    reads(&surging, Some("Deployment default/web wants 3 replicas in all, has 4"));
    let none = with(&deployment(1, 1, 0), &["spec", "replicas"], 0);
    reads(&with(&none, &["status"], value!({"observedGeneration": 1})), None);
}

#[test]
fn a_deployment_names_the_condition_that_explains_its_lack_of_progress() {
    let failing = value!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]);
    reads(
        &with(&deployment(2, 2, 1), &["status", "conditions"], failing),
        Some("Deployment default/web wants 3 available replicas, has 1 (ProgressDeadlineExceeded)"),
    );
}

#[test]
fn a_replica_set_wants_its_replicas_ready() {
    reads(&replica_set(3), None);
    reads(&replica_set(0), Some("ReplicaSet default/web-7fb4c554f7 wants 3 available replicas, has 0"));
    let older = with(&with(&replica_set(0), &["kind"], "ReplicationController"), &["apiVersion"], "v1");
    reads(&older, Some("ReplicationController default/web-7fb4c554f7 wants 3 available replicas, has 0"));
}

#[test]
fn a_stateful_set_wants_its_rollout_done_up_to_the_partition() {
    let status = |updated: i64, current: &str| {
        value!({"observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
            "updatedReplicas": updated, "currentRevision": current, "updateRevision": "b"})
    };
    let spec = value!({"replicas": 3});
    reads(&workload("StatefulSet", spec.clone(), status(3, "b")), None);
    reads(
        &workload("StatefulSet", spec.clone(), status(2, "a")),
        Some("StatefulSet ns/a wants 3 updated replicas, has 2"),
    );
    reads(
        &workload("StatefulSet", spec, status(3, "a")),
        Some("StatefulSet ns/a has an unfinished rollout to revision b"),
    );
    let partition = value!({"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}});
    reads(&workload("StatefulSet", partition.clone(), status(1, "a")), None);
    reads(
        &workload("StatefulSet", partition, status(0, "a")),
        Some("StatefulSet ns/a wants 1 updated replicas, has 0"),
    );
    let by_hand = value!({"replicas": 3, "updateStrategy": {"type": "OnDelete"}});
    reads(&workload("StatefulSet", by_hand, status(0, "a")), None);
}

#[test]
fn a_daemon_set_wants_every_scheduled_pod_ready() {
    let status = |updated: i64, ready: i64| {
        value!({"observedGeneration": 1, "desiredNumberScheduled": 3, "currentNumberScheduled": 3,
            "updatedNumberScheduled": updated, "numberReady": ready, "numberAvailable": ready})
    };
    let on_delete = value!({"updateStrategy": {"type": "OnDelete"}});
    reads(&workload("DaemonSet", value!({}), status(3, 3)), None);
    reads(
        &workload("DaemonSet", value!({}), status(1, 3)),
        Some("DaemonSet ns/a wants 3 updated pods, has 1"),
    );
    reads(&workload("DaemonSet", on_delete.clone(), status(1, 3)), None);
    reads(
        &workload("DaemonSet", on_delete, status(1, 2)),
        Some("DaemonSet ns/a wants 3 available pods, has 2"),
    );
}

#[test]
fn a_job_is_pending_until_it_is_finished_or_suspended() {
    let spec = value!({"completions": 2});
    let done = |kind: &str| value!({"conditions": [{"type": kind, "status": "True"}]});
    reads(
        &workload("Job", spec.clone(), value!({"succeeded": 1})),
        Some("Job ns/a wants 2 completions, has 1"),
    );
    reads(&workload("Job", spec.clone(), done("Complete")), None);
    reads(&workload("Job", spec, done("Failed")), None);
    reads(&workload("Job", value!({"suspend": true}), value!({})), None);
    let foreign = with(&workload("Job", value!({}), value!({})), &["apiVersion"], "batch.example.com/v1");
    reads(&foreign, None);
}

#[test]
fn a_pod_is_pending_until_it_is_ready_or_succeeded() {
    reads(&pod(7, true), None);
    reads(&pod(7, false), Some("Pod default/web-7fb4c554f7-bcd07 is not Ready: ContainersNotReady"));
    let bare = |status: Value| {
        object(
            value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}, "status": status}),
        )
    };
    reads(&bare(value!({"phase": "Succeeded"})), None);
    reads(&bare(value!({"phase": "Pending"})), Some("Pod ns/p is not Ready: Pending"));
    let unschedulable = value!({"phase": "Pending", "conditions": [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]});
    reads(&bare(unschedulable), Some("Pod ns/p is not Ready: Pending, Unschedulable"));
    let crashing = value!({"phase": "Running", "containerStatuses": [
        {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]});
    reads(&bare(crashing), Some("Pod ns/p is not Ready: CrashLoopBackOff, container c"));
    reads(&bare(value!({"phase": "Failed"})), Some("Pod ns/p is not Ready: Failed"));
}

#[test]
fn a_failed_pod_of_a_replica_set_is_not_pending() {
    reads(&with(&pod(7, false), &["status", "phase"], "Failed"), None);
}

#[test]
fn a_terminating_object_names_its_finalizers_and_its_node() {
    let pod = with(&pod(7, true), &["metadata", "deletionTimestamp"], "2026-11-23T15:39:53Z");
    reads(&pod, Some("Pod default/web-7fb4c554f7-bcd07 is Terminating, on node node-2"));
    let held = object(
        value!({"apiVersion": "example.com/v1", "kind": "Cache", "metadata": {"name": "c", "namespace": "ns",
        "deletionTimestamp": "2026-11-23T15:39:53Z", "finalizers": ["example.com/a", "example.com/b"]}}),
    );
    reads(&held, Some("Cache ns/c is Terminating, held by the finalizers example.com/a, example.com/b"));
}

#[test]
fn a_node_is_ready_and_without_lifecycle_taints_but_may_be_cordoned() {
    let tainted = |key: &str| {
        with(&node("node-1", "True"), &["spec", "taints"], value!([{"key": key, "effect": "NoExecute"}]))
    };
    reads(&node("node-1", "True"), None);
    reads(
        &node("node-1", "Unknown"),
        Some("Node node-1 is not Ready: NodeStatusUnknown: Kubelet stopped posting node status."),
    );
    reads(
        &tainted("node.kubernetes.io/unreachable"),
        Some("Node node-1 has the taint node.kubernetes.io/unreachable:NoExecute"),
    );
    reads(&tainted("node.kubernetes.io/unschedulable"), None);
    reads(&tainted("example.com/gpu"), None);
}

#[test]
fn claims_must_be_bound_and_namespaces_must_not_terminate() {
    let claim = |phase: &str| {
        object(
            value!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "ns"},
            "status": {"phase": phase}}),
        )
    };
    reads(&claim("Bound"), None);
    reads(&claim("Lost"), Some("PersistentVolumeClaim ns/c is not Bound: Lost"));
    let namespace = |phase: &str| {
        object(
            value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}, "status": {"phase": phase}}),
        )
    };
    reads(&namespace("Active"), None);
    reads(&namespace("Terminating"), Some("Namespace ns is not Active: Terminating"));
}

/// The custom resource `c` with this status.
fn cache(status: Value) -> Object {
    object(
        value!({"apiVersion": "example.com/v1", "kind": "Cache", "metadata": {"name": "c", "generation": 2},
        "status": status}),
    )
}

fn condition(kind: &str, status: &str) -> Value {
    value!({"type": kind, "status": status, "reason": "Scaling", "message": "2 of 3"})
}

#[test]
fn a_custom_resource_without_a_generation_and_conditions_in_its_status_is_not_pending() {
    reads(&cache(value!({})), None);
    reads(&cache(value!({"observedGeneration": 2, "phase": "Pending"})), None);
    reads(
        &cache(value!({"observedGeneration": 1})),
        Some("Cache c is at generation 2, its controller has seen 1"),
    );
}

#[test]
fn a_condition_ready_that_exists_must_be_true() {
    let with = |condition: Value| cache(value!({"observedGeneration": 2, "conditions": [condition]}));
    reads(&with(condition("Ready", "True")), None);
    reads(&with(condition("Available", "False")), None);
    reads(&with(condition("Ready", "False")), Some("Cache c has Ready=False: Scaling: 2 of 3"));
    reads(&with(condition("Ready", "Unknown")), Some("Cache c has Ready=Unknown: Scaling: 2 of 3"));
    reads(&with(value!({"type": "Ready", "status": "False"})), Some("Cache c has Ready=False"));
}

#[test]
fn of_several_conditions_the_generation_speaks_first_then_reconciling_then_stalled_then_ready() {
    let with = |observed: i64, kinds: &[(&str, &str)]| {
        let conditions = Value::list(kinds.iter().map(|(kind, status)| condition(kind, status)));
        cache(value!({"observedGeneration": observed, "conditions": conditions}))
    };
    let all = [("Ready", "False"), ("Stalled", "True"), ("Reconciling", "True")];
    reads(&with(1, &all), Some("Cache c is at generation 2, its controller has seen 1"));
    reads(&with(2, &all), Some("Cache c has Reconciling=True: Scaling: 2 of 3"));
    reads(&with(2, &all[..2]), Some("Cache c has Stalled=True: Scaling: 2 of 3"));
    reads(
        &with(2, &[("Ready", "True"), ("Stalled", "True")]),
        Some("Cache c has Stalled=True: Scaling: 2 of 3"),
    );
    reads(&with(2, &[("Ready", "True"), ("Stalled", "False"), ("Reconciling", "False")]), None);
    reads(&with(2, &[("Stalled", "Unknown"), ("Reconciling", "Unknown")]), None);
}

#[test]
fn a_definition_is_pending_until_it_is_established() {
    let crd = |conditions: Value| {
        object(value!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "a.b"}, "status": {"conditions": conditions}}))
    };
    let not = "CustomResourceDefinition a.b is not Established: ";
    reads(&crd(value!([{"type": "Established", "status": "True"}])), None);
    reads(&crd(value!([])), Some(&format!("{not}the server has not looked at it yet")));
    let installing = value!([{"type": "Established", "status": "False", "reason": "Installing"}]);
    reads(&crd(installing), Some(&format!("{not}Installing")));
    let refused = value!([{"type": "Established", "status": "False", "reason": "NotAccepted"},
        {"type": "NamesAccepted", "status": "False", "reason": "PluralConflict", "message": "in use"}]);
    reads(&crd(refused), Some(&format!("{not}PluralConflict: in use")));
}

#[test]
fn a_bound_claim_is_pending_while_its_volume_is_smaller_than_wanted() {
    let claim = |want: &str, has: &str| {
        object(
            value!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c", "namespace": "ns"},
            "spec": {"resources": {"requests": {"storage": want}}},
            "status": {"phase": "Bound", "capacity": {"storage": has}}}),
        )
    };
    reads(&claim("8Gi", "8Gi"), None);
    reads(&claim("1024Mi", "1Gi"), None);
    reads(&claim("5Gi", "10Gi"), None);
    reads(&claim("1500Mi", "1Gi"), Some("PersistentVolumeClaim ns/c wants 1500Mi of storage, has 1Gi"));
}
