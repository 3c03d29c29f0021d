//! Endpoints beside the slices of a Service, and slices beside Endpoints that a user wrote, as in `ctl-headless-*`.

use std::sync::Arc;

use super::{Fixture, NS};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{ENDPOINT_SLICES, ENDPOINTS, PODS, SERVICES};

fn service(name: &str, selector: Value) -> Value {
    value!({
        "metadata": {"name": name, "namespace": NS},
        "spec": {"selector": selector, "clusterIP": "None", "ports": [{"port": 80, "protocol": "TCP"}]}
    })
}

/// A Service `s` with two pods, the second of which is not ready.
fn with_pods() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service("s", value!({"app": "d"})));
    for (name, image) in [("a", "nginx:1"), ("b", "broken:1")] {
        let containers = value!([{"name": "c", "image": image}]);
        let pod = value!({
            "metadata": {"name": name, "namespace": NS, "labels": {"app": "d"}},
            "spec": {"containers": containers}
        });
        fixture.create(*PODS, pod);
    }
    fixture
}

/// Names of the pods: ready, and not ready.
fn shown(endpoints: &Object) -> [Vec<String>; 2] {
    let subset = endpoints.items_at(&["subsets"]).first().cloned().unwrap_or_default();
    let name = |address: &Value| address.str_at(&["targetRef", "name"]).unwrap_or_default().to_owned();
    ["addresses", "notReadyAddresses"].map(|field| subset.items_at(&[field]).iter().map(name).collect())
}

fn slices(fixture: &Fixture) -> Vec<Arc<Object>> {
    fixture.all(*ENDPOINT_SLICES)
}

#[test]
fn endpoints_separate_ready_pods_from_others_and_drop_terminating_ones() {
    let mut fixture = with_pods();
    let first = fixture.get(*ENDPOINTS, "s");
    assert_eq!(shown(&first), [vec!["a".to_owned()], vec!["b".to_owned()]]);
    assert_eq!(first.label("endpoints.kubernetes.io/managed-by"), Some("endpoint-controller"));
    assert_eq!(first.label("service.kubernetes.io/headless"), Some(""));
    fixture.kubelet = false;
    fixture.delete(*PODS, "a", "");
    assert_eq!(shown(&fixture.get(*ENDPOINTS, "s")), [vec![], vec!["b".to_owned()]]);
    fixture.delete(*SERVICES, "s", "Background");
    assert!(fixture.find(*ENDPOINTS, "s").is_none());
}

#[test]
fn endpoints_that_were_deleted_come_back_and_those_tampered_with_stay_until_a_pod_changes() {
    let mut fixture = with_pods();
    let uid = fixture.get(*ENDPOINTS, "s").uid().to_owned();
    fixture.delete(*ENDPOINTS, "s", "");
    assert_ne!(fixture.get(*ENDPOINTS, "s").uid(), uid);
    fixture.edit(*ENDPOINTS, "s", |root| drop(root.remove_at(&["subsets"])));
    assert_eq!(shown(&fixture.get(*ENDPOINTS, "s")), [const { Vec::<String>::new() }; 2]);
    fixture.kubelet = false;
    fixture.delete(*PODS, "b", "");
    assert_eq!(shown(&fixture.get(*ENDPOINTS, "s")), [vec!["a".to_owned()], vec![]]);
}

#[test]
fn endpoints_of_a_user_are_mirrored_unless_a_label_forbids_it() {
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service("s", Value::Null));
    let subsets = value!([{
        "addresses": [{"ip": "1.2.3.4"}], "notReadyAddresses": [{"ip": "1.2.3.5"}],
        "ports": [{"port": 80, "protocol": "TCP"}]
    }]);
    fixture.create(
        *ENDPOINTS,
        value!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "s", "namespace": NS}, "subsets": (subsets.clone())}),
    );
    let slice = fixture.only(*ENDPOINT_SLICES);
    assert_eq!(
        slice.label("endpointslice.kubernetes.io/managed-by"),
        Some("endpointslicemirroring-controller.k8s.io")
    );
    let ready = |endpoint: &Value| endpoint.at(&["conditions", "ready"]).and_then(Value::as_bool);
    let ready: Vec<Option<bool>> = slice.items_at(&["endpoints"]).iter().map(ready).collect();
    assert_eq!(ready, [Some(true), Some(false)]);
    fixture.edit(*ENDPOINTS, "s", |root| drop(root.remove_at(&["subsets"])));
    assert!(slices(&fixture).is_empty());
    let skip = value!({"endpointslice.kubernetes.io/skip-mirror": "true"});
    fixture.edit(*ENDPOINTS, "s", |root| {
        root.set_at(&["metadata", "labels"], skip);
        root.set_at(&["subsets"], subsets);
    });
    assert!(slices(&fixture).is_empty());
}

#[test]
fn endpoints_that_are_there_before_their_service_stay() {
    let mut fixture = Fixture::new();
    let mut early = value!({"metadata": {"name": "s", "namespace": NS}});
    early.set_at(
        &["subsets"],
        value!([{"addresses": [{"ip": "10.0.0.9"}], "ports": [{"port": 80, "protocol": "TCP"}]}]),
    );
    fixture.create(*ENDPOINTS, early);
    fixture.create(*SERVICES, service("s", Value::Null));
    assert_eq!(fixture.get(*ENDPOINTS, "s").items_at(&["subsets"]).len(), 1);
}
