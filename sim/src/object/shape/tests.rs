//! Shapes against the recorded cases `field-validation-cr`, `cr-defaulting-pruning`, `cr-schema-validation` and
//! `malformed-bodies`.

use super::*;
use crate::value;

fn crd(text: &str) -> Shape {
    Shape::from_crd_schema(&Value::from_json(text.as_bytes()).unwrap()).unwrap()
}

fn defaults() -> Shape {
    crd(r#"{"type":"object","properties":{"spec":{"type":"object","properties":{
        "a":{"type":"string","default":"da"},"n":{"type":"integer","default":3},
        "nul":{"type":"string","default":"dn","nullable":true},"nn":{"type":"string","default":"dnn"},
        "o":{"type":"object","default":{},"properties":{"x":{"type":"string","default":"dx"},"y":{"type":"boolean","default":false}}},
        "l":{"type":"array","items":{"type":"object","properties":{"p":{"type":"integer","default":8}}}},
        "m":{"type":"object","additionalProperties":{"type":"object","properties":{"q":{"type":"string","default":"dq"}}}},
        "noDef":{"type":"object","properties":{"z":{"type":"string","default":"dz"}}},
        "keep":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"k":{"type":"object","properties":{"in":{"type":"string"}}}}},
        "emb":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true},
        "emb2":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object","properties":{"r":{"type":"integer"}}}}}
    }},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}"#)
}

#[test]
fn unknown_fields_are_dropped_and_named_as_by_strict_validation() {
    let mut object = value!({
        "bogusTop": 1, "metadata": {"name": "a", "unkMeta": 1},
        "spec": {
            "unk": 1, "o": {"unk": 2}, "l": [{"unk": 3}, {"p": 1}], "keep": {"any": {"deep": 1}, "k": {"in": "v", "unk": 4}},
            "emb": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "bogus": 1}, "foo": 1},
            "emb2": {"kind": "Z", "spec": {"r": 1, "unk": 1}, "unk": 2}
        }
    });
    let unknown = defaults().prune(&mut object);
    let wanted = [
        "bogusTop",
        "metadata.unkMeta",
        "spec.emb.metadata.bogus",
        "spec.emb2.spec.unk",
        "spec.emb2.unk",
        "spec.keep.k.unk",
        "spec.l[0].unk",
        "spec.o.unk",
        "spec.unk",
    ];
    assert_eq!(unknown, wanted);
    let wanted = value!({
        "metadata": {"name": "a"},
        "spec": {
            "o": {}, "l": [{}, {"p": 1}], "keep": {"any": {"deep": 1}, "k": {"in": "v"}},
            "emb": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "foo": 1}, "emb2": {"kind": "Z", "spec": {"r": 1}}
        }
    });
    assert_eq!(object, wanted);
}

#[test]
fn a_tree_without_unknown_fields_is_not_copied() {
    let mut object = value!({"spec": {"a": "x", "l": [{"p": 1}]}});
    let before = object.as_map().cloned().unwrap();
    assert!(defaults().prune(&mut object).is_empty());
    assert!(object.as_map().unwrap().ptr_eq(&before));
}

#[test]
fn defaults_fill_existing_maps_and_nulls_are_dropped() {
    let defaulted = |object: &Value| {
        let mut object = object.clone();
        defaults().apply_defaults(&mut object);
        object
    };
    assert_eq!(defaulted(&value!({})), value!({}));
    let full = value!({"a": "da", "n": 3, "nn": "dnn", "nul": "dn", "o": {"x": "dx", "y": false}});
    assert_eq!(defaulted(&value!({"spec": {}})).get("spec"), Some(&full));
    let nulls = value!({"spec": {"a": null, "nul": null, "nn": null, "o": null, "keep": null}});
    let mut wanted = full.clone();
    wanted.set_at(&["nul"], Value::Null);
    assert_eq!(defaulted(&nulls).get("spec"), Some(&wanted));
    let nested = defaulted(&value!({"spec": {"noDef": {}, "l": [{}, {"p": 1}], "m": {"a": {}}}}));
    assert_eq!(nested.at(&["spec", "l"]), Some(&value!([{"p": 8}, {"p": 1}])));
    assert_eq!(nested.at(&["spec", "m"]), Some(&value!({"a": {"q": "dq"}})));
}

