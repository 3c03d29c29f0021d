//! Rollouts against recordings of a real v1.36 control plane (`ctl-*`), and the arithmetic by tables.

use super::rolling::{Size, Strategy, grown, shrunk};
use crate::controllers::tests::{Fixture, NS, template};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{DEPLOYMENTS, PODS, REPLICA_SETS};
use crate::wire::{Status, Verb};

/// A deployment as the server stores it.
fn deployment(replicas: i64, more: &[(&str, Value)]) -> Value {
    let mut object = value!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "d", "namespace": NS},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "d"}}, "template": (template("nginx:1")),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600
        },
        "status": {}
    });
    for (field, value) in more {
        object.set_at(&["spec", field], value.clone());
    }
    object
}

fn set_image(fixture: &mut Fixture, image: &str) {
    fixture.edit(*DEPLOYMENTS, "d", |root| root.set_at(&["spec", "template"], template(image)));
}

/// A state in a line: generation, observed, replicas, updated, ready, available, unavailable, terminating, conditions,
/// revision.
fn brief(object: &Object) -> String {
    let count = |field: &str| match object.i64_at(&["status", field]) {
        Some(number) => number.to_string(),
        None => "-".to_owned(),
    };
    let fields = ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
    let mut text: Vec<String> = fields.into_iter().map(count).collect();
    text.extend(["unavailableReplicas", "terminatingReplicas"].map(count));
    for condition in object.items_at(&["status", "conditions"]) {
        let part = |field: &str, length: usize| condition.str_at(&[field]).unwrap()[..length].to_owned();
        let reason = condition.str_at(&["reason"]).unwrap();
        text.push(format!("{}:{}:{reason}", part("type", 1), part("status", 1)));
    }
    let revision = object.annotation("deployment.kubernetes.io/revision").unwrap_or("-");
    format!("{} {} r{revision}", object.generation(), text.join(" "))
}

/// The states of the deployment, in order.
fn states(fixture: &Fixture) -> Vec<String> {
    let commits = fixture.store.commits.iter().filter(|(of, _)| *of == *DEPLOYMENTS);
    commits.map(|(_, object)| brief(object)).collect()
}

/// The recorded states of a new deployment with three replicas (ctl-deployment-create).
const START_OF_3: [&str; 7] = [
    "1 - - - - - - - r-",
    "1 - - - - - - - P:T:NewReplicaSetCreated r1",
    "1 1 - - - - 3 0 P:T:NewReplicaSetCreated A:F:MinimumReplicasUnavailable r1",
    "1 1 3 3 - - 3 0 A:F:MinimumReplicasUnavailable P:T:ReplicaSetUpdated r1",
    "1 1 3 3 1 1 2 0 A:F:MinimumReplicasUnavailable P:T:ReplicaSetUpdated r1",
    "1 1 3 3 2 2 1 0 A:F:MinimumReplicasUnavailable P:T:ReplicaSetUpdated r1",
    "1 1 3 3 3 3 - 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r1",
];

#[test]
fn a_new_deployment_goes_through_the_recorded_states() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(3, &[]));
    assert_eq!(states(&fixture), START_OF_3);
    let set = fixture.get(*REPLICA_SETS, "d-76b46755f4");
    let owner = value!({
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "controller": true, "blockOwnerDeletion": true,
        "uid": (fixture.get(*DEPLOYMENTS, "d").uid())
    });
    assert_eq!(set.items_at(&["metadata", "ownerReferences"]), [owner]);
    let labels = value!({"app": "d", "pod-template-hash": "76b46755f4"});
    assert_eq!(set.at(&["metadata", "labels"]), Some(&labels));
    assert_eq!(set.at(&["spec", "selector", "matchLabels"]), Some(&labels));
    assert_eq!(set.at(&["spec", "template", "metadata", "labels"]), Some(&labels));
    assert_eq!(
        set.at(&["metadata", "annotations"]),
        Some(&value!({
            "deployment.kubernetes.io/desired-replicas": "3",
            "deployment.kubernetes.io/max-replicas": "4",
            "deployment.kubernetes.io/revision": "1"
        }))
    );
}

