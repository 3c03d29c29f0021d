//! The manager itself: read your writes, failures, ended watches, custom resources.

use std::sync::{Arc, Mutex};

use super::{Fixture, NS, workload};
use crate::client::Change;
use crate::controllers::{Caches, Controller, Manager, Outcome, SyncKey, Watches};
use crate::engine::Time;
use crate::value;
use crate::wire::resource::{CRDS, LEASES, PODS, REPLICA_SETS};
use crate::wire::{Request, Resource, Status, Verb};

#[test]
fn nothing_is_created_twice_while_a_cache_lags() {
    let mut fixture = Fixture::new();
    fixture.held = vec![*PODS];
    fixture.create(*REPLICA_SETS, workload("r", 3));
    // Even a change of the set does not start a sync while the cache lacks its pods.
    fixture.edit(*REPLICA_SETS, "r", |root| root.set_at(&["spec", "replicas"], 4));
    assert_eq!(fixture.all(*PODS).len(), 3);
    fixture.release();
    assert_eq!(fixture.all(*PODS).len(), 4);
}

#[test]
fn a_sync_waits_five_minutes_for_its_writes_in_the_cache() {
    let mut fixture = Fixture::new();
    fixture.held = vec![*PODS];
    fixture.create(*REPLICA_SETS, workload("r", 1));
    fixture.run_until(Time(299_999));
    assert_eq!(fixture.all(*PODS).len(), 1);
    fixture.run_until(Time(300_000));
    assert_eq!(fixture.all(*PODS).len(), 2);
}

#[test]
fn a_failed_write_is_tried_again_with_growing_delays() {
    let mut fixture = Fixture::new();
    fixture.refuse(Verb::Create, *PODS, Status::new(500, "InternalError", "injected"));
    fixture.create(*REPLICA_SETS, workload("r", 2));
    fixture.take_requests();
    fixture.run_until(Time(10_000));
    let tries = fixture.take_requests().iter().filter(|r| r.starts_with("create v1/pods")).count();
    assert!((8..=14).contains(&tries), "5 ms doubled until 10 s: {tries} tries");
    fixture.rule = Box::new(|_| None);
    fixture.run_until(Time(60_000));
    assert_eq!(fixture.all(*PODS).len(), 2);
}

#[test]
fn a_watch_that_ends_is_resumed_and_one_that_is_too_old_is_replaced_by_a_list() {
    let mut fixture = Fixture::new();
    for error in [None, Some(Status::expired("too old resource version"))] {
        fixture.end_watch(*REPLICA_SETS, error);
        fixture.run();
    }
    fixture.create(*REPLICA_SETS, workload("r", 2));
    assert_eq!(fixture.all(*PODS).len(), 2);
}

#[test]
fn a_failed_list_is_repeated_after_a_back_off() {
    let mut fixture = Fixture::new();
    fixture.rule = Box::new(|request| {
        let hit = matches!(request.verb, Verb::List | Verb::Watch);
        hit.then(|| Status::new(503, "ServiceUnavailable", "injected"))
    });
    fixture.end_watch(*REPLICA_SETS, None);
    fixture.run_until(Time(5_000));
    fixture.rule = Box::new(|_| None);
    fixture.create(*REPLICA_SETS, workload("r", 1));
    assert_eq!(fixture.all(*PODS).len(), 0);
    fixture.run_until(Time(10_000));
    assert_eq!(fixture.all(*PODS).len(), 1);
}

#[test]
fn a_resource_that_the_server_does_not_serve_blocks_nothing() {
    let mut fixture = Fixture::started(|request| {
        let hit = request.verb == Verb::List && request.resource == Some(*LEASES);
        hit.then(|| Status::not_modelled("leases"))
    });
    fixture.create(*REPLICA_SETS, workload("r", 1));
    // Only the garbage collector, which watches everything, deletes the pod.
    fixture.delete(*REPLICA_SETS, "r", "Background");
    assert_eq!(fixture.all(*PODS).len(), 0);
}

