//! The masked state; states kept from commit to commit equal those made from scratch.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::fixtures::{deployment, node, pod, replica_set, with};
use super::*;
use crate::object::{Object, Value};
use crate::value;

fn state(objects: &[&Object]) -> MaskedState {
    let mut state = MaskedState::default();
    for object in objects {
        update(&mut state, None, Some(object));
    }
    state
}

fn shared(object: &Object) -> Arc<Object> {
    Arc::new(Object::new(object.root().clone()))
}

/// Whether a commit changes the state.
fn update(state: &mut MaskedState, old: Option<&Object>, new: Option<&Object>) -> bool {
    state.note(old.map(shared).as_ref(), new.map(shared).as_ref());
    state.settle()
}

fn object(kind: &str, name: &str, rest: &[(&str, Value)]) -> Object {
    let mut root =
        value!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}});
    rest.iter().for_each(|(key, value)| root.set_at(&[key], value.clone()));
    Object::new(root)
}

#[test]
fn a_replaced_pod_leaves_the_state_equal() {
    let nodes = ["node-1", "node-2", "node-3"].map(|name| node(name, "True"));
    let mut state = state(&[&nodes[0], &nodes[1], &nodes[2], &pod(1, true), &pod(2, true)]);
    let before = state.hash();
    assert!(update(&mut state, Some(&pod(1, true)), None));
    assert!(update(&mut state, None, Some(&pod(5, false))));
    assert_ne!(state.hash(), before);
    assert!(update(&mut state, Some(&pod(5, false)), Some(&pod(5, true))));
    assert_eq!(state.hash(), before);
}