#[test]
fn a_bad_rollout_times_out_and_an_undo_scales_the_old_set_up_again_as_recorded() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(3, &[("progressDeadlineSeconds", value!(4))]));
    set_image(&mut fixture, "broken:1");
    fixture.run_until(Time(20_000));
    set_image(&mut fixture, "nginx:1");
    let recorded = [
        "2 1 3 3 3 3 - 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r1",
        "2 1 3 3 3 3 - 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetCreated r2",
        "2 2 3 - 3 3 1 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetCreated r2",
        "2 2 4 1 3 3 1 0 A:T:MinimumReplicasAvailable P:T:ReplicaSetUpdated r2",
        "2 2 4 1 3 3 1 0 A:T:MinimumReplicasAvailable P:F:ProgressDeadlineExceeded r2",
        "3 2 4 1 3 3 1 0 A:T:MinimumReplicasAvailable P:F:ProgressDeadlineExceeded r2",
        "3 2 4 1 3 3 1 0 A:T:MinimumReplicasAvailable P:F:ProgressDeadlineExceeded r3",
        "3 3 4 3 3 3 - 0 A:T:MinimumReplicasAvailable P:T:ReplicaSetUpdated r3",
        "3 3 3 3 3 3 - 1 A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r3",
        "3 3 3 3 3 3 - 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r3",
    ];
    assert_eq!(states(&fixture)[7..], recorded);
    let set = fixture.get(*REPLICA_SETS, "d-76b46755f4");
    assert_eq!(set.annotation("deployment.kubernetes.io/revision"), Some("3"));
    assert_eq!(set.annotation("deployment.kubernetes.io/revision-history"), Some("1"));
}

#[test]
fn a_deployment_created_paused_starts_when_it_is_resumed_as_recorded() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(2, &[("paused", value!(true))]));
    fixture.edit(*DEPLOYMENTS, "d", |root| drop(root.remove_at(&["spec", "paused"])));
    let recorded = [
        "1 - - - - - - - r-",
        "1 - - - - - - - P:U:DeploymentPaused r-",
        "1 1 - - - - - 0 P:U:DeploymentPaused A:F:MinimumReplicasUnavailable r-",
        "2 1 - - - - - 0 P:U:DeploymentPaused A:F:MinimumReplicasUnavailable r-",
        "2 1 - - - - - 0 A:F:MinimumReplicasUnavailable P:U:DeploymentResumed r-",
        "2 1 - - - - - 0 A:F:MinimumReplicasUnavailable P:U:DeploymentResumed r1",
        "2 2 - - - - 2 0 A:F:MinimumReplicasUnavailable P:U:DeploymentResumed r1",
        "2 2 2 2 - - 2 0 A:F:MinimumReplicasUnavailable P:T:ReplicaSetUpdated r1",
        "2 2 2 2 1 1 1 0 A:F:MinimumReplicasUnavailable P:T:ReplicaSetUpdated r1",
        "2 2 2 2 2 2 - 0 A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r1",
    ];
    assert_eq!(states(&fixture), recorded);
}

/// The sizes of a set, in order.
fn sizes(fixture: &Fixture, name: &str) -> Vec<i64> {
    let commits = fixture.store.commits.iter().filter(|(of, o)| *of == *REPLICA_SETS && o.name() == name);
    let mut sizes: Vec<i64> = commits.map(|(_, o)| o.i64_at(&["spec", "replicas"]).unwrap()).collect();
    sizes.dedup();
    sizes
}

#[test]
fn a_rolling_update_keeps_its_bounds_and_begins_and_ends_as_recorded() {
    let rolling = |surge: Value, unavailable: Value| value!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}});
    // ctl-rolling-default, ctl-rolling-surge1-unavail0, ctl-rolling-10-surge3-unavail2: wanted, strategy, most pods, least
    // available ones, first sizes of the new and of the old set.
    let cases = [
        (4, rolling("25%".into(), "25%".into()), 5, 3, vec![1, 2], vec![4, 3]),
        (3, rolling(1.into(), 0.into()), 4, 3, vec![1, 2], vec![3, 2]),
        (10, rolling(3.into(), 2.into()), 13, 8, vec![3, 5], vec![10, 8]),
    ];
    for (wanted, strategy, most, least, first_new, first_old) in cases {
        let mut fixture = Fixture::new();
        fixture.create(*DEPLOYMENTS, deployment(wanted, &[("strategy", strategy)]));
        let before = fixture.store.commits.len();
        set_image(&mut fixture, "nginx:2");
        let (new, old) = (sizes(&fixture, "d-7fb4c554f7"), sizes(&fixture, "d-76b46755f4"));
        assert_eq!((&new[..2], &old[..2]), (&first_new[..], &first_old[..]));
        assert_eq!((new.last(), old.last()), (Some(&wanted), Some(&0)));
        let mut sets = std::collections::BTreeMap::new();
        for (of, object) in &fixture.store.commits[..] {
            if *of == *REPLICA_SETS {
                sets.insert(object.name().to_owned(), object.i64_at(&["spec", "replicas"]).unwrap());
                assert!(sets.values().sum::<i64>() <= most, "more than {most} pods: {sets:?}");
            }
        }
        let states_of = fixture.store.commits[before..].iter().filter(|(of, _)| *of == *DEPLOYMENTS);
        let mut available =
            states_of.filter_map(|(_, object)| object.i64_at(&["status", "availableReplicas"]));
        assert!(available.all(|available| available >= least), "less than {least} available");
        let last = states(&fixture).pop().unwrap();
        let end = "A:T:MinimumReplicasAvailable P:T:NewReplicaSetAvailable r2";
        assert_eq!(last, format!("2 2 {wanted} {wanted} {wanted} {wanted} - 0 {end}"));
    }
}

