//! The fields of a job's spec, with the API server's defaults.

use crate::object::{Object, Value};

/// The value of `managedBy` that means this controller (batch/v1 `JobControllerName`).
const OWN_NAME: &str = "kubernetes.io/job-controller";

/// A job's spec.
#[derive(Debug)]
pub(super) struct JobSpec<'a> {
    /// `None` for a work queue, which is complete when one pod has succeeded and the others have ended.
    pub(super) completions: Option<i64>,
    pub(super) parallelism: i64,
    pub(super) backoff_limit: i64,
    pub(super) backoff_limit_per_index: Option<i64>,
    pub(super) max_failed_indexes: Option<i64>,
    pub(super) indexed: bool,
    pub(super) suspended: bool,
    pub(super) deadline_s: Option<i64>,
    /// restartPolicy OnFailure: restarts of containers count as failures.
    pub(super) restarts_in_place: bool,
    /// A terminating pod is replaced only when it has ended.
    pub(super) replaces_ended_pods_only: bool,
    pub(super) failure_rules: Option<&'a [Value]>,
    pub(super) success_rules: &'a [Value],
}

impl<'a> JobSpec<'a> {
    pub(super) fn of(job: &'a Object) -> Self {
        let number = |field| job.i64_at(&["spec", field]);
        let text = |path: &[&str]| job.str_at(path);
        let failure_rules = job.at(&["spec", "podFailurePolicy"]).map(|policy| policy.items_at(&["rules"]));
        let replaces_failed = text(&["spec", "podReplacementPolicy"]) == Some("Failed");
        Self {
            completions: number("completions"),
            parallelism: number("parallelism").unwrap_or(1),
            backoff_limit: number("backoffLimit").unwrap_or(6),
            backoff_limit_per_index: number("backoffLimitPerIndex"),
            max_failed_indexes: number("maxFailedIndexes"),
            indexed: text(&["spec", "completionMode"]) == Some("Indexed"),
            suspended: job.at(&["spec", "suspend"]).and_then(Value::as_bool).unwrap_or(false),
            deadline_s: number("activeDeadlineSeconds"),
            restarts_in_place: text(&["spec", "template", "spec", "restartPolicy"]) == Some("OnFailure"),
            replaces_ended_pods_only: replaces_failed || failure_rules.is_some(),
            failure_rules,
            success_rules: job.items_at(&["spec", "successPolicy", "rules"]),
        }
    }

    /// The number of indexes.
    pub(super) fn index_limit(&self) -> i64 {
        debug_assert!(!self.indexed || self.completions.is_some(), "the server refuses such an indexed job");
        self.completions.unwrap_or(0)
    }
}

/// Whether another controller manages the job (`spec.managedBy`).
pub(super) fn is_managed_elsewhere(job: &Object) -> bool {
    job.str_at(&["spec", "managedBy"]).is_some_and(|name| name != OWN_NAME)
}
