//! Server-side apply against the recorded cases `apply-create-update`, `apply-conflict`, `apply-vs-update-manager`,
//! `cr-apply-listmaps`, `apply-service-ports-and-set-lists` and `managed-fields-reset-and-corrupt`.

use super::*;
use crate::value;

/// A config map, and the custom resource of `cr-apply-listmaps` with a Service's ports.
fn shape() -> Arc<Shape> {
    let schema = r#"{"type":"object","properties":{
        "data":{"type":"object","additionalProperties":{"type":"string"}},
        "spec":{"type":"object","properties":{
            "m":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"string"}}}},
            "s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
            "at":{"type":"array","items":{"type":"string"}},
            "am":{"type":"object","x-kubernetes-map-type":"atomic","additionalProperties":{"type":"string"}},
            "gm":{"type":"object","additionalProperties":{"type":"string"}},
            "n":{"type":"integer"},
            "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port","protocol"],"items":{"type":"object","properties":{"port":{"type":"integer"},"protocol":{"type":"string","default":"TCP"},"name":{"type":"string"}}}}
        }}}}"#;
    Arc::new(Shape::from_crd_schema(&Value::from_json(schema.as_bytes()).unwrap()).unwrap())
}

/// An object that managers write to, one second apart.
struct Tank {
    shape: Arc<Shape>,
    live: Option<(Value, Managed)>,
    second: u32,
}

impl Tank {
    fn new() -> Self {
        Self { shape: shape(), live: None, second: 0 }
    }

    fn writer(&mut self, manager: &str) -> Writer {
        self.second += 1;
        let time = format!("t{:02}", self.second).into();
        Writer { manager: manager.into(), subresource: "".into(), api_version: "v1".into(), time }
    }

    fn try_apply(&mut self, manager: &str, force: bool, mut config: Value) -> Result<bool, ApplyError> {
        config.set_at(&["metadata", "name"], "a");
        let writer = self.writer(manager);
        let live = self.live.as_ref().map(|(root, managed)| (root, managed));
        let applied = apply(live, &config, &writer, force, &self.shape)?;
        self.live = Some((applied.root, applied.managed));
        Ok(applied.changed)
    }

    fn apply(&mut self, manager: &str, config: Value) -> bool {
        self.try_apply(manager, false, config).unwrap()
    }

    fn update(&mut self, manager: &str, after: Value) {
        let writer = self.writer(manager);
        let before = self.live.take();
        let managed = before.as_ref().map(|(_, managed)| managed.clone()).unwrap_or_default();
        let managed = managed.updated(writer, before.as_ref().map(|(root, _)| root), &after, &self.shape);
        self.live = Some((after, managed));
    }

    fn get(&self, field: &str) -> Value {
        self.live.as_ref().and_then(|(root, _)| root.get(field)).cloned().unwrap_or_default()
    }

    /// `manager operation time fields` per entry.
    fn owners(&self) -> Vec<String> {
        let managed = &self.live.as_ref().unwrap().1;
        let text = |e: &ManagedEntry| {
            let time = e.time.as_deref().unwrap_or("-");
            format!("{} {} {time} {}", e.manager, e.operation.as_str(), e.fields.to_value().to_json())
        };
        managed.entries().iter().map(text).collect()
    }
}

