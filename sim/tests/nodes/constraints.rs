//! Topology spread, pod affinity and anti-affinity, host ports.

use wavetank_sim::object::{Object, Value};
use wavetank_sim::value;
use wavetank_sim::wire::{Request, Resource};

use crate::rig::Rig;
use crate::scheduling::{cluster, edit_node, message, node_of, requests};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

fn labelled(pod: &mut Value) {
    pod.set_at(&["metadata", "labels", "app"], "a");
}

/// Pods labelled `app: a`, at most one more on one host than on another.
fn spread(pod: &mut Value) {
    labelled(pod);
    let constraint = value!({
        "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "a"}}
    });
    pod.set_at(&["spec", "topologySpreadConstraints"], vec![constraint]);
}

/// A term about pods labelled `app: a` on the same host.
fn term(kind: &'static str) -> impl Fn(&mut Value) {
    move |pod| {
        let term =
            value!({"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "a"}}});
        pod.set_at(&["spec", "affinity", kind, REQUIRED], vec![term]);
    }
}

pub(crate) fn priority_class(rig: &mut Rig, name: &str, value: i64, policy: &str) {
    let class = value!({"metadata": {"name": name}, "value": value, "preemptionPolicy": policy});
    let classes = Resource::new("scheduling.k8s.io/v1/priorityclasses");
    rig.ask(Request::create(classes, Object::shared(class)));
}

pub(crate) fn important(class: &'static str, cpu: &'static str) -> impl FnOnce(&mut Value) {
    move |pod| {
        requests(cpu)(pod);
        pod.set_at(&["spec", "priorityClassName"], class);
    }
}

#[test]
fn spread_pods_get_the_node_with_the_fewest_and_stay_pending_if_it_is_closed() {
    let mut rig = cluster(3, 1);
    for (at, name) in [(0.5, "a"), (1.0, "b"), (1.5, "c"), (2.0, "d"), (2.5, "e"), (3.0, "f")] {
        rig.pod(name, "", spread);
        rig.run_to(at);
    }
    let mut nodes: Vec<String> = ["a", "b", "c", "d", "e", "f"].map(|pod| node_of(&rig, pod)).into();
    nodes.sort();
    assert_eq!(nodes, ["node-1", "node-1", "node-2", "node-2", "node-3", "node-3"]);
    // After `g` only the closed nodes are within the skew.
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
fn a_pod_with_affinity_stays_pending_until_a_pod_matches() {
    let mut rig = cluster(3, 1);
    rig.pod("near", "", term("podAffinity"));
    rig.run_to(0.5);
    assert_eq!(message(&rig, "near"), "0/3 nodes are available: 3 node(s) didn't match pod affinity rules");
    rig.pod("a", "", labelled);
    rig.run_to(1.0);
    assert_eq!((node_of(&rig, "near"), node_of(&rig, "near").is_empty()), (node_of(&rig, "a"), false));
    // A pod that matches its own term may be the first.
    let mut rig = cluster(3, 1);
    rig.pod("first", "", |pod| {
        labelled(pod);
        term("podAffinity")(pod);
    });
    rig.run_to(0.5);
    assert_ne!(node_of(&rig, "first"), "");
}

#[test]
fn a_host_port_serves_one_pod_of_a_node() {
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
fn a_spread_constraint_with_an_empty_selector_counts_no_pods() {
    let mut rig = cluster(2, 1);
    rig.pod("a", "node-1", |_| ());
    rig.pod("b", "node-1", |_| ());
    edit_node(&mut rig, "node-2", |node| node.set_at(&["spec", "unschedulable"], true));
    rig.run_to(0.5);
    rig.pod("c", "", |pod| {
        spread(pod);
        let path = ["spec", "topologySpreadConstraints"];
        let constraint = pod.items_at(&path)[0].clone();
        pod.set_at(&path, vec![edited(constraint, |c| c.set_at(&["labelSelector"], value!({})))]);
    });
    rig.run_to(1.0);
    assert_eq!(node_of(&rig, "c"), "node-1");
}

fn edited(mut value: Value, edit: impl FnOnce(&mut Value)) -> Value {
    edit(&mut value);
    value
}

#[test]
fn affinity_selects_namespaces_by_their_labels() {
    let mut rig = cluster(3, 1);
    let space = value!({"metadata": {"name": "other", "labels": {"team": "x"}}});
    rig.ask(Request::create(Resource::new("v1/namespaces"), Object::shared(space)));
    rig.pod("a", "node-2", |pod| {
        labelled(pod);
        pod.set_at(&["metadata", "namespace"], "other");
    });
    rig.run_to(0.5);
    for (name, team) in [("near", "x"), ("far", "y")] {
        rig.pod(name, "", |pod| {
            term("podAffinity")(pod);
            let path = ["spec", "affinity", "podAffinity", REQUIRED];
            let term = pod.items_at(&path)[0].clone();
            let selector = value!({"matchLabels": {"team": team}});
            pod.set_at(&path, vec![edited(term, |term| term.set_at(&["namespaceSelector"], selector))]);
        });
    }
    rig.run_to(1.0);
    assert_eq!(node_of(&rig, "near"), "node-2");
    assert_eq!(message(&rig, "far"), "0/3 nodes are available: 3 node(s) didn't match pod affinity rules");
}
