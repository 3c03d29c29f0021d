//! Recorded creates and updates: all errors, with the messages and in the order of a real server.

use super::super::admission::{Attributes, Plugins, admit};
use super::super::defaults::{apply_defaults, decode};
use super::super::registry::Registry;
use super::super::store::Store;
use super::super::strategy::{allocate, on_create};
use super::*;
use crate::value;
use crate::wire::{Resource, Verb};

/// Resource, namespace, body, text of the errors (empty if it was created). From the recorded validation cases.
const RECORDED: &str = include_str!("recorded.json");

/// The errors of a create.
fn errors_of(resource: &str, namespace: &str, sent: &Value) -> Vec<FieldError> {
    let registry = Registry::builtin();
    let kind = registry.lookup(Resource::new(resource)).unwrap();
    let mut new = sent.clone();
    decode(kind, &mut new, None).unwrap();
    new.set_at(&["metadata", "uid"], "U");
    new.set_at(&["metadata", "namespace"], namespace);
    let plugins = Plugins { service_account: false, object_in_use: false };
    let name = new.str_at(&["metadata", "name"]).unwrap().to_owned();
    let (verb, subresource, store) = (Verb::Create, "", &Store::default());
    let write = Attributes { verb, kind, subresource, namespace, name: &name, plugins, store };
    admit(&write, &mut new).unwrap();
    on_create(kind, &mut new, "T");
    let mut errors = validate(kind, &new, None, "");
    if errors.is_empty() && resource == "v1/services" {
        errors = allocate(&mut new, &Store::default(), None);
    }
    errors
}

fn text_of(errors: &[FieldError]) -> String {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if texts.len() > 1 { format!("[{}]", texts.join(", ")) } else { texts.concat() }
}

#[test]
fn errors_are_the_recorded_ones() {
    let cases = Value::from_json(RECORDED.as_bytes()).unwrap();
    for case in cases.items() {
        let [resource, namespace, sent, wanted] = case.items() else { panic!("{case:?}") };
        let got = text_of(&errors_of(resource.as_str().unwrap(), namespace.as_str().unwrap(), sent));
        assert_eq!(got, wanted.as_str().unwrap(), "{}", sent.to_json());
    }
}

/// The errors of a change from one object to another.
fn of_update(resource: &str, old: &Value, edit: impl FnOnce(&mut Value), subresource: &str) -> String {
    let registry = Registry::builtin();
    let kind = registry.lookup(Resource::new(resource)).unwrap();
    let mut old = old.clone();
    apply_defaults(kind, &mut old);
    let mut new = old.clone();
    edit(&mut new);
    decode(kind, &mut new, Some(&old)).unwrap();
    text_of(&validate(kind, &new, Some(&old), subresource))
}

/// Recorded in `pod-update-restrictions`.
#[test]
fn few_fields_of_a_pods_spec_can_change() {
    let pod = value!({
        "metadata": {"name": "p"}, "spec": {
            "containers": [{"name": "c", "image": "nginx"}], "schedulingGates": [{"name": "ex.test/g"}],
            "nodeSelector": {"a": "b"}
        }
    });
    let change = |edit: fn(&mut Value)| of_update("v1/pods", &pod, edit, "");
    assert_eq!(change(|p| p.set_at(&["spec", "containers"], value!([{"name": "c", "image": "new"}]))), "");
    assert_eq!(change(|p| p.set_at(&["spec", "activeDeadlineSeconds"], 100)), "");
    assert_eq!(
        change(|p| p.set_at(&["spec", "tolerations"], value!([{"key": "n", "operator": "Exists"}]))),
        ""
    );
    assert_eq!(change(|p| p.set_at(&["spec", "nodeSelector", "c"], "d")), "");
    assert_eq!(change(|p| drop(p.remove_at(&["spec", "schedulingGates"]))), "");
    assert_eq!(
        change(|p| p.set_at(&["spec", "containers"], value!([{"name": "d", "image": "i"}]))),
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    );
    let forbidden = "spec: Forbidden: pod updates may not change fields other than";
    assert!(change(|p| p.set_at(&["spec", "restartPolicy"], "Never")).starts_with(forbidden));
    assert!(change(|p| p.set_at(&["spec", "nodeName"], "n1")).starts_with(forbidden));
    assert_eq!(
        change(|p| p.set_at(&["spec", "schedulingGates"], value!([{"name": "ex.test/h"}]))),
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'ex.test/h'"
    );
    assert_eq!(of_update("v1/pods", &pod, |p| p.set_at(&["spec", "nodeName"], "n1"), "binding"), "");
}

