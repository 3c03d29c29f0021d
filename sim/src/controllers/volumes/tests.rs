//! Claims and volumes: when they are bound, and when they are deleted.

use super::{Binder, ClaimProtection};
use crate::controllers::tests::{Fixture, NS, kinds};
use crate::controllers::{Manager, Settings};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES};

fn claim(class: Option<&str>) -> Value {
    let mut claim = value!({
        "metadata": {"name": "data", "namespace": NS, "finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        "status": {"phase": "Pending"}
    });
    if let Some(class) = class {
        claim.set_at(&["spec", "storageClassName"], class);
    }
    claim
}

fn class(mode: &str, policy: &str) -> Value {
    value!({
        "metadata": {"name": "fast"}, "provisioner": "ex.test/disk", "volumeBindingMode": mode,
        "reclaimPolicy": policy
    })
}

fn consumer() -> Value {
    let volumes = value!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
    value!({"metadata": {"name": "p", "namespace": NS}, "spec": {"volumes": volumes}})
}

fn phase(fixture: &Fixture) -> String {
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    claim.str_at(&["status", "phase"]).unwrap_or_default().to_owned()
}

fn volume_phases(fixture: &Fixture) -> Vec<String> {
    let volumes = fixture.all(*PERSISTENT_VOLUMES);
    volumes.iter().map(|v| v.str_at(&["status", "phase"]).unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_claim_without_a_class_is_bound_to_a_new_volume() {
    let mut fixture = Fixture::new();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(None));
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    let volume = fixture.only(*PERSISTENT_VOLUMES);
    assert_eq!(volume.name(), format!("pvc-{}", claim.uid()));
    assert_eq!(claim.str_at(&["spec", "volumeName"]), Some(volume.name()));
    assert_eq!(volume.str_at(&["spec", "claimRef", "uid"]), Some(claim.uid()));
    assert_eq!(
        claim.at(&["status"]),
        Some(&value!({"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}))
    );
    assert_eq!(volume_phases(&fixture), ["Bound"]);
    fixture.take_requests();
    fixture.run();
    assert!(fixture.take_requests().is_empty());
}

#[test]
fn a_claim_waits_for_its_class_and_with_wait_for_first_consumer_for_a_pod() {
    let mut fixture = Fixture::new();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(Some("fast")));
    assert_eq!(phase(&fixture), "Pending");
    fixture.create(*STORAGE_CLASSES, class("WaitForFirstConsumer", "Delete"));
    assert_eq!((phase(&fixture).as_str(), fixture.all(*PERSISTENT_VOLUMES).len()), ("Pending", 0));
    fixture.create(*PODS, consumer());
    assert_eq!(phase(&fixture), "Bound");
    let volume = fixture.only(*PERSISTENT_VOLUMES);
    assert_eq!(volume.annotation("pv.kubernetes.io/provisioned-by"), Some("ex.test/disk"));
    assert_eq!(volume.str_at(&["spec", "storageClassName"]), Some("fast"));
}

#[test]
fn a_claim_in_use_stays_until_its_pod_is_gone_and_then_its_volume_is_deleted() {
    let mut fixture = Fixture::new();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(None));
    fixture.create(*PODS, consumer());
    fixture.delete(*PERSISTENT_VOLUME_CLAIMS, "data", "");
    assert!(fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data").is_terminating());
    assert_eq!(volume_phases(&fixture), ["Bound"]);
    fixture.delete(*PODS, "p", "");
    assert!(fixture.find(*PERSISTENT_VOLUME_CLAIMS, "data").is_none());
    assert!(fixture.all(*PERSISTENT_VOLUMES).is_empty());
}

#[test]
fn a_retained_volume_is_released_and_no_other_claim_gets_it() {
    let mut fixture = Fixture::new();
    fixture.create(*STORAGE_CLASSES, class("Immediate", "Retain"));
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(Some("fast")));
    let volume = fixture.only(*PERSISTENT_VOLUMES).name().to_owned();
    fixture.delete(*PERSISTENT_VOLUME_CLAIMS, "data", "");
    assert_eq!(volume_phases(&fixture), ["Released"]);
    let mut again = claim(Some("fast"));
    again.set_at(&["spec", "volumeName"], volume);
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, again);
    assert_eq!(phase(&fixture), "Pending");
}

#[test]
fn a_claim_that_names_a_free_volume_gets_it() {
    let mut fixture = Fixture::new();
    let volume = value!({"metadata": {"name": "disk-1"}, "spec": {"capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce"]}});
    fixture.create(*PERSISTENT_VOLUMES, volume);
    assert_eq!(volume_phases(&fixture), ["Available"]);
    let mut named = claim(Some(""));
    named.set_at(&["spec", "volumeName"], "disk-1");
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, named);
    assert_eq!((phase(&fixture).as_str(), volume_phases(&fixture)), ("Bound", vec!["Bound".to_owned()]));
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    assert_eq!(claim.str_at(&["status", "capacity", "storage"]), Some("5Gi"));
}

