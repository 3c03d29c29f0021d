//! The nodes that the scheduler chooses, and the messages of pods that stay pending.

use wavetank_sim::engine::Draws;
use wavetank_sim::object::{Object, Value};
use wavetank_sim::scheduler::Scheduler;
use wavetank_sim::value;
use wavetank_sim::wire::resource::{NODES, PODS};
use wavetank_sim::wire::{Addr, Request, Resource};

use crate::rig::Rig;

pub(crate) fn cluster(nodes: u32, seed: u64) -> Rig {
    let mut rig = Rig::new(nodes, Vec::new());
    rig.add(Addr(50), Box::new(Scheduler::new(Draws::new(seed))));
    rig.run_to(0.1);
    rig
}

pub(crate) fn requests(cpu: &str) -> impl FnOnce(&mut Value) {
    let container = value!({"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}});
    move |pod| pod.set_at(&["spec", "containers"], vec![container])
}

fn owned(pod: &mut Value) {
    let owner =
        value!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true});
    pod.set_at(&["metadata", "ownerReferences"], vec![owner]);
}

pub(crate) fn node_of(rig: &Rig, pod: &str) -> String {
    rig.get_pod(pod).and_then(|pod| pod.str_at(&["spec", "nodeName"])).unwrap_or_default().to_owned()
}

pub(crate) fn message(rig: &Rig, pod: &str) -> String {
    let condition =
        rig.get_pod(pod).and_then(|pod| pod.condition("PodScheduled")).cloned().unwrap_or_default();
    assert_eq!(condition.str_at(&["reason"]), Some("Unschedulable"));
    let message = condition.str_at(&["message"]).unwrap_or_default();
    message.split(". no new claims").next().unwrap_or_default().to_owned()
}

pub(crate) fn edit_node(rig: &mut Rig, node: &str, edit: impl FnOnce(&mut Value)) {
    rig.edit(*NODES, "", node, edit);
}

#[test]
fn pods_of_one_owner_spread_over_hosts_and_zones() {
    let mut rig = cluster(3, 1);
    for name in ["a", "b", "c", "d"] {
        rig.pod(name, "", owned);
    }
    rig.run_to(5.0);
    let mut nodes: Vec<String> = ["a", "b", "c", "d"].map(|pod| node_of(&rig, pod)).into();
    // node-1 and node-3 share a zone.
    nodes.sort();
    assert_eq!(nodes, ["node-1", "node-2", "node-2", "node-3"]);
    assert_eq!(rig.row("a"), "1/1 Running 0 5s");
}

#[test]
fn seed_and_pod_decide_between_equal_nodes() {
    let first = |seed| {
        let mut rig = cluster(3, seed);
        rig.pod("a", "", |_| ());
        rig.run_to(1.0);
        node_of(&rig, "a")
    };
    let drawn: std::collections::BTreeSet<String> = (0..20).map(first).collect();
    assert_eq!((drawn.len(), first(7)), (3, first(7)));
}

#[test]
fn assumed_pods_count_before_their_bindings_arrive() {
    let mut rig = cluster(2, 1);
    for name in ["a", "b", "c"] {
        rig.pod(name, "", requests("3"));
    }
    rig.run_to(1.0);
    assert_ne!(node_of(&rig, "a"), node_of(&rig, "b"));
    assert_eq!(message(&rig, "c"), "0/2 nodes are available: 2 Insufficient cpu");
    rig.delete("a", None);
    rig.run_to(6.5);
    assert_eq!(rig.row("c"), "1/1 Running 0 6s");
}

#[test]
fn a_pod_with_priority_is_scheduled_first() {
    let mut rig = cluster(1, 1);
    let class = value!({"metadata": {"name": "high"}, "value": 10});
    let classes = Resource::new("scheduling.k8s.io/v1/priorityclasses");
    rig.ask(Request::create(classes, Object::shared(class)));
    edit_node(&mut rig, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    rig.pod("low", "", requests("3"));
    rig.run_to(0.5);
    rig.pod("high", "", |pod| {
        requests("3")(pod);
        pod.set_at(&["spec", "priorityClassName"], "high");
    });
    rig.run_to(1.0);
    assert_eq!(message(&rig, "high"), "0/1 nodes are available: 1 node(s) were unschedulable");
    edit_node(&mut rig, "node-1", |node| node.set_at(&["spec", "unschedulable"], false));
    rig.run_to(2.0);
    assert_eq!((node_of(&rig, "low").as_str(), node_of(&rig, "high").as_str()), ("", "node-1"));
}

#[test]
fn a_message_is_written_once_and_counts_each_reason() {
    let mut rig = cluster(3, 1);
    edit_node(&mut rig, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    let taint = value!({"key": "k", "value": "v", "effect": "NoSchedule"});
    edit_node(&mut rig, "node-2", |node| node.set_at(&["spec", "taints"], vec![taint]));
    rig.run_to(1.0);
    rig.pod("a", "", |pod| pod.set_at(&["spec", "nodeSelector", "disk"], "ssd"));
    rig.run_to(2.0);
    assert_eq!(
        message(&rig, "a"),
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated \
         taint(s), 1 node(s) were unschedulable"
    );
    // After a change that does not help the pod its message is not written again.
    edit_node(&mut rig, "node-1", |node| node.set_at(&["metadata", "labels", "x"], "y"));
    rig.run_to(3.0);
    assert_eq!(rig.writes, ["patch pods/status default/a"]);
    edit_node(&mut rig, "node-3", |node| node.set_at(&["metadata", "labels", "disk"], "ssd"));
    rig.run_to(7.0);
    assert_eq!(rig.row("a"), "1/1 Running 0 6s");
}

#[test]
fn a_pod_tolerates_the_taint_of_the_node_that_it_selects() {
    let mut rig = cluster(3, 1);
    let taint = value!({"key": "k", "value": "v", "effect": "NoSchedule"});
    edit_node(&mut rig, "node-2", |node| node.set_at(&["spec", "taints"], vec![taint]));
    rig.run_to(0.5);
    rig.pod("a", "", |pod| {
        pod.set_at(
            &["spec", "tolerations"],
            vec![value!({"key": "k", "value": "v", "effect": "NoSchedule"})],
        );
        let hosts = value!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]});
        let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        pod.set_at(&path, value!({"nodeSelectorTerms": [{"matchExpressions": [hosts]}]}));
    });
    rig.run_to(1.0);
    assert_eq!(node_of(&rig, "a"), "node-2");
}

