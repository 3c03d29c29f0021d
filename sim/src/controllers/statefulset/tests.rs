//! StatefulSets: the statuses, names and pods that a real server recorded, and what stops a set.

use std::sync::Arc;

use super::StatefulSets;
use crate::controllers::Manager;
use crate::controllers::tests::{Fixture, NS, kinds, template};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CONTROLLER_REVISIONS, PERSISTENT_VOLUME_CLAIMS, PODS, STATEFUL_SETS};
use crate::wire::{Status, Verb};

/// The names of the revisions of nginx:1 and nginx:2 in all recordings.
const ONE: &str = "s-7877749d74";
const TWO: &str = "s-787b75998c";

fn set(replicas: i64, changes: &[(&[&str], Value)]) -> Value {
    let mut template = template("nginx:1");
    template.set_at(&["metadata", "labels", "app"], "s");
    let mut set = value!({
        "metadata": {"name": "s", "namespace": NS},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "s"}}, "template": template,
            "serviceName": "s", "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"}
        }
    });
    for (path, value) in changes {
        set.set_at(path, value.clone());
    }
    set
}

fn fixture(set: Value) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.create(*STATEFUL_SETS, set);
    fixture
}

fn set_image(fixture: &mut Fixture, image: &str) {
    let mut containers = template(image).at(&["spec", "containers"]).cloned().unwrap();
    fixture.edit(*STATEFUL_SETS, "s", |root| {
        root.set_at(&["spec", "template", "spec", "containers"], std::mem::take(&mut containers));
    });
}

fn pods(fixture: &Fixture) -> Vec<(String, String)> {
    let row = |pod: &Arc<Object>| (pod.name().to_owned(), super::identity::revision(pod).to_owned());
    fixture.all(*PODS).iter().map(row).collect()
}

fn revision(fixture: &Fixture, pod: &str) -> String {
    super::identity::revision(&fixture.get(*PODS, pod)).to_owned()
}

/// Statuses as the recordings list them: observed generation, replicas, ready, current, updated, available, and whether
/// the current and the new revision are the first one.
fn statuses(fixture: &Fixture) -> Vec<([i64; 6], bool, bool)> {
    let row = |status: &Value| {
        let fields = [
            "observedGeneration",
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
        ];
        let counts = fields.map(|field| status.i64_at(&[field]).unwrap_or(0));
        let is_one = |field| status.str_at(&[field]) == Some(ONE);
        (counts, is_one("currentRevision"), is_one("updateRevision"))
    };
    fixture.statuses(*STATEFUL_SETS, "s").iter().map(row).collect()
}

#[test]
fn a_rolling_update_goes_through_the_statuses_that_a_real_server_recorded() {
    let mut fixture = fixture(set(3, &[]));
    set_image(&mut fixture, "nginx:2");
    // ctl-sts-rolling-update, state by state.
    let created = [[1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 2, 1]];
    let third = [[1, 2, 2, 2, 2, 2], [1, 3, 2, 3, 3, 2], [1, 3, 3, 3, 3, 3]];
    let updating = [
        [2, 3, 3, 2, 0, 3],
        [2, 2, 2, 2, 0, 2],
        [2, 3, 2, 2, 1, 2],
        [2, 3, 3, 1, 1, 3],
        [2, 2, 2, 1, 1, 2],
        [2, 3, 2, 1, 2, 2],
        [2, 3, 3, 0, 2, 3],
        [2, 2, 2, 0, 2, 2],
        [2, 3, 2, 0, 3, 2],
    ];
    let mut recorded: Vec<_> = created.into_iter().chain(third).map(|row| (row, true, true)).collect();
    recorded.extend(updating.into_iter().map(|row| (row, true, false)));
    recorded.push(([2, 3, 3, 3, 3, 3], false, false));
    assert_eq!(statuses(&fixture), recorded);
    assert!(pods(&fixture).iter().all(|(_, revision)| revision == TWO));
    let revisions = fixture.all(*CONTROLLER_REVISIONS);
    let names: Vec<_> = revisions.iter().map(|r| (r.name(), r.i64_at(&["revision"]))).collect();
    assert_eq!(names, [(ONE, Some(1)), (TWO, Some(2))]);
    let last = fixture.statuses(*STATEFUL_SETS, "s").pop().unwrap();
    assert_eq!(last.i64_at(&["collisionCount"]), Some(0));
    assert_eq!(fixture.statuses(*STATEFUL_SETS, "s")[0].at(&["currentReplicas"]), None);
}

