//! Recorded creates: the object that the server makes of a body, without the metadata that the server sets.

use super::super::admission::{Attributes, Plugins, admit};
use super::super::registry::Registry;
use super::super::store::Store;
use super::super::strategy::{allocate, on_create};
use super::*;
use crate::value;
use crate::wire::{Resource, Verb};

/// The object that a create makes of a body.
fn created(kind: &Kind, namespace: &str, sent: &Value) -> Value {
    let mut new = sent.clone();
    if kind.has_status() && !kind.rules.status_on_create {
        new.remove_at(&["status"]);
    }
    decode(kind, &mut new, None).unwrap();
    if kind.resource.as_str() == "v1/services" {
        allocate(&mut new, &Store::default(), None);
    }
    let name = new.str_at(&["metadata", "name"]).unwrap_or_default().to_owned();
    let plugins = Plugins { service_account: false, object_in_use: true };
    let (verb, subresource, store) = (Verb::Create, "", &Store::default());
    let write = Attributes { verb, kind, subresource, namespace, name: &name, plugins, store };
    admit(&write, &mut new).unwrap();
    new.set_at(&["metadata", "uid"], "U");
    on_create(kind, &mut new, "T");
    new.remove_at(&["metadata", "uid"]);
    new.remove_at(&["metadata", "namespace"]);
    new
}

/// Resource, namespace, body, answer. From the recorded cases, without uids, versions and generated names.
const RECORDED: &str = include_str!("recorded.json");

/// Blanks the fields that the server draws or takes from the clock.
fn blanked(mut object: Value) -> Value {
    for path in [["spec", "clusterIP"], ["spec", "clusterIPs"], ["status", "lastPhaseTransitionTime"]] {
        if object.at(&path).is_some_and(|value| value.as_str() != Some("None")) {
            object.set_at(&path, "drawn");
        }
    }
    let mut ports = object.items_at(&["spec", "ports"]).to_vec();
    for port in ports.iter_mut().filter(|port| port.get("nodePort").is_some()) {
        port.set_at(&["nodePort"], "drawn");
    }
    if !ports.is_empty() {
        object.set_at(&["spec", "ports"], ports);
    }
    if let Some(uid) = object.str_at(&["metadata", "labels", "controller-uid"]).map(str::to_owned) {
        object = Value::from_json(object.to_json().replace(&uid, "drawn").as_bytes()).unwrap();
    }
    object
}

#[test]
fn a_create_gets_the_recorded_defaults() {
    let cases = Value::from_json(RECORDED.as_bytes()).unwrap();
    let registry = Registry::builtin();
    for case in cases.items() {
        let [resource, namespace, sent, wanted] = case.items() else { panic!("{case:?}") };
        let kind = registry.lookup(Resource::new(resource.as_str().unwrap())).unwrap();
        let got = created(kind, namespace.as_str().unwrap(), sent);
        assert_eq!(blanked(got).to_json(), blanked(wanted.clone()).to_json(), "{}", sent.to_json());
    }
}

#[test]
fn fields_shared_with_the_stored_object_are_not_visited() {
    let registry = Registry::builtin();
    let kind = registry.lookup(Resource::new("v1/pods")).unwrap();
    let mut old =
        crate::value!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    apply_defaults(kind, &mut old);
    let mut new = old.clone();
    new.set_at(&["status", "conditions"], Value::list([crate::value!({"type": "Ready", "status": "True"})]));
    decode(kind, &mut new, Some(&old)).unwrap();
    assert_eq!(
        new.at(&["status", "conditions"]).unwrap().items()[0].get("lastProbeTime"),
        Some(&Value::Null)
    );
    let spec = |pod: &Value| pod.get("spec").and_then(Value::as_map).cloned().unwrap();
    assert!(spec(&new).ptr_eq(&spec(&old)));
}

#[test]
fn a_stateful_set_that_sets_its_strategy_type_gets_no_further_defaults() {
    let registry = Registry::builtin();
    let kind = registry.lookup(Resource::of("apps", "v1", "statefulsets")).unwrap();
    let strategy = |sent: Value| {
        let body = value!({"metadata": {"name": "s"}, "spec": {"serviceName": "s", "updateStrategy": sent}});
        created(kind, "default", &body).at(&["spec", "updateStrategy"]).cloned().unwrap()
    };
    let whole = value!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}});
    assert_eq!(strategy(value!({})), whole);
    assert_eq!(strategy(value!({"type": "RollingUpdate"})), value!({"type": "RollingUpdate"}));
    assert_eq!(strategy(value!({"type": "RollingUpdate", "rollingUpdate": {}})), whole);
    assert_eq!(strategy(value!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}})), whole);
}
