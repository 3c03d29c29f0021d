//! DaemonSets: the pods, statuses and revisions that a real server recorded, and what stops an update.

use std::sync::Arc;

use super::placement::{Fit, fit};
use super::template;
use crate::controllers::tests::{Fixture, NS, template as pod_template};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS};
use crate::wire::{Status, Verb};

fn set(changes: &[(&[&str], Value)]) -> Value {
    let mut set = value!({
        "metadata": {
            "name": "d", "namespace": NS,
            "annotations": {"deprecated.daemonset.template.generation": "1"}
        },
        "spec": {
            "selector": {"matchLabels": {"app": "d"}}, "template": (pod_template("nginx:1")),
            "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
        }
    });
    for (path, value) in changes {
        set.set_at(path, value.clone());
    }
    set
}

/// A cluster with nodes `n1`, `n2`.. and a DaemonSet.
fn fixture(nodes: usize, set: Value) -> Fixture {
    let mut fixture = Fixture::new();
    for i in 1..=nodes {
        fixture.create(*NODES, value!({"metadata": {"name": (format!("n{i}"))}, "spec": {}}));
    }
    fixture.create(*DAEMON_SETS, set);
    fixture
}

/// Sets the image and, as the server does, the generation of the template.
fn set_image(fixture: &mut Fixture, image: &str, generation: &str) {
    let new = pod_template(image);
    fixture.edit(*DAEMON_SETS, "d", |root| {
        root.set_at(&["spec", "template"], new);
        root.set_at(&["metadata", "annotations", "deprecated.daemonset.template.generation"], generation);
    });
}

/// Per pod: its node and its revision.
fn pods(fixture: &Fixture) -> Vec<(String, String)> {
    let row = |pod: &Arc<Object>| {
        let node = template::target_node(pod).unwrap().to_owned();
        (node, pod.label(template::HASH).unwrap().to_owned())
    };
    let mut pods: Vec<_> = fixture.all(*PODS).iter().map(row).collect();
    pods.sort();
    pods
}

/// The pod of a node.
fn pod_of(fixture: &Fixture, node: &str) -> Arc<Object> {
    let pods = fixture.all(*PODS);
    pods.into_iter().find(|pod| template::target_node(pod) == Some(node)).expect("the node has a pod")
}

fn on(nodes: &[&str], revision: &str) -> Vec<(String, String)> {
    nodes.iter().map(|node| ((*node).to_owned(), revision.to_owned())).collect()
}

/// Statuses: observed generation, desired, current, misscheduled, ready, updated, available, unavailable.
fn statuses(fixture: &Fixture) -> Vec<[i64; 8]> {
    let fields = [
        "observedGeneration",
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberMisscheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
    ];
    let row = |status: &Value| fields.map(|field| status.i64_at(&[field]).unwrap_or(0));
    fixture.statuses(*DAEMON_SETS, "d").iter().map(row).collect()
}

#[test]
fn a_pod_of_each_node_is_as_recorded() {
    let fixture = fixture(3, set(&[]));
    assert_eq!(pods(&fixture), on(&["n1", "n2", "n3"], "76b46755f4"));
    let pod = pod_of(&fixture, "n1");
    let labels =
        value!({"app": "d", "controller-revision-hash": "76b46755f4", "pod-template-generation": "1"});
    assert_eq!(pod.at(&["metadata", "labels"]), Some(&labels));
    let term = value!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]});
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    assert_eq!(
        pod.at(&["spec", "affinity"]),
        Some(&Value::from([(
            "nodeAffinity",
            Value::from([(required, value!({"nodeSelectorTerms": [term]}))])
        )]))
    );
    let tolerations = pod.items_at(&["spec", "tolerations"]).iter();
    let tolerated: Vec<_> = tolerations
        .map(|t| format!("{}:{}", t.str_at(&["key"]).unwrap(), t.str_at(&["effect"]).unwrap()))
        .map(|text| text.replace("node.kubernetes.io/", ""))
        .collect();
    assert_eq!(
        tolerated,
        [
            "not-ready:NoExecute",
            "unreachable:NoExecute",
            "disk-pressure:NoSchedule",
            "memory-pressure:NoSchedule",
            "pid-pressure:NoSchedule",
            "unschedulable:NoSchedule"
        ]
    );
    let revision = fixture.get(*CONTROLLER_REVISIONS, "d-76b46755f4");
    assert_eq!(
        revision.at(&["metadata", "labels"]),
        Some(&value!({"app": "d", "controller-revision-hash": "76b46755f4"}))
    );
    assert_eq!(revision.annotation("deprecated.daemonset.template.generation"), Some("1"));
    let last = fixture.statuses(*DAEMON_SETS, "d").pop();
    let recorded = value!({
        "currentNumberScheduled": 3, "numberMisscheduled": 0, "desiredNumberScheduled": 3, "numberReady": 3,
        "observedGeneration": 1, "updatedNumberScheduled": 3, "numberAvailable": 3
    });
    assert_eq!(last, Some(recorded));
}