#[test]
fn a_pod_carries_its_name_its_ordinal_and_its_revision() {
    let fixture = fixture(set(1, &[(&["spec", "ordinals"], value!({"start": 5}))]));
    let pod = fixture.get(*PODS, "s-5");
    assert_eq!(
        pod.at(&["metadata", "labels"]),
        Some(&value!({
            "app": "s", "apps.kubernetes.io/pod-index": "5", "controller-revision-hash": ONE,
            "statefulset.kubernetes.io/pod-name": "s-5"
        }))
    );
    assert_eq!((pod.meta("generateName"), pod.controller().unwrap().kind), ("s-", "StatefulSet"));
    assert_eq!(
        (pod.str_at(&["spec", "hostname"]), pod.str_at(&["spec", "subdomain"])),
        (Some("s-5"), Some("s"))
    );
    let revision = fixture.get(*CONTROLLER_REVISIONS, ONE);
    assert_eq!(
        revision.at(&["metadata", "labels"]),
        Some(&value!({"app": "s", "controller.kubernetes.io/hash": "7877749d74"}))
    );
    assert_eq!(revision.str_at(&["data", "spec", "template", "$patch"]), Some("replace"));
}

#[test]
fn a_deleted_pod_comes_back_with_the_recorded_statuses() {
    let mut fixture = fixture(set(3, &[]));
    let before = statuses(&fixture).len();
    fixture.delete(*PODS, "s-0", "");
    // ctl-sts-delete-pod0.
    let rows = [[1, 3, 3, 2, 2, 3], [1, 2, 2, 2, 2, 2], [1, 3, 2, 3, 3, 2], [1, 3, 3, 3, 3, 3]];
    assert_eq!(statuses(&fixture)[before..], rows.map(|row| (row, true, true)));
}

#[test]
fn a_parallel_set_does_not_wait() {
    let mut fixture = fixture(set(3, &[(&["spec", "podManagementPolicy"], value!("Parallel"))]));
    let requests = fixture.take_requests();
    let creates = requests.iter().filter(|request| request.starts_with("create v1/pods")).count();
    assert_eq!(creates, 3);
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 0));
    let rows: Vec<[i64; 6]> = statuses(&fixture).into_iter().map(|(row, ..)| row).collect();
    // ctl-sts-parallel: all three exist before the first is ready, and terminating ones do not count as current.
    assert_eq!(rows[..2], [[1, 0, 0, 0, 0, 0], [1, 3, 0, 3, 3, 0]]);
    assert!(rows.contains(&[2, 3, 3, 0, 0, 3]), "{rows:?}");
    assert_eq!(rows.last(), Some(&[2, 0, 0, 0, 0, 0]));
    assert!(fixture.all(*PODS).is_empty());
}

#[test]
fn on_delete_leaves_the_update_to_the_user() {
    let mut fixture = fixture(set(2, &[(&["spec", "updateStrategy"], value!({"type": "OnDelete"}))]));
    set_image(&mut fixture, "nginx:2");
    assert!(pods(&fixture).iter().all(|(_, revision)| revision == ONE));
    let before = statuses(&fixture).len();
    fixture.delete(*PODS, "s-1", "");
    // ctl-sts-on-delete.
    let rows = [[2, 2, 2, 1, 0, 2], [2, 1, 1, 1, 0, 1], [2, 2, 1, 1, 1, 1], [2, 2, 2, 1, 1, 2]];
    assert_eq!(statuses(&fixture)[before..], rows.map(|row| (row, true, false)));
    assert_eq!(revision(&fixture, "s-1"), TWO);
}

