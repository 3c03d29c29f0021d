//! The job of a scheduled time.
//!
//! Real: `getJobFromTemplate2`, `getJobName`. Modelled: both; the annotation has the time in the CronJob's zone.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::controllers::shared::claim::{Owner, controller_ref};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::CRON_JOBS;

/// Annotation with the scheduled time (batch/v1 `CronJobScheduledTimestampAnnotation`).
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// The name of the job for a scheduled time: its minutes since 1970.
pub(super) fn job_name(cron_job: &Object, scheduled: Time) -> String {
    format!("{}-{}", cron_job.name(), scheduled.wall_s() / 60)
}

/// The job for a scheduled time.
pub(super) fn job(cron_job: &Object, scheduled: Time, zone: &TimeZone) -> Arc<Object> {
    let template = |path: &[&str]| cron_job.at(&["spec", "jobTemplate"]).and_then(|t| t.at(path)).cloned();
    let owner = Owner { resource: *CRON_JOBS, kind: "CronJob", object: cron_job };
    let mut metadata = value!({
        "name": (job_name(cron_job, scheduled)), "namespace": (cron_job.namespace()),
        "ownerReferences": [(controller_ref(&owner))]
    });
    for field in ["labels", "annotations"] {
        if let Some(map) = template(&["metadata", field]) {
            metadata.set_at(&[field], map);
        }
    }
    metadata.set_at(&["annotations", SCHEDULED], scheduled.rfc3339_in(zone));
    let spec = template(&["spec"]).unwrap_or_else(Value::empty_map);
    Object::shared(value!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}))
}