/// A cluster without a provisioner.
fn bare() -> Fixture {
    let settings = Settings { provisions_volumes: false, ..Settings::default() };
    Fixture::with(Manager::with(kinds(), vec![Box::new(Binder::new(&settings)), Box::new(ClaimProtection)]))
}

fn disk(size: &str) -> Value {
    let spec = value!({"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"]});
    value!({"metadata": {"name": (format!("disk-{size}"))}, "spec": spec})
}

#[test]
fn a_claim_older_than_its_volume_is_bound_by_four_writes_and_annotated() {
    let mut fixture = bare();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(None));
    fixture.run_until(Time(60_000));
    assert_eq!((phase(&fixture).as_str(), fixture.take_requests().len()), ("Pending", 0));
    for size in ["5Gi", "2Gi"] {
        fixture.create(*PERSISTENT_VOLUMES, disk(size));
    }
    assert_eq!((phase(&fixture).as_str(), fixture.take_requests().len()), ("Pending", 2));
    fixture.run_until(Time(75_000));
    assert_eq!(
        (phase(&fixture).as_str(), volume_phases(&fixture)),
        ("Bound", vec!["Bound".into(), "Available".into()])
    );
    let (of_volume, of_claim) =
        ("update v1/persistentvolumes disk-2Gi", "update v1/persistentvolumeclaims default/data");
    assert_eq!(fixture.take_requests(), [of_volume, of_volume, of_claim, of_claim]);
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    let volumes = fixture.all(*PERSISTENT_VOLUMES);
    let volume = volumes.iter().find(|volume| volume.name() == "disk-2Gi").unwrap();
    let chosen = "pv.kubernetes.io/bound-by-controller";
    assert_eq!((claim.annotation(chosen), volume.annotation(chosen)), (Some("yes"), Some("yes")));
    assert!(volume.str_at(&["spec", "claimRef", "resourceVersion"]).is_some());
}

#[test]
fn a_claim_that_names_its_volume_is_not_bound_by_the_controller() {
    let mut fixture = bare();
    fixture.create(*PERSISTENT_VOLUMES, disk("5Gi"));
    let mut named = claim(None);
    named.set_at(&["spec", "volumeName"], "disk-5Gi");
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, named);
    let (claim, volume) = (fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data"), fixture.only(*PERSISTENT_VOLUMES));
    let has = |object: &Object| {
        ["bind-completed", "bound-by-controller"]
            .map(|name| object.annotation(&format!("pv.kubernetes.io/{name}")).is_some())
    };
    assert_eq!((has(&claim), has(&volume)), ([true, false], [false, true]));
}

#[test]
fn a_claim_whose_volume_is_gone_is_lost() {
    let mut fixture = Fixture::new();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(None));
    let volume = fixture.only(*PERSISTENT_VOLUMES).name().to_owned();
    fixture.delete(*PERSISTENT_VOLUMES, &volume, "");
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    assert_eq!(claim.at(&["status"]), Some(&value!({"phase": "Lost"})));
}

#[test]
fn a_finished_pod_still_uses_its_claim() {
    let mut fixture = Fixture::new();
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(None));
    fixture.create(*PODS, consumer());
    fixture.set_status(*PODS, "p", value!({"phase": "Succeeded"}));
    fixture.delete(*PERSISTENT_VOLUME_CLAIMS, "data", "");
    assert!(fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data").is_terminating());
    fixture.delete(*PODS, "p", "");
    assert!(fixture.find(*PERSISTENT_VOLUME_CLAIMS, "data").is_none());
}

#[test]
fn without_a_provisioner_a_claim_is_annotated_and_waits() {
    let mut fixture = bare();
    fixture.create(*STORAGE_CLASSES, class("Immediate", "Delete"));
    fixture.create(*PERSISTENT_VOLUME_CLAIMS, claim(Some("fast")));
    fixture.run_until(Time(60_000));
    assert_eq!(fixture.take_requests(), ["update v1/persistentvolumeclaims default/data"]);
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data");
    assert_eq!(claim.annotation("volume.kubernetes.io/storage-provisioner"), Some("ex.test/disk"));
    assert_eq!(phase(&fixture), "Pending");
}
