//! Jobs and CronJobs. Recorded in `validation-job-cronjob` and `job-status-validation`.
//!
//! Differs: a schedule is checked by the number of its fields only. Other errors in it are not found.

use super::check::{Checker, PendingWrite, text};
use super::labels::selects;
use super::pod::template;
use super::workload::{domain_prefixed, go_selector, mismatch};
use crate::engine::time_zone;
use crate::object::{FieldError, Value};

/// The label by which a Job selects its pods (batch `ControllerUidLabel`).
const UID_LABEL: &str = "batch.kubernetes.io/controller-uid";

pub(super) fn job(write: &PendingWrite<'_>, check: &mut Checker) {
    if write.changes(&["spec"]) {
        spec(write.new, &["spec"], check);
        selector(write.new, check);
        if let Some(old) = write.old {
            immutable(write.new, old, check);
        }
    }
    if write.subresource == "status" && write.changes(&["status"]) {
        status(write, check);
    }
}

fn spec(value: &Value, path: &[&str], check: &mut Checker) {
    let field = path.join(".");
    let of = |key: &str| value.at(path).and_then(|spec| spec.get(key));
    for key in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        check.not_negative(format_args!("{field}.{key}"), of(key));
    }
    check.one_of(format_args!("{field}.completionMode"), of("completionMode"), &["NonIndexed", "Indexed"]);
    let is_indexed = of("completionMode").and_then(Value::as_str) == Some("Indexed");
    if is_indexed && of("completions").is_none() {
        check.required(format_args!("{field}.completions"), "when completion mode is Indexed");
    }
    if let Some(manager) = of("managedBy").and_then(Value::as_str) {
        domain_prefixed(&format!("{field}.managedBy"), manager, check);
    }
    failure_policy(of("podFailurePolicy"), &field, check);
    let template_path: Vec<&str> = path.iter().copied().chain(["template"]).collect();
    template(value, &template_path, false, check);
    let restart = of("template").and_then(|t| t.str_at(&["spec", "restartPolicy"]));
    if !matches!(restart, Some("OnFailure" | "Never")) {
        let why = "valid values: \"OnFailure\", \"Never\"";
        check.required(format_args!("{field}.template.spec.restartPolicy"), why);
    }
}

fn failure_policy(policy: Option<&Value>, field: &str, check: &mut Checker) {
    let Some(policy) = policy else { return };
    for (i, rule) in policy.items_at(&["rules"]).iter().enumerate() {
        let field = format!("{field}.podFailurePolicy.rules[{i}]");
        let actions = ["Count", "FailIndex", "FailJob", "Ignore"];
        check.one_of(format_args!("{field}.action"), rule.get("action"), &actions);
        if rule.get("onExitCodes").is_none() && rule.items_at(&["onPodConditions"]).is_empty() {
            let message = "Invalid value: specifying one of OnExitCodes and OnPodConditions is required";
            check.errors.push(FieldError::new(&field, "FieldValueInvalid", message));
        }
    }
}

/// The selector selects by the uid, unless the Job sets `manualSelector`.
fn selector(new: &Value, check: &mut Checker) {
    let labels = new.at(&["spec", "template", "metadata", "labels"]);
    let Some(selector) = new.at(&["spec", "selector"]).filter(|selector| !selector.is_null()) else {
        check.required("spec.selector", "");
        return mismatch(labels, check);
    };
    let manual = new.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true);
    let uid = new.str_at(&["metadata", "uid"]);
    let own = selector.get("matchLabels").and_then(Value::as_map);
    let generated =
        own.is_some_and(|map| map.len() == 1 && map.get(UID_LABEL).and_then(Value::as_str) == uid);
    if !manual && !generated {
        check.invalid_struct("spec.selector", &go_selector(selector), "`selector` not auto-generated");
    }
    if !selects(selector, labels) {
        mismatch(labels, check);
    }
}