/// Records every key of every resource.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Controller for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }
    fn watches(&self) -> Watches {
        Watches::All
    }
    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        out.push(SyncKey::of(resource, change.object()));
    }
    fn reconcile(&mut self, target: &SyncKey, _: &Caches, _: Time) -> Outcome {
        self.0.lock().unwrap().push(format!("{target:?}"));
        Outcome::done()
    }
}

#[test]
fn custom_resources_are_followed_while_their_crd_is_established() {
    let recorder = Recorder::default();
    let keys = recorder.0.clone();
    let seen = |key: &str| keys.lock().unwrap().iter().any(|seen| seen.contains(key));
    let mut fixture = Fixture::with(Manager::with(super::kinds(), vec![Box::new(recorder)]));
    let widgets = Resource::new("ex.test/v1/widgets");
    let widget = |name: &str| value!({"metadata": {"name": name, "namespace": NS}});
    fixture.create(widgets, widget("a"));
    fixture.create(
        *CRDS,
        value!({"metadata": {"name": "widgets.ex.test"}, "spec": {
            "group": "ex.test", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": "v1alpha1", "served": true, "storage": false}, {"name": "v1", "served": true, "storage": true}
            ]
        }}),
    );
    assert!(!seen("widgets default"));
    let established = value!([{"type": "Established", "status": "True"}]);
    let crd = fixture.only(*CRDS).edited(|root| root.set_at(&["status", "conditions"], established));
    fixture.store.update(*CRDS, Arc::new(crd), "status").unwrap();
    fixture.create(widgets, widget("b"));
    assert!(seen("ex.test/v1/widgets default/a"));
    assert!(seen("ex.test/v1/widgets default/b"));
    let crd = fixture.only(*CRDS);
    fixture.store.remove(*CRDS, crd.root().clone());
    fixture.create(widgets, widget("c"));
    fixture.create(widgets, widget("d"));
    assert!(!seen("ex.test/v1/widgets default/d"));
}

/// Copies `spec.replicas` to the status, and records each sync.
#[derive(Clone, Default)]
struct Copier(Arc<Mutex<Vec<i64>>>);

impl Controller for Copier {
    fn name(&self) -> &'static str {
        "copier"
    }
    fn watches(&self) -> Watches {
        Watches::These(vec![*REPLICA_SETS])
    }
    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        out.push(SyncKey::of(resource, change.object()));
    }
    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let Some(set) = caches.of(*REPLICA_SETS).get(&target.key) else { return out };
        let wanted = set.i64_at(&["spec", "replicas"]).unwrap_or(0);
        self.0.lock().unwrap().push(wanted);
        if set.i64_at(&["status", "replicas"]) != Some(wanted) {
            let updated = set.edited(|root| root.set_at(&["status", "replicas"], wanted));
            out.settle(Request::update_status(*REPLICA_SETS, Arc::new(updated)));
        }
        out
    }
}

#[test]
fn a_controller_does_not_sync_after_its_own_status_write_but_after_one_of_others() {
    let copier = Copier::default();
    let syncs = copier.0.clone();
    let mut fixture = Fixture::with(Manager::with(super::kinds(), vec![Box::new(copier)]));
    fixture.create(*REPLICA_SETS, workload("r", 2));
    assert_eq!(*syncs.lock().unwrap(), [2]);
    fixture.edit(*REPLICA_SETS, "r", |root| root.set_at(&["spec", "replicas"], 3));
    assert_eq!(*syncs.lock().unwrap(), [2, 3]);
    fixture.set_status(*REPLICA_SETS, "r", value!({"replicas": 9}));
    assert_eq!(*syncs.lock().unwrap(), [2, 3, 3], "it corrects the write of another client");
    assert_eq!(fixture.get(*REPLICA_SETS, "r").i64_at(&["status", "replicas"]), Some(3));
}
