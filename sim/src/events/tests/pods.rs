//! Reports about pods and nodes beyond creation and deletion.

use super::{Play, condition, gone, object, with};
use crate::object::Value;
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, DAEMON_SETS, NODES, PODS};

fn node(tainted: bool) -> Value {
    let taints = Value::list(tainted.then(|| value!({"key": "k", "effect": "NoExecute"})));
    with(object("Node", "n1", None), &["spec", "taints"], taints)
}

/// A pod on that node that tolerates any taint for so many seconds, or for good.
fn tolerant(name: &str, seconds: Option<i64>) -> Value {
    let mut toleration = value!({"operator": "Exists"});
    if let Some(seconds) = seconds {
        toleration.set_at(&["tolerationSeconds"], seconds);
    }
    let pod = with(object("Pod", name, None), &["spec", "nodeName"], "n1");
    with(pod, &["spec", "tolerations"], Value::list([toleration]))
}

/// Recorded (the missing uid): `ctl-node-noexecute-taint`. The rest: `processPodOnNode`, `handlePodUpdate`.
#[test]
fn a_cancelled_eviction_names_the_pod_without_its_uid() {
    let mut play = Play::default();
    play.commit("user", *NODES, None, Some(&node(false)));
    let [a, b, c] = ["a", "b", "c"].map(|name| tolerant(name, Some(60)));
    for pod in [&a, &b, &c, &tolerant("d", None)] {
        play.commit("user", *PODS, None, Some(pod));
    }
    play.commit("user", *NODES, Some(&node(false)), Some(&node(true)));
    play.take();
    let by = "TaintManagerEviction Normal taint-eviction-controller";
    let cancelled = |pod: &str| format!("Pod/{pod} {by}: Cancelling deletion of Pod default/{pod}");
    play.commit("user", *PODS, Some(&a), None);
    play.commit("user", *PODS, Some(&b), Some(&tolerant("b", None)));
    assert_eq!(play.take(), [cancelled("a"), cancelled("b")]);
    let marked = condition(c.clone(), "DisruptionTarget", "True", "DeletionByTaintManager", "");
    play.commit("user", *NODES, Some(&node(true)), Some(&node(false)));
    assert_eq!(play.take(), [cancelled("c")]);
    // The eviction of a marked pod is not cancelled any more.
    play.commit("user", *NODES, Some(&node(false)), Some(&node(true)));
    play.manager(*PODS, Some(&c), Some(&marked));
    assert!(play.last.as_ref().unwrap().at(&["involvedObject", "uid"]).is_none());
    play.take();
    play.commit("user", *NODES, Some(&node(true)), Some(&node(false)));
    assert_eq!(play.take(), [""; 0]);
}

/// Source: preemption executor `PreemptPod`. Either commit may be the first.
#[test]
fn a_victim_s_preemptor_is_reported_whichever_commit_comes_first() {
    for victim_first in [true, false] {
        let mut play = Play::default();
        let victim = with(object("Pod", "low", None), &["spec", "nodeName"], "n1");
        let marked = condition(victim.clone(), "DisruptionTarget", "True", "PreemptionByScheduler", "");
        let preemptor = with(object("Pod", "high", None), &["spec", "priority"], 10);
        let nominated = with(preemptor.clone(), &["status", "nominatedNodeName"], "n1");
        play.commit("user", *PODS, None, Some(&victim)).commit("user", *PODS, None, Some(&preemptor));
        let (a, b) = ((&victim, &marked), (&preemptor, &nominated));
        for (old, new) in if victim_first { [a, b] } else { [b, a] } {
            play.commit("kube-scheduler", *PODS, Some(old), Some(new));
        }
        let reported = "Pod/low Preempted Normal -|default-scheduler: Preempted by pod uid-high on node n1";
        assert_eq!(play.take(), [reported]);
        let event = play.last.as_ref().unwrap();
        assert_eq!(event.str_at(&["action"]), Some("Preempting"));
        assert_eq!(event.str_at(&["related", "name"]), Some("high"));
        // A second pod that goes there preempted nobody.
        let other = with(object("Pod", "other", None), &["spec", "priority"], 20);
        let also = with(other.clone(), &["status", "nominatedNodeName"], "n1");
        play.commit("kube-scheduler", *PODS, Some(&other), Some(&also));
        assert_eq!(play.take(), [""; 0]);
    }
}