/// One field for each rule that has a recorded error.
const RULES: &str = r#"{"type":"object","required":["spec"],"properties":{"spec":{"type":"object","required":["a"],"properties":{
        "a":{"type":"string","minLength":2,"maxLength":5,"pattern":"^[a-z]+$"},
        "n":{"type":"integer","minimum":1,"maximum":10,"multipleOf":2},
        "f":{"type":"number","exclusiveMaximum":true,"maximum":1.5},"e":{"type":"string","enum":["X","Y"]},
        "l":{"type":"array","minItems":1,"maxItems":2,"items":{"type":"string"}},
        "m":{"type":"object","additionalProperties":{"type":"integer"},"maxProperties":2},
        "ios":{"x-kubernetes-int-or-string":true},"d":{"type":"string","format":"date-time"},
        "ip":{"type":"string","format":"ipv4"},"nul":{"type":"string","nullable":true},
        "i32":{"type":"integer","format":"int32"},"by":{"type":"string","format":"byte"},
        "set":{"type":"array","items":{"type":"string"},"x-kubernetes-list-type":"set"},
        "mp":{"type":"array","items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"}}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]},
        "one":{"type":"object","properties":{"p":{"type":"string"},"q":{"type":"string"}},"oneOf":[{"required":["p"]},{"required":["q"]}]}
    }}}}"#;