#[test]
fn pods_below_the_partition_keep_the_old_revision_even_when_they_are_replaced() {
    let rolling = value!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    let mut fixture = fixture(set(3, &[(&["spec", "updateStrategy"], rolling)]));
    set_image(&mut fixture, "nginx:2");
    let revisions = |fixture: &Fixture| ["s-0", "s-1", "s-2"].map(|pod| revision(fixture, pod));
    assert_eq!(revisions(&fixture), [ONE, ONE, TWO]);
    fixture.delete(*PODS, "s-1", "");
    assert_eq!(revisions(&fixture), [ONE, ONE, TWO]);
    assert_eq!(
        fixture.get(*PODS, "s-1").at(&["spec"]).unwrap().pointer("/containers/0/image"),
        Some(&"nginx:1".into())
    );
    fixture.edit(*STATEFUL_SETS, "s", |root| {
        root.set_at(&["spec", "updateStrategy", "rollingUpdate", "partition"], 0);
    });
    assert_eq!(revisions(&fixture), [TWO, TWO, TWO]);
}

#[test]
fn an_update_that_never_gets_ready_stops_at_the_first_pod_and_going_back_does_not_repair_it() {
    let mut fixture = fixture(set(3, &[]));
    set_image(&mut fixture, "broken:1");
    let broken = pods(&fixture);
    assert_eq!(broken.iter().filter(|(_, revision)| revision != ONE).count(), 1);
    // A known limitation of the real controller: the broken pod stops the set until a user deletes it.
    set_image(&mut fixture, "nginx:1");
    assert_eq!(pods(&fixture), broken);
    let numbers: Vec<_> =
        fixture.all(*CONTROLLER_REVISIONS).iter().map(|r| r.i64_at(&["revision"]).unwrap()).collect();
    assert!(numbers.contains(&3), "the old revision is the newest again: {numbers:?}");
    fixture.delete(*PODS, "s-2", "");
    assert!(pods(&fixture).iter().all(|(_, revision)| revision == ONE));
}

#[test]
fn a_finished_pod_is_replaced() {
    let mut fixture = fixture(set(2, &[]));
    for phase in ["Failed", "Succeeded"] {
        let uid = fixture.get(*PODS, "s-0").uid().to_owned();
        fixture.set_status(*PODS, "s-0", value!({"phase": phase}));
        assert_ne!(fixture.get(*PODS, "s-0").uid(), uid, "{phase}");
    }
}

#[test]
fn a_terminating_pod_holds_its_name_until_it_is_gone() {
    let mut fixture = fixture(set(3, &[]));
    fixture.kubelet = false;
    fixture.delete(*PODS, "s-1", "");
    // On a lost node no kubelet ends the pod. An hour later there is no second s-1, and nothing else has changed.
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 5));
    fixture.run_until(Time(3_600_000));
    assert_eq!(fixture.all(*PODS).len(), 3);
    assert!(fixture.get(*PODS, "s-1").is_terminating());
    fixture.kubelet = true;
    fixture.run();
    assert_eq!(fixture.all(*PODS).len(), 5);
}

#[test]
fn scaling_down_deletes_the_highest_ordinal_first_and_one_at_a_time() {
    let mut fixture = fixture(set(4, &[]));
    fixture.take_requests();
    fixture.kubelet = false;
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 1));
    let deletes = |fixture: &Fixture| {
        let requests = fixture.requests.iter().filter(|request| request.starts_with("delete"));
        requests.cloned().collect::<Vec<_>>()
    };
    assert_eq!(deletes(&fixture), ["delete v1/pods default/s-3"]);
    fixture.kubelet = true;
    fixture.run();
    assert_eq!(deletes(&fixture)[1..], ["delete v1/pods default/s-2", "delete v1/pods default/s-1"]);
}

