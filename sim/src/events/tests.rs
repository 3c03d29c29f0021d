//! Reports of commits, and counts, aggregation and limits of many reports.

mod pods;
mod workloads;

use std::sync::Arc;

use super::Recorder;
use crate::engine::{Millis, Time};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CRON_JOBS, DEPLOYMENTS, JOBS, NODES, PODS, REPLICA_SETS};
use crate::wire::{Body, Commit, ObjectKey, Request, Resource, Status, Verb};

/// A recorder, and what it wrote in short.
#[derive(Default)]
struct Play {
    recorder: Recorder,
    now: Millis,
    written: Vec<String>,
    last: Option<Arc<Object>>,
}

impl Play {
    fn commit(
        &mut self,
        actor: &str,
        resource: Resource,
        old: Option<&Value>,
        new: Option<&Value>,
    ) -> &mut Self {
        let shared = |root: &Value| Object::shared(root.clone());
        let (old, new) = (old.map(shared), new.map(shared));
        let key = ObjectKey::of(new.as_ref().or(old.as_ref()).unwrap());
        let commit = Commit { revision: 1, resource, key, old, new, birth: None };
        let now = Time::ZERO + self.now;
        let events = self.recorder.commit(now, Time::ZERO, actor, &commit);
        self.write(&events)
    }

    fn refused(&mut self, resource: Resource, object: &Value, failure: &Status) -> &mut Self {
        let (now, object) = (Time::ZERO + self.now, Object::new(object.clone()));
        let events = self.recorder.refused(now, Time::ZERO, (resource, &object), failure);
        self.write(&events)
    }

    fn write(&mut self, events: &[Request]) -> &mut Self {
        self.written.extend(events.iter().map(short));
        if let Some(Body::Object(event)) = events.last().map(|event| &event.body) {
            self.last = Some(event.clone());
        }
        self
    }

    fn manager(&mut self, resource: Resource, old: Option<&Value>, new: Option<&Value>) -> &mut Self {
        self.commit("kube-controller-manager", resource, old, new)
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.written)
    }
}

/// `KIND/NAME REASON TYPE FROM: MESSAGE`, or the verb and the patch.
fn short(request: &Request) -> String {
    let event: Arc<Object> = match &request.body {
        Body::Object(event) => event.clone(),
        Body::Patch(_, patch) => return format!("{} {}", request.verb.as_str(), patch.to_json()),
        _ => panic!("{request:?}"),
    };
    assert_eq!(request.verb, Verb::Create);
    let text = |path: &[&str]| event.str_at(path).unwrap_or("-").to_owned();
    let (source, reporter) = (text(&["source", "component"]), text(&["reportingComponent"]));
    let from = if source == reporter { source } else { format!("{source}|{reporter}") };
    let about = format!("{}/{}", text(&["involvedObject", "kind"]), text(&["involvedObject", "name"]));
    format!("{about} {} {} {from}: {}", text(&["reason"]), text(&["type"]), text(&["message"]))
}

fn object(kind: &str, name: &str, owner: Option<(&str, &str)>) -> Value {
    let mut root = value!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": "default", "uid": (format!("uid-{name}")), "resourceVersion": "7"}
    });
    if let Some((kind, name)) = owner {
        let uid = format!("uid-{name}");
        let reference =
            value!({"kind": kind, "name": name, "uid": uid, "controller": true, "apiVersion": "apps/v1"});
        root.set_at(&["metadata", "ownerReferences"], Value::list([reference]));
    }
    root
}

fn with(mut root: Value, path: &[&str], value: impl Into<Value>) -> Value {
    root.set_at(path, value.into());
    root
}

fn condition(root: Value, kind: &str, status: &str, reason: &str, message: &str) -> Value {
    let condition = value!({"type": kind, "status": status, "reason": reason, "message": message});
    with(root, &["status", "conditions"], Value::list([condition]))
}

fn gone(root: &Value) -> Value {
    with(root.clone(), &["metadata", "deletionTimestamp"], "2026-01-01T00:00:30Z")
}