#[test]
fn a_rolling_update_replaces_one_pod_after_the_other_as_recorded() {
    let mut fixture = fixture(3, set(&[]));
    let before = statuses(&fixture).len();
    set_image(&mut fixture, "nginx:2", "2");
    // ctl-ds-rolling-update.
    let recorded = [
        [2, 3, 3, 0, 3, 0, 3, 0],
        [2, 3, 2, 0, 2, 0, 2, 1],
        [2, 3, 3, 0, 2, 1, 2, 1],
        [2, 3, 3, 0, 3, 1, 3, 0],
        [2, 3, 2, 0, 2, 1, 2, 1],
        [2, 3, 3, 0, 2, 2, 2, 1],
        [2, 3, 3, 0, 3, 2, 3, 0],
        [2, 3, 2, 0, 2, 2, 2, 1],
        [2, 3, 3, 0, 2, 3, 2, 1],
        [2, 3, 3, 0, 3, 3, 3, 0],
    ];
    assert_eq!(statuses(&fixture)[before..], recorded);
    assert_eq!(pods(&fixture), on(&["n1", "n2", "n3"], "7fb4c554f7"));
}

#[test]
fn with_surge_the_new_pod_is_ready_before_the_old_one_is_deleted() {
    let rolling = value!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}});
    let mut fixture = fixture(3, set(&[(&["spec", "updateStrategy"], rolling)]));
    fixture.take_requests();
    set_image(&mut fixture, "nginx:2", "2");
    let verbs: Vec<_> = fixture
        .take_requests()
        .iter()
        .filter(|request| request.contains("v1/pods"))
        .map(|request| request.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(verbs, ["create", "delete", "create", "delete", "create", "delete"]);
    assert_eq!(pods(&fixture), on(&["n1", "n2", "n3"], "7fb4c554f7"));
    // A template whose pods never get ready costs no old pod.
    set_image(&mut fixture, "broken:1", "3");
    assert_eq!(fixture.all(*PODS).len(), 4);
    assert_eq!(pods(&fixture).iter().filter(|(_, revision)| revision == "7fb4c554f7").count(), 3);
}

#[test]
fn an_update_that_never_gets_ready_stops_at_max_unavailable() {
    let mut fixture = fixture(4, set(&[]));
    set_image(&mut fixture, "broken:1", "2");
    assert_eq!(pods(&fixture).iter().filter(|(_, revision)| revision == "76b46755f4").count(), 3);
    // Half of the nodes, rounded up, may be without a pod.
    let half = value!({"maxUnavailable": "50%", "maxSurge": 0});
    fixture.edit(*DAEMON_SETS, "d", |root| root.set_at(&["spec", "updateStrategy", "rollingUpdate"], half));
    assert_eq!(pods(&fixture).iter().filter(|(_, revision)| revision == "76b46755f4").count(), 2);
    // A rollback replaces the broken pods at once, as they are not available.
    set_image(&mut fixture, "nginx:1", "3");
    assert_eq!(pods(&fixture), on(&["n1", "n2", "n3", "n4"], "76b46755f4"));
    assert_eq!(fixture.get(*CONTROLLER_REVISIONS, "d-76b46755f4").i64_at(&["revision"]), Some(3));
}

#[test]
fn on_delete_leaves_the_update_to_the_user() {
    let mut fixture = fixture(2, set(&[(&["spec", "updateStrategy"], value!({"type": "OnDelete"}))]));
    set_image(&mut fixture, "nginx:2", "2");
    assert_eq!(pods(&fixture), on(&["n1", "n2"], "76b46755f4"));
    let deleted = pod_of(&fixture, "n1").name().to_owned();
    fixture.delete(*PODS, &deleted, "");
    assert_eq!(pod_of(&fixture, "n1").label(template::HASH), Some("7fb4c554f7"));
    assert_eq!(statuses(&fixture).last(), Some(&[2, 2, 2, 0, 2, 1, 2, 0]));
}

