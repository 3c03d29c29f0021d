//! The algebra of objects as properties: patches, apply, field sets, comparisons, selectors, quantities.

use std::sync::Arc;

use proptest::prelude::*;

use super::managed::{FieldSet, compare};
use super::patch::{apply, json, merge};
use super::*;
use crate::value;

/// Trees without null: a merge patch needs such targets.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            map_of(inner).prop_map(Value::Map)
        ]
    })
}

fn map_of(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Map> {
    prop::collection::btree_map("[a-d]|x/y|p~q", values, 0..4)
        .prop_map(|entries| entries.into_iter().map(|(key, value)| (Key::new(&key), value)).collect())
}

fn shape() -> Arc<Shape> {
    let schema = r#"{"type":"object","properties":{
        "data":{"type":"object","additionalProperties":{"type":"string"}},
        "spec":{"type":"object","properties":{
            "n":{"type":"integer"},"atomic":{"type":"array","items":{"type":"string"}},
            "set":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
            "map":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"integer"}}}}
        }}}}"#;
    Arc::new(Shape::from_crd_schema(&Value::from_json(schema.as_bytes()).unwrap()).unwrap())
}

/// Objects of that shape; no two items share a key.
fn object() -> impl Strategy<Value = Value> {
    let text = || "[a-c]";
    let data = prop::collection::btree_map(text(), text(), 0..3);
    let items = prop::collection::btree_map(text(), prop::option::of(0..3_i64), 0..3);
    let set = prop::collection::btree_set(text(), 0..3);
    let atomic = prop::collection::vec(text(), 0..3);
    (data, items, set, atomic, prop::option::of(0..3_i64)).prop_map(|(data, items, set, atomic, n)| {
        let mut object = value!({"kind": "K", "metadata": {"name": "a"}});
        for (key, text) in data {
            object.set_at(&["data", &key], text);
        }
        if !items.is_empty() {
            let items = items.into_iter().map(|(k, v)| {
                let mut item = value!({"k": k});
                v.into_iter().for_each(|v| item.set_at(&["v"], v));
                item
            });
            object.set_at(&["spec", "map"], Value::list(items));
        }
        if !set.is_empty() {
            object.set_at(&["spec", "set"], Value::list(set.into_iter().map(Value::from)));
        }
        if !atomic.is_empty() {
            object.set_at(&["spec", "atomic"], Value::list(atomic.into_iter().map(Value::from)));
        }
        n.into_iter().for_each(|n| object.set_at(&["spec", "n"], n));
        object
    })
}

fn writer(manager: &str) -> Writer {
    Writer { manager: manager.into(), api_version: "v1".into(), time: "t".into(), ..Writer::default() }
}