/// Recorded: `ctl-deployment-create`, `ctl-rs-scale-down-prefers-unready`.
#[test]
fn a_deployment_and_its_sets_report_scaling_and_pods() {
    let mut play = Play::default();
    let deployment = object("Deployment", "d", None);
    let set = object("ReplicaSet", "d-1", Some(("Deployment", "d")));
    let (three, one) = (with(set.clone(), &["spec", "replicas"], 3), with(set, &["spec", "replicas"], 1));
    let pod = object("Pod", "d-1-x", Some(("ReplicaSet", "d-1")));
    play.commit("user", *DEPLOYMENTS, None, Some(&deployment)).manager(*REPLICA_SETS, None, Some(&three));
    play.manager(*PODS, None, Some(&pod)).manager(*REPLICA_SETS, Some(&three), Some(&one));
    play.manager(*PODS, Some(&pod), Some(&gone(&pod)));
    assert_eq!(
        play.take(),
        [
            "Deployment/d ScalingReplicaSet Normal deployment-controller: Scaled up replica set d-1 from 0 to 3",
            "ReplicaSet/d-1 SuccessfulCreate Normal replicaset-controller: Created pod: d-1-x",
            "Deployment/d ScalingReplicaSet Normal deployment-controller: Scaled down replica set d-1 from 3 to 1",
            "ReplicaSet/d-1 SuccessfulDelete Normal replicaset-controller: Deleted pod: d-1-x",
        ]
    );
    // Nobody reports what the garbage collector deletes or a user does.
    play.manager(*REPLICA_SETS, Some(&three), None).manager(*PODS, Some(&pod), Some(&gone(&pod)));
    play.commit("user", *PODS, None, Some(&pod));
    assert_eq!(play.take(), [""; 0]);
}

/// Recorded: `ctl-sts-parallel`, `ctl-replication-controller`, `ctl-ds-rolling-update`, `ctl-job-parallel-completions`.
#[test]
fn each_kind_of_owner_reports_pods_in_its_own_words() {
    for (kind, words) in [
        ("StatefulSet", "statefulset-controller: Create Pod p in StatefulSet o successful"),
        ("ReplicationController", "replication-controller: Created pod: p"),
        ("DaemonSet", "daemonset-controller: Created pod: p"),
        ("Job", "job-controller: Created pod: p"),
    ] {
        let mut play = Play::default();
        play.commit("user", Resource::new("apps/v1/owners"), None, Some(&object(kind, "o", None)));
        play.manager(*PODS, None, Some(&object("Pod", "p", Some((kind, "o")))));
        assert_eq!(play.take(), [format!("{kind}/o SuccessfulCreate Normal {words}")]);
    }
}

/// Recorded: `ctl-sched-basic-bind`, `ctl-sched-node-appears`.
#[test]
fn the_scheduler_reports_a_binding_and_each_new_reason_against_one() {
    let mut play = Play::default();
    let pod = object("Pod", "p", None);
    let no = |message: &str| condition(pod.clone(), "PodScheduled", "False", "Unschedulable", message);
    let (first, second) = (no("0/3 nodes are available: x."), no("0/4 nodes are available: x."));
    let bound = with(second.clone(), &["spec", "nodeName"], "n1");
    play.commit("kube-scheduler", *PODS, Some(&pod), Some(&first));
    play.commit("kube-scheduler", *PODS, Some(&first), Some(&first));
    play.now = 60_000;
    play.commit("kube-scheduler", *PODS, Some(&first), Some(&second));
    play.now = 61_000;
    play.commit("kube-scheduler", *PODS, Some(&second), Some(&bound));
    assert_eq!(
        play.take(),
        [
            "Pod/p FailedScheduling Warning -|default-scheduler: 0/3 nodes are available: x.",
            "Pod/p FailedScheduling Warning -|default-scheduler: 0/4 nodes are available: x.",
            "Pod/p Scheduled Normal -|default-scheduler: Successfully assigned default/p to n1",
        ]
    );
}

/// Recorded: `ctl-node-not-ready-eviction`, `ctl-node-noexecute-taint`. The texts on nodes are those of the node controller.
#[test]
fn a_lost_node_and_the_eviction_of_its_pods_are_reported() {
    let mut play = Play::default();
    let node = |ready: &str| condition(object("Node", "n1", None), "Ready", ready, "", "");
    let pod = |ready: &str| condition(object("Pod", "p", None), "Ready", ready, "", "");
    let marked =
        condition(object("Pod", "p", None), "DisruptionTarget", "True", "DeletionByTaintManager", "");
    play.commit("kubelet/n1", *NODES, None, Some(&node("False")));
    play.commit("kubelet/n1", *NODES, Some(&node("False")), Some(&node("True")));
    play.manager(*NODES, Some(&node("True")), Some(&node("Unknown")));
    play.manager(*PODS, Some(&pod("True")), Some(&pod("False")));
    play.manager(*PODS, Some(&pod("False")), Some(&marked));
    play.manager(*PODS, Some(&marked), Some(&gone(&marked)));
    assert_eq!(
        play.take(),
        [
            "Node/n1 RegisteredNode Normal node-controller: Node n1 event: Registered Node n1 in Controller",
            "Node/n1 NodeReady Normal kubelet: Node n1 status is now: NodeReady",
            "Node/n1 NodeNotReady Normal node-controller: Node n1 status is now: NodeNotReady",
            "Pod/p NodeNotReady Warning node-controller: Node is not ready",
            "Pod/p TaintManagerEviction Normal taint-eviction-controller: Marking for deletion Pod default/p",
        ]
    );
}

