//! Field sets, comparisons and the pending list.

use std::sync::Arc;

use super::*;
use crate::object::Key;
use crate::object::{Shape, Value};
use crate::value;

fn shape() -> Arc<Shape> {
    let defs = r##"{
        "v1.Thing": {"type":"object","properties":{"metadata":{"$ref":"v1.Meta","default":{}},"spec":{"$ref":"v1.Spec","default":{}}}},
        "v1.Meta": {"type":"object","properties":{"name":{"type":"string"},"labels":{"type":"object","additionalProperties":{"type":"string"}}}},
        "v1.Spec": {"type":"object","required":["containers"],"properties":{
            "containers":{"type":"array","items":{"$ref":"v1.Spec"},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"]},
            "volumes":{"type":"array","items":{"$ref":"v1.Spec"},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"]},
            "name":{"type":"string"},"replicas":{"type":"integer"},"resources":{"$ref":"v1.Meta","default":{}},
            "strategy":{"$ref":"v1.Meta"},"args":{"type":"array","items":{"type":"string"}}}}
    }"##;
    let defs = Value::from_json(defs.as_bytes()).unwrap();
    Arc::new(Shape::from_openapi(&defs, "v1.Thing").unwrap())
}

fn writer(manager: &str, time: &str) -> Writer {
    Writer { manager: manager.into(), subresource: "".into(), api_version: "v1".into(), time: time.into() }
}

fn owned(managed: &Managed) -> Vec<String> {
    let text = |e: &ManagedEntry| format!("{} {}", e.manager, e.fields.to_value().to_json());
    managed.entries().iter().map(text).collect()
}

#[test]
fn a_create_owns_what_the_empty_object_lacks() {
    let mut object = value!({
        "kind": "Thing", "metadata": {"name": "a", "labels": {"l": "1"}},
        "spec": {"containers": [{"name": "c"}], "volumes": [{"name": "v"}], "strategy": {"name": "x"}, "args": ["a"]}
    });
    shape().canonicalize(&mut object);
    let managed = Managed::default().updated(writer("m", "t"), None, &object, &shape());
    // The empty object has spec and (as null) containers, so these are no members; volumes and strategy are.
    let wanted = concat!(
        r#"m {"f:metadata":{"f:labels":{".":{},"f:l":{}}},"f:spec":{"f:args":{},"#,
        r#""f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:containers":{},"f:name":{},"f:resources":{}}},"#,
        r#""f:strategy":{".":{},"f:name":{}},"#,
        r#""f:volumes":{".":{},"k:{\"name\":\"v\"}":{".":{},"f:containers":{},"f:name":{},"f:resources":{}}}}}"#
    );
    assert_eq!(owned(&managed), [wanted]);
}

#[test]
fn pending_writes_are_bounded_and_read_as_if_worked_off_at_once() {
    let shape = shape();
    let tree = |n: i64| value!({"metadata": {"name": "a"}, "spec": {"replicas": n}});
    let mut lazy = Managed::default().updated(writer("a", "t00"), None, &tree(0), &shape);
    let mut eager = lazy.clone();
    for n in 1..=40 {
        let who = writer(if n % 3 == 0 { "a" } else { "b" }, &format!("t{n:02}"));
        lazy = lazy.updated(who.clone(), Some(&tree(n - 1)), &tree(n), &shape);
        assert!(lazy.pending() <= list::MAX_PENDING);
        eager = eager.updated(who, Some(&tree(n - 1)), &tree(n), &shape);
        eager.entries();
    }
    assert_eq!(lazy, eager);
    assert_eq!(owned(&lazy), [r#"b {"f:spec":{"f:replicas":{}}}"#]);
}

#[test]
fn an_update_that_only_removes_keeps_the_time_of_the_entry() {
    let shape = shape();
    let (one, two) = (value!({"spec": {"replicas": 1, "name": "x"}}), value!({"spec": {"replicas": 1}}));
    let managed = Managed::default().updated(writer("m", "t1"), None, &one, &shape);
    let managed = managed.updated(writer("m", "t2"), Some(&one), &two, &shape);
    assert_eq!(owned(&managed), [r#"m {"f:spec":{"f:replicas":{}}}"#]);
    assert_eq!(managed.entries()[0].time.as_deref(), Some("t1"));
}

#[test]
fn an_object_without_owners_stays_without_until_an_apply() {
    let (one, two) = (value!({"spec": {"replicas": 1}}), value!({"spec": {"replicas": 2}}));
    let managed = Managed::default().updated(writer("m", "t"), Some(&one), &two, &shape());
    assert!(managed.entries().is_empty());
    assert_eq!(managed.to_value(), Value::Null);
}

#[test]
fn clients_may_reset_or_replace_the_list_and_other_values_are_ignored() {
    let tree = value!({"spec": {"replicas": 1}});
    let managed = Managed::default().updated(writer("m", "t"), None, &tree, &shape());
    assert!(managed.submitted(Some(&value!([{}]))).entries().is_empty());
    let entry = value!({"manager": "q", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:a": {}}});
    assert_eq!(owned(&managed.submitted(Some(&value!([entry])))), [r#"q {"f:a":{}}"#]);
    let mut bogus =
        value!({"manager": "q", "operation": "Bogus", "apiVersion": "v1", "fieldsType": "FieldsV1"});
    bogus.set_at(&["fieldsV1"], Value::empty_map());
    for rubbish in [value!([bogus]), value!([]), Value::Null, value!("x"), value!([1])] {
        assert_eq!(managed.submitted(Some(&rubbish)), managed, "{rubbish:?}");
    }
}

#[test]
fn items_with_the_same_key_are_one_leaf() {
    let spec = |names: &[&str]| {
        let volumes = Value::list(
            names.iter().enumerate().map(|(i, n)| value!({"name": (*n), "replicas": (i as i64)})),
        );
        value!({"spec": {"volumes": volumes}})
    };
    let change = compare(&shape(), &spec(&["a"]), &spec(&["a", "b", "b"]));
    assert_eq!(change.added.paths(), [".spec.volumes[name=\"b\"]"]);
    assert!(change.modified.is_empty() && change.removed.is_empty());
}

#[test]
fn fields_v1_reads_back_and_sorts_numbers_as_numbers() {
    let text = concat!(
        r#"{"f:a/b":{},"f:l":{"k:{\"port\":80}":{".":{},"f:x":{}},"k:{\"port\":443}":{}},"#,
        r#""f:s":{".":{},"v:\"x\"":{},"v:2":{}},"f:z":{"i:0":{}}}"#
    );
    let set = FieldSet::from_value(&Value::from_json(text.as_bytes()).unwrap()).unwrap();
    let mut written = Vec::new();
    set.write_json(&mut written);
    assert_eq!(Value::from_json(&written).unwrap(), Value::from_json(text.as_bytes()).unwrap());
    let paths = set.paths();
    assert_eq!(
        paths,
        [".a/b", ".s", ".l[port=80]", ".l[port=443]", ".l[port=80].x", ".s[=2]", ".s[=\"x\"]", ".z[0]"]
    );
    assert_eq!(set.get(&Elem::Field(Key::new("s"))).map(|n| n.member), Some(true));
    assert_eq!(FieldSet::from_value(&value!({"x:a": {}})), None);
}
