//! What controllers say of jobs, claims, budgets, and of what the server refused them.

use super::{Told, condition, object, with};
use crate::object::Value;
use crate::value;
use crate::wire::resource::{
    CRON_JOBS, JOBS, PERSISTENT_VOLUME_CLAIMS, POD_DISRUPTION_BUDGETS, PODS, STATEFUL_SETS,
};
use crate::wire::{Resource, Status};

const CRON: &str = "cronjob-controller|cronjob-controller";
const SET: &str = "statefulset-controller|statefulset-controller";

fn active(jobs: &[&str]) -> Value {
    let reference = |name: &&str| value!({"name": (*name), "uid": (format!("uid-{name}"))});
    with(object("CronJob", "c", None), &["status", "active"], Value::list(jobs.iter().map(reference)))
}

/// Source: cronjob_controllerv2.go.
#[test]
fn a_cron_job_tells_jobs_that_it_deletes_from_those_that_went_missing_and_strange_ones() {
    let mut told = Told::default();
    let job = |name: &str| object("Job", name, Some(("CronJob", "c")));
    told.commit("user", *CRON_JOBS, None, Some(&active(&[])));
    for name in ["a", "b"] {
        told.manager(*JOBS, None, Some(&job(name)));
    }
    told.manager(*CRON_JOBS, Some(&active(&[])), Some(&active(&["a", "b"])));
    told.take();
    let says = |words: &str| format!("CronJob/c {}", words.replace("{}", CRON));
    // One is replaced, the other deleted by a user.
    told.manager(*JOBS, Some(&job("a")), None).commit("user", *JOBS, Some(&job("b")), None);
    told.manager(*CRON_JOBS, Some(&active(&["a", "b"])), Some(&active(&[])));
    told.commit("user", *JOBS, None, Some(&job("mine")));
    assert_eq!(
        told.take(),
        [
            says("SuccessfulDelete Normal {}: Deleted job a"),
            says("MissingJob Normal {}: Active job went missing: b"),
            says("UnexpectedJob Warning {}: Saw a job that the controller did not create or forgot: mine"),
        ]
    );
    // Its time to live is up: the TTL controller deletes in the foreground, and says nothing.
    let finalizers = Value::list(["foregroundDeletion".into()]);
    let goes = with(super::gone(&job("mine")), &["metadata", "finalizers"], finalizers);
    told.manager(*JOBS, Some(&job("mine")), Some(&goes));
    assert_eq!(told.take(), [""; 0]);
}

/// Source: job_controller.go `recordJobFinished`.
#[test]
fn a_job_warns_of_pods_too_many() {
    let mut told = Told::default();
    let job = with(object("Job", "j", None), &["spec", "completions"], 2);
    let done = condition(with(job.clone(), &["status", "succeeded"], 3), "Complete", "True", "", "");
    told.manager(*JOBS, Some(&job), Some(&done));
    let by = "job-controller|job-controller";
    assert_eq!(
        told.take(),
        [
            format!(
                "Job/j TooManySucceededPods Warning {by}: Too many succeeded pods running after completion count reached"
            ),
            format!("Job/j Completed Normal {by}: Job completed"),
        ]
    );
}

fn set() -> Value {
    let templates = value!([{"metadata": {"name": "data"}}]);
    with(object("StatefulSet", "s", None), &["spec", "volumeClaimTemplates"], templates)
}

/// Texts as seen in real clusters; volumes: pv_controller.go.
#[test]
fn a_stateful_set_says_which_claims_it_makes_and_a_claim_without_a_class_waits_for_a_volume() {
    let mut told = Told::default();
    let claim = object("PersistentVolumeClaim", "data-s-0", None);
    told.commit("user", *STATEFUL_SETS, None, Some(&set()));
    told.manager(*PERSISTENT_VOLUME_CLAIMS, None, Some(&claim));
    let says = format!(
        "StatefulSet/s SuccessfulCreate Normal {SET}: Create Claim data-s-0 Pod s-0 in StatefulSet s success"
    );
    assert_eq!(told.take(), [says]);
    let no_class = with(object("PersistentVolumeClaim", "p", None), &["spec", "storageClassName"], "");
    told.commit("user", *PERSISTENT_VOLUME_CLAIMS, None, Some(&no_class));
    let by = "persistentvolume-controller|persistentvolume-controller";
    let why = "no persistent volumes available for this claim and no storage class is set";
    assert_eq!(told.take(), [format!("PersistentVolumeClaim/p FailedBinding Normal {by}: {why}")]);
    let named = with(no_class, &["spec", "volumeName"], "v");
    told.commit("user", *PERSISTENT_VOLUME_CLAIMS, None, Some(&named));
    assert_eq!(told.take(), [""; 0]);
}