/// Recorded: `ctl-cronjob`, `ctl-job-suspend-resume`, `ctl-job-indexed-backoff-per-index`.
#[test]
fn jobs_report_how_they_end() {
    let mut play = Play::default();
    let job = object("Job", "c-1", Some(("CronJob", "c")));
    let is = |kind: &str, status: &str| {
        condition(job.clone(), kind, status, "FailedIndexes", "Job has failed indexes")
    };
    let active =
        with(object("CronJob", "c", None), &["status", "active"], Value::list([value!({"uid": "uid-c-1"})]));
    play.commit("user", *CRON_JOBS, None, Some(&active)).manager(*JOBS, None, Some(&job));
    play.manager(*JOBS, Some(&job), Some(&is("Suspended", "True")));
    play.manager(*JOBS, Some(&is("Suspended", "True")), Some(&is("Suspended", "False")));
    play.manager(*JOBS, Some(&job), Some(&is("Failed", "True")));
    play.manager(*JOBS, Some(&job), Some(&is("Complete", "True")));
    play.manager(*CRON_JOBS, Some(&active), Some(&object("CronJob", "c", None)));
    assert_eq!(
        play.take(),
        [
            "CronJob/c SuccessfulCreate Normal cronjob-controller: Created job c-1",
            "Job/c-1 Suspended Normal job-controller: Job suspended",
            "Job/c-1 Resumed Normal job-controller: Job resumed",
            "Job/c-1 FailedIndexes Warning job-controller: Job has failed indexes",
            "Job/c-1 Completed Normal job-controller: Job completed",
            "CronJob/c SawCompletedJob Normal cronjob-controller: Saw completed job: c-1, condition: Complete",
        ]
    );
}

#[test]
fn a_container_that_fails_again_is_one_event_with_a_count() {
    let mut play = Play::default();
    let status = |state: Value, id: &str| {
        let status = value!({"name": "c", "image": "i:1", "containerID": id, "state": state});
        with(object("Pod", "p", None), &["status", "containerStatuses"], Value::list([status]))
    };
    let (pod, runs) = (object("Pod", "p", None), status(value!({"running": {}}), "containerd://1"));
    let backs_off = status(value!({"waiting": {"reason": "CrashLoopBackOff"}}), "containerd://1");
    play.commit("kubelet/n1", *PODS, Some(&pod), Some(&runs));
    for _ in 0..2 {
        play.commit("kubelet/n1", *PODS, Some(&runs), Some(&backs_off));
    }
    let back_off = "Back-off restarting failed container c in pod p_default(uid-p)";
    assert_eq!(
        play.take(),
        [
            "Pod/p Created Normal kubelet: Container created".to_owned(),
            "Pod/p Started Normal kubelet: Container started".to_owned(),
            format!("Pod/p BackOff Warning kubelet: {back_off}"),
            format!(r#"patch {{"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"{back_off}"}}"#),
        ]
    );
}

/// Recorded: `ctl-rolling-10-surge3-unavail2`: the tenth of its kind stands for all, without a reporter.
#[test]
fn similar_reports_share_an_event_from_the_tenth_on_and_each_source_has_a_limit() {
    let mut play = Play::default();
    let set = object("ReplicaSet", "s", None);
    play.commit("user", *REPLICA_SETS, None, Some(&set));
    for i in 0..40 {
        play.manager(*PODS, None, Some(&object("Pod", &format!("p-{i}"), Some(("ReplicaSet", "s")))));
    }
    let written = play.take();
    let plain =
        written.iter().filter(|line| line.ends_with(char::is_numeric) && !line.contains("combined")).count();
    assert_eq!((plain, written.len()), (9, 25));
    let combined = "ReplicaSet/s SuccessfulCreate Normal replicaset-controller|-: (combined from similar events): Created pod: p-9";
    assert_eq!(written[9], combined);
    assert!(
        written[10].contains(r#""count":2"#) && written[10].contains("similar events): Created pod: p-10")
    );
    play.now = 600_000;
    play.manager(*PODS, None, Some(&object("Pod", "q", Some(("ReplicaSet", "s")))));
    assert_eq!(play.take().len(), 1, "two more are allowed after ten minutes");
}
