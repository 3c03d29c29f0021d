//! Endpoint slices follow readiness, deletion and labels, as recorded in `ctl-rolling-default` and `ctl-headless-*`.

use std::sync::Arc;

use super::{Fixture, NS, workload};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{ENDPOINT_SLICES, PODS, REPLICA_SETS, SERVICES};

fn service(more: &[(&str, Value)]) -> Value {
    let mut service = value!({
        "metadata": {"name": "s", "namespace": NS},
        "spec": {"selector": {"app": "d"}, "clusterIP": "10.0.0.1", "ports": [{"port": 80, "protocol": "TCP"}]}
    });
    for (field, value) in more {
        service.set_at(&["spec", field], value.clone());
    }
    service
}

fn with_pods(replicas: i64) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.create(*REPLICA_SETS, workload("r", replicas));
    fixture
}

fn slice(fixture: &Fixture) -> Arc<Object> {
    fixture.only(*ENDPOINT_SLICES)
}

/// Ready, serving, terminating: of the endpoints of these pods, as far as the slice has them.
fn states(slice: &Object, pods: &[Arc<Object>]) -> Vec<[bool; 3]> {
    let flag = |endpoint: &Value, name| endpoint.at(&["conditions", name]).and_then(Value::as_bool).unwrap();
    let state = |endpoint: &Value| ["ready", "serving", "terminating"].map(|name| flag(endpoint, name));
    let endpoint = |pod: &Arc<Object>| {
        let mut all = slice.items_at(&["endpoints"]).iter();
        all.find(|endpoint| endpoint.str_at(&["targetRef", "name"]) == Some(pod.name()))
    };
    pods.iter().filter_map(endpoint).map(state).collect()
}

#[test]
fn a_service_without_pods_has_an_empty_slice_and_fills_it_as_pods_get_ready() {
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service(&[]));
    let empty = slice(&fixture);
    assert_eq!((empty.at(&["endpoints"]), empty.at(&["ports"])), (Some(&Value::Null), Some(&Value::Null)));
    assert_eq!(
        empty.label("endpointslice.kubernetes.io/managed-by"),
        Some("endpointslice-controller.k8s.io")
    );
    assert_eq!(empty.controller().unwrap().kind, "Service");
    let pod = value!({"metadata": {"name": "a", "namespace": NS, "labels": {"app": "d"}}, "spec": {}});
    fixture.create(*PODS, pod);
    let filled = slice(&fixture);
    let pod = fixture.get(*PODS, "a");
    let expected = value!({
        "addresses": [(pod.str_at(&["status", "podIP"]).unwrap())],
        "conditions": {"ready": true, "serving": true, "terminating": false},
        "nodeName": (pod.str_at(&["spec", "nodeName"]).unwrap()),
        "targetRef": {"kind": "Pod", "name": "a", "namespace": NS, "uid": (pod.uid())}
    });
    assert_eq!(filled.items_at(&["endpoints"]), [expected]);
    assert_eq!(filled.items_at(&["ports"]), [value!({"name": "", "port": 80, "protocol": "TCP"})]);
}

#[test]
fn unready_pods_stay_unready_terminating_ones_serve_and_those_of_other_labels_leave() {
    let mut fixture = with_pods(3);
    fixture.create(*SERVICES, service(&[]));
    let pods = fixture.all(*PODS);
    assert_eq!(states(&slice(&fixture), &pods), [[true, true, false]; 3]);
    fixture.kubelet = false;
    let [unready, terminating, relabelled] = &pods[..] else { panic!("three pods") };
    let edited = unready.edited(|root| root.set_at(&["status", "conditions"], value!([])));
    fixture.store.update(*PODS, Arc::new(edited), "status").unwrap();
    fixture.delete(*PODS, terminating.name(), "");
    let seen = states(&slice(&fixture), &pods);
    assert_eq!(seen, [[false, false, false], [false, true, true], [true, true, false]]);
    fixture.edit(*PODS, relabelled.name(), |root| root.set_at(&["metadata", "labels", "app"], "x"));
    assert_eq!(states(&slice(&fixture), &pods), [[false, false, false], [false, true, true]]);
}

