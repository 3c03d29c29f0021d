//! Cascades, foreground and orphan deletion, and references that do not match their owner.

use crate::controllers::tests::{Fixture, NS, workload};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, CRDS, DEPLOYMENTS, NAMESPACES, PODS, REPLICA_SETS, SERVICES};
use crate::wire::{ObjectKey, Resource, Status, Verb};

fn deployed() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, workload("d", 2));
    assert_eq!(fixture.all(*PODS).len(), 2);
    fixture.take_requests();
    fixture
}

fn left(fixture: &Fixture) -> (usize, usize, usize) {
    (fixture.all(*DEPLOYMENTS).len(), fixture.all(*REPLICA_SETS).len(), fixture.all(*PODS).len())
}

#[test]
fn background_deletion_cascades_level_by_level_after_a_live_read() {
    let mut fixture = deployed();
    fixture.delete(*DEPLOYMENTS, "d", "Background");
    assert_eq!(left(&fixture), (0, 0, 0));
    let requests = fixture.take_requests();
    let at = |request: &str| requests.iter().position(|r| r.starts_with(request)).unwrap();
    let read = at("get apps/v1/replicasets default/d-76b46755f4");
    assert!(read < at("delete apps/v1/replicasets default/d-76b46755f4"));
    assert!(at("get v1/pods default/d-76b46755f4-") < at("delete v1/pods default/d-76b46755f4-"));
}

#[test]
fn foreground_deletion_deletes_pods_set_and_deployment_in_the_recorded_order() {
    let mut fixture = deployed();
    fixture.delete(*DEPLOYMENTS, "d", "Foreground");
    assert_eq!(left(&fixture), (0, 0, 0));
    let last = |of: Resource| fixture.store.commits.iter().rposition(|(resource, _)| *resource == of);
    assert!(last(*PODS) < last(*REPLICA_SETS) && last(*REPLICA_SETS) < last(*DEPLOYMENTS));
    // ctl-gc-foreground: the set gets the finalizer, too.
    let waits = |o: &Object| o.finalizers().any(|f| f == "foregroundDeletion");
    assert!(fixture.store.commits.iter().any(|(of, set)| *of == *REPLICA_SETS && waits(set)));
}

#[test]
fn an_owner_does_not_wait_for_a_dependent_that_does_not_block() {
    let mut fixture = deployed();
    fixture.kubelet = false;
    for pod in fixture.all(*PODS) {
        fixture.edit(*PODS, pod.name(), |root| {
            let mut owner = root.items_at(&["metadata", "ownerReferences"])[0].clone();
            owner.set_at(&["blockOwnerDeletion"], false);
            root.set_at(&["metadata", "ownerReferences"], value!([owner]));
        });
    }
    fixture.delete(*REPLICA_SETS, "d-76b46755f4", "Foreground");
    assert_eq!(fixture.all(*PODS).iter().filter(|pod| pod.is_terminating()).count(), 2);
    assert!(!fixture.all(*REPLICA_SETS).iter().any(|set| set.is_terminating()), "the set did not wait");
}

#[test]
fn orphans_stay_and_lose_only_the_reference() {
    let mut fixture = deployed();
    fixture.delete(*DEPLOYMENTS, "d", "Orphan");
    assert_eq!(left(&fixture), (0, 1, 2));
    assert_eq!(fixture.get(*REPLICA_SETS, "d-76b46755f4").owners().count(), 0);
}

/// An owner as (kind, name, uid).
type Named<'a> = (&'a str, &'a str, &'a str);

/// A ConfigMap with these owners.
fn owned(name: &str, owners: &[Named<'_>]) -> Value {
    let owner = |(kind, name, uid): &Named<'_>| {
        let (group_version, kind) = kind.rsplit_once('/').unwrap();
        value!({"apiVersion": group_version, "kind": kind, "name": (*name), "uid": (*uid)})
    };
    let owners: Vec<Value> = owners.iter().map(owner).collect();
    value!({"metadata": {"name": name, "namespace": NS, "ownerReferences": owners}})
}

fn plain(name: &str, namespace: &str) -> Value {
    value!({"metadata": {"name": name, "namespace": namespace}})
}