#[test]
fn recreate_creates_the_first_new_pod_after_the_last_old_one_is_gone() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(2, &[("strategy", value!({"type": "Recreate"}))]));
    set_image(&mut fixture, "nginx:2");
    let is_new = |o: &Object| o.name().starts_with("d-7fb4c554f7-");
    let pods: Vec<_> = fixture.store.commits.iter().filter(|(of, _)| *of == *PODS).map(|(_, o)| o).collect();
    let (first_new, last_old) =
        (pods.iter().position(|o| is_new(o)).unwrap(), pods.iter().rposition(|o| !is_new(o)).unwrap());
    assert!(last_old < first_new);
    assert_eq!((fixture.all(*PODS).len(), sizes(&fixture, "d-76b46755f4")), (2, vec![2, 0]));
}

#[test]
fn scaling_changes_one_set_or_shares_among_several() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(2, &[]));
    let scale = |fixture: &mut Fixture, size: i64| {
        fixture.edit(*DEPLOYMENTS, "d", |root| root.set_at(&["spec", "replicas"], size));
    };
    scale(&mut fixture, 5);
    let set = fixture.get(*REPLICA_SETS, "d-76b46755f4");
    assert_eq!(set.annotation("deployment.kubernetes.io/max-replicas"), Some("7"));
    assert_eq!(fixture.all(*PODS).len(), 5);
    // In mid-rollout, 4 old and 3 new ones of at most 7 become 7 and 6 of 13.
    set_image(&mut fixture, "broken:1");
    scale(&mut fixture, 10);
    assert_eq!(sizes(&fixture, "d-76b46755f4"), [2, 5, 4, 7]);
    assert_eq!(sizes(&fixture, "d-5c8659d94c"), [2, 3, 6]);
}

#[test]
fn a_smaller_size_and_a_new_template_at_once_keep_the_least_availability() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(10, &[]));
    fixture.edit(*DEPLOYMENTS, "d", |root| {
        root.set_at(&["spec", "replicas"], 5);
        root.set_at(&["spec", "template"], template("broken:1"));
    });
    assert_eq!(sizes(&fixture, "d-76b46755f4"), [10, 5, 4]);
    assert_eq!(sizes(&fixture, "d-5c8659d94c"), [2, 3]);
}

#[test]
fn an_old_set_loses_its_unavailable_pods_first() {
    let mut fixture = Fixture::new();
    let strategy = value!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "maxSurge": 3}});
    fixture.create(*DEPLOYMENTS, deployment(10, &[("strategy", strategy)]));
    set_image(&mut fixture, "broken:1");
    fixture.edit(*DEPLOYMENTS, "d", |root| root.set_at(&["spec", "paused"], true));
    let pods = fixture.all(*PODS);
    let broken = pods.iter().filter(|pod| pod.meta("generateName").starts_with("d-5c8659d94c"));
    for pod in broken.take(2) {
        let conditions = value!([{"type": "Ready", "status": "True"}]);
        fixture.set_status(*PODS, pod.name(), value!({"phase": "Running", "conditions": conditions}));
    }
    // There are 8 ready pods and 5 others, 2 of them ready; 10 are wanted and 8 have to be ready.
    fixture.edit(*DEPLOYMENTS, "d", |root| {
        root.set_at(&["spec", "paused"], false);
        root.set_at(&["spec", "template"], template("nginx:1"));
    });
    assert_eq!(sizes(&fixture, "d-5c8659d94c"), [3, 5, 2, 0]);
}

#[test]
fn old_revisions_beyond_the_limit_are_deleted() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(1, &[("revisionHistoryLimit", value!(1))]));
    for (i, image) in ["nginx:2", "nginx:3", "nginx:4"].iter().enumerate() {
        fixture.now = Time(i64::try_from(i).unwrap() * 5_000 + 5_000);
        set_image(&mut fixture, image);
    }
    let sets = fixture.all(*REPLICA_SETS);
    let revisions: Vec<_> =
        sets.iter().filter_map(|s| s.annotation("deployment.kubernetes.io/revision")).collect();
    assert_eq!(revisions.len(), 2);
    assert!(revisions.contains(&"3") && revisions.contains(&"4"));
}