#[test]
fn the_trigger_time_is_that_of_the_readiness_that_changed_and_of_nothing_else() {
    let mut fixture = with_pods(1);
    fixture.create(*SERVICES, service(&[]));
    let time = |fixture: &Fixture| {
        slice(fixture).annotation("endpoints.kubernetes.io/last-change-trigger-time").map(str::to_owned)
    };
    assert_eq!(time(&fixture).as_deref(), Some("2026-01-01T00:00:00Z"));
    fixture.kubelet = false;
    fixture.now = Time(5_000);
    let pod = fixture.only(*PODS);
    fixture.delete(*PODS, pod.name(), "");
    assert_eq!(time(&fixture), None);
}

#[test]
fn named_ports_headless_services_and_deleted_slices() {
    let ports = value!([{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}]);
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service(&[("ports", ports), ("clusterIP", value!("None"))]));
    let container = value!({"name": "c", "ports": [{"name": "http", "containerPort": 8080}]});
    let pod = value!({
        "metadata": {"name": "a", "namespace": NS, "labels": {"app": "d"}},
        "spec": {"containers": [container], "hostname": "h", "subdomain": "s"}
    });
    fixture.create(*PODS, pod);
    let first = slice(&fixture);
    assert_eq!(first.items_at(&["ports"]), [value!({"name": "web", "port": 8080, "protocol": "TCP"})]);
    assert_eq!(first.label("service.kubernetes.io/headless"), Some(""));
    assert_eq!(first.items_at(&["endpoints"])[0].str_at(&["hostname"]), Some("h"));
    fixture.delete(*ENDPOINT_SLICES, first.name(), "");
    assert_ne!(slice(&fixture).uid(), first.uid());
    fixture.delete(*SERVICES, "s", "Background");
    assert!(fixture.all(*ENDPOINT_SLICES).is_empty());
}

#[test]
fn pods_with_other_port_numbers_have_a_slice_of_their_own() {
    let ports = value!([{"name": "web", "port": 80, "targetPort": "http", "protocol": "TCP"}]);
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service(&[("ports", ports)]));
    let pod = |name: &str, port: i64| {
        let container = value!({"name": "c", "ports": [{"name": "http", "containerPort": port}]});
        value!({
            "metadata": {"name": name, "namespace": NS, "labels": {"app": "d"}}, "spec": {"containers": [container]}
        })
    };
    let shown = |fixture: &Fixture| -> Vec<(i64, Vec<String>)> {
        let slices = fixture.all(*ENDPOINT_SLICES);
        let of = |slice: &Arc<Object>| {
            let name = |e: &Value| e.str_at(&["targetRef", "name"]).unwrap().to_owned();
            let port = slice.items_at(&["ports"]).first().and_then(|port| port.i64_at(&["port"]));
            (port.unwrap_or(0), slice.items_at(&["endpoints"]).iter().map(name).collect())
        };
        let mut all: Vec<_> = slices.iter().map(of).collect();
        all.sort();
        all
    };
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let empty = slice(&fixture).uid().to_owned();
    fixture.create(*PODS, pod("a", 8080));
    assert_eq!(slice(&fixture).uid(), empty, "the controller reuses the empty slice");
    fixture.create(*PODS, pod("b", 9090));
    fixture.create(*PODS, pod("c", 8080));
    assert_eq!(shown(&fixture), [(8080, of(&["a", "c"])), (9090, of(&["b"]))]);
    fixture.delete(*PODS, "b", "");
    assert_eq!(shown(&fixture), [(8080, of(&["a", "c"]))]);
    for name in ["a", "c"] {
        fixture.delete(*PODS, name, "");
    }
    assert_eq!(shown(&fixture), [(0, of(&[]))]);
}

#[test]
fn a_slice_has_a_hundred_endpoints_at_most_and_new_ones_fill_gaps() {
    let mut fixture = with_pods(250);
    fixture.create(*SERVICES, service(&[]));
    let sizes = |fixture: &Fixture| {
        let slices = fixture.all(*ENDPOINT_SLICES);
        let mut sizes: Vec<usize> = slices.iter().map(|slice| slice.items_at(&["endpoints"]).len()).collect();
        sizes.sort_unstable();
        sizes
    };
    assert_eq!(sizes(&fixture), [50, 100, 100]);
    fixture.edit(*REPLICA_SETS, "r", |root| root.set_at(&["spec", "replicas"], 290));
    assert_eq!(sizes(&fixture), [90, 100, 100]);
}