/// Values of `spec`, and the answers of the server. `a` is added if it is missing.
const FIELD_ERRORS: &[(&str, &str)] = &[
    (r#"{}"#, "spec.a: Required value"),
    (r#"{"a":"x"}"#, r#"spec.a: Invalid value: "x": spec.a in body should be at least 2 chars long"#),
    (r#"{"a":"toolong"}"#, "spec.a: Too long: may not be more than 5 bytes"),
    (r#"{"a":"AB"}"#, r#"spec.a: Invalid value: "AB": spec.a in body should match '^[a-z]+$'"#),
    (r#"{"a":5}"#, r#"spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer""#),
    (r#"{"n":0}"#, "spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1"),
    (
        r#"{"n":11}"#,
        "spec.n: Invalid value: 11: spec.n in body should be a multiple of 2, \
         spec.n: Invalid value: 11: spec.n in body should be less than or equal to 10",
    ),
    (
        r#"{"n":2.5}"#,
        "spec.n: Invalid value: \"number\": spec.n in body must be of type integer: \"number\", \
         <nil>: Invalid value: \"\": Checked value must be of type integer (default format) in spec.n, \
         spec.n: Invalid value: 2.5: spec.n in body should be a multiple of 2",
    ),
    (r#"{"n":2.0}"#, ""),
    (r#"{"f":1.5}"#, "spec.f: Invalid value: 1.5: spec.f in body should be less than 1.5"),
    (r#"{"e":"Z"}"#, r#"spec.e: Unsupported value: "Z": supported values: "X", "Y""#),
    (r#"{"l":[]}"#, "spec.l: Invalid value: 0: spec.l in body should have at least 1 items"),
    (r#"{"l":["a","b","c"]}"#, "spec.l: Too many: 3: must have at most 2 items"),
    (
        r#"{"l":[1]}"#,
        r#"spec.l[0]: Invalid value: "integer": spec.l[0] in body must be of type string: "integer""#,
    ),
    (
        r#"{"m":{"a":"x"}}"#,
        r#"spec.m.a: Invalid value: "string": spec.m.a in body must be of type integer: "string""#,
    ),
    (r#"{"m":{"a":1,"b":2,"c":3}}"#, "spec.m: Too many: 3: must have at most 2 items"),
    (r#"{"ios":5}"#, ""),
    (r#"{"ios":"50%"}"#, ""),
    (
        r#"{"ios":true}"#,
        r#"spec.ios: Invalid value: "boolean": spec.ios in body must be of type integer,string: "boolean""#,
    ),
    (
        r#"{"d":"notadate"}"#,
        r#"spec.d: Invalid value: "notadate": spec.d in body must be of type date-time: "notadate""#,
    ),
    (
        r#"{"ip":"999.1.1.1"}"#,
        r#"spec.ip: Invalid value: "999.1.1.1": spec.ip in body must be of type ipv4: "999.1.1.1""#,
    ),
    (r#"{"nul":null}"#, ""),
    (
        r#"{"i32":3000000000}"#,
        "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in spec.i32",
    ),
    (r#"{"by":"!!"}"#, r#"spec.by: Invalid value: "!!": spec.by in body must be of type byte: "!!""#),
    (r#"{"set":["a","a"]}"#, r#"spec.set[1]: Duplicate value: "a""#),
    (r#"{"mp":[{"k":"a"},{"k":"a"}]}"#, r#"spec.mp[1]: Duplicate value: {"k":"a"}"#),
    (r#"{"mp":[{}]}"#, "spec.mp[0].k: Required value"),
    (
        r#"{"one":{}}"#,
        "<nil>: Invalid value: \"\": \"spec.one\" must validate one and only one schema (oneOf). Found none valid, \
         spec.one.p: Required value",
    ),
    (
        r#"{"one":{"p":"1","q":"2"}}"#,
        "<nil>: Invalid value: \"\": \"spec.one\" must validate one and only one schema (oneOf). Found 2 valid \
         alternatives",
    ),
];

#[test]
fn recorded_field_errors_hold() {
    let shape = crd(RULES);
    for (spec, wanted) in FIELD_ERRORS {
        let mut spec_tree = Value::from_json(spec.as_bytes()).unwrap();
        if *spec != "{}" && spec_tree.get("a").is_none() {
            spec_tree.set_at(&["a"], "abc");
        }
        let mut object = value!({"metadata": {"name": "x"}});
        object.set_at(&["spec"], spec_tree);
        let errors: Vec<String> = shape.validate(&object).iter().map(ToString::to_string).collect();
        assert_eq!(errors.join(", "), *wanted, "{spec}");
    }
}

/// The part of the built-in types that the recorded decode errors need.
const BUILTIN: &str = r##"{
    "io.k8s.api.core.v1.ConfigMap": {"type":"object","properties":{
        "metadata":{"$ref":"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta","default":{}},
        "data":{"type":"object","additionalProperties":{"type":"string"}},
        "spec":{"$ref":"io.k8s.api.core.v1.Spec"}}},
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type":"object","properties":{"name":{"type":"string"},
        "labels":{"type":"object","additionalProperties":{"type":"string"}}}},
    "io.k8s.api.core.v1.Spec": {"type":"object","properties":{"replicas":{"type":"integer","format":"int32"},
        "ports":{"type":"array","items":{"$ref":"io.k8s.api.core.v1.Spec"}}}}
}"##;

#[test]
fn recorded_decode_errors_hold() {
    let defs = Value::from_json(BUILTIN.as_bytes()).unwrap();
    let shape = Shape::from_openapi(&defs, "io.k8s.api.core.v1.ConfigMap").unwrap();
    for (body, wanted) in [
        (value!({"metadata": "str"}), "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
        (
            value!({"metadata": {"name": 5}}),
            "number into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            value!({"metadata": {"labels": {"a": 5}}}),
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (value!({"data": ["a"]}), "array into Go struct field ConfigMap.data of type map[string]string"),
        (value!({"data": {"num": 1}}), "number into Go struct field ConfigMap.data of type string"),
        (value!({"spec": {"replicas": "x"}}), "string into Go struct field Spec.spec.replicas of type int32"),
        (
            value!({"spec": {"ports": [{"replicas": 3000000000_i64}]}}),
            "number 3000000000 into Go struct field Spec.spec.ports.replicas of type int32",
        ),
    ] {
        assert_eq!(shape.decode(&body).unwrap_err().to_string(), format!("json: cannot unmarshal {wanted}"));
    }
    assert_eq!(shape.decode(&value!({"metadata": null, "data": {"a": null}, "unknown": 1})), Ok(()));
}

#[test]
fn a_schema_that_cannot_be_built_is_named_by_path() {
    let error = |text: &str| {
        Shape::from_crd_schema(&Value::from_json(text.as_bytes()).unwrap()).unwrap_err().to_string()
    };
    assert_eq!(
        error(r#"{"type":"object","properties":{"a":{"type":"text"}}}"#),
        "schema openAPIV3Schema.a: unknown type `text`"
    );
    assert!(
        error(r#"{"properties":{"a":{"type":"string","pattern":"("}}}"#)
            .starts_with("schema openAPIV3Schema.a: pattern")
    );
    assert_eq!(error("[]"), "schema openAPIV3Schema: a schema is an object, this is array");
}

/// Part of a built-in type, with every sort of field.
const POD: &str = r##"{
    "v1.Pod": {"type":"object","properties":{"spec":{"$ref":"v1.Spec","default":{}},"status":{"$ref":"v1.Status","default":{}}}},
    "v1.Status": {"type":"object","properties":{"lastProbeTime":{"$ref":"v1.Time"},"startTime":{"$ref":"v1.Time"}}},
    "v1.Spec": {"type":"object","required":["containers","name"],"properties":{
        "name":{"type":"string","default":""},"containers":{"type":"array","items":{"$ref":"v1.Spec"}},
        "hostNetwork":{"type":"boolean"},"suspend":{"type":"boolean"},"nodeName":{"type":"string"},
        "timeZone":{"type":"string"},"priority":{"type":"integer"},"hostPort":{"type":"integer"},
        "emptyDir":{"$ref":"v1.Status"},"env":{"type":"array","items":{"type":"string"}},
        "labels":{"type":"object","additionalProperties":{"type":"string"}},
        "cpu":{"$ref":"v1.Quantity"}}},
    "v1.Time": {"type":"string","format":"date-time"},
    "v1.Quantity": {"oneOf":[{"type":"string"},{"type":"number"}]}
}"##;

#[test]
fn built_in_types_drop_empty_fields_they_may_omit_and_write_the_others() {
    let shape = Shape::from_openapi(&Value::from_json(POD.as_bytes()).unwrap(), "v1.Pod").unwrap();
    let empty = value!({"spec": {"containers": null, "name": ""}, "status": {"lastProbeTime": null}});
    assert_eq!(shape.empty_object(), empty);
    let mut object = value!({"spec": {
        "name": "", "containers": [], "hostNetwork": false, "suspend": false, "nodeName": "", "timeZone": "", "priority": 0,
        "hostPort": 0, "emptyDir": {}, "env": [], "labels": {"a": ""}, "cpu": "1000m"
    }, "status": {"startTime": "2026-01-01T01:00:00+01:00"}});
    shape.canonicalize(&mut object);
    let wanted = value!({"spec": {
        "name": "", "containers": null, "suspend": false, "timeZone": "", "priority": 0, "emptyDir": {"lastProbeTime": null},
        "labels": {"a": ""}, "cpu": "1"
    }, "status": {"startTime": "2026-01-01T00:00:00Z", "lastProbeTime": null}});
    assert_eq!(object, wanted);
    let before = object.as_map().cloned().unwrap();
    shape.canonicalize(&mut object);
    assert!(object.as_map().unwrap().ptr_eq(&before), "a canonical object is not copied");
}

#[test]
fn one_walk_equals_the_four_and_skips_shared_branches() {
    let shape = Shape::from_openapi(&Value::from_json(POD.as_bytes()).unwrap(), "v1.Pod").unwrap();
    let mut stored = value!({"bogus": 1, "spec": {
        "name": "a", "unknown": {"x": 1}, "hostNetwork": false, "env": ["x"], "cpu": "1000m", "labels": {"a": null},
        "containers": [{"name": "", "hostPort": 0, "more": 1}, {"cpu": 2, "emptyDir": {"startTime": null}}]
    }, "status": {"startTime": "2026-01-01T01:00:00+01:00"}});
    let mut walked = stored.clone();
    let unknown = shape.prune(&mut walked);
    shape.canonicalize(&mut walked);
    shape.apply_defaults(&mut walked);
    assert_eq!(shape.store(&mut stored, None), Ok(unknown));
    assert_eq!(stored, walked);

    let mut new = stored.clone();
    new.set_at(&["spec", "nodeName"], 5);
    assert_eq!(shape.store(&mut new.clone(), Some(&stored)), Err(shape.decode(&new).unwrap_err()));
    new.set_at(&["spec", "nodeName"], "n");
    new.set_at(&["spec", "timeZone"], Value::Null);
    assert_eq!(shape.store(&mut new, Some(&stored)), Ok(Vec::new()));
    let mut wanted = stored.clone();
    wanted.set_at(&["spec", "nodeName"], "n");
    assert_eq!(new, wanted);
    // A shared branch is taken unchanged.
    let odd = value!({"spec": {"containers": [], "name": ""}, "status": {}});
    let mut same = odd.clone();
    same.set_at(&["kept"], 1);
    assert_eq!(shape.store(&mut same, Some(&odd)), Ok(vec!["kept".to_owned()]));
    assert_eq!(same, odd);
}
