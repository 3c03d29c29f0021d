//! Endpoints beside the slices of a Service, and slices beside Endpoints that a user wrote, as in `ctl-headless-*`.

use std::sync::Arc;

use super::{Fixture, NS};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::Resource;
use crate::wire::resource::{PODS, SERVICES};

fn endpoints() -> Resource {
    Resource::new("v1/endpoints")
}

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
    fixture.all(Resource::new("discovery.k8s.io/v1/endpointslices"))
}

#[test]
fn endpoints_tell_ready_pods_from_others_and_drop_those_that_go() {
    let mut fixture = with_pods();
    let first = fixture.get(endpoints(), "s");
    assert_eq!(shown(&first), [vec!["a".to_owned()], vec!["b".to_owned()]]);
    assert_eq!(first.label("endpoints.kubernetes.io/managed-by"), Some("endpoint-controller"));
    assert_eq!(first.label("service.kubernetes.io/headless"), Some(""));
    fixture.kubelet = false;
    fixture.delete(*PODS, "a", "");
    assert_eq!(shown(&fixture.get(endpoints(), "s")), [vec![], vec!["b".to_owned()]]);
    fixture.delete(*SERVICES, "s", "Background");
    assert!(fixture.find(endpoints(), "s").is_none());
}

#[test]
fn endpoints_that_were_deleted_come_back_and_those_tampered_with_stay_until_a_pod_changes() {
    let mut fixture = with_pods();
    let uid = fixture.get(endpoints(), "s").uid().to_owned();
    fixture.delete(endpoints(), "s", "");
    assert_ne!(fixture.get(endpoints(), "s").uid(), uid);
    fixture.edit(endpoints(), "s", |root| drop(root.remove_at(&["subsets"])));
    assert_eq!(shown(&fixture.get(endpoints(), "s")), [const { Vec::<String>::new() }; 2]);
    fixture.kubelet = false;
    fixture.delete(*PODS, "b", "");
    assert_eq!(shown(&fixture.get(endpoints(), "s")), [vec!["a".to_owned()], vec![]]);
}

#[test]
fn endpoints_of_a_user_are_mirrored_unless_they_say_no() {
    let mut fixture = Fixture::new();
    fixture.create(*SERVICES, service("s", Value::Null));
    let subsets = value!([{
        "addresses": [{"ip": "1.2.3.4"}], "notReadyAddresses": [{"ip": "1.2.3.5"}],
        "ports": [{"port": 80, "protocol": "TCP"}]
    }]);
    fixture.create(
        endpoints(),
        value!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "s", "namespace": NS}, "subsets": (subsets.clone())}),
    );
    let all = slices(&fixture);
    let slice = &all[0];
    assert_eq!(all.len(), 1);
    assert_eq!(
        slice.label("endpointslice.kubernetes.io/managed-by"),
        Some("endpointslicemirroring-controller.k8s.io")
    );
    let ready = |endpoint: &Value| endpoint.at(&["conditions", "ready"]).and_then(Value::as_bool);
    let ready: Vec<Option<bool>> = slice.items_at(&["endpoints"]).iter().map(ready).collect();
    assert_eq!(ready, [Some(true), Some(false)]);
    fixture.edit(endpoints(), "s", |root| drop(root.remove_at(&["subsets"])));
    assert!(slices(&fixture).is_empty());
    let skip = value!({"endpointslice.kubernetes.io/skip-mirror": "true"});
    fixture.edit(endpoints(), "s", |root| {
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
    fixture.create(endpoints(), early);
    fixture.create(*SERVICES, service("s", Value::Null));
    assert_eq!(fixture.get(endpoints(), "s").items_at(&["subsets"]).len(), 1);
}
