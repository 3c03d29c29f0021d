//! What a namespace gets when it comes, and how it goes.

use super::{Fixture, NS, template};
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, SERVICE_ACCOUNTS};
use crate::wire::{ObjectKey, Request};

fn namespace(name: &str, phase: &str) -> Value {
    value!({"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": phase}})
}

fn delete_namespace(fixture: &mut Fixture) {
    let request = Request::delete(*NAMESPACES, &ObjectKey::new("", NS));
    assert!(fixture.store.answer(&request, fixture.now).failure().is_none());
    fixture.run_until(Time(5_000));
}

#[test]
fn every_active_namespace_has_a_default_account() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    fixture.create(*NAMESPACES, namespace("going", "Terminating"));
    let first = fixture.get(*SERVICE_ACCOUNTS, "default");
    fixture.delete(*SERVICE_ACCOUNTS, "default", "");
    assert_ne!(fixture.get(*SERVICE_ACCOUNTS, "default").uid(), first.uid());
    assert_eq!(fixture.all(*SERVICE_ACCOUNTS).len(), 1);
}

#[test]
fn the_root_ca_is_published_and_repaired() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    let data = |fixture: &Fixture| fixture.get(*CONFIG_MAPS, "kube-root-ca.crt").at(&["data"]).cloned();
    let first = data(&fixture);
    fixture.delete(*CONFIG_MAPS, "kube-root-ca.crt", "");
    assert_eq!(data(&fixture), first);
    fixture.edit(*CONFIG_MAPS, "kube-root-ca.crt", |root| root.set_at(&["data", "ca.crt"], "tampered"));
    assert_eq!(data(&fixture), first);
}

#[test]
fn a_namespace_that_goes_is_emptied_first() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    let deployment = value!({
        "metadata": {"name": "d", "namespace": NS},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "d"}}, "template": (template("nginx:1"))}
    });
    fixture.create(*DEPLOYMENTS, deployment);
    delete_namespace(&mut fixture);
    assert!(fixture.store.objects.keys().all(|(_, key)| key.namespace != NS));
    let last = fixture.store.commits.last().unwrap();
    assert_eq!((last.0, last.1.name()), (*NAMESPACES, NS));
}

#[test]
fn a_namespace_waits_for_what_has_finalizers_and_for_what_no_cache_shows() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    let held = |name: &str| value!({"spec": {}, "metadata": {"name": name, "namespace": NS, "finalizers": ["ex.test/keep"]}});
    fixture.create(*CONFIG_MAPS, held("kept"));
    let is_there = |fixture: &Fixture| fixture.all(*NAMESPACES).len() == 1;
    delete_namespace(&mut fixture);
    assert!(is_there(&fixture));
    fixture.held = vec![*PODS];
    fixture.create(*PODS, held("unseen"));
    fixture.edit(*CONFIG_MAPS, "kept", |root| drop(root.remove_at(&["metadata", "finalizers"])));
    fixture.run_until(Time(20_000));
    assert!(is_there(&fixture), "a live list shows the pod");
    fixture.release();
    fixture.edit(*PODS, "unseen", |root| drop(root.remove_at(&["metadata", "finalizers"])));
    fixture.run_until(Time(2_000_000));
    assert!(!is_there(&fixture));
}