fn immutable(new: &Value, old: &Value, check: &mut Checker) {
    let suspended = old.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true);
    let mut fields =
        vec!["selector", "completionMode", "backoffLimitPerIndex", "podFailurePolicy", "managedBy"];
    if !suspended {
        fields.push("template");
    }
    for field in fields {
        let path = ["spec", field];
        if new.at(&path) != old.at(&path) {
            let value = new.at(&path).cloned().unwrap_or_default();
            check.invalid(path.join("."), value, "field is immutable");
        }
    }
}

pub(super) fn cron_job(write: &PendingWrite<'_>, check: &mut Checker) {
    if !write.changes(&["spec"]) {
        return;
    }
    let of = |key: &str| write.new.at(&["spec", key]);
    schedule(of("schedule").and_then(Value::as_str).unwrap_or_default(), check);
    check.one_of("spec.concurrencyPolicy", of("concurrencyPolicy"), &["Allow", "Forbid", "Replace"]);
    for key in ["startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        check.not_negative(format_args!("spec.{key}"), of(key));
    }
    if let Some(zone) = of("timeZone").and_then(Value::as_str)
        && (zone.is_empty() || time_zone(zone).is_none())
    {
        check.invalid("spec.timeZone", zone, &format!("unknown time zone {zone}"));
    }
    spec(write.new, &["spec", "jobTemplate", "spec"], check);
}

fn schedule(schedule: &str, check: &mut Checker) {
    let field = "spec.schedule";
    if schedule.is_empty() {
        return check.required(field, "");
    }
    if schedule.contains("TZ") {
        let why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        return check.invalid(field, schedule, why);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if !schedule.starts_with('@') && fields.len() != 5 {
        let why = format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" "));
        check.invalid(field, schedule, &why);
    }
}

fn status(write: &PendingWrite<'_>, check: &mut Checker) {
    let Some(status) = write.new.get("status") else { return };
    for key in ["active", "succeeded", "failed", "ready", "terminating"] {
        check.not_negative(format_args!("status.{key}"), status.get(key));
    }
    let is_true = |status: &Value, kind: &str| {
        let of_kind = |c: &&Value| text(c, "type") == kind && text(c, "status") == "True";
        status.items_at(&["conditions"]).iter().any(|c| of_kind(&c))
    };
    let has = |kind| is_true(status, kind);
    if has("Complete") && status.get("completionTime").is_none() {
        check.required("status.completionTime", "completionTime is required for Complete jobs");
    }
    if !has("Complete")
        && let Some(time) = status.get("completionTime")
    {
        let why = "cannot set completionTime when there is no Complete=True condition";
        check.invalid("status.completionTime", time.clone(), why);
    }
    let mut conditions = |message: &str| {
        let message = format!("Invalid value: {message}");
        check.errors.push(FieldError::new("status.conditions", "FieldValueInvalid", message));
    };
    if has("Failed") && !has("FailureTarget") {
        conditions("cannot set Failed=True condition without the FailureTarget=true condition");
    }
    if has("Complete") && !has("SuccessCriteriaMet") {
        conditions("cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
    }
    let old = write.old.and_then(|old| old.get("status"));
    for (kind, word) in [
        ("Complete", "the terminal Complete"),
        ("Failed", "the terminal Failed"),
        ("SuccessCriteriaMet", "the SuccessCriteriaMet"),
    ] {
        if old.is_some_and(|old| is_true(old, kind)) && !has(kind) {
            conditions(&format!("cannot disable {word}=True condition"));
        }
    }
    if (has("Complete") || has("Failed")) && status.get("startTime").is_none() {
        check.required("status.startTime", "startTime is required for finished job");
    }
    let count = |status: &Value, key: &str| status.i64_at(&[key]).unwrap_or(0);
    for key in ["succeeded", "failed"] {
        if old.is_some_and(|old| count(status, key) < count(old, key)) {
            let why = format!("cannot decrease the {key} counter");
            check.invalid(format_args!("status.{key}"), count(status, key), &why);
        }
    }
}
