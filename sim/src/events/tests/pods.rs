//! What is said of pods and nodes beyond creation and deletion.

use super::{Told, condition, gone, object, with};
use crate::object::Value;
use crate::value;
use crate::wire::Resource;
use crate::wire::resource::{CONFIG_MAPS, NODES, PODS};

const EVICTION: &str = "taint-eviction-controller|taint-eviction-controller";

/// A node with a NoExecute taint, or without.
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

/// Recorded (that it is known by name alone): `ctl-node-noexecute-taint`. The rest: `processPodOnNode`, `handlePodUpdate`.
#[test]
fn an_eviction_that_is_called_off_is_told_of_the_pod_by_its_name() {
    let mut told = Told::default();
    told.commit("user", *NODES, None, Some(&node(false)));
    let pods =
        [tolerant("a", Some(60)), tolerant("b", Some(60)), tolerant("c", Some(60)), tolerant("d", None)];
    for pod in &pods {
        told.commit("user", *PODS, None, Some(pod));
    }
    told.commit("user", *NODES, Some(&node(false)), Some(&node(true)));
    told.take();
    let cancelled = |pod: &str| {
        format!("Pod/{pod} TaintManagerEviction Normal {EVICTION}: Cancelling deletion of Pod default/{pod}")
    };
    told.commit("user", *PODS, Some(&pods[0]), None);
    told.commit("user", *PODS, Some(&pods[1]), Some(&tolerant("b", None)));
    assert_eq!(told.take(), [cancelled("a"), cancelled("b")]);
    let marked = condition(pods[2].clone(), "DisruptionTarget", "True", "DeletionByTaintManager", "");
    told.commit("user", *NODES, Some(&node(true)), Some(&node(false)));
    assert_eq!(told.take(), [cancelled("c")]);
    // One that was marked is not called off any more.
    told.commit("user", *NODES, Some(&node(false)), Some(&node(true)));
    told.manager(*PODS, Some(&pods[2]), Some(&marked));
    assert!(told.last.as_ref().unwrap().at(&["involvedObject", "uid"]).is_none());
    told.take();
    told.commit("user", *NODES, Some(&node(true)), Some(&node(false)));
    assert_eq!(told.take(), [""; 0]);
}

/// Source: preemption executor `PreemptPod`. Either commit may be the first.
#[test]
fn a_victim_is_told_who_preempted_it_whichever_commit_comes_first() {
    for victim_first in [true, false] {
        let mut told = Told::default();
        let victim = with(object("Pod", "low", None), &["spec", "nodeName"], "n1");
        let marked = condition(victim.clone(), "DisruptionTarget", "True", "PreemptionByScheduler", "");
        let preemptor = with(object("Pod", "high", None), &["spec", "priority"], 10);
        let nominated = with(preemptor.clone(), &["status", "nominatedNodeName"], "n1");
        told.commit("user", *PODS, None, Some(&victim)).commit("user", *PODS, None, Some(&preemptor));
        let (a, b) = ((&victim, &marked), (&preemptor, &nominated));
        for (old, new) in if victim_first { [a, b] } else { [b, a] } {
            told.commit("kube-scheduler", *PODS, Some(old), Some(new));
        }
        let says = "Pod/low Preempted Normal -|default-scheduler: Preempted by pod uid-high on node n1";
        assert_eq!(told.take(), [says]);
        let event = told.last.as_ref().unwrap();
        assert_eq!(event.str_at(&["action"]), Some("Preempting"));
        assert_eq!(event.str_at(&["related", "name"]), Some("high"));
        // A second pod that goes there preempted nobody.
        let other = with(object("Pod", "other", None), &["spec", "priority"], 20);
        let also = with(other.clone(), &["status", "nominatedNodeName"], "n1");
        told.commit("kube-scheduler", *PODS, Some(&other), Some(&also));
        assert_eq!(told.take(), [""; 0]);
    }
}