#[test]
fn labels_and_taints_decide_as_recorded() {
    let mut fixture =
        fixture(2, set(&[(&["spec", "template", "spec", "nodeSelector"], value!({"role": "db"}))]));
    assert_eq!(statuses(&fixture), [[1, 0, 0, 0, 0, 0, 0, 0]]);
    let labelled = |root: &mut Value| root.set_at(&["metadata", "labels"], value!({"role": "db"}));
    fixture.edit(*NODES, "n1", labelled);
    fixture.edit(*NODES, "n2", labelled);
    assert_eq!(pods(&fixture).len(), 2);
    let taint = |effect: &str| value!([{"key": "k", "value": "v", "effect": effect}]);
    // ctl-ds-node-selector-and-taint: with NoSchedule the pod stays, with NoExecute it is deleted.
    fixture.edit(*NODES, "n2", |root| root.set_at(&["spec", "taints"], taint("NoSchedule")));
    assert_eq!(pods(&fixture).len(), 2);
    let before = statuses(&fixture).len();
    fixture.edit(*NODES, "n2", |root| root.set_at(&["spec", "taints"], taint("NoExecute")));
    assert_eq!(pods(&fixture).len(), 1);
    assert_eq!(statuses(&fixture)[before..], [[1, 1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 1, 1, 1, 0]]);
    fixture.edit(*NODES, "n2", |root| drop(root.remove_at(&["spec", "taints"])));
    assert_eq!(pods(&fixture).len(), 2);
    for node in ["n1", "n2"] {
        fixture.edit(*NODES, node, |root| drop(root.remove_at(&["metadata", "labels"])));
    }
    assert!(fixture.all(*PODS).is_empty());
    assert_eq!(statuses(&fixture).last(), Some(&[1, 0, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn a_new_node_gets_a_pod_and_the_deletion_of_a_node_syncs_no_set() {
    let mut fixture = fixture(2, set(&[]));
    fixture.create(*NODES, value!({"metadata": {"name": "n3"}, "spec": {"unschedulable": true}}));
    assert_eq!(pods(&fixture).len(), 3, "daemon pods tolerate a cordon");
    fixture.take_requests();
    fixture.delete(*NODES, "n3", "");
    // ctl-node-deleted-podgc: the status does not change before pod GC deletes the pod.
    let writes = fixture.take_requests();
    assert!(!writes.iter().any(|request| request.contains("daemonsets")), "{writes:?}");
}

#[test]
fn a_failed_pod_is_replaced_with_a_back_off() {
    let mut fixture = fixture(1, set(&[]));
    let fail = |fixture: &mut Fixture| {
        let name = fixture.only(*PODS).name().to_owned();
        fixture.set_status(*PODS, &name, value!({"phase": "Failed"}));
        fixture.only(*PODS).name() != name
    };
    assert!(fail(&mut fixture), "the first time at once");
    assert!(!fail(&mut fixture), "then a second later");
    fixture.run_until(Time(999));
    assert_eq!(fixture.only(*PODS).str_at(&["status", "phase"]), Some("Failed"));
    fixture.run_until(Time(1_000));
    assert_eq!(fixture.only(*PODS).str_at(&["status", "phase"]), Some("Running"));
    assert!(!fail(&mut fixture), "then two seconds later");
    fixture.run_until(Time(2_900));
    assert_eq!(fixture.only(*PODS).str_at(&["status", "phase"]), Some("Failed"));
    fixture.run_until(Time(3_100));
    assert_eq!(fixture.only(*PODS).str_at(&["status", "phase"]), Some("Running"));
}

#[test]
fn of_two_pods_on_a_node_the_younger_is_deleted() {
    let mut fixture = fixture(1, set(&[]));
    let first = fixture.only(*PODS);
    let mut twin = first.root().clone();
    for (path, text) in [("name", "d-twin"), ("resourceVersion", ""), ("uid", "")] {
        twin.set_at(&["metadata", path], text);
    }
    twin.remove_at(&["metadata", "generateName"]);
    fixture.run_until(Time(5_000));
    fixture.create(*PODS, twin);
    assert_eq!(fixture.only(*PODS).name(), first.name());
}

#[test]
fn old_revisions_beyond_the_limit_are_deleted() {
    let mut fixture = fixture(1, set(&[(&["spec", "revisionHistoryLimit"], value!(1))]));
    for (image, generation) in [("nginx:2", "2"), ("nginx:3", "3"), ("nginx:4", "4")] {
        set_image(&mut fixture, image, generation);
    }
    let mut numbers: Vec<_> =
        fixture.all(*CONTROLLER_REVISIONS).iter().map(|r| r.i64_at(&["revision"]).unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn a_terminating_set_is_left_alone() {
    let mut fixture = fixture(1, set(&[(&["metadata", "finalizers"], value!(["ex.test/keep"]))]));
    fixture.delete(*DAEMON_SETS, "d", "");
    let pod = fixture.only(*PODS);
    fixture.delete(*PODS, pod.name(), "");
    assert!(fixture.all(*PODS).is_empty());
}

#[test]
fn affinity_node_names_and_tolerations_count_for_placement() {
    let node = |labels: Value, taints: Value| {
        Object::new(value!({"metadata": {"name": "n1", "labels": labels}, "spec": {"taints": taints}}))
    };
    let placed = |spec: &[(&[&str], Value)], node: &Object| {
        let mut daemon = set(&[]);
        for (path, value) in spec {
            let path: Vec<&str> = ["spec", "template", "spec"].iter().chain(*path).copied().collect();
            daemon.set_at(&path, value.clone());
        }
        fit(&Object::new(daemon), node)
    };
    let (both, none) = (Fit { run: true, stay: true }, Fit { run: false, stay: false });
    let plain = node(value!({}), value!([]));
    let lost = node(value!({}), value!([{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]));
    assert_eq!([placed(&[], &plain), placed(&[], &lost)], [both, both]);
    assert_eq!(placed(&[(&["nodeName"], value!("n2"))], &plain), none);
    let term = value!({"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]});
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let affinity = Value::from([(required, value!({"nodeSelectorTerms": [term]}))]);
    let affine: [(&[&str], Value); 1] = [(&["affinity", "nodeAffinity"], affinity)];
    assert_eq!(placed(&affine, &node(value!({"zone": "a"}), value!([]))), both);
    assert_eq!(placed(&affine, &node(value!({"zone": "b"}), value!([]))), none);
    let network =
        node(value!({}), value!([{"key": "node.kubernetes.io/network-unavailable", "effect": "NoSchedule"}]));
    assert_eq!(placed(&[], &network), Fit { run: false, stay: true });
    assert_eq!(placed(&[(&["hostNetwork"], value!(true))], &network), both);
    let dedicated = node(value!({}), value!([{"key": "only", "value": "db", "effect": "NoSchedule"}]));
    let toleration = value!([{"key": "only", "operator": "Equal", "value": "db", "effect": "NoSchedule"}]);
    assert_eq!(placed(&[(&["tolerations"], toleration)], &dedicated), both);
}

#[test]
fn a_status_that_counts_misscheduled_pods_is_corrected_when_a_node_changes() {
    let mut fixture = fixture(1, set(&[]));
    let taint = |effect: &str| value!([{"key": "k", "value": "v", "effect": effect}]);
    fixture.edit(*NODES, "n1", |root| root.set_at(&["spec", "taints"], taint("NoSchedule")));
    // Any sync counts it.
    fixture.edit(*DAEMON_SETS, "d", |root| root.set_at(&["metadata", "annotations", "a"], "b"));
    assert_eq!(statuses(&fixture).last().map(|row| row[3]), Some(1));
    fixture.edit(*NODES, "n1", |root| drop(root.remove_at(&["spec", "taints"])));
    assert_eq!(statuses(&fixture).last().map(|row| row[3]), Some(0));
}

#[test]
fn misplaced_pods_are_deleted_even_if_creations_are_refused() {
    let role = |role: &str| value!({"role": role});
    let selector: &[&str] = &["spec", "template", "spec", "nodeSelector"];
    let mut fixture = fixture(2, set(&[(selector, role("a"))]));
    for (node, of) in [("n1", "a"), ("n2", "b")] {
        fixture.edit(*NODES, node, |root| root.set_at(&["metadata", "labels"], role(of)));
    }
    assert_eq!(template::target_node(&fixture.only(*PODS)), Some("n1"));
    fixture.refuse(Verb::Create, *PODS, Status::forbidden(*PODS, "", "no"));
    fixture.edit(*DAEMON_SETS, "d", |root| root.set_at(selector, role("b")));
    assert!(fixture.all(*PODS).is_empty());
}