#[test]
fn gated_pods_and_those_of_other_schedulers_are_not_scheduled() {
    let mut rig = cluster(1, 1);
    let gate = value!({"name": "g"});
    rig.pod("gated", "", |pod| pod.set_at(&["spec", "schedulingGates"], vec![gate]));
    rig.pod("other", "", |pod| pod.set_at(&["spec", "schedulerName"], "mine"));
    rig.run_to(1.0);
    assert!(rig.writes.is_empty(), "{:?}", rig.writes);
    rig.edit(*PODS, "default", "gated", |pod| drop(pod.remove_at(&["spec", "schedulingGates"])));
    rig.run_to(2.0);
    assert_eq!(node_of(&rig, "gated"), "node-1");
}

#[test]
fn a_failed_binding_is_retried_after_a_back_off() {
    let mut rig = cluster(1, 1);
    rig.binding_failures = 2;
    rig.pod("a", "", |_| ());
    rig.run_to(3.0);
    assert_eq!((node_of(&rig, "a").as_str(), rig.binding_failures), ("", 0));
    rig.run_to(4.0);
    assert_eq!(node_of(&rig, "a"), "node-1");
}

/// A required node affinity with a field selector for each name, all in one term.
fn named(names: &'static [&'static str]) -> impl FnOnce(&mut Value) {
    move |pod| {
        let field = |name: &&str| value!({"key": "metadata.name", "operator": "In", "values": [(*name)]});
        let fields = Value::list(names.iter().map(field));
        let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        pod.set_at(&path, value!({"nodeSelectorTerms": [{"matchFields": fields}]}));
    }
}

#[test]
fn a_pod_for_one_node_is_filtered_on_that_node_only() {
    let mut rig = cluster(3, 1);
    edit_node(&mut rig, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    rig.pod("a", "", |pod| {
        named(&["node-2"])(pod);
        pod.set_at(&["spec", "nodeSelector", "disk"], "ssd");
    });
    rig.pod("b", "", named(&["node-1", "node-2"]));
    rig.run_to(1.0);
    assert_eq!(
        message(&rig, "a"),
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) didn't satisfy plugin(s) \
         [NodeAffinity]"
    );
    assert_eq!(message(&rig, "b"), "0/3 nodes are available: pod affinity terms conflict. not found");
}

#[test]
fn only_a_change_that_may_help_makes_a_pod_schedulable_again() {
    let mut rig = cluster(2, 1);
    rig.pod("a", "", requests("5"));
    rig.run_to(1.0);
    edit_node(&mut rig, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    rig.run_to(2.0);
    assert_eq!(message(&rig, "a"), "0/2 nodes are available: 2 Insufficient cpu");
    // The deletion of a pod may help.
    rig.pod("b", "node-2", |_| ());
    rig.delete("b", Some(0));
    rig.run_to(3.0);
    assert_eq!(
        message(&rig, "a"),
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable"
    );
}

#[test]
fn every_requested_resource_is_checked() {
    let mut rig = cluster(1, 1);
    rig.pod("a", "", |pod| {
        let wanted = value!({"example.com/gpu": "1", "ephemeral-storage": "1Ei"});
        let resources = value!({"requests": (wanted.clone()), "limits": wanted});
        let container = value!({"name": "c", "image": "nginx", "resources": resources});
        pod.set_at(&["spec", "containers"], vec![container]);
    });
    rig.run_to(1.0);
    assert_eq!(
        message(&rig, "a"),
        "0/1 nodes are available: 1 Insufficient ephemeral-storage, 1 Insufficient example.com/gpu"
    );
}
