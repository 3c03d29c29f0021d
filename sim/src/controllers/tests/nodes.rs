//! Silent nodes: their status, taints and pods, and how fast they are evicted.

use std::sync::Arc;

use super::{Fixture, NS, kinds};
use crate::controllers::node_lifecycle::NodeLifecycle;
use crate::controllers::{Manager, Settings};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{LEASES, NODES, PODS};
use crate::wire::{ObjectKey, Resource, Status, Verb};

impl Fixture {
    /// A cluster with the node lifecycle controller alone.
    pub(super) fn of_nodes() -> Self {
        let controller = Box::new(NodeLifecycle::new(&Settings::default()));
        let mut fixture = Self::with(Manager::with(kinds(), vec![controller]));
        fixture.kubelet = false;
        fixture
    }

    /// Adds a node that is ready.
    pub(super) fn node(&mut self, name: &str, zone: &str) {
        let now = self.now.rfc3339();
        let condition = |kind: &str, status: &str| {
            value!({
                "type": kind, "status": status, "reason": "R", "lastHeartbeatTime": (now.clone()),
                "lastTransitionTime": (now.clone())
            })
        };
        let conditions = value!([(condition("MemoryPressure", "False")), (condition("Ready", "True"))]);
        self.create(
            *NODES,
            value!({
                "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
                "spec": {"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]},
                "status": {"conditions": conditions}
            }),
        );
    }

    /// Renews the Lease of a node.
    pub(super) fn renew(&mut self, name: &str) {
        let spec = value!({"renewTime": (self.now.rfc3339_micro())});
        let metadata = value!({"name": name, "namespace": "kube-node-lease"});
        let lease = value!({"metadata": metadata, "spec": (spec.clone())});
        match self.store.objects.get(&(*LEASES, ObjectKey::new("kube-node-lease", name))).cloned() {
            None => drop(self.create(*LEASES, lease)),
            Some(old) => {
                let lease = old.edited(|root| root.set_at(&["spec"], spec));
                self.store.update(*LEASES, Arc::new(lease), "").unwrap();
                self.run();
            }
        }
    }

    /// Runs, while these nodes renew their Leases every 10 s.
    fn live(&mut self, names: &[&str], until_s: i64) {
        while self.now < Time(until_s * 1000) {
            names.iter().for_each(|name| self.renew(name));
            self.run_until(Time(((self.now.0 / 10_000 + 1) * 10_000).min(until_s * 1000)));
        }
    }

    fn at(&self, resource: Resource, key: &ObjectKey) -> Arc<Object> {
        self.store.objects.get(&(resource, key.clone())).cloned().unwrap()
    }

    pub(super) fn taints(&self, node: &str) -> Vec<String> {
        let node = self.at(*NODES, &ObjectKey::new("", node));
        let text = |taint: &Value| {
            let part = |field: &str| taint.str_at(&[field]).unwrap_or_default().to_owned();
            format!("{}:{}", part("key").trim_start_matches("node.kubernetes.io/"), part("effect"))
        };
        node.items_at(&["spec", "taints"]).iter().map(text).collect()
    }

    /// Sets the node's Ready condition, as its kubelet does.
    fn report(&mut self, node: &str, status: &str) {
        let now = self.now.rfc3339();
        let node = self.at(*NODES, &ObjectKey::new("", node)).edited(|root| {
            let mut conditions = root.items_at(&["status", "conditions"]).to_vec();
            let ready = conditions.iter_mut().find(|c| c.str_at(&["type"]) == Some("Ready")).unwrap();
            ready.set_at(&["status"], status);
            ready.set_at(&["lastHeartbeatTime"], now);
            root.set_at(&["status", "conditions"], conditions);
        });
        self.store.update(*NODES, Arc::new(node), "status").unwrap();
        self.run();
    }

    /// A pod that is ready on a node.
    pub(super) fn pod_on(&mut self, name: &str, node: &str, tolerations: Value) -> Arc<Object> {
        let status = value!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        self.create(
            *PODS,
            value!({
                "metadata": {"name": name, "namespace": NS},
                "spec": {"nodeName": node, "tolerations": tolerations}, "status": status
            }),
        )
    }

    fn condition(&self, resource: Resource, key: &ObjectKey, kind: &str) -> (String, String) {
        let object = self.at(resource, key);
        let part = |field: &str| object.condition(kind).and_then(|c| c.str_at(&[field])).unwrap_or_default();
        (part("status").to_owned(), part("reason").to_owned())
    }
}

#[test]
fn a_silent_node_is_unknown_tainted_and_its_pods_are_unready_at_once_and_evicted_by_the_limiter() {
    let mut fixture = Fixture::of_nodes();
    // The monitor starts with the first node.
    ["lost", "a", "b", "c"].iter().for_each(|name| fixture.node(name, "z"));
    assert_eq!(fixture.taints("lost"), [""; 0], "a ready node loses its first taint");
    fixture.pod_on("p", "lost", value!([]));
    fixture.live(&["a", "b", "c"], 50);
    let (node, pod) = (ObjectKey::new("", "lost"), ObjectKey::new(NS, "p"));
    assert_eq!(fixture.condition(*NODES, &node, "Ready").0, "True", "grace is 50 s");
    fixture.live(&["a", "b", "c"], 55);
    let unknown = ("Unknown".to_owned(), "NodeStatusUnknown".to_owned());
    assert_eq!(fixture.condition(*NODES, &node, "Ready"), unknown);
    assert_eq!(fixture.condition(*NODES, &node, "MemoryPressure"), unknown);
    assert_eq!(fixture.taints("lost"), ["unreachable:NoSchedule"]);
    assert_eq!(fixture.condition(*PODS, &pod, "Ready").0, "False");
    assert_eq!(fixture.at(*PODS, &pod).str_at(&["status", "phase"]), Some("Running"));
    fixture.live(&["a", "b", "c"], 60);
    assert_eq!(fixture.taints("lost"), ["unreachable:NoSchedule", "unreachable:NoExecute"]);
    for name in ["a", "b", "c"] {
        assert_eq!(fixture.taints(name), [""; 0]);
    }
}

#[test]
fn a_node_that_returns_loses_no_schedule_at_once_and_no_execute_at_the_next_pass() {
    let mut fixture = Fixture::of_nodes();
    ["lost", "a", "b"].iter().for_each(|name| fixture.node(name, "z"));
    fixture.live(&["a", "b"], 72);
    fixture.renew("lost");
    fixture.report("lost", "True");
    assert_eq!(fixture.taints("lost"), ["unreachable:NoExecute"]);
    fixture.live(&["a", "b", "lost"], 75);
    assert_eq!(fixture.taints("lost"), [""; 0]);
}

#[test]
fn a_second_node_of_a_zone_waits_ten_seconds_for_its_turn_and_one_of_another_zone_does_not() {
    let mut fixture = Fixture::of_nodes();
    for (name, zone) in [("a", "z"), ("b", "z"), ("c", "y"), ("l1", "z"), ("l2", "z"), ("l3", "y")] {
        fixture.node(name, zone);
    }
    fixture.live(&["a", "b", "c"], 65);
    let evicted =
        |f: &Fixture| ["l1", "l2", "l3"].map(|name| f.taints(name).contains(&"unreachable:NoExecute".into()));
    assert_eq!(evicted(&fixture), [true, false, true]);
    fixture.live(&["a", "b", "c"], 74);
    assert_eq!(evicted(&fixture), [true, false, true]);
    fixture.live(&["a", "b", "c"], 75);
    assert_eq!(evicted(&fixture), [true, true, true]);
}

#[test]
fn when_every_node_is_silent_nothing_is_evicted() {
    let mut fixture = Fixture::of_nodes();
    ["a", "b"].iter().for_each(|name| fixture.node(name, "z"));
    fixture.live(&[], 300);
    for name in ["a", "b"] {
        assert_eq!(fixture.taints(name), ["unreachable:NoSchedule"]);
    }
}

#[test]
fn a_node_that_reports_not_ready_is_tainted_not_ready_and_a_pod_bound_to_it_is_not_ready() {
    let mut fixture = Fixture::of_nodes();
    ["a", "b"].iter().for_each(|name| fixture.node(name, "z"));
    fixture.report("b", "False");
    assert_eq!(fixture.taints("b"), ["not-ready:NoSchedule"]);
    fixture.live(&["a", "b"], 10);
    assert_eq!(fixture.taints("b"), ["not-ready:NoSchedule", "not-ready:NoExecute"]);
    fixture.pod_on("p", "b", value!([]));
    assert_eq!(fixture.condition(*PODS, &ObjectKey::new(NS, "p"), "Ready").0, "False");
}

#[test]
fn an_idle_cluster_costs_the_controller_no_request() {
    let mut fixture = Fixture::of_nodes();
    ["a", "b", "c"].iter().for_each(|name| fixture.node(name, "z"));
    fixture.live(&["a", "b", "c"], 10);
    fixture.take_requests();
    fixture.live(&["a", "b", "c"], 3600);
    assert_eq!(fixture.take_requests(), [""; 0]);
}

#[test]
fn after_a_conflict_the_taint_patch_waits_for_the_back_off_and_reads_the_node_again() {
    let mut fixture = Fixture::of_nodes();
    let mut refused = false;
    fixture.rule = Box::new(move |request| {
        let first = request.verb == Verb::Patch && !std::mem::replace(&mut refused, true);
        first.then(|| Status::new(409, "Conflict", "the object has been modified"))
    });
    fixture.node("a", "z");
    assert_eq!(fixture.taints("a"), ["not-ready:NoSchedule"]);
    fixture.run_until(Time(100));
    assert_eq!(fixture.taints("a"), ["not-ready:NoSchedule"], "it sleeps for at least 100 ms");
    fixture.run_until(Time(200));
    assert_eq!(fixture.taints("a"), [""; 0]);
    let expected = ["get v1/nodes a", "patch v1/nodes a", "get v1/nodes a", "patch v1/nodes a"];
    let asked = fixture.take_requests().into_iter().filter(|request| request.contains("nodes"));
    assert_eq!(asked.collect::<Vec<_>>(), expected);
}

#[test]
fn after_another_failure_the_taint_stays_until_the_node_changes() {
    let mut fixture = Fixture::of_nodes();
    let mut refused = false;
    fixture.rule = Box::new(move |request| {
        let first = request.verb == Verb::Patch && !std::mem::replace(&mut refused, true);
        first.then(|| Status::new(500, "InternalError", "no"))
    });
    fixture.node("a", "z");
    fixture.run_until(Time(40_000));
    assert_eq!(fixture.taints("a"), ["not-ready:NoSchedule"]);
    fixture.report("a", "True");
    assert_eq!(fixture.taints("a"), [""; 0]);
}
