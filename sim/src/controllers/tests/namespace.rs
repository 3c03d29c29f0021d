//! What a new namespace gets, and how a terminating one is emptied.

use super::{Fixture, NS, workload};
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, SERVICE_ACCOUNTS};
use crate::wire::{ObjectKey, Request, Resource, Status, Verb};

fn namespace(name: &str, phase: &str) -> Value {
    value!({"metadata": {"name": name}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": phase}})
}

fn delete_namespace(fixture: &mut Fixture, until: i64) {
    // As the real server does.
    fixture.rule = Box::new(|request| {
        let details = value!({"causes": [{"reason": "NamespaceTerminating"}]});
        let refused =
            || Status::forbidden(request.resource.unwrap(), &request.name, "terminating").details(details);
        (request.verb == Verb::Create).then(refused)
    });
    let request = Request::delete(*NAMESPACES, &ObjectKey::new("", NS));
    assert!(fixture.store.answer(&request, fixture.now).failure().is_none());
    fixture.run_until(Time(until));
}

#[test]
fn every_active_namespace_has_a_default_account() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    fixture.create(*NAMESPACES, namespace("terminating", "Terminating"));
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

/// A namespace with an object of each of these kinds, each with a finalizer.
fn holding(resources: &[Resource]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    for resource in resources {
        let metadata = value!({"name": "kept", "namespace": NS, "finalizers": ["ex.test/keep"]});
        fixture.create(*resource, value!({"spec": {}, "metadata": metadata}));
    }
    fixture
}

fn finalize(fixture: &mut Fixture, resource: Resource) {
    fixture.edit(resource, "kept", |root| drop(root.remove_at(&["metadata", "finalizers"])));
}

fn is_there(fixture: &Fixture) -> bool {
    fixture.all(*NAMESPACES).len() == 1
}

/// When the controller wrote the namespace's conditions, and which of them were true.
fn course(fixture: &Fixture) -> Vec<(String, Vec<String>)> {
    let mut course = Vec::new();
    for (_, object) in fixture.store.commits.iter().filter(|(of, _)| *of == *NAMESPACES) {
        let conditions = object.items_at(&["status", "conditions"]);
        let text = |c: &Value, field| c.str_at(&[field]).unwrap().to_owned();
        let times = conditions.iter().map(|c| text(c, "lastTransitionTime")).max();
        let blockers = conditions.iter().filter(|c| text(c, "status") == "True");
        if let Some(last) = times {
            course.push((last[14..19].to_owned(), blockers.map(|c| text(c, "message")).collect()));
        }
    }
    course.dedup();
    course
}

#[test]
fn a_terminating_namespace_is_emptied_first() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    fixture.create(*DEPLOYMENTS, workload("d", 2));
    delete_namespace(&mut fixture, 5_000);
    assert!(is_there(&fixture));
    fixture.run_until(Time(10_000));
    assert!(fixture.store.objects.keys().all(|(_, key)| key.namespace != NS));
    let last = fixture.store.commits.last().unwrap();
    assert_eq!((last.0, last.1.name()), (*NAMESPACES, NS));
}

#[test]
fn an_empty_namespace_is_gone_five_seconds_after_its_deletion() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    delete_namespace(&mut fixture, 4_999);
    assert!(is_there(&fixture) && course(&fixture).is_empty());
    fixture.run_until(Time(5_000));
    assert!(!is_there(&fixture));
    assert_eq!(course(&fixture), [("00:05".into(), vec![])]);
}

#[test]
fn nothing_else_is_deleted_while_a_pod_remains() {
    let mut fixture = holding(&[*PODS, *CONFIG_MAPS]);
    delete_namespace(&mut fixture, 5_000);
    assert!(fixture.get(*PODS, "kept").is_terminating());
    assert!(!fixture.get(*CONFIG_MAPS, "kept").is_terminating());
    // The conditions do not mention the remaining pod.
    assert_eq!(course(&fixture), [("00:05".into(), vec![])]);
    finalize(&mut fixture, *PODS);
    // The cache showed its own write at 5 s; the deletion of the pod starts no sync.
    fixture.run_until(Time(9_999));
    assert!(!fixture.get(*CONFIG_MAPS, "kept").is_terminating());
    fixture.run_until(Time(10_000));
    assert!(fixture.get(*CONFIG_MAPS, "kept").is_terminating());
}

#[test]
fn objects_with_finalizers_are_counted_and_the_next_sync_comes_after_half_the_estimate() {
    let mut fixture = holding(&[*CONFIG_MAPS]);
    delete_namespace(&mut fixture, 5_000);
    let remains = "Some resources are remaining: configmaps. has 1 resource instances";
    let held = "Some content in the namespace has finalizers remaining: ex.test/keep in 1 resource instances";
    assert_eq!(course(&fixture), [("00:05".into(), vec![remains.into(), held.into()])]);
    // Syncs follow its own write, at 10 s, and 15 / 2 + 1 s later.
    fixture.run_until(Time(10_001));
    finalize(&mut fixture, *CONFIG_MAPS);
    fixture.run_until(Time(17_999));
    assert!(is_there(&fixture));
    fixture.run_until(Time(18_000));
    assert!(!is_there(&fixture));
    assert_eq!(course(&fixture).last().unwrap(), &("00:18".into(), vec![]));
}

#[test]
fn objects_that_remain_without_a_finalizer_are_a_failure_in_the_conditions() {
    let mut fixture = Fixture::new();
    fixture.create(*NAMESPACES, namespace(NS, "Active"));
    fixture.kubelet = false;
    let spec = value!({"nodeName": "lost", "terminationGracePeriodSeconds": 3});
    fixture.create(*PODS, value!({"metadata": {"name": "stuck", "namespace": NS}, "spec": spec}));
    delete_namespace(&mut fixture, 5_000);
    let message = "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: default \
                for gvr: /v1, Resource=pods";
    assert_eq!(course(&fixture), [("00:05".into(), vec![message.into()])]);
    fixture.take_requests();
    fixture.run_until(Time(300_000));
    let syncs = fixture.take_requests().iter().filter(|r| r.starts_with("deletecollection")).count();
    assert!((15..25).contains(&syncs), "with a back-off, at least each minute: {syncs}");
}

#[test]
fn live_lists_decide_what_remains() {
    let mut fixture = holding(&[]);
    fixture.held = vec![*PODS];
    fixture.create(
        *PODS,
        value!({"spec": {}, "metadata": {"name": "kept", "namespace": NS, "finalizers": ["a/b"]}}),
    );
    delete_namespace(&mut fixture, 5_000);
    fixture.run_until(Time(20_000));
    assert!(is_there(&fixture), "a live list shows the pod");
    fixture.release();
    finalize(&mut fixture, *PODS);
    fixture.run_until(Time(2_000_000));
    assert!(!is_there(&fixture));
}
