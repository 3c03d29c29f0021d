//! Reports of controllers about jobs, claims, budgets, and creates that the server refused.

use super::{Play, condition, object, with};
use crate::object::Value;
use crate::value;
use crate::wire::resource::{
    CRON_JOBS, JOBS, PERSISTENT_VOLUME_CLAIMS, POD_DISRUPTION_BUDGETS, PODS, STATEFUL_SETS,
};
use crate::wire::{Resource, Status};

fn active(jobs: &[&str]) -> Value {
    let reference = |name: &&str| value!({"name": (*name), "uid": (format!("uid-{name}"))});
    with(object("CronJob", "c", None), &["status", "active"], Value::list(jobs.iter().map(reference)))
}

/// Source: cronjob_controllerv2.go.
#[test]
fn a_cron_job_distinguishes_deleted_missing_and_unexpected_jobs() {
    let mut play = Play::default();
    let job = |name: &str| object("Job", name, Some(("CronJob", "c")));
    play.commit("user", *CRON_JOBS, None, Some(&active(&[])));
    for name in ["a", "b"] {
        play.manager(*JOBS, None, Some(&job(name)));
    }
    play.manager(*CRON_JOBS, Some(&active(&[])), Some(&active(&["a", "b"])));
    play.take();
    // One is replaced, the other deleted by a user.
    play.manager(*JOBS, Some(&job("a")), None).commit("user", *JOBS, Some(&job("b")), None);
    play.manager(*CRON_JOBS, Some(&active(&["a", "b"])), Some(&active(&[])));
    play.commit("user", *JOBS, None, Some(&job("mine")));
    assert_eq!(
        play.take(),
        [
            "CronJob/c SuccessfulDelete Normal cronjob-controller: Deleted job a",
            "CronJob/c MissingJob Normal cronjob-controller: Active job went missing: b",
            "CronJob/c UnexpectedJob Warning cronjob-controller: Saw a job that the controller did not create or forgot: mine",
        ]
    );
    // The TTL controller deletes in the foreground and reports nothing.
    let finalizers = Value::list(["foregroundDeletion".into()]);
    let goes = with(super::gone(&job("mine")), &["metadata", "finalizers"], finalizers);
    play.manager(*JOBS, Some(&job("mine")), Some(&goes));
    assert_eq!(play.take(), [""; 0]);
}

/// Source: job_controller.go `recordJobFinished`.
#[test]
fn a_job_warns_of_too_many_succeeded_pods() {
    let mut play = Play::default();
    let job = with(object("Job", "j", None), &["spec", "completions"], 2);
    let done = condition(with(job.clone(), &["status", "succeeded"], 3), "Complete", "True", "", "");
    play.manager(*JOBS, Some(&job), Some(&done));
    assert_eq!(
        play.take(),
        [
            "Job/j TooManySucceededPods Warning job-controller: Too many succeeded pods running after completion count reached",
            "Job/j Completed Normal job-controller: Job completed",
        ]
    );
}

fn set() -> Value {
    let templates = value!([{"metadata": {"name": "data"}}]);
    with(object("StatefulSet", "s", None), &["spec", "volumeClaimTemplates"], templates)
}

/// Texts as seen in real clusters; volumes: pv_controller.go.
#[test]
fn a_stateful_set_reports_its_claims_and_a_claim_without_a_class_waits_for_a_volume() {
    let mut play = Play::default();
    let claim = object("PersistentVolumeClaim", "data-s-0", None);
    play.commit("user", *STATEFUL_SETS, None, Some(&set()));
    play.manager(*PERSISTENT_VOLUME_CLAIMS, None, Some(&claim));
    let text = "Create Claim data-s-0 Pod s-0 in StatefulSet s success";
    let reported = format!("StatefulSet/s SuccessfulCreate Normal statefulset-controller: {text}");
    assert_eq!(play.take(), [reported]);
    let no_class = with(object("PersistentVolumeClaim", "p", None), &["spec", "storageClassName"], "");
    play.commit("user", *PERSISTENT_VOLUME_CLAIMS, None, Some(&no_class));
    let by = "persistentvolume-controller";
    let why = "no persistent volumes available for this claim and no storage class is set";
    assert_eq!(play.take(), [format!("PersistentVolumeClaim/p FailedBinding Normal {by}: {why}")]);
    let named = with(no_class, &["spec", "volumeName"], "v");
    play.commit("user", *PERSISTENT_VOLUME_CLAIMS, None, Some(&named));
    assert_eq!(play.take(), [""; 0]);
}

/// Source: pkg/controller/disruption `trySync`.
#[test]
fn a_budget_reports_problems_with_its_pods_when_its_status_changes() {
    let mut play = Play::default();
    let spec = value!({"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}});
    let budget = with(object("PodDisruptionBudget", "b", None), &["spec"], spec);
    let synced = with(budget.clone(), &["status", "expectedPods"], 0);
    let labelled = with(object("Pod", "p", None), &["metadata", "labels", "app"], "web");
    play.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&synced));
    play.commit("user", *PODS, None, Some(&labelled));
    play.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&synced));
    let failed = condition(budget.clone(), "DisruptionAllowed", "False", "SyncFailed", "why");
    play.manager(*POD_DISRUPTION_BUDGETS, Some(&budget), Some(&failed));
    play.manager(*POD_DISRUPTION_BUDGETS, Some(&failed), Some(&failed));
    let by = "controllermanager";
    let unmanaged = "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:map[string]string{\
                     app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. As a result, \
                     the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To \
                     account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value.";
    assert_eq!(
        play.take(),
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
fn a_refused_create_is_reported_except_in_a_terminating_namespace() {
    let mut play = Play::default();
    for (kind, name) in [("ReplicaSet", "r"), ("Job", "j"), ("CronJob", "c")] {
        play.commit("user", Resource::new("apps/v1/owners"), None, Some(&object(kind, name, None)));
    }
    play.commit("user", *STATEFUL_SETS, None, Some(&set()));
    let forbidden = Status::new(403, "Forbidden", "no");
    let pod = |owner| object("Pod", "s-0", Some(owner));
    play.refused(*PODS, &pod(("ReplicaSet", "r")), &forbidden).refused(*PODS, &pod(("Job", "j")), &forbidden);
    play.refused(*PODS, &pod(("StatefulSet", "s")), &forbidden);
    play.refused(*JOBS, &object("Job", "c-1", Some(("CronJob", "c"))), &forbidden);
    play.refused(*PERSISTENT_VOLUME_CLAIMS, &object("PersistentVolumeClaim", "data-s-0", None), &forbidden);
    let failed = |about: &str, by: &str, text: &str| format!("{about} FailedCreate Warning {by}: {text}");
    let of_set = |text: &str| failed("StatefulSet/s", "statefulset-controller", text);
    assert_eq!(
        play.take(),
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
    play.refused(*PODS, &pod(("StatefulSet", "s")), &taken);
    let causes = value!({"causes": [{"reason": "NamespaceTerminating"}]});
    play.refused(*PODS, &pod(("ReplicaSet", "r")), &forbidden.details(causes));
    assert_eq!(play.take(), [""; 0]);
}
