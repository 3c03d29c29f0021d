//! Strategic merge patches against the recorded cases `strategic-merge-patch` and
//! `strategic-merge-status-conditions`.

use super::apply;
use crate::object::{Shape, Value};
use crate::value;

fn shape() -> Shape {
    let defs = r##"{
        "v1.Thing": {"type":"object","properties":{"metadata":{"$ref":"v1.Meta","default":{}},"spec":{"$ref":"v1.Spec","default":{}}}},
        "v1.Meta": {"type":"object","properties":{"finalizers":{"type":"array","items":{"type":"string"},"x-kubernetes-patch-strategy":"merge"}}},
        "v1.Spec": {"type":"object","properties":{
            "containers":{"type":"array","items":{"$ref":"v1.Container"},"x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"},
            "tolerations":{"type":"array","items":{"$ref":"v1.Container"}},
            "selector":{"$ref":"v1.Meta","x-kubernetes-patch-strategy":"replace"},
            "strategy":{"$ref":"v1.Strategy","x-kubernetes-patch-strategy":"retainKeys"}}},
        "v1.Strategy": {"type":"object","properties":{"type":{"type":"string"},"rollingUpdate":{"$ref":"v1.Meta"}}},
        "v1.Container": {"type":"object","properties":{"name":{"type":"string"},"image":{"type":"string"},
            "env":{"type":"array","items":{"$ref":"v1.Container"},"x-kubernetes-patch-merge-key":"name","x-kubernetes-patch-strategy":"merge"}}}
    }"##;
    Shape::from_openapi(&Value::from_json(defs.as_bytes()).unwrap(), "v1.Thing").unwrap()
}

fn json(text: &str) -> Value {
    Value::from_json(text.as_bytes()).unwrap()
}

/// Applies patches of `spec` one after another and compares after each.
fn check(start: &str, steps: &[(&str, &str)]) {
    let mut object = Value::from([("spec", json(start))]);
    for (patch, wanted) in steps {
        object = apply(&object, &Value::from([("spec", json(patch))]), &shape()).unwrap();
        assert_eq!(object.get("spec"), Some(&json(wanted)), "{patch}");
    }
}

#[test]
fn keyed_lists_merge_and_directives_control_the_merge() {
    check(
        r#"{"containers":[{"name":"a","image":"i1","env":[{"name":"E1"},{"name":"E2","image":"2"}]},{"name":"b"}]}"#,
        &[
            (
                r#"{"containers":[{"name":"a","image":"i1b"}]}"#,
                r#"{"containers":[{"name":"a","image":"i1b","env":[{"name":"E1"},{"name":"E2","image":"2"}]},{"name":"b"}]}"#,
            ),
            (
                r#"{"containers":[{"name":"c"}]}"#,
                r#"{"containers":[{"name":"c"},{"name":"a","image":"i1b","env":[{"name":"E1"},{"name":"E2","image":"2"}]},{"name":"b"}]}"#,
            ),
            (
                r#"{"containers":[{"name":"b","$patch":"delete"},{"name":"a","env":[{"name":"E1","$patch":"delete"},{"name":"E3"}]}]}"#,
                r#"{"containers":[{"name":"c"},{"name":"a","image":"i1b","env":[{"name":"E3"},{"name":"E2","image":"2"}]}]}"#,
            ),
            (
                r#"{"containers":[{"name":"a","env":[{"name":"E2","image":null}]}]}"#,
                r#"{"containers":[{"name":"c"},{"name":"a","image":"i1b","env":[{"name":"E3"},{"name":"E2"}]}]}"#,
            ),
            (
                r#"{"$setElementOrder/containers":[{"name":"a"},{"name":"c"}],"containers":[{"name":"c","image":"x"}]}"#,
                r#"{"containers":[{"name":"a","image":"i1b","env":[{"name":"E3"},{"name":"E2"}]},{"name":"c","image":"x"}]}"#,
            ),
            (r#"{"containers":[{"$patch":"replace"},{"name":"z"}]}"#, r#"{"containers":[{"name":"z"}]}"#),
            (r#"{"$patch":"replace","containers":[]}"#, r#"{"containers":[]}"#),
        ],
    );
}

#[test]
fn other_lists_and_maps_follow_their_strategy() {
    check(
        r#"{"tolerations":[{"name":"k1"}],"selector":{"finalizers":["a"]},"strategy":{"rollingUpdate":{},"type":"x"}}"#,
        &[
            (
                r#"{"tolerations":[{"name":"k2"}],"selector":{"name":"b"},"absent":null,"strategy":null}"#,
                r#"{"tolerations":[{"name":"k2"}],"selector":{"name":"b"}}"#,
            ),
            (
                r#"{"selector":{"$patch":"delete"},"tolerations":null,"strategy":{"a":{"b":null,"$patch":"merge"}}}"#,
                r#"{"selector":{},"strategy":{"a":{}}}"#,
            ),
        ],
    );
    check(
        r#"{"strategy":{"rollingUpdate":{},"type":"RollingUpdate"}}"#,
        &[(
            r#"{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}"#,
            r#"{"strategy":{"type":"Recreate"}}"#,
        )],
    );
}

#[test]
fn lists_of_values_merge_as_sets_with_the_patch_first() {
    let apply = |object: &Value, patch: Value| apply(object, &value!({"metadata": patch}), &shape()).unwrap();
    let one = apply(&value!({"metadata": {}}), value!({"finalizers": ["ex.test/a"]}));
    let two = apply(&one, value!({"finalizers": ["ex.test/b"]}));
    assert_eq!(two, value!({"metadata": {"finalizers": ["ex.test/b", "ex.test/a"]}}));
    let three = apply(&two, value!({"$deleteFromPrimitiveList/finalizers": ["ex.test/b"]}));
    assert_eq!(three, value!({"metadata": {"finalizers": ["ex.test/a"]}}));
    let order = value!({"$setElementOrder/finalizers": ["c", "ex.test/a"], "finalizers": ["c"]});
    assert_eq!(apply(&three, order), value!({"metadata": {"finalizers": ["c", "ex.test/a"]}}));
}

#[test]
fn a_patch_that_does_not_fit_is_refused_with_the_servers_message() {
    let object = value!({"spec": {"containers": [{"name": "a"}], "strategy": {"type": "x"}}});
    for (patch, wanted) in [
        (
            value!({"containers": [{"image": "nokey"}]}),
            "map: map[image:nokey] does not contain declared merge key: name",
        ),
        (value!({"strategy": {"$retainKeys": ["type"], "other": 1}}), "invalid patch format of retainKeys"),
        (value!({"strategy": {"$patch": "bogus"}}), "unknown patch type: bogus in map: map[$patch:bogus]"),
        (value!({"$setElementOrder/containers": 1}), "invalid patch format of setElementOrder list"),
        (value!({"$deleteFromPrimitiveList/containers": 1}), "invalid patch format of primitive list"),
    ] {
        assert_eq!(apply(&object, &value!({"spec": patch}), &shape()).unwrap_err().to_string(), wanted);
    }
}