fn all_owned(managed: &Managed) -> FieldSet {
    managed.entries().iter().fold(FieldSet::default(), |all, entry| all.union(&entry.fields))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_merge_patch_of_a_difference_leads_to_its_target(a in tree(), b in tree()) {
        prop_assert_eq!(merge::merge(&a, &merge::diff(&a, &b)), b);
    }

    #[test]
    fn a_merge_patch_applied_twice_is_applied_once(a in tree(), b in tree()) {
        let once = merge::merge(&a, &b);
        prop_assert_eq!(merge::merge(&once, &b), once);
    }

    #[test]
    fn a_value_added_by_a_json_patch_can_be_tested_and_removed(map in map_of(tree()), key in "[e-h]|m/n|s~t", new in tree()) {
        let path = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        let old = Value::Map(map);
        let add = value!({"op": "add", "path": (path.clone()), "value": (new.clone())});
        let test = value!({"op": "test", "path": (path.clone()), "value": new});
        let remove = value!({"op": "remove", "path": path});
        prop_assert_eq!(json::apply(&old, &value!([add, test, remove])).unwrap(), old);
    }

    #[test]
    fn no_tree_as_a_patch_panics(a in object(), b in tree()) {
        let _ = json::apply(&a, &b);
        let _ = patch::strategic::apply(&a, &b, &shape());
        let _ = apply::apply(None, &b, &writer("m"), true, &shape());
        let _ = (Managed::from_value(&b), FieldSet::from_value(&b), LabelSelector::from_value(&b));
        let (mut pruned, mut defaulted) = (b.clone(), b.clone());
        shape().prune(&mut pruned);
        shape().apply_defaults(&mut defaulted);
        shape().validate(&b);
    }

    #[test]
    fn no_text_as_a_selector_or_quantity_panics(text in "[a-c=!,() <>\\\\0-9.KiMe-]{0,12}") {
        let _ = FieldSelector::parse(&text);
        if let Ok(selector) = LabelSelector::parse(&text) {
            selector.matches(None);
        }
        if let Ok(quantity) = text.parse::<Quantity>() {
            prop_assert_eq!(quantity.to_string().parse::<Quantity>(), Ok(quantity));
            prop_assert_eq!(quantity.to_string().parse::<Quantity>().unwrap().to_string(), quantity.to_string());
        }
    }

    #[test]
    fn an_object_read_from_its_text_is_the_object(a in tree()) {
        prop_assert_eq!(Value::from_json(a.to_json().as_bytes()).unwrap(), a);
    }

    #[test]
    fn comparing_there_and_back_swaps_added_and_removed(a in object(), b in object()) {
        let (there, back) = (compare(&shape(), &a, &b), compare(&shape(), &b, &a));
        prop_assert_eq!(&there.added, &back.removed);
        prop_assert_eq!(&there.removed, &back.added);
        prop_assert_eq!(&there.modified, &back.modified);
        prop_assert!(!there.added.overlaps(&there.removed) && !there.added.overlaps(&there.modified));
    }

    #[test]
    fn field_sets_read_back_and_obey_set_algebra(a in object(), b in object(), c in object()) {
        let set = |object: &Value| compare(&shape(), &value!({}), object).added;
        let (a, b, c) = (set(&a), set(&b), set(&c));
        prop_assert_eq!(&FieldSet::from_value(&a.to_value()).unwrap(), &a);
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.union(&b).difference(&b), a.difference(&b));
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert_eq!(a.overlaps(&b), !a.intersection(&b).is_empty());
        prop_assert_eq!(a.union(&b).intersection(&c), a.intersection(&c).union(&b.intersection(&c)));
    }

    #[test]
    fn every_changed_field_is_its_writers_and_nobody_elses(a in object(), b in object()) {
        let managed = Managed::default().updated(writer("m1"), None, &a, &shape());
        prop_assume!(!managed.entries().is_empty());
        let managed = managed.updated(writer("m2"), Some(&a), &b, &shape());
        let change = compare(&shape(), &a, &b);
        let of = |name: &str| managed.entries().iter().find(|e| e.manager == name).map(|e| (*e.fields).clone()).unwrap_or_default();
        prop_assert_eq!(of("m2"), change.added.union(&change.modified));
        prop_assert!(!of("m1").overlaps(&of("m2")) && !of("m1").overlaps(&change.removed));
        prop_assert_eq!(Managed::from_value(&managed.to_value()).unwrap_or_default(), managed);
    }

    #[test]
    fn applying_twice_changes_nothing_more(live in object(), config in object()) {
        let managed = Managed::default().updated(writer("other"), None, &live, &shape());
        let once = apply::apply(Some((&live, &managed)), &config, &writer("m"), true, &shape()).unwrap();
        let twice = apply::apply(Some((&once.root, &once.managed)), &config, &writer("m"), false, &shape()).unwrap();
        prop_assert!(!twice.changed);
        prop_assert_eq!(twice.root, once.root);
    }

    #[test]
    fn applying_less_removes_own_fields_and_keeps_those_of_others(config in object(), live in object()) {
        let mine = apply::apply(None, &config, &writer("m"), false, &shape()).unwrap();
        let nothing = value!({"kind": "K", "metadata": {"name": "a"}});
        let gone = apply::apply(Some((&mine.root, &mine.managed)), &nothing, &writer("m"), false, &shape()).unwrap();
        prop_assert_eq!(&gone.root, &nothing);
        prop_assert!(gone.managed.entries().is_empty());
        // The fields of another manager survive the apply and the withdrawal of the first.
        let other = apply::apply(None, &live, &writer("other"), false, &shape()).unwrap();
        if let Ok(both) = apply::apply(Some((&other.root, &other.managed)), &config, &writer("m"), false, &shape()) {
            let left = apply::apply(Some((&both.root, &both.managed)), &nothing, &writer("m"), false, &shape()).unwrap();
            prop_assert_eq!(all_owned(&left.managed), all_owned(&other.managed));
            prop_assert!(compare(&shape(), &other.root, &left.root) == managed::Comparison::default());
        }
    }
}