#[test]
fn dropping_a_field_of_one_owner_removes_it_and_a_repetition_changes_nothing() {
    let mut tank = Tank::new();
    assert!(tank.apply("mgr-a", value!({"data": {"x": "1", "y": "2"}})));
    assert!(!tank.apply("mgr-a", value!({"data": {"x": "1", "y": "2"}})));
    assert_eq!(tank.owners(), [r#"mgr-a Apply t01 {"f:data":{"f:x":{},"f:y":{}}}"#]);
    assert!(tank.apply("mgr-a", value!({"data": {"y": "2"}})));
    assert_eq!(tank.get("data"), value!({"y": "2"}));
    assert!(tank.apply("mgr-a", value!({})));
    assert_eq!(tank.get("data"), Value::Null);
    assert!(tank.owners().is_empty());
}

#[test]
fn conflicts_name_every_field_and_manager() {
    let mut tank = Tank::new();
    tank.apply("m1", value!({"metadata": {"labels": {"l": "1"}}, "data": {"x": "1", "y": "2"}}));
    let other = value!({"metadata": {"labels": {"l": "2"}}, "data": {"x": "9", "z": "3"}});
    let ApplyError::Conflicts(conflicts) = tank.try_apply("m2", false, other).unwrap_err() else { panic!() };
    assert_eq!(
        conflicts.to_string(),
        "Apply failed with 2 conflicts: conflicts with \"m1\":\n- .data.x\n- .metadata.labels.l"
    );
    assert_eq!(conflicts.0[0].message(), "conflict with \"m1\"");
    tank.apply("m2", value!({"data": {"x": "1", "z": "3"}}));
    tank.try_apply("m2", true, value!({"data": {"x": "9", "z": "3"}})).unwrap();
    assert_eq!(
        tank.owners(),
        [
            r#"m1 Apply t01 {"f:data":{"f:y":{}},"f:metadata":{"f:labels":{"f:l":{}}}}"#,
            r#"m2 Apply t04 {"f:data":{"f:x":{},"f:z":{}}}"#
        ]
    );
    tank.apply("m1", value!({"data": {"y": "2"}}));
    assert_eq!(tank.get("data"), value!({"x": "9", "y": "2", "z": "3"}));
    assert_eq!(tank.live.as_ref().unwrap().0.at(&["metadata", "labels"]), None);
}

#[test]
fn updates_own_what_they_change_and_take_it_from_appliers() {
    let mut tank = Tank::new();
    tank.update("creator", value!({"metadata": {"name": "a"}, "data": {"x": "1"}}));
    let conflict = tank.try_apply("ap", false, value!({"data": {"x": "2"}})).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "Apply failed with 1 conflict: conflict with \"creator\" using v1: .data.x"
    );
    tank.try_apply("ap", true, value!({"data": {"x": "2"}})).unwrap();
    tank.update("patcher", value!({"metadata": {"name": "a"}, "data": {"x": "3", "q": "r"}}));
    assert_eq!(
        tank.owners(),
        [r#"creator Update t01 {"f:data":{}}"#, r#"patcher Update t04 {"f:data":{"f:q":{},"f:x":{}}}"#]
    );
    tank.update("putter", value!({"metadata": {"name": "a"}, "data": {"only": "me"}}));
    assert_eq!(
        tank.owners(),
        [r#"creator Update t01 {"f:data":{}}"#, r#"putter Update t05 {"f:data":{"f:only":{}}}"#]
    );
}

#[test]
fn list_maps_sets_and_atomic_values_merge_by_type() {
    let mut tank = Tank::new();
    let spec =
        value!({"m": [{"k": "1", "v": "a"}], "s": ["x"], "at": ["p"], "am": {"q": "1"}, "gm": {"r": "1"}});
    tank.apply("m1", value!({"spec": spec}));
    tank.apply("m2", value!({"spec": {"m": [{"k": "2", "v": "b"}], "s": ["y"], "gm": {"t": "2"}}}));
    for (config, path) in [
        (value!({"spec": {"at": ["z"]}}), ".spec.at"),
        (value!({"spec": {"am": {"w": "1"}}}), ".spec.am"),
        (value!({"spec": {"m": [{"k": "1", "v": "zz"}]}}), ".spec.m[k=\"1\"].v"),
    ] {
        let error = tank.try_apply("m3", false, config).unwrap_err().to_string();
        assert_eq!(error, format!("Apply failed with 1 conflict: conflict with \"m1\": {path}"));
    }
    let spec = value!({"m": [{"k": "1", "v": "zz"}], "at": ["z"], "am": {"w": "1"}});
    tank.try_apply("m3", true, value!({"spec": spec})).unwrap();
    let m1 =
        r#"{"f:spec":{"f:gm":{"f:r":{}},"f:m":{"k:{\"k\":\"1\"}":{".":{},"f:k":{}}},"f:s":{"v:\"x\"":{}}}}"#;
    assert_eq!(tank.owners()[0], format!("m1 Apply t01 {m1}"));
    tank.apply("m1", value!({"spec": {"s": ["x"]}}));
    let wanted = value!({
        "am": {"w": "1"}, "at": ["z"], "gm": {"t": "2"}, "m": [{"k": "1", "v": "zz"}, {"k": "2", "v": "b"}], "s": ["x", "y"]
    });
    assert_eq!(tank.get("spec"), wanted);
}

#[test]
fn missing_keys_take_their_default_and_the_last_owner_of_an_item_removes_it() {
    let mut tank = Tank::new();
    tank.apply("m1", value!({"spec": {"ports": [{"port": 80}]}}));
    tank.apply("m2", value!({"spec": {"ports": [{"port": 81, "protocol": "TCP", "name": "y"}]}}));
    tank.update("defaulter", {
        let mut root = tank.live.as_ref().unwrap().0.clone();
        root.set_at(
            &["spec", "ports"],
            value!([{"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "TCP", "name": "y"}]),
        );
        root
    });
    assert!(tank.owners()[0].contains(r#"k:{\"port\":80,\"protocol\":\"TCP\"}"#));
    tank.apply("m2", value!({}));
    assert_eq!(tank.get("spec"), value!({"ports": [{"port": 80, "protocol": "TCP"}]}));
}

#[test]
fn a_config_that_does_not_fit_its_type_is_refused_with_the_servers_message() {
    for (spec, wanted) in [
        (value!({"s": ["x", "x"]}), ".spec.s: duplicate entries for key [=\"x\"]"),
        (value!({"unknown": 1}), ".spec.unknown: field not declared in schema"),
        (
            value!({"n": "1"}),
            ".spec.n: expected numeric (int or float), got &value.valueUnstructured{Value:\"1\"}",
        ),
        (
            value!({"m": [{"v": "1"}]}),
            ".spec.m: element 0: associative list with keys has an element that omits key field \"k\" (and doesn't have \
             default value)",
        ),
        (
            value!({"gm": ["a"], "x": 1}),
            "errors:\n  .spec.gm: expected map, got &value.valueUnstructured{Value:[]interface {}{\"a\"}}\n  \
             .spec.x: field not declared in schema",
        ),
    ] {
        let config = value!({"apiVersion": "ex.test/v1", "kind": "Al", "spec": spec});
        let error = Tank::new().try_apply("m", false, config).unwrap_err().to_string();
        assert_eq!(error, format!("failed to create typed patch object (/a; ex.test/v1, Kind=Al): {wanted}"));
    }
}

#[test]
fn an_object_without_owners_gets_one_at_its_first_apply_and_no_time_without_a_change() {
    let mut tank = Tank::new();
    tank.live = Some((value!({"metadata": {"name": "a"}, "data": {"x": "1"}}), Managed::default()));
    assert!(tank.apply("m1", value!({"data": {"x": "1"}})));
    assert_eq!(
        tank.owners(),
        [
            r#"m1 Apply - {"f:data":{"f:x":{}}}"#,
            r#"before-first-apply Update t01 {"f:data":{".":{},"f:x":{}}}"#
        ]
    );
}

#[test]
fn applied_items_come_in_the_applied_order_around_those_of_others() {
    let mut tank = Tank::new();
    tank.update("u", value!({"spec": {"s": ["a", "b", "c"]}}));
    tank.apply("m", value!({"spec": {"s": ["c", "x", "a"]}}));
    assert_eq!(tank.get("spec"), value!({"s": ["b", "c", "x", "a"]}));
}