/// Source: daemon_controller.go `podsShouldBeOnNode`.
#[test]
fn a_daemon_set_reports_why_it_deletes_an_ended_pod() {
    for (phase, wanted) in [
        (
            "Failed",
            "FailedDaemonPod Warning daemonset-controller: Found failed daemon pod default/p on node n1, will try to kill it",
        ),
        (
            "Succeeded",
            "SucceededDaemonPod Normal daemonset-controller: Found succeeded daemon pod default/p on node n1, will try to delete it",
        ),
    ] {
        let mut play = Play::default();
        play.commit("user", *DAEMON_SETS, None, Some(&object("DaemonSet", "d", None)));
        let pod = with(object("Pod", "p", Some(("DaemonSet", "d"))), &["spec", "nodeName"], "n1");
        let ended = with(pod, &["status", "phase"], phase);
        play.manager(*PODS, Some(&ended), Some(&gone(&ended)));
        let deleted = "DaemonSet/d SuccessfulDelete Normal daemonset-controller: Deleted pod: p";
        assert_eq!(play.take(), [format!("DaemonSet/d {wanted}"), deleted.to_owned()]);
    }
}

/// Source: `reportInvalidNamespaceOwnerRef`.
#[test]
fn an_owner_in_another_namespace_is_reported_once() {
    let mut play = Play::default();
    let owner = object("ConfigMap", "o", None);
    play.commit("user", *CONFIG_MAPS, None, Some(&owner));
    let child =
        with(object("ConfigMap", "c", Some(("ConfigMap", "o"))), &["metadata", "namespace"], "elsewhere");
    play.commit("user", *CONFIG_MAPS, None, Some(&child));
    play.commit("user", *CONFIG_MAPS, Some(&child), Some(&child));
    let reported = "ConfigMap/c OwnerRefInvalidNamespace Warning garbage-collector-controller: \
                ownerRef [apps/v1/ConfigMap, namespace: elsewhere, name: o, uid: uid-o] does not exist in namespace \
                \"elsewhere\"";
    assert_eq!(play.take(), [reported]);
    play.commit("user", *CONFIG_MAPS, None, Some(&object("ConfigMap", "d", Some(("ConfigMap", "o")))));
    assert_eq!(play.take(), [""; 0]);
}

/// Sources: `rejectPod`, images/image_manager.go.
#[test]
fn a_kubelet_reports_pulls_starts_and_rejections() {
    let mut play = Play::default();
    let spec = value!([{"name": "c", "image": "i:1", "imagePullPolicy": "IfNotPresent"}]);
    let pod = with(object("Pod", "p", None), &["spec", "containers"], spec);
    let status = |state: Value, id: Option<&str>| {
        let mut status = value!({"name": "c", "image": "i:1", "state": state});
        if let Some(id) = id {
            status.set_at(&["containerID"], id);
        }
        with(pod.clone(), &["status", "containerStatuses"], Value::list([status]))
    };
    let runs = || value!({"running": {}});
    let failed = status(value!({"waiting": {"reason": "ErrImagePull", "message": "no such image"}}), None);
    let (first, second) = (status(runs(), Some("1")), status(runs(), Some("2")));
    play.commit("kubelet/n1", *PODS, Some(&pod), Some(&failed));
    play.commit("kubelet/n1", *PODS, Some(&failed), Some(&first));
    play.commit("kubelet/n1", *PODS, Some(&first), Some(&second));
    let again = |text: &str| {
        format!(r#"patch {{"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"{text}"}}"#)
    };
    assert_eq!(
        play.take(),
        [
            "Pod/p Pulling Normal kubelet: Pulling image \"i:1\"",
            "Pod/p Failed Warning kubelet: Failed to pull image \"i:1\": no such image",
            "Pod/p Failed Warning kubelet: Error: ErrImagePull",
            "Pod/p Created Normal kubelet: Container created",
            "Pod/p Started Normal kubelet: Container started",
            "Pod/p Pulled Normal kubelet: Container image \"i:1\" already present on machine and can be accessed by the pod",
            &again("Container created"),
            &again("Container started"),
        ]
    );
    let refused = value!({"phase": "Failed", "reason": "OutOfcpu", "message": "Pod was rejected: too much"});
    play.commit("kubelet/n1", *PODS, Some(&pod), Some(&with(pod.clone(), &["status"], refused)));
    assert_eq!(play.take(), ["Pod/p OutOfcpu Warning kubelet: too much"]);
}

#[test]
fn sidecars_are_stopped_too() {
    let mut play = Play::default();
    let runs = value!([{"name": "s", "state": {"running": {}}}]);
    let pod = with(object("Pod", "p", None), &["spec", "nodeName"], "n1");
    let pod = with(pod, &["status", "initContainerStatuses"], runs);
    play.commit("user", *PODS, Some(&pod), Some(&gone(&pod)));
    assert_eq!(play.take(), ["Pod/p Killing Normal kubelet: Stopping container s"]);
    let about = play.last.as_ref().unwrap().str_at(&["involvedObject", "fieldPath"]).unwrap().to_owned();
    assert_eq!(about, "spec.initContainers{s}");
}
