//! Where pods go, and what is said of those that go nowhere.

use wavetank_sim::engine::Draws;
use wavetank_sim::object::Value;
use wavetank_sim::scheduler::Scheduler;
use wavetank_sim::value;
use wavetank_sim::wire::resource::NODES;
use wavetank_sim::wire::{Addr, ObjectKey};

use crate::fake::Fake;

fn cluster(nodes: u32, seed: u64) -> Fake {
    let mut fake = Fake::new(nodes, Vec::new());
    fake.add(Addr(50), Box::new(Scheduler::new(Draws::new(seed))));
    fake.run_to(0.1);
    fake
}

fn requests(cpu: &str) -> impl FnOnce(&mut Value) {
    let container = value!({"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}});
    move |pod| pod.set_at(&["spec", "containers"], vec![container])
}

fn owned(pod: &mut Value) {
    let owner = value!({"kind": "ReplicaSet", "name": "r", "uid": "r", "controller": true});
    pod.set_at(&["metadata", "ownerReferences"], vec![owner]);
}

fn node_of(fake: &Fake, pod: &str) -> String {
    fake.get_pod(pod).and_then(|pod| pod.str_at(&["spec", "nodeName"])).unwrap_or_default().to_owned()
}

fn message(fake: &Fake, pod: &str) -> String {
    let condition =
        fake.get_pod(pod).and_then(|pod| pod.condition("PodScheduled")).cloned().unwrap_or_default();
    assert_eq!(condition.str_at(&["reason"]), Some("Unschedulable"));
    let message = condition.str_at(&["message"]).unwrap_or_default();
    message.split(". no new claims").next().unwrap_or_default().to_owned()
}

fn edit_node(fake: &mut Fake, node: &str, edit: impl FnOnce(&mut Value)) {
    let old = fake.objects[&(*NODES, ObjectKey::new("", node))].clone();
    let new = old.edited(edit);
    fake.put(*NODES, new.root().clone());
}

#[test]
fn pods_of_one_owner_spread_over_hosts_and_zones() {
    let mut fake = cluster(3, 1);
    for name in ["a", "b", "c", "d"] {
        fake.pod(name, "", owned);
    }
    fake.run_to(5.0);
    let mut nodes: Vec<String> = ["a", "b", "c", "d"].map(|pod| node_of(&fake, pod)).into();
    // node-1 and node-3 share a zone.
    nodes.sort();
    assert_eq!(nodes, ["node-1", "node-2", "node-2", "node-3"]);
    assert_eq!(fake.row("a"), "1/1 Running 0 5s");
}

#[test]
fn ties_are_drawn_by_seed_and_pod() {
    let first = |seed| {
        let mut fake = cluster(3, seed);
        fake.pod("a", "", |_| ());
        fake.run_to(1.0);
        node_of(&fake, "a")
    };
    let drawn: std::collections::BTreeSet<String> = (0..20).map(first).collect();
    assert_eq!((drawn.len(), first(7)), (3, first(7)));
}

#[test]
fn resources_are_counted_before_the_bindings_are_seen() {
    let mut fake = cluster(2, 1);
    for name in ["a", "b", "c"] {
        fake.pod(name, "", requests("3"));
    }
    fake.run_to(1.0);
    assert_ne!(node_of(&fake, "a"), node_of(&fake, "b"));
    assert_eq!(message(&fake, "c"), "0/2 nodes are available: 2 Insufficient cpu");
    fake.user_deletes("a", None);
    fake.run_to(6.5);
    assert_eq!(fake.row("c"), "1/1 Running 0 6s");
}

#[test]
fn a_pod_with_priority_goes_first() {
    let mut fake = cluster(1, 1);
    edit_node(&mut fake, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    fake.pod("low", "", requests("3"));
    fake.run_to(0.5);
    fake.pod("high", "", |pod| {
        requests("3")(pod);
        pod.set_at(&["spec", "priority"], 10);
    });
    fake.run_to(1.0);
    assert_eq!(message(&fake, "high"), "0/1 nodes are available: 1 node(s) were unschedulable");
    edit_node(&mut fake, "node-1", |node| node.set_at(&["spec", "unschedulable"], false));
    fake.run_to(2.0);
    assert_eq!((node_of(&fake, "low").as_str(), node_of(&fake, "high").as_str()), ("", "node-1"));
}

#[test]
fn a_message_is_told_once_and_counts_each_reason() {
    let mut fake = cluster(3, 1);
    edit_node(&mut fake, "node-1", |node| node.set_at(&["spec", "unschedulable"], true));
    let taint = value!({"key": "k", "value": "v", "effect": "NoSchedule"});
    edit_node(&mut fake, "node-2", |node| node.set_at(&["spec", "taints"], vec![taint]));
    fake.run_to(1.0);
    fake.pod("a", "", |pod| pod.set_at(&["spec", "nodeSelector", "disk"], "ssd"));
    fake.run_to(2.0);
    assert_eq!(
        message(&fake, "a"),
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated \
         taint(s), 1 node(s) were unschedulable"
    );
    // A change that helps nobody is answered by no second write.
    edit_node(&mut fake, "node-1", |node| node.set_at(&["metadata", "labels", "x"], "y"));
    fake.run_to(3.0);
    assert_eq!(fake.writes, ["patch pods/status default/a"]);
    edit_node(&mut fake, "node-3", |node| node.set_at(&["metadata", "labels", "disk"], "ssd"));
    fake.run_to(7.0);
    assert_eq!(fake.row("a"), "1/1 Running 0 6s");
}

#[test]
fn tolerations_and_node_affinity_open_nodes() {
    let mut fake = cluster(3, 1);
    let taint = value!({"key": "k", "value": "v", "effect": "NoSchedule"});
    edit_node(&mut fake, "node-2", |node| node.set_at(&["spec", "taints"], vec![taint]));
    fake.run_to(0.5);
    fake.pod("a", "", |pod| {
        pod.set_at(
            &["spec", "tolerations"],
            vec![value!({"key": "k", "value": "v", "effect": "NoSchedule"})],
        );
        let hosts = value!({"key": "kubernetes.io/hostname", "operator": "In", "values": ["node-2"]});
        let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        pod.set_at(&path, value!({"nodeSelectorTerms": [{"matchExpressions": [hosts]}]}));
    });
    fake.run_to(1.0);
    assert_eq!(node_of(&fake, "a"), "node-2");
}

#[test]
fn gated_pods_and_those_of_other_schedulers_are_left_alone() {
    let mut fake = cluster(1, 1);
    let gate = value!({"name": "g"});
    fake.pod("gated", "", |pod| pod.set_at(&["spec", "schedulingGates"], vec![gate]));
    fake.pod("other", "", |pod| pod.set_at(&["spec", "schedulerName"], "mine"));
    fake.run_to(1.0);
    assert!(fake.writes.is_empty(), "{:?}", fake.writes);
    let open = fake
        .get_pod("gated")
        .map(|pod| pod.edited(|root| root.set_at(&["spec", "schedulingGates"], Vec::new())));
    fake.put(*wavetank_sim::wire::resource::PODS, open.expect("the pod").root().clone());
    fake.run_to(2.0);
    assert_eq!(node_of(&fake, "gated"), "node-1");
}

#[test]
fn what_a_pod_requires_beyond_the_model_keeps_it_pending_and_is_named() {
    let mut fake = cluster(1, 1);
    fake.pod("a", "", |pod| {
        let path = ["spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
        pod.set_at(&path, vec![value!({"topologyKey": "kubernetes.io/hostname"})]);
    });
    fake.run_to(1.0);
    assert_eq!(
        message(&fake, "a"),
        "0/1 nodes are available: wavetank does not model required inter-pod affinity yet."
    );
}

#[test]
fn a_failed_binding_is_tried_again_after_a_back_off() {
    let mut fake = cluster(1, 1);
    fake.binding_failures = 2;
    fake.pod("a", "", |_| ());
    fake.run_to(3.0);
    assert_eq!((node_of(&fake, "a").as_str(), fake.binding_failures), ("", 0));
    fake.run_to(4.0);
    assert_eq!(node_of(&fake, "a"), "node-1");
}