#[test]
fn server_fields_times_and_messages_are_no_change() {
    let old = deployment(2, 2, 3);
    for (path, value) in [
        (&["metadata", "resourceVersion"][..], Value::from("980")),
        (&["metadata", "generation"], 9.into()),
        (&["status", "observedGeneration"], 9.into()),
        (&["metadata", "annotations", "deployment.kubernetes.io/revision"], "3".into()),
        (&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"], "{}".into()),
        (
            &["spec", "template", "metadata", "annotations"],
            value!({"kubectl.kubernetes.io/restartedAt": "now"}),
        ),
        (&["status", "conditions"], value!([{"type": "Available", "status": "True", "message": "other"}])),
    ] {
        let old = with(&old, &["spec", "template", "metadata", "annotations"], value!({}));
        assert!(!update(&mut state(&[&old]), Some(&old), Some(&with(&old, path, value))), "{path:?}");
    }
}

#[test]
fn a_change_of_spec_label_status_or_condition_is_a_change() {
    let old = deployment(2, 2, 3);
    for (path, value) in [
        (&["spec", "replicas"][..], Value::from(4)),
        (&["metadata", "labels"], value!({"a": "b"})),
        (&["metadata", "annotations", "example.com/a"], "b".into()),
        (&["metadata", "deletionTimestamp"], "2026-11-23T15:39:53Z".into()),
        (&["status", "readyReplicas"], 2.into()),
        (&["status", "conditions"], value!([{"type": "Available", "status": "False"}])),
    ] {
        assert!(update(&mut state(&[&old]), Some(&old), Some(&with(&old, path, value))), "{path:?}");
    }
}

#[test]
fn conditions_have_no_order() {
    let conditions = |a: &str, b: &str| value!({"conditions": [{"type": a, "status": "True"}, {"type": b, "status": "True"}]});
    let (one, other) = (
        object("Cache", "c", &[("status", conditions("A", "B"))]),
        object("Cache", "c", &[("status", conditions("B", "A"))]),
    );
    assert_eq!(state(&[&one]).hash(), state(&[&other]).hash());
}

#[test]
fn events_leases_and_what_every_namespace_has_are_not_state() {
    let typed = |api: &str, kind: &str, name: &str| with(&object(kind, name, &[]), &["apiVersion"], api);
    let scaled_down = with(&with(&replica_set(0), &["spec", "replicas"], 0), &["status", "replicas"], 0);
    for left_out in [
        typed("v1", "Event", "e"),
        typed("events.k8s.io/v1", "Event", "e"),
        typed("coordination.k8s.io/v1", "Lease", "l"),
        typed("apps/v1", "ControllerRevision", "r"),
        typed("authentication.k8s.io/v1", "TokenReview", "t"),
        typed("v1", "ConfigMap", "kube-root-ca.crt"),
        typed("v1", "ServiceAccount", "default"),
        scaled_down,
    ] {
        assert_eq!(state(&[&left_out]).hash(), 0, "{}", left_out.kind());
    }
    assert_ne!(state(&[&typed("v1", "ConfigMap", "mine")]).hash(), 0);
    assert_ne!(state(&[&typed("example.com/v1", "Event", "mine")]).hash(), 0);
}

#[test]
fn a_node_is_its_labels_its_cordon_and_its_readiness() {
    let old = node("node-1", "True");
    assert!(!update(&mut state(&[&old]), Some(&old), Some(&with(&old, &["spec", "podCIDR"], "10.9.0.0/24"))));
    assert!(update(&mut state(&[&old]), Some(&old), Some(&with(&old, &["spec", "unschedulable"], true))));
    assert!(update(&mut state(&[&old]), Some(&old), Some(&node("node-1", "Unknown"))));
    assert_eq!(state(&[&old]).hash(), state(&[&node("node-9", "True")]).hash());
}

#[test]
fn an_endpoint_slice_is_its_service_its_ports_and_its_ready_count() {
    let slice = |name: &str, ip: &str, ready: bool| {
        let endpoint = value!({"addresses": [ip], "conditions": {"ready": ready}, "nodeName": name});
        let rest = [("endpoints", value!([endpoint])), ("ports", value!([{"port": 80}]))];
        let labels = value!({"kubernetes.io/service-name": "web"});
        let slice = with(&object("EndpointSlice", name, &rest), &["metadata", "labels"], labels);
        with(&slice, &["apiVersion"], "discovery.k8s.io/v1")
    };
    assert_eq!(
        state(&[&slice("a", "10.0.0.1", true)]).hash(),
        state(&[&slice("b", "10.0.0.2", true)]).hash()
    );
    assert_ne!(
        state(&[&slice("a", "10.0.0.1", true)]).hash(),
        state(&[&slice("a", "10.0.0.1", false)]).hash()
    );
}

#[test]
fn endpoints_are_their_name_their_ports_and_their_ready_count() {
    let endpoints = |time: &str, ip: &str, field: &str| {
        let mut subset = value!({"ports": [{"port": 80}]});
        subset.set_at(&[field], value!([{"ip": ip}]));
        let made = object("Endpoints", "web", &[("subsets", value!([subset]))]);
        let made = with(&made, &["metadata", "annotations"], value!({"trigger-time": time}));
        with(&made, &["apiVersion"], "v1")
    };
    let first = state(&[&endpoints("a", "10.0.0.1", "addresses")]).hash();
    assert_eq!(state(&[&endpoints("b", "10.0.0.2", "addresses")]).hash(), first);
    assert_ne!(state(&[&endpoints("a", "10.0.0.1", "notReadyAddresses")]).hash(), first);
}

#[test]
fn ignored_fields_and_objects_are_no_change() {
    let fields = Ignore { kind: "Cache".into(), fields: vec!["/status/leader".into()], ..Ignore::default() };
    let mut state = MaskedState::new(vec![fields, Ignore { kind: "Backup".into(), ..Ignore::default() }]);
    let cache = |leader: &str, size: i64| {
        object("Cache", "c", &[("status", value!({"leader": leader})), ("spec", value!({"size": size}))])
    };
    assert!(update(&mut state, None, Some(&cache("a", 1))));
    assert!(!update(&mut state, Some(&cache("a", 1)), Some(&cache("b", 1))));
    assert!(update(&mut state, Some(&cache("b", 1)), Some(&cache("b", 2))));
    assert!(!update(&mut state, None, Some(&object("Backup", "b", &[]))));
}

/// One commit of a random history: which object, and its new content; `None` deletes it.
type Commit = (usize, Option<u8>);

/// The object number `which` with this content. Owners and names come before what mentions them.
fn content(which: usize, content: u8) -> Object {
    let ready = content & 1 == 1;
    match which {
        0 => deployment(2, i64::from(content % 3), i64::from(content % 4)),
        1 => replica_set(i64::from(content % 4)),
        2 => node("node-1", if ready { "True" } else { "Unknown" }),
        3 => object(
            "ConfigMap",
            "c",
            &[("data", value!({"a": (format!("pvc-{content} web")), "b": "node-1"}))],
        ),
        which => match content & 6 {
            0 => with(&pod(which as u32, ready), &["metadata", "deletionTimestamp"], "2026-11-23T15:39:53Z"),
            2 => with(&pod(which as u32, ready), &["metadata", "annotations"], value!({"a": "b"})),
            _ => pod(which as u32, ready),
        },
    }
}

proptest! {
    #[test]
    fn states_kept_commit_by_commit_equal_those_from_scratch(
        history in prop::collection::vec((0..8_usize, prop::option::weighted(0.7, any::<u8>())), 0..40)
    ) {
        let mut all: BTreeMap<usize, Object> = BTreeMap::new();
        let (mut masked, mut tracker) = (MaskedState::default(), Convergence::default());
        let (mut from_scratch, mut judged) = (MaskedState::default(), Convergence::default());
        let known: Vec<Commit> = [2, 4, 5, 6, 7].map(|which| (which, Some(3))).to_vec();
        let births = known.iter().chain(known.iter()).map(|(which, _)| (*which, None));
        let births: Vec<Commit> = known.iter().copied().chain(births.take(known.len())).collect();
        for (which, to) in births.iter().chain(&history).copied() {
            let dependents = [1..2, 4..8].get(which).cloned().unwrap_or_default();
            if to.is_some() && !all.contains_key(&which) && all.range(dependents).next().is_some() {
                continue; // a uid exists only once
            }
            // An edit shares what it leaves alone, as the store's edits do.
            let new = to.map(|to| content(which, to)).map(|new| match all.get(&which) {
                Some(old) if old.at(&["spec"]) == new.at(&["spec"]) && old.at(&["spec"]).is_some() => {
                    with(&new, &["spec"], old.at(&["spec"]).expect("just seen").clone())
                }
                _ => new,
            });
            masked.note(all.get(&which).map(shared).as_ref(), new.as_ref().map(shared).as_ref());
            if which % 3 == 0 {
                masked.settle();
            }
            tracker.update(all.get(&which), new.as_ref());
            if let Some(new) = new { all.insert(which, new); } else { all.remove(&which); }
        }
        for (which, to) in births {
            let object = content(which, to.unwrap_or(3));
            if to.is_some() { update(&mut from_scratch, None, Some(&object)); } else { update(&mut from_scratch, Some(&object), None); }
        }
        for object in all.values() {
            update(&mut from_scratch, None, Some(object));
            judged.update(None, Some(object));
        }
        masked.settle();
        prop_assert_eq!(masked.hash(), from_scratch.hash());
        prop_assert_eq!(tracker.reasons().collect::<Vec<_>>(), judged.reasons().collect::<Vec<_>>());
    }
}
