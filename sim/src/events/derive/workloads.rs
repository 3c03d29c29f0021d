//! The controllers of Deployments, Jobs and CronJobs, and that of StatefulSets about claims.
//!
//! Real: their controllers, and pv_controller.go. Differs: UnexpectedJob is reported once, when somebody else creates the job; a
//! real controller reports it at every sync. Not modelled: reports without a commit (JobAlreadyActive, MissSchedule).

use std::sync::Arc;

use super::report::Reports;
use crate::events::state::PriorState;
use crate::object::Object;

const JOB: &str = "job-controller";
const CRON_JOB: &str = "cronjob-controller";

impl Reports<'_> {
    /// A Deployment scales a replica set.
    pub(super) fn replica_set_scaled(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(set) = new else { return };
        let size = |set: &Object| set.i64_at(&["spec", "replicas"]).unwrap_or(0);
        let (from, to) = (old.map_or(0, size), size(set));
        if from == to {
            return;
        }
        self.add_about_owner(set, |owner| {
            let way = if to > from { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {} from {from} to {to}", set.name());
            let report = ("deployment-controller", "ScalingReplicaSet".into(), message);
            (owner.kind == "Deployment").then_some(report)
        });
    }

    /// A job suspends, resumes or ends; a cron job creates or deletes a job, or finds one that it does not know.
    pub(super) fn job(
        &mut self,
        by_manager: bool,
        by_cron: bool,
        old: Option<&Object>,
        new: Option<&Object>,
    ) {
        let Some(job) = new.or(old) else { return };
        let of_cron_job = job.controller().filter(|owner| owner.kind == "CronJob");
        let cron_job = of_cron_job.and_then(|owner| self.state.get(owner.uid)).cloned();
        if let Some(cron_job) = &cron_job {
            let name = job.name();
            if by_cron {
                self.by_controller(CRON_JOB, cron_job, "SuccessfulDelete", format!("Deleted job {name}"));
            } else if old.is_none() && by_manager {
                self.by_controller(CRON_JOB, cron_job, "SuccessfulCreate", format!("Created job {name}"));
            } else if old.is_none() {
                let message = format!("Saw a job that the controller did not create or forgot: {name}");
                self.by_controller(CRON_JOB, cron_job, "UnexpectedJob", message).warn();
            }
        }
        if let (Some(old), Some(new), true) = (old, new, by_manager) {
            self.job_status(old, new);
        }
    }

    fn job_status(&mut self, old: &Object, job: &Object) {
        let came = |kind: &str| job.is_condition_true(kind) && !old.is_condition_true(kind);
        if came("Complete") {
            let succeeded = job.i64_at(&["status", "succeeded"]).unwrap_or(0);
            if job.i64_at(&["spec", "completions"]).is_some_and(|wanted| succeeded > wanted) {
                let message = "Too many succeeded pods running after completion count reached";
                self.by_controller(JOB, job, "TooManySucceededPods", message.to_owned()).warn();
            }
            self.by_controller(JOB, job, "Completed", "Job completed".into());
        }
        if came("Suspended") {
            self.by_controller(JOB, job, "Suspended", "Job suspended".into());
        } else if old.is_condition_true("Suspended") && !job.is_condition_true("Suspended") {
            self.by_controller(JOB, job, "Resumed", "Job resumed".into());
        }
        if came("Failed")
            && let Some(condition) = job.condition("Failed")
        {
            let (reason, message) = (condition.str_at(&["reason"]), condition.str_at(&["message"]));
            let message = message.unwrap_or_default().to_owned();
            self.by_controller(JOB, job, reason.unwrap_or_default(), message).warn();
        }
    }

    /// A cron job removes jobs from its active list.
    pub(super) fn cron_job(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let active = new.items_at(&["status", "active"]);
        for reference in old.items_at(&["status", "active"]).iter().filter(|r| !active.contains(r)) {
            let text = |field| reference.str_at(&[field]).unwrap_or_default();
            let Some(job) = self.state.get(text("uid")).cloned() else {
                if !self.state.was_deleted_by_cron_job(text("uid")) {
                    let message = format!("Active job went missing: {}", text("name"));
                    self.by_controller(CRON_JOB, new, "MissingJob", message);
                }
                continue;
            };
            let ended = ["Complete", "Failed"].into_iter().find(|kind| job.is_condition_true(kind));
            if let Some(condition) = ended {
                let message = format!("Saw completed job: {}, condition: {condition}", job.name());
                self.by_controller(CRON_JOB, new, "SawCompletedJob", message);
            }
        }
    }

    /// A StatefulSet creates a claim; a claim without a class finds no volume.
    pub(super) fn claim(&mut self, by_manager: bool, old: Option<&Object>, new: Option<&Object>) {
        let (None, Some(claim)) = (old, new) else { return };
        if by_manager && let Some((set, pod)) = set_of_claim(self.state, claim) {
            let message =
                format!("Create Claim {} Pod {pod} in StatefulSet {} success", claim.name(), set.name());
            self.by_controller("statefulset-controller", &set, "SuccessfulCreate", message);
        }
        let spec = |object: &Object, field| object.str_at(&["spec", field]).map(str::to_owned);
        let is_empty = |object: &Object, field| spec(object, field).is_none_or(|text| text.is_empty());
        let no_class = spec(claim, "storageClassName").is_some_and(|class| class.is_empty());
        let mut volumes = self.state.of_kind("PersistentVolume", "");
        let may_bind =
            volumes.any(|v| v.at(&["spec", "claimRef"]).is_none() && is_empty(v, "storageClassName"));
        if no_class && is_empty(claim, "volumeName") && !may_bind {
            let message = "no persistent volumes available for this claim and no storage class is set";
            self.by_controller("persistentvolume-controller", claim, "FailedBinding", message.to_owned());
        }
    }
}

/// The StatefulSet that owns the claim by its name, and the pod that uses it.
pub(super) fn set_of_claim(state: &PriorState, claim: &Object) -> Option<(Arc<Object>, String)> {
    state.of_kind("StatefulSet", claim.namespace()).find_map(|set| {
        let ordinal = set.items_at(&["spec", "volumeClaimTemplates"]).iter().find_map(|template| {
            let prefix = format!("{}-{}-", template.str_at(&["metadata", "name"])?, set.name());
            claim.name().strip_prefix(&prefix)?.parse::<u32>().ok()
        })?;
        Some((set.clone(), format!("{}-{ordinal}", set.name())))
    })
}
