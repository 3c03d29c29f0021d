//! Pods that care where other pods are, and pods that make others leave.

use wavetank_sim::object::{Object, Value};
use wavetank_sim::value;
use wavetank_sim::wire::{Request, Resource};

use crate::rig::Rig;
use crate::scheduling::{cluster, edit_node, message, node_of, requests};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn labelled(pod: &mut Value) {
    pod.set_at(&["metadata", "labels", "app"], "a");
}

/// Of label `app: a`, at most one more on one host than on another.
fn spread(pod: &mut Value) {
    labelled(pod);
    let constraint = value!({
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}}
    });
    pod.set_at(&["spec", "topologySpreadConstraints"], vec![constraint]);
}

/// A term about pods of label `app: a` on the same host.
fn term(kind: &'static str) -> impl Fn(&mut Value) {
    move |pod| {
        let term =
            value!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}});
        pod.set_at(&["spec", "affinity", kind, REQUIRED], vec![term]);
    }
}

fn priority_class(rig: &mut Rig, name: &str, value: i64, policy: &str) {
    let class = value!({"metadata": {"name": name}, "value": value, "preemptionPolicy": policy});
    let classes = Resource::new("scheduling.k8s.io/v1/priorityclasses");
    rig.ask(Request::create(classes, Object::shared(class)));
}

fn important(class: &'static str, cpu: &'static str) -> impl FnOnce(&mut Value) {
    move |pod| {
        requests(cpu)(pod);
        pod.set_at(&["spec", "priorityClassName"], class);
    }
}

#[test]
fn spread_pods_go_where_the_fewest_are_and_wait_rather_than_crowd() {
    let mut rig = cluster(3, 1);
    for (at, name) in [(0.5, "a"), (1.0, "b"), (1.5, "c"), (2.0, "d"), (2.5, "e"), (3.0, "f")] {
        rig.pod(name, "", spread);
        rig.run_to(at);
    }
    let mut nodes: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(|pod| node_of(&rig, pod)).into();
    nodes.sort();
    assert_eq!(nodes, ["node-1", "node-1", "node-2", "node-2", "node-3", "node-3"]);
    // One host is full for others' reasons: the next pod could only go there once each has one more.
    for node in ["node-1", "node-2"] {
        edit_node(&mut rig, node, |node| node.set_at(&["spec", "unschedulable"], true));
    }
    rig.run_to(4.0);
    rig.pod("g", "", spread);
    rig.run_to(4.5);
    assert_eq!(node_of(&rig, "g"), "node-3");
    rig.pod("h", "", spread);
    rig.run_to(5.0);
    assert_eq!(
        message(&rig, "h"),
        "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 2 node(s) were unschedulable"
    );
}

#[test]
fn anti_affinity_keeps_pods_apart_in_both_directions() {
    let mut rig = cluster(2, 1);
    rig.pod("a", "", |pod| {
        labelled(pod);
        term("podAntiAffinity")(pod);
    });
    rig.run_to(0.5);
    rig.pod("b", "", |pod| {
        labelled(pod);
        term("podAntiAffinity")(pod);
    });
    rig.run_to(1.0);
    assert_ne!(node_of(&rig, "a"), node_of(&rig, "b"));
    rig.pod("c", "", term("podAntiAffinity"));
    rig.pod("d", "", labelled);
    rig.run_to(1.5);
    assert_eq!(message(&rig, "c"), "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules");
    assert_eq!(
        message(&rig, "d"),
        "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules"
    );
}

#[test]
fn affinity_waits_for_the_pod_it_wants_to_be_near() {
    let mut rig = cluster(3, 1);
    rig.pod("near", "", term("podAffinity"));
    rig.run_to(0.5);
    assert_eq!(message(&rig, "near"), "0/3 nodes are available: 3 node(s) didn't match pod affinity rules");
    rig.pod("a", "", labelled);
    rig.run_to(1.0);
    assert_eq!((node_of(&rig, "near"), node_of(&rig, "near").is_empty()), (node_of(&rig, "a"), false));
    // The first of its kind needs nobody.
    let mut rig = cluster(3, 1);
    rig.pod("first", "", |pod| {
        labelled(pod);
        term("podAffinity")(pod);
    });
    rig.run_to(0.5);
    assert_ne!(node_of(&rig, "first"), "");
}

#[test]
fn host_ports_are_taken_once() {
    let mut rig = cluster(1, 1);
    let port = |pod: &mut Value| {
        let container =
            value!({"name": "c", "image": "nginx", "ports": [{"containerPort": 80, "hostPort": 80}]});
        pod.set_at(&["spec", "containers"], vec![container]);
    };
    rig.pod("a", "", port);
    rig.pod("b", "", port);
    rig.run_to(0.5);
    assert_eq!(
        message(&rig, "b"),
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports"
    );
}

#[test]
fn a_claim_that_is_not_there_keeps_its_pod_pending() {
    let mut rig = cluster(1, 1);
    rig.pod("a", "", |pod| {
        let volume = value!({"name": "v", "persistentVolumeClaim": {"claimName": "none"}});
        pod.set_at(&["spec", "volumes"], vec![volume]);
    });
    rig.run_to(0.5);
    let why = "0/1 nodes are available: persistentvolumeclaim \"none\" not found. not found";
    assert_eq!(message(&rig, "a"), why);
}

#[test]
fn the_least_important_pods_leave_for_a_more_important_one() {
    let mut rig = cluster(2, 1);
    for (name, value) in [("low", 1), ("middle", 5), ("high", 10)] {
        priority_class(&mut rig, name, value, "PreemptLowerPriority");
    }
    rig.pod("a", "node-1", important("low", "2"));
    rig.pod("b", "node-1", important("middle", "2"));
    rig.pod("c", "node-2", important("middle", "3"));
    rig.run_to(5.0);
    rig.pod("h", "", important("high", "2"));
    // Long enough for the scheduler's three writes, too short for the kubelet to stop anything.
    rig.run_to(5.005);
    let (h, a) = (rig.get_pod("h").unwrap(), rig.get_pod("a").unwrap());
    assert_eq!(message(&rig, "h"), "0/2 nodes are available: 2 Insufficient cpu.");
    assert_eq!(h.str_at(&["status", "nominatedNodeName"]), Some("node-1"));
    assert_eq!((a.is_terminating(), a.is_condition_true("DisruptionTarget")), (true, true));
    // A less important pod does not take the room that is kept.
    rig.pod("l", "", important("low", "2"));
    rig.run_to(60.0);
    assert_eq!((node_of(&rig, "h").as_str(), node_of(&rig, "l").as_str()), ("node-1", ""));
    assert!(rig.get_pod("b").is_some() && rig.get_pod("c").is_some());
}

#[test]
fn a_polite_pod_makes_nobody_leave() {
    let mut rig = cluster(1, 1);
    priority_class(&mut rig, "polite", 10, "Never");
    rig.pod("a", "node-1", requests("4"));
    rig.run_to(5.0);
    rig.pod("h", "", important("polite", "4"));
    rig.run_to(6.0);
    let condition = rig.get_pod("h").unwrap().condition("PodScheduled").cloned().unwrap();
    assert_eq!(
        condition.str_at(&["message"]),
        Some(
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to \
             preemptionPolicy=Never."
        )
    );
    assert!(!rig.get_pod("a").unwrap().is_terminating());
}