#[test]
fn a_pod_counts_as_available_only_after_min_ready_seconds_and_the_next_waits_for_that() {
    let mut fixture = fixture(set(2, &[(&["spec", "minReadySeconds"], value!(5))]));
    fixture.run_until(Time(4_900));
    assert_eq!(fixture.all(*PODS).len(), 1);
    fixture.run_until(Time(5_100));
    assert_eq!(fixture.all(*PODS).len(), 2);
    fixture.run_until(Time(11_000));
    assert_eq!(statuses(&fixture).last().unwrap().0, [1, 2, 2, 2, 2, 2]);
}

#[test]
fn old_revisions_beyond_the_limit_are_deleted() {
    let mut fixture = fixture(set(1, &[(&["spec", "revisionHistoryLimit"], value!(1))]));
    for image in ["nginx:2", "nginx:3", "nginx:4"] {
        set_image(&mut fixture, image);
    }
    let mut numbers: Vec<_> =
        fixture.all(*CONTROLLER_REVISIONS).iter().map(|r| r.i64_at(&["revision"]).unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [3, 4]);
}

fn with_claims(when_deleted: &str, when_scaled: &str) -> Value {
    let claim = value!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    });
    set(
        2,
        &[
            (&["spec", "volumeClaimTemplates"], value!([claim])),
            (
                &["spec", "persistentVolumeClaimRetentionPolicy"],
                value!({"whenDeleted": when_deleted, "whenScaled": when_scaled}),
            ),
        ],
    )
}

#[test]
fn claims_are_created_with_the_pods_and_stay_when_these_are_deleted() {
    let mut fixture = fixture(with_claims("Retain", "Retain"));
    let names = |fixture: &Fixture| -> Vec<String> {
        fixture.all(*PERSISTENT_VOLUME_CLAIMS).iter().map(|claim| claim.name().to_owned()).collect()
    };
    assert_eq!(names(&fixture), ["data-s-0", "data-s-1"]);
    let claim = fixture.get(*PERSISTENT_VOLUME_CLAIMS, "data-s-0");
    assert_eq!((claim.label("app"), claim.owners().count()), (Some("s"), 0));
    let volumes = fixture.get(*PODS, "s-0").at(&["spec", "volumes"]).cloned();
    assert_eq!(volumes, Some(value!([{"name": "data", "persistentVolumeClaim": {"claimName": "data-s-0"}}])));
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 0));
    fixture.delete(*STATEFUL_SETS, "s", "Background");
    assert_eq!(names(&fixture), ["data-s-0", "data-s-1"]);
}

#[test]
fn the_retention_policy_makes_the_set_or_the_surplus_pod_the_owner_of_a_claim() {
    let owners = |fixture: &Fixture, claim: &str| -> Vec<String> {
        let claim = fixture.find(*PERSISTENT_VOLUME_CLAIMS, claim);
        claim.iter().flat_map(|claim| claim.owners().map(|o| o.kind.to_owned()).collect::<Vec<_>>()).collect()
    };
    let mut fixture = Fixture::with(Manager::with(kinds(), vec![Box::new(StatefulSets::default())]));
    fixture.create(*STATEFUL_SETS, with_claims("Delete", "Delete"));
    assert_eq!(owners(&fixture, "data-s-1"), ["StatefulSet"]);
    fixture.kubelet = false;
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 1));
    assert_eq!(owners(&fixture, "data-s-1"), ["Pod"]);
    assert_eq!(owners(&fixture, "data-s-0"), ["StatefulSet"]);
    // This cluster has no garbage collector: the new pod waits until the claim of the old one is gone.
    fixture.kubelet = true;
    fixture.run();
    fixture.edit(*STATEFUL_SETS, "s", |root| root.set_at(&["spec", "replicas"], 2));
    assert!(fixture.find(*PODS, "s-1").is_none());
    fixture.delete(*PERSISTENT_VOLUME_CLAIMS, "data-s-1", "");
    assert!(fixture.find(*PODS, "s-1").is_some());
}