#[test]
fn a_set_of_another_template_with_the_same_name_is_a_collision() {
    let mut fixture = Fixture::new();
    let taken = value!({
        "metadata": {"name": "d-76b46755f4", "namespace": NS},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": {"metadata": {}}}
    });
    fixture.create(*REPLICA_SETS, taken);
    fixture.create(*DEPLOYMENTS, deployment(1, &[]));
    assert_eq!(fixture.get(*DEPLOYMENTS, "d").i64_at(&["status", "collisionCount"]), Some(1));
    assert_eq!((fixture.all(*REPLICA_SETS).len(), fixture.all(*PODS).len()), (2, 1));
}

#[test]
fn an_orphaned_set_of_the_same_template_is_adopted() {
    let mut fixture = Fixture::new();
    fixture.create(*DEPLOYMENTS, deployment(2, &[]));
    fixture
        .edit(*REPLICA_SETS, "d-76b46755f4", |root| drop(root.remove_at(&["metadata", "ownerReferences"])));
    let set = fixture.get(*REPLICA_SETS, "d-76b46755f4");
    assert_eq!(
        set.controller().map(|c| c.uid.to_owned()),
        Some(fixture.get(*DEPLOYMENTS, "d").uid().to_owned())
    );
    assert_eq!((fixture.all(*REPLICA_SETS).len(), fixture.all(*PODS).len()), (1, 2));
}

#[test]
fn a_set_that_cannot_be_created_is_reported_and_tried_again() {
    let mut fixture = Fixture::new();
    let mut refusals = 2;
    fixture.rule = Box::new(move |request| {
        let hit = request.verb == Verb::Create && request.resource == Some(*REPLICA_SETS) && refusals > 0;
        refusals -= i32::from(hit);
        hit.then(|| Status::forbidden(*REPLICA_SETS, "", "exceeded quota"))
    });
    fixture.create(*DEPLOYMENTS, deployment(1, &[]));
    fixture.run_until(Time(1000));
    assert!(states(&fixture).iter().any(|state| state.contains("P:F:ReplicaSetCreateError")));
    assert_eq!(fixture.all(*PODS).len(), 1);
}

#[test]
fn percentages_round_surge_up_and_unavailable_down_and_never_both_to_zero() {
    let resolved = |wanted, surge: Value, unavailable: Value| {
        let strategy = Strategy::rolling(wanted, Some(&surge), Some(&unavailable));
        (strategy.surge, strategy.unavailable)
    };
    assert_eq!(resolved(3, "25%".into(), "25%".into()), (1, 0));
    assert_eq!(resolved(10, "25%".into(), "25%".into()), (3, 2));
    assert_eq!(resolved(1, 0.into(), "25%".into()), (0, 1));
    assert_eq!(resolved(0, 1.into(), 1.into()), (1, 0));
    assert_eq!(resolved(2, "100%".into(), 5.into()), (2, 2));
}

#[test]
fn the_new_set_fills_the_surge_and_the_old_ones_shrink_as_availability_allows() {
    let strategy = Strategy { wanted: 10, surge: 3, unavailable: 2, rolling: true };
    let size = |spec, available| Size { spec, available };
    assert_eq!((grown(&strategy, 10, 0), grown(&strategy, 13, 3), grown(&strategy, 11, 9)), (3, 3, 10));
    assert_eq!(grown(&strategy, 12, 12), 10);
    // No new pod is available: the old set may lose two of ten.
    assert_eq!(shrunk(&strategy, size(3, 0), &[size(10, 10)]), [[10], [8]]);
    // Five new pods that are not available leave the old set no room.
    assert_eq!(shrunk(&strategy, size(5, 0), &[size(8, 8)]), [[8], [8]]);
    // Unavailable old pods are removed first, from any set; then the oldest set shrinks.
    assert_eq!(shrunk(&strategy, size(5, 5), &[size(4, 4), size(4, 1)]), [[4, 1], [2, 1]]);
    // With a status older than the size, the five pods do not count as available.
    let five = Strategy { wanted: 5, surge: 2, unavailable: 1, rolling: true };
    assert_eq!(shrunk(&five, size(2, 0), &[size(5, 10)]), [[5], [5]]);
    assert_eq!(shrunk(&five, size(2, 0), &[size(5, 5)]), [[5], [4]]);
}