#[test]
fn objects_with_an_absent_owner_are_deleted_and_those_with_an_unknown_one_stay() {
    let mut fixture = Fixture::new();
    let owner = fixture.create(*SERVICES, plain("s", NS));
    let far = fixture.create(*SERVICES, plain("far", "other"));
    let (uid, far) = (owner.uid(), far.uid());
    let cases: [(&str, &[Named<'_>], bool); 7] = [
        ("good", &[("v1/Service", "s", uid)], true),
        ("no-such-uid", &[("v1/Service", "s", "u1")], false),
        ("no-such-name", &[("v1/Service", "t", uid)], false),
        ("wrong-kind", &[("v1/Pod", "s", uid)], false),
        ("in-another-namespace", &[("v1/Service", "far", far)], false),
        ("unknown-kind", &[("ex.test/v1/Widget", "w", "u2")], true),
        ("one-is-left", &[("v1/Service", "s", uid), ("v1/Service", "gone", "u3")], true),
    ];
    for (name, owners, stays) in cases {
        fixture.create(*CONFIG_MAPS, owned(name, owners));
        assert_eq!(fixture.find(*CONFIG_MAPS, name).is_some(), stays, "{name}");
    }
    assert_eq!(
        fixture.get(*CONFIG_MAPS, "one-is-left").owners().map(|o| o.name.to_owned()).collect::<Vec<_>>(),
        ["s"]
    );
    // A cluster-scoped object with a namespaced owner.
    let mut mistaken = owned("mistaken", &[("v1/Service", "s", "u4")]);
    mistaken.remove_at(&["metadata", "namespace"]);
    fixture.create(*NAMESPACES, mistaken);
    assert!(fixture.store.objects.contains_key(&(*NAMESPACES, ObjectKey::new("", "mistaken"))));
}

#[test]
fn an_owner_that_no_cache_shows_is_read_before_its_dependents_are_deleted() {
    let mut fixture = Fixture::new();
    fixture.held = vec![*SERVICES];
    let owner = fixture.create(*SERVICES, plain("s", NS));
    fixture.create(*CONFIG_MAPS, owned("child", &[("v1/Service", "s", owner.uid())]));
    assert!(fixture.find(*CONFIG_MAPS, "child").is_some());
    assert!(fixture.requests.contains(&"get v1/services default/s".to_owned()));
    fixture.release();
    fixture.delete(*SERVICES, "s", "Background");
    assert!(fixture.find(*CONFIG_MAPS, "child").is_none());
}

#[test]
fn nothing_is_deleted_while_the_owner_cannot_be_read() {
    let mut fixture = Fixture::new();
    fixture.refuse(Verb::Get, *SERVICES, Status::new(500, "InternalError", "injected"));
    fixture.create(*CONFIG_MAPS, owned("child", &[("v1/Service", "s", "u1")]));
    fixture.run_until(Time(1_000));
    assert!(fixture.find(*CONFIG_MAPS, "child").is_some());
    fixture.rule = Box::new(|_| None);
    fixture.run_until(Time(10_000));
    assert!(fixture.find(*CONFIG_MAPS, "child").is_none());
}

#[test]
fn the_deletion_of_a_custom_owner_cascades() {
    let mut fixture = Fixture::new();
    let widgets = Resource::new("ex.test/v1/widgets");
    let crd = value!({
        "metadata": {"name": "widgets.ex.test"},
        "spec": {
            "group": "ex.test", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true}]
        },
        "status": {"conditions": [{"type": "Established", "status": "True"}]}
    });
    fixture.create(*CRDS, crd);
    let owner = fixture.create(widgets, plain("w", NS));
    fixture.create(*CONFIG_MAPS, owned("child", &[("ex.test/v1/Widget", "w", owner.uid())]));
    assert!(fixture.find(*CONFIG_MAPS, "child").is_some());
    fixture.delete(widgets, "w", "");
    assert!(fixture.find(*CONFIG_MAPS, "child").is_none());
}

#[test]
fn two_objects_that_wait_for_each_other_are_both_deleted() {
    let mut fixture = Fixture::new();
    let a = fixture.create(*CONFIG_MAPS, plain("a", NS));
    let blocking = |name: &str, uid: &str| value!([{"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": true}]);
    let b = fixture.create(
        *CONFIG_MAPS,
        value!({"metadata": {"name": "b", "namespace": NS, "ownerReferences": (blocking("a", a.uid()))}}),
    );
    fixture.edit(*CONFIG_MAPS, "a", |root| {
        root.set_at(&["metadata", "ownerReferences"], blocking("b", b.uid()));
    });
    fixture.delete(*CONFIG_MAPS, "a", "Foreground");
    fixture.run_until(Time(5_000));
    assert!(fixture.all(*CONFIG_MAPS).is_empty());
}