/// Recorded in `validation-deployment`, `configmap-immutable`, `secret-crud`, `endpointslice-crud`, `node-crud`,
/// `replicaset-crud` and `validation-service`.
#[test]
fn immutable_fields_cannot_change_and_status_counts_must_fit() {
    let workload = value!({"metadata": {"name": "x"}, "spec": {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    }});
    let selector = |d: &mut Value| d.set_at(&["spec", "selector", "matchLabels", "z"], "z");
    assert_eq!(
        of_update("apps/v1/deployments", &workload, selector, ""),
        "[spec.template.metadata.labels: Invalid value: {\"app\":\"x\"}: `selector` does not match template `labels`, \
         spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"x\",\"z\":\"z\"}}: field is immutable]"
    );
    let status = |rs: &mut Value| rs.set_at(&["status"], value!({"replicas": 3, "readyReplicas": 4}));
    assert_eq!(
        of_update("apps/v1/replicasets", &workload, status, "status"),
        "status.readyReplicas: Invalid value: 4: cannot be greater than status.replicas"
    );
    let map = value!({"metadata": {"name": "a"}, "data": {"k": "v"}, "immutable": true});
    assert_eq!(
        of_update("v1/configmaps", &map, |m| m.set_at(&["data", "k"], "z"), ""),
        "data: Forbidden: field is immutable when `immutable` is set"
    );
    let node = value!({"metadata": {"name": "n"}, "spec": {"podCIDR": "10.1.0.0/24"}});
    assert_eq!(
        of_update("v1/nodes", &node, |n| n.set_at(&["spec", "podCIDR"], "10.2.0.0/24"), ""),
        "spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid"
    );
    let service =
        value!({"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "clusterIP": "10.0.0.10"}});
    assert_eq!(
        of_update("v1/services", &service, |s| s.set_at(&["spec", "clusterIP"], "10.0.0.11"), ""),
        "spec.clusterIPs[0]: Invalid value: [\"10.0.0.11\"]: may not change once set"
    );
}

#[test]
fn errors_that_a_stored_custom_object_has_are_ignored() {
    let crd = value!({"metadata": {"name": "xs.ex.test"}, "spec": {
        "group": "ex.test", "scope": "Namespaced", "names": {"plural": "xs", "kind": "X"},
        "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": {"type": "object", "properties": {
                "n": {"type": "integer", "minimum": 5}, "m": {"type": "integer", "minimum": 5}
            }}}
        }}}]
    }});
    let kind = crd::kinds(&crd).unwrap().remove(0);
    let old = value!({"metadata": {"name": "a"}, "spec": {"n": 1}});
    let mut new = old.clone();
    new.set_at(&["spec", "m"], 6);
    assert_eq!(validate(&kind, &old, None, "").len(), 1);
    assert_eq!(validate(&kind, &new, Some(&old), ""), []);
    new.set_at(&["spec", "m"], 2);
    assert_eq!(validate(&kind, &new, Some(&old), "").len(), 1);
}

#[test]
fn a_stateful_set_may_mount_volumes_of_its_claim_templates() {
    let workload = |template: Value| {
        let labels = value!({"app": "x"});
        let mut template = template;
        template.set_at(&["metadata", "labels"], labels.clone());
        value!({"metadata": {"name": "x"}, "spec": {
            "serviceName": "x", "selector": {"matchLabels": labels}, "template": template,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]
        }})
    };
    let mounts = value!([{"name": "data", "mountPath": "/data"}]);
    let mounting = value!({"containers": [{"name": "c", "image": "i", "volumeMounts": mounts}]});
    let set = workload(value!({"spec": (mounting.clone())}));
    assert_eq!(text_of(&errors_of("apps/v1/statefulsets", "default", &set)), "");
    let never = workload(value!({"spec": {"containers": [], "restartPolicy": "Never"}}));
    assert_eq!(
        text_of(&errors_of("apps/v1/statefulsets", "default", &never)),
        "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\""
    );
    let mut other = workload(value!({"spec": mounting}));
    drop(other.remove_at(&["spec", "volumeClaimTemplates"]));
    drop(other.remove_at(&["spec", "serviceName"]));
    let text = text_of(&errors_of("apps/v1/deployments", "default", &other));
    assert!(text.contains("volumeMounts[0].name: Not found: \"data\""), "{text}");
}

#[test]
fn only_a_rolling_update_may_set_its_parameters() {
    let of_strategy = |strategy: Value| {
        let spec = value!({"containers": [{"name": "c", "image": "i"}]});
        let template = value!({"metadata": {"labels": {"a": "b"}}, "spec": spec});
        let set = value!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, "updateStrategy": strategy}
        });
        text_of(&errors_of("apps/v1/statefulsets", "default", &set))
    };
    assert_eq!(of_strategy(value!({"type": "OnDelete"})), "");
    assert_eq!(
        of_strategy(value!({"type": "OnDelete", "rollingUpdate": {"partition": 2, "maxUnavailable": 3}})),
        "spec.updateStrategy.rollingUpdate: Invalid value: {\"Partition\":2,\"MaxUnavailable\":null}: only allowed for \
         updateStrategy 'RollingUpdate'"
    );
    assert_eq!(
        of_strategy(value!({"type": "Never"})),
        "spec.updateStrategy: Invalid value: {\"Type\":\"Never\",\"RollingUpdate\":null}: must be 'RollingUpdate' or \
         'OnDelete'"
    );
    let negative = of_strategy(value!({"type": "RollingUpdate", "rollingUpdate": {"partition": (-1)}}));
    assert!(
        negative.starts_with("spec.updateStrategy.rollingUpdate.partition: Invalid value: -1"),
        "{negative}"
    );
}