/// Source: pkg/controller/disruption `trySync`.
#[test]
fn a_budget_says_what_is_wrong_with_its_pods_when_its_status_changes() {
    let mut told = Told::default();
    let budget = with(
        object("PodDisruptionBudget", "b", None),
        &["spec"],
        value!({
            "maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}
        }),
    );
    let synced = with(budget.clone(), &["status", "expectedPods"], 0);
    let labelled = with(object("Pod", "p", None), &["metadata", "labels", "app"], "web");
    told.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&synced));
    told.commit("user", *PODS, None, Some(&labelled));
    told.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&synced));
    let failed = condition(budget.clone(), "DisruptionAllowed", "False", "SyncFailed", "why");
    told.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&failed));
    told.manager(*POD_DISRUPTION_BUDGETS, Some(&failed), Some(&failed));
    let by = "controllermanager|controllermanager";
    let unmanaged = "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{\
                     app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, \
                     the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To \
                     account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.";
    assert_eq!(
        told.take(),
        [
            format!("PodDisruptionBudget/b NoPods Normal {by}: No matching pods found"),
            format!("PodDisruptionBudget/b UnmanagedPods Warning {by}: {unmanaged}"),
            format!(
                "PodDisruptionBudget/b CalculateExpectedPodCountFailed Warning {by}: Failed to calculate the number of \
                 expected pods: why"
            ),
        ]
    );
}

/// Sources: `RealPodControl.createPods`, stateful_pod_control.go, `syncCronJob`.
#[test]
fn who_is_refused_a_create_says_so_but_not_in_a_namespace_that_goes() {
    let mut told = Told::default();
    for (kind, name) in [("ReplicaSet", "r"), ("Job", "j"), ("CronJob", "c")] {
        told.commit("user", Resource::new("apps/v1/owners"), None, Some(&object(kind, name, None)));
    }
    told.commit("user", *STATEFUL_SETS, None, Some(&set()));
    let forbidden = Status::new(403, "Forbidden", "no");
    let pod = |owner| object("Pod", "s-0", Some(owner));
    told.refused(*PODS, &pod(("ReplicaSet", "r")), &forbidden).refused(*PODS, &pod(("Job", "j")), &forbidden);
    told.refused(*PODS, &pod(("StatefulSet", "s")), &forbidden);
    told.refused(*JOBS, &object("Job", "c-1", Some(("CronJob", "c"))), &forbidden);
    told.refused(*PERSISTENT_VOLUME_CLAIMS, &object("PersistentVolumeClaim", "data-s-0", None), &forbidden);
    let failed =
        |about: &str, by: &str, text: &str| format!("{about} FailedCreate Warning {by}|{by}: {text}");
    let of_set = |text: &str| failed("StatefulSet/s", "statefulset-controller", text);
    assert_eq!(
        told.take(),
        [
            failed("ReplicaSet/r", "replicaset-controller", "Error creating: no"),
            failed("Job/j", "job-controller", "Error creating: no"),
            of_set("Create Pod s-0 in StatefulSet s failed error: no"),
            failed("CronJob/c", "cronjob-controller", "Error creating job: no"),
            of_set("Create Claim data-s-0 for Pod s-0 in StatefulSet s failed error: no"),
            of_set("Create Pod s-0 in StatefulSet s failed error: failed to create PVC data-s-0: no"),
        ]
    );
    let taken = Status::new(409, "AlreadyExists", "taken");
    told.refused(*PODS, &pod(("StatefulSet", "s")), &taken);
    let causes = value!({"causes": [{"reason": "NamespaceTerminating"}]});
    told.refused(*PODS, &pod(("ReplicaSet", "r")), &forbidden.details(causes));
    assert_eq!(told.take(), [""; 0]);
}