/// Source: daemon_controller.go `podsShouldBeOnNode`.
#[test]
fn a_daemon_set_says_why_it_deletes_a_pod_that_has_ended() {
    for (phase, wanted) in [
        (
            "Failed",
            "FailedDaemonPod Warning {}: Found failed daemon pod default/p on node n1, will try to kill it",
        ),
        (
            "Succeeded",
            "SucceededDaemonPod Normal {}: Found succeeded daemon pod default/p on node n1, will try to delete it",
        ),
    ] {
        let mut told = Told::default();
        told.commit("user", Resource::new("apps/v1/daemonsets"), None, Some(&object("DaemonSet", "d", None)));
        let pod = with(object("Pod", "p", Some(("DaemonSet", "d"))), &["spec", "nodeName"], "n1");
        let ended = with(pod, &["status", "phase"], phase);
        told.manager(*PODS, Some(&ended), Some(&gone(&ended)));
        let by = "daemonset-controller|daemonset-controller";
        let first = format!("DaemonSet/d {}", wanted.replace("{}", by));
        let second = format!("DaemonSet/d SuccessfulDelete Normal {by}: Deleted pod: p");
        assert_eq!(told.take(), [first, second]);
    }
}

/// Source: `reportInvalidNamespaceOwnerRef`.
#[test]
fn an_owner_in_another_namespace_is_told_once() {
    let mut told = Told::default();
    let owner = object("ConfigMap", "o", None);
    told.commit("user", *CONFIG_MAPS, None, Some(&owner));
    let child =
        with(object("ConfigMap", "c", Some(("ConfigMap", "o"))), &["metadata", "namespace"], "elsewhere");
    told.commit("user", *CONFIG_MAPS, None, Some(&child)).commit(
        "user",
        *CONFIG_MAPS,
        Some(&child),
        Some(&child),
    );
    let says = "ConfigMap/c OwnerRefInvalidNamespace Warning garbage-collector-controller|garbage-collector-controller: \
                ownerRef [apps/v1/ConfigMap, namespace: elsewhere, name: o, uid: uid-o] does not exist in namespace \
                \"elsewhere\"";
    assert_eq!(told.take(), [says]);
    told.commit("user", *CONFIG_MAPS, None, Some(&object("ConfigMap", "d", Some(("ConfigMap", "o")))));
    assert_eq!(told.take(), [""; 0]);
}

/// Sources: `rejectPod`, images/image_manager.go.
#[test]
fn a_kubelet_says_what_a_status_tells() {
    let mut told = Told::default();
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
    let says = |words: &str| format!("Pod/p {}", words.replace("{}", "kubelet|kubelet"));
    told.commit("kubelet/n1", *PODS, Some(&pod), Some(&failed));
    told.commit("kubelet/n1", *PODS, Some(&failed), Some(&first));
    told.commit("kubelet/n1", *PODS, Some(&first), Some(&second));
    assert_eq!(
        told.take(),
        [
            says("Pulling Normal {}: Pulling image \"i:1\""),
            says("Failed Warning {}: Failed to pull image \"i:1\": no such image"),
            says("Failed Warning {}: Error: ErrImagePull"),
            says("Created Normal {}: Container created"),
            says("Started Normal {}: Container started"),
            says(
                "Pulled Normal {}: Container image \"i:1\" already present on machine and can be accessed by the pod"
            ),
            r#"patch {"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"Container created"}"#
                .to_owned(),
            r#"patch {"count":2,"lastTimestamp":"2026-01-01T00:00:00Z","message":"Container started"}"#
                .to_owned(),
        ]
    );
    let refused = value!({"phase": "Failed", "reason": "OutOfcpu", "message": "Pod was rejected: too much"});
    told.commit("kubelet/n1", *PODS, Some(&pod), Some(&with(pod.clone(), &["status"], refused)));
    assert_eq!(told.take(), [says("OutOfcpu Warning {}: too much")]);
}

#[test]
fn sidecars_are_stopped_too() {
    let mut told = Told::default();
    let runs = value!([{"name": "s", "state": {"running": {}}}]);
    let pod = with(object("Pod", "p", None), &["spec", "nodeName"], "n1");
    let pod = with(pod, &["status", "initContainerStatuses"], runs);
    told.commit("user", *PODS, Some(&pod), Some(&gone(&pod)));
    assert_eq!(told.take(), ["Pod/p Killing Normal kubelet|kubelet: Stopping container s"]);
    let about = told.last.as_ref().unwrap().str_at(&["involvedObject", "fieldPath"]).unwrap().to_owned();
    assert_eq!(about, "spec.initContainers{s}");
}
