//! What a job asks for, read from its spec; defaults are the API server's.

use crate::object::{Object, Value};

/// The value of `managedBy` that means this controller (batch/v1 `JobControllerName`).
const OWN_NAME: &str = "kubernetes.io/job-controller";

/// A job's spec.
#[derive(Debug)]
pub(super) struct Spec<'a> {
    /// `completions`; none for a work queue, which is done when one pod has succeeded and the others have ended.
    pub(super) completions: Option<i64>,
    pub(super) parallelism: i64,
    pub(super) backoff_limit: i64,
    pub(super) backoff_limit_per_index: Option<i64>,
    pub(super) max_failed_indexes: Option<i64>,
    pub(super) indexed: bool,
    pub(super) suspended: bool,
    pub(super) deadline_s: Option<i64>,
    /// Pods restart their containers; restarts count as failures.
    pub(super) restarts_in_place: bool,
    /// A pod that is going is replaced only when it has ended.
    pub(super) replaces_ended_pods_only: bool,
    pub(super) failure_rules: Option<&'a [Value]>,
    pub(super) success_rules: &'a [Value],
}

impl<'a> Spec<'a> {
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

    /// The number of indexes; the server refuses an indexed job without completions.
    pub(super) fn index_limit(&self) -> i64 {
        self.completions.unwrap_or(0)
    }
}

/// Whether another controller looks after the job (`spec.managedBy`).
pub(super) fn is_managed_elsewhere(job: &Object) -> bool {
    job.str_at(&["spec", "managedBy"]).is_some_and(|name| name != OWN_NAME)
}
