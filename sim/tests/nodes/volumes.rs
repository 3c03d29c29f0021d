//! Pods with PersistentVolumeClaims.

use std::sync::Arc;

use wavetank_sim::object::{Object, Value};
use wavetank_sim::value;
use wavetank_sim::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, STORAGE_CLASSES};
use wavetank_sim::wire::{ObjectKey, Request};

use crate::rig::Rig;
use crate::scheduling::{cluster, edit_node, message, node_of, requests};

fn claim(rig: &mut Rig, name: &str, class: &str) -> Arc<Object> {
    let spec = value!({
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": class
    });
    let claim = value!({"metadata": {"name": name, "namespace": "default"}, "spec": spec});
    rig.ask(Request::create(*PERSISTENT_VOLUME_CLAIMS, Object::shared(claim)))
}

/// A node, and the claim `late` of a class with `WaitForFirstConsumer`.
fn with_a_late_claim() -> Rig {
    let mut rig = cluster(1, 1);
    let class = value!({
        "metadata": {"name": "late"}, "provisioner": "p", "volumeBindingMode": "WaitForFirstConsumer"
    });
    rig.ask(Request::create(*STORAGE_CLASSES, Object::shared(class)));
    claim(&mut rig, "late", "late");
    rig.run_to(0.5);
    rig
}

/// Binds a claim to a volume, as the volume controller does.
fn bind(rig: &mut Rig, name: &str, volume: &str) {
    rig.edit(*PERSISTENT_VOLUME_CLAIMS, "default", name, |claim| {
        claim.set_at(&["metadata", "annotations", "pv.kubernetes.io/bind-completed"], "yes");
        claim.set_at(&["spec", "volumeName"], volume);
    });
}

fn uses(claims: &'static [&'static str]) -> impl FnOnce(&mut Value) {
    move |pod| {
        let volume = |name: &&str| value!({"name": (*name), "persistentVolumeClaim": {"claimName": (*name)}});
        pod.set_at(&["spec", "volumes"], Value::list(claims.iter().map(volume)));
    }
}

fn volume(rig: &mut Rig, name: &str, host: &str) {
    let hosts = value!({"key": "kubernetes.io/hostname", "operator": "In", "values": [host]});
    let volume = value!({
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/d"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [hosts]}]}}
        }
    });
    rig.ask(Request::create(*PERSISTENT_VOLUMES, Object::shared(volume)));
}

#[test]
fn a_pod_with_an_unusable_claim_stays_pending() {
    let mut rig = cluster(1, 1);
    claim(&mut rig, "deleted", "");
    rig.edit(*PERSISTENT_VOLUME_CLAIMS, "default", "deleted", |claim| {
        claim.set_at(&["metadata", "finalizers"], value!(["example.com/keep"]));
    });
    rig.ask(Request::delete(*PERSISTENT_VOLUME_CLAIMS, &ObjectKey::new("default", "deleted")));
    let lost = claim(&mut rig, "lost", "");
    rig.ask(Request::update_status(
        *PERSISTENT_VOLUME_CLAIMS,
        Arc::new(lost.edited(|claim| claim.set_at(&["status", "phase"], "Lost"))),
    ));
    bind(&mut rig, "lost", "away");
    claim(&mut rig, "unbound", "");
    rig.pod("a", "", uses(&["none"]));
    rig.pod("b", "", uses(&["unbound", "deleted"]));
    rig.pod("c", "", uses(&["lost"]));
    rig.pod("d", "", uses(&["unbound"]));
    rig.pod("e", "", |pod| {
        let spec = value!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        let volume = value!({"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}});
        pod.set_at(&["spec", "volumes"], vec![volume]);
    });
    rig.run_to(1.0);
    let messages = ["a", "b", "c", "d", "e"].map(|pod| {
        let message = message(&rig, pod);
        message.trim_start_matches("0/1 nodes are available: ").trim_end_matches(". not found").to_owned()
    });
    assert_eq!(
        messages,
        [
            "persistentvolumeclaim \"none\" not found",
            "persistentvolumeclaim \"deleted\" is being deleted",
            "persistentvolumeclaim \"lost\" bound to non-existent persistentvolume \"away\"",
            "pod has unbound immediate PersistentVolumeClaims",
            "waiting for ephemeral volume controller to create the persistentvolumeclaim \"e-v\"",
        ]
    );
}

#[test]
fn a_claim_without_a_volume_delays_the_binding_of_its_first_consumer() {
    let mut rig = with_a_late_claim();
    rig.pod("a", "", uses(&["late"]));
    rig.run_to(1.0);
    assert!(rig.get_pod("a").unwrap().condition("PodScheduled").is_none());
    assert_eq!(node_of(&rig, "a"), "");
    volume(&mut rig, "v", "node-1");
    bind(&mut rig, "late", "v");
    rig.run_to(1.5);
    assert_eq!(node_of(&rig, "a"), "node-1");
}

#[test]
fn a_pod_deleted_while_its_claim_is_bound_frees_its_resources() {
    let mut rig = with_a_late_claim();
    rig.pod("a", "", |pod| {
        uses(&["late"])(pod);
        requests("3")(pod);
        pod.set_at(&["metadata", "finalizers"], value!(["example.com/keep"]));
    });
    rig.run_to(1.0);
    rig.pod("b", "", requests("3"));
    rig.run_to(1.5);
    assert_eq!(node_of(&rig, "b"), "", "the first one is assumed on the node");
    rig.delete("a", Some(0));
    rig.run_to(20.0);
    assert!(rig.get_pod("a").is_some(), "its finalizer holds it");
    assert_eq!(node_of(&rig, "b"), "node-1");
}

#[test]
fn a_pod_is_scheduled_to_the_node_of_its_volume() {
    let mut rig = cluster(3, 1);
    claim(&mut rig, "c", "");
    bind(&mut rig, "c", "v");
    rig.pod("a", "", uses(&["c"]));
    rig.run_to(0.5);
    let missing = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    assert_eq!(message(&rig, "a"), format!("0/3 nodes are available: 3 {missing}"));
    volume(&mut rig, "v", "node-2");
    rig.run_to(1.0);
    assert_eq!(node_of(&rig, "a"), "node-2");
    edit_node(&mut rig, "node-2", |node| node.set_at(&["spec", "unschedulable"], true));
    rig.run_to(1.5);
    rig.pod("b", "", uses(&["c"]));
    rig.run_to(2.0);
    assert_eq!(
        message(&rig, "b"),
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node affinity"
    );
}