#[test]
fn without_its_claim_a_pod_is_not_created_and_the_status_is_written_nevertheless() {
    let mut fixture = Fixture::new();
    let refused = Status::forbidden(*PERSISTENT_VOLUME_CLAIMS, "data-s-0", "exceeded quota");
    fixture.refuse(Verb::Create, *PERSISTENT_VOLUME_CLAIMS, refused);
    fixture.create(*STATEFUL_SETS, with_claims("Retain", "Retain"));
    fixture.run_until(Time(1_000));
    assert!(fixture.all(*PODS).is_empty());
    assert_eq!(statuses(&fixture).last().unwrap().0, [1, 0, 0, 0, 0, 0]);
    fixture.rule = Box::new(|_| None);
    fixture.run_until(Time(10_000));
    assert_eq!(fixture.all(*PODS).len(), 2);
}

#[test]
fn orphans_with_a_name_of_the_set_are_adopted_and_others_are_not() {
    let mut fixture = Fixture::new();
    for name in ["s-0", "stray"] {
        let orphan =
            value!({"metadata": {"name": name, "namespace": NS, "labels": {"app": "s"}}, "spec": {}});
        fixture.create(*PODS, orphan);
    }
    fixture.create(*STATEFUL_SETS, set(1, &[]));
    assert!(fixture.get(*PODS, "s-0").controller().is_some());
    assert!(fixture.get(*PODS, "stray").controller().is_none());
}

#[test]
fn a_name_that_another_revision_has_taken_is_avoided() {
    let mut fixture = Fixture::new();
    let taken = value!({"metadata": {"name": ONE, "namespace": NS}, "data": {"spec": {}}, "revision": 1});
    fixture.create(*CONTROLLER_REVISIONS, taken);
    fixture.create(*STATEFUL_SETS, set(1, &[]));
    assert_ne!(revision(&fixture, "s-0"), ONE);
    let last = fixture.statuses(*STATEFUL_SETS, "s").pop().unwrap();
    assert_eq!(last.i64_at(&["collisionCount"]), Some(1));
}

#[test]
fn a_terminating_set_creates_its_revision_again_and_writes_its_status() {
    let mut fixture = fixture(set(1, &[(&["metadata", "finalizers"], value!(["ex.test/keep"]))]));
    fixture.delete(*STATEFUL_SETS, "s", "");
    fixture.delete(*CONTROLLER_REVISIONS, ONE, "");
    fixture.delete(*PODS, "s-0", "");
    assert_eq!(fixture.only(*CONTROLLER_REVISIONS).name(), ONE);
    assert!(fixture.all(*PODS).is_empty());
    let last = fixture.statuses(*STATEFUL_SETS, "s").pop().unwrap();
    assert_eq!(last.i64_at(&["replicas"]), Some(0));
}

#[test]
fn a_pod_with_a_foreign_name_is_released_and_a_revision_with_other_labels_stays_owned() {
    let mut fixture = fixture(set(1, &[]));
    let owners = fixture.get(*PODS, "s-0").at(&["metadata", "ownerReferences"]).cloned().unwrap();
    let metadata =
        value!({"name": "odd", "namespace": NS, "labels": {"app": "s"}, "ownerReferences": owners});
    fixture.create(*PODS, value!({"metadata": metadata, "spec": {}}));
    assert!(fixture.get(*PODS, "odd").controller().is_none());
    fixture
        .edit(*CONTROLLER_REVISIONS, ONE, |root| root.set_at(&["metadata", "labels"], value!({"app": "t"})));
    set_image(&mut fixture, "nginx:2");
    assert!(fixture.get(*CONTROLLER_REVISIONS, ONE).controller().is_some());
    assert!(pods(&fixture).contains(&("s-0".to_owned(), TWO.to_owned())));
}
