//! Recorded definitions: errors, conditions step by step, kinds.

use super::super::defaults::decode;
use super::super::registry::Registry;
use super::*;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::Resource;
use crate::wire::resource::CRDS;

/// Metadata and spec of a definition, and the text of its errors. From `crd-invalid`.
const RECORDED: &str = include_str!("recorded.json");

fn stored(mut crd: Value) -> Value {
    let registry = Registry::builtin();
    let kind = registry.lookup(*CRDS).unwrap();
    decode(kind, &mut crd, None).unwrap();
    crd
}

fn definition() -> Value {
    stored(value!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "crs.ex.test"},
        "spec": {
            "group": "ex.test", "scope": "Namespaced", "names": {"plural": "crs", "kind": "Cr", "shortNames": ["c"]},
            "versions": [
                {
                    "name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object"}}}},
                    "subresources": {"status": {}, "scale": {
                        "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"
                    }}
                },
                {
                    "name": "v1beta1", "served": true, "storage": false,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                    "selectableFields": [{"jsonPath": ".spec.color"}]
                },
                {"name": "v1alpha1", "served": false, "storage": false, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ]
        }
    }))
}

#[test]
fn errors_are_the_recorded_ones() {
    let cases = Value::from_json(RECORDED.as_bytes()).unwrap();
    for case in cases.items() {
        let [sent, wanted] = case.items() else { panic!("{case:?}") };
        let crd = stored(sent.clone());
        let mut errors: Vec<String> = validate(&crd, None).iter().map(ToString::to_string).collect();
        let name = crd.str_at(&["metadata", "name"]).unwrap();
        // The common check of names comes first on a real server, and is not part of this module.
        if name != name.to_lowercase() {
            let detail = crate::object::names::subdomain(name).remove(0);
            errors.insert(0, format!("metadata.name: Invalid value: {name:?}: {detail}"));
        }
        let got = if errors.len() > 1 { format!("[{}]", errors.join(", ")) } else { errors.concat() };
        assert_eq!(got, wanted.as_str().unwrap(), "{}", sent.to_json());
    }
}

#[test]
fn a_definition_is_established_step_by_step() {
    let mut crd = definition();
    let mut reasons = Vec::new();
    while let NextStep::Status(status) = next(&crd, std::iter::empty(), false, "T") {
        crd.set_at(&["status"], status);
        let established = Object::new(crd.clone());
        reasons.push(established.condition("Established").unwrap().str_at(&["reason"]).unwrap().to_owned());
    }
    assert_eq!(reasons, ["Installing", "InitialNamesAccepted"]);
    assert!(is_established(&crd));
    assert_eq!(crd.at(&["status", "acceptedNames"]), crd.at(&["spec", "names"]));
    assert_eq!(crd.str_at(&["spec", "names", "listKind"]), Some("CrList"));
}

#[test]
fn names_of_another_definition_are_not_accepted() {
    let mut first = definition();
    while let NextStep::Status(status) = next(&first, std::iter::empty(), false, "T") {
        first.set_at(&["status"], status);
    }
    let mut second = definition();
    second.set_at(&["metadata", "name"], "others.ex.test");
    second.set_at(
        &["spec", "names"],
        value!({"plural": "others", "singular": "other", "kind": "Cr", "listKind": "Os"}),
    );
    let NextStep::Status(status) = next(&second, [&first].into_iter(), false, "T") else { panic!() };
    second.set_at(&["status"], status);
    assert_eq!(
        Object::new(second.clone()).condition("NamesAccepted").unwrap().str_at(&["reason"]),
        Some("KindConflict")
    );
    assert!(!is_established(&second));
    assert_eq!(next(&second, [&first].into_iter(), false, "T"), NextStep::None);
}

#[test]
fn a_definition_is_removed_after_its_instances() {
    let mut crd = definition();
    on_delete(&mut crd, "T");
    crd.set_at(&["metadata", "deletionTimestamp"], "T");
    let NextStep::Status(status) = next(&crd, std::iter::empty(), true, "T") else { panic!() };
    crd.set_at(&["status"], status);
    assert_eq!(next(&crd, std::iter::empty(), true, "T"), NextStep::DeleteInstances);
    assert_eq!(next(&crd, std::iter::empty(), false, "T"), NextStep::RemoveFinalizer);
    crd.set_at(&["metadata", "finalizers"], value!([]));
    assert_eq!(next(&crd, std::iter::empty(), false, "T"), NextStep::None);
}

#[test]
fn every_served_version_is_a_kind_stored_as_the_storage_version() {
    let kinds = kinds(&definition()).unwrap();
    let names: Vec<&str> = kinds.iter().map(|kind| kind.resource.as_str()).collect();
    assert_eq!(names, ["ex.test/v1/crs", "ex.test/v1beta1/crs"]);
    assert!(kinds.iter().all(|kind| kind.storage == Resource::new("ex.test/v1/crs") && kind.custom));
    assert!(kinds[0].has_status() && !kinds[1].has_status());
    assert_eq!(kinds[0].scale.as_ref().unwrap().spec, ["spec", "replicas"]);
    assert_eq!(kinds[1].selectable, ["spec.color"]);
    assert_eq!((kinds[0].singular.as_str(), kinds[0].short_names[0].as_str()), ("cr", "c"));
}

#[test]
fn cel_rules_in_a_schema_are_reported_as_not_modelled() {
    let mut crd = definition();
    assert_eq!(unmodelled(&crd), None);
    let rule = value!([{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {
        "spec": {"type": "object", "x-kubernetes-validations": [{"rule": "self.a > 0"}]}
    }}}}]);
    crd.set_at(&["spec", "versions"], rule);
    assert!(unmodelled(&crd).unwrap().contains("openAPIV3Schema.properties[spec]"));
}
