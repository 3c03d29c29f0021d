//! Deployments, ReplicaSets, StatefulSets, DaemonSets and ReplicationControllers.
//!
//! Recorded in `validation-deployment` and `replicaset-crud`; the other kinds follow the same pattern.

use super::check::{Checker, PendingWrite, text};
use super::labels::{selector, selects};
use super::pod::{loose_template, template};
use crate::object::{FieldError, Value, names};

const TEMPLATE: &[&str] = &["spec", "template"];
/// The fields of a StatefulSet's spec that an update may change (apps `ValidateStatefulSetUpdate`).
const STATEFUL_SET_FIELDS: [&str; 8] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
    "volumeClaimTemplates",
];

pub(super) fn deployment(write: &PendingWrite<'_>, check: &mut Checker) {
    let new = write.new;
    if write.changes(&["spec"]) {
        check.not_negative("spec.replicas", new.at(&["spec", "replicas"]));
        selector_and_template(write, "deployment", check);
        deployment_strategy(new, check);
        for field in ["minReadySeconds", "revisionHistoryLimit"] {
            check.not_negative(format_args!("spec.{field}"), new.at(&["spec", field]));
        }
        progress_deadline(new, check);
        immutable_selector(write, check);
    }
    status(write, &["updatedReplicas", "readyReplicas", "availableReplicas"], check);
}

pub(super) fn replica_set(write: &PendingWrite<'_>, check: &mut Checker) {
    if write.changes(&["spec"]) {
        check.not_negative("spec.replicas", write.new.at(&["spec", "replicas"]));
        check.not_negative("spec.minReadySeconds", write.new.at(&["spec", "minReadySeconds"]));
        selector_and_template(write, "deployment", check);
        immutable_selector(write, check);
    }
    status(write, &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], check);
}

pub(super) fn daemon_set(write: &PendingWrite<'_>, check: &mut Checker) {
    if !write.changes(&["spec"]) {
        return;
    }
    selector_and_template(write, "daemonset", check);
    for field in ["minReadySeconds", "revisionHistoryLimit"] {
        check.not_negative(format_args!("spec.{field}"), write.new.at(&["spec", field]));
    }
    rolling("spec.updateStrategy", write.new.at(&["spec", "updateStrategy"]), check);
    immutable_selector(write, check);
}

pub(super) fn stateful_set(write: &PendingWrite<'_>, check: &mut Checker) {
    if write.changes(&["spec"]) {
        check.not_negative("spec.replicas", write.new.at(&["spec", "replicas"]));
        selector_and_template(write, "statefulset", check);
        let policies = ["OrderedReady", "Parallel"];
        check.one_of("spec.podManagementPolicy", write.new.at(&["spec", "podManagementPolicy"]), &policies);
        update_strategy(write.new, check);
        check.not_negative("spec.minReadySeconds", write.new.at(&["spec", "minReadySeconds"]));
        if let Some(old) = write.old.and_then(|old| old.get("spec")) {
            stateful_set_fields(write.new.get("spec"), old, check);
        }
    }
    status(write, &["readyReplicas", "availableReplicas", "currentReplicas", "updatedReplicas"], check);
}

/// Checks the update strategy of a StatefulSet. Errors show values as Go prints the internal type.
fn update_strategy(new: &Value, check: &mut Checker) {
    let field = "spec.updateStrategy";
    let Some(strategy) = new.at(&["spec", "updateStrategy"]) else { return };
    let rolling_update = strategy.get("rollingUpdate");
    let printed = rolling_update.map_or_else(
        || "null".to_owned(),
        |update| {
            let partition = update.i64_at(&["partition"]).unwrap_or(0);
            let most = update.get("maxUnavailable").map_or_else(|| "null".to_owned(), Value::to_json);
            format!("{{\"Partition\":{partition},\"MaxUnavailable\":{most}}}")
        },
    );
    match text(strategy, "type") {
        "OnDelete" if rolling_update.is_some() => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            check.invalid_struct(format_args!("{field}.rollingUpdate"), &printed, why);
        }
        "OnDelete" => {}
        "RollingUpdate" => check.not_negative(
            format_args!("{field}.rollingUpdate.partition"),
            strategy.at(&["rollingUpdate", "partition"]),
        ),
        other => {
            let value = format!("{{\"Type\":{other:?},\"RollingUpdate\":{printed}}}");
            check.invalid_struct(field, &value, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

fn stateful_set_fields(new: Option<&Value>, old: &Value, check: &mut Checker) {
    let fixed = |spec: &Value| -> Vec<(&'static str, Value)> {
        let fields = spec.as_map().into_iter().flatten();
        let fixed = fields.filter(|(key, _)| {
            key.as_str() == "volumeClaimTemplates" || !STATEFUL_SET_FIELDS.contains(&key.as_str())
        });
        fixed.map(|(key, value)| (key.as_str(), value.clone())).collect()
    };
    if new.map(fixed) != Some(fixed(old)) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
                   'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        check.forbidden("spec", why);
    }
}

pub(super) fn replication_controller(write: &PendingWrite<'_>, check: &mut Checker) {
    if !write.changes(&["spec"]) {
        return;
    }
    check.not_negative("spec.replicas", write.new.at(&["spec", "replicas"]));
    let wanted = write.new.at(&["spec", "selector"]).and_then(Value::as_map);
    if wanted.is_none_or(|map| map.is_empty()) {
        check.required("spec.selector", "");
    }
    let labels = write.new.at(&["spec", "template", "metadata", "labels"]);
    let has = |key: &str| labels.and_then(|labels| labels.get(key));
    if wanted.into_iter().flatten().any(|(key, value)| has(key.as_str()) != Some(value)) {
        mismatch(labels, check);
    }
    template(write.new, TEMPLATE, true, check);
}

/// Checks that the selector is valid and selects the template.
fn selector_and_template(write: &PendingWrite<'_>, kind: &str, check: &mut Checker) {
    let labels = write.new.at(&["spec", "template", "metadata", "labels"]);
    let wanted = write.new.at(&["spec", "selector"]).filter(|selector| !selector.is_null());
    match wanted {
        None => {
            check.required("spec.selector", "");
            mismatch(labels, check);
        }
        Some(wanted) => {
            let is_empty = wanted.as_map().is_some_and(|map| map.is_empty());
            if is_empty {
                check.invalid(
                    "spec.selector",
                    wanted.clone(),
                    &format!("empty selector is invalid for {kind}"),
                );
            } else if !selector("spec.selector", wanted, check) {
                check.invalid_struct("spec.selector", &go_selector(wanted), "invalid label selector");
            } else if !selects(wanted, labels) {
                mismatch(labels, check);
            }
        }
    }
    if kind == "statefulset" {
        loose_template(write.new, TEMPLATE, check);
    } else {
        template(write.new, TEMPLATE, true, check);
    }
}

pub(super) fn mismatch(labels: Option<&Value>, check: &mut Checker) {
    let labels = labels.cloned().unwrap_or_default();
    check.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`");
}

fn immutable_selector(write: &PendingWrite<'_>, check: &mut Checker) {
    let Some(old) = write.old else { return };
    let path = ["spec", "selector"];
    if old.at(&path) != write.new.at(&path)
        && let Some(new) = write.new.at(&path)
    {
        check.invalid_struct("spec.selector", &go_selector(new), "field is immutable");
    }
}

/// A selector as Go prints it, with labels before expressions.
pub(super) fn go_selector(selector: &Value) -> String {
    let field = |key: &str| Some(format!("{key:?}:{}", selector.get(key)?.to_json()));
    let fields: Vec<String> = ["matchLabels", "matchExpressions"].into_iter().filter_map(field).collect();
    format!("{{{}}}", fields.join(","))
}

fn deployment_strategy(new: &Value, check: &mut Checker) {
    let Some(strategy) = new.at(&["spec", "strategy"]) else { return };
    let rolling_update = strategy.get("rollingUpdate");
    match text(strategy, "type") {
        "Recreate" if rolling_update.is_some() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            check.forbidden("spec.strategy.rollingUpdate", why);
        }
        "Recreate" => (),
        "RollingUpdate" => rolling("spec.strategy", Some(strategy), check),
        other => {
            let message = format!(
                "Unsupported value: {{\"Type\":{other:?},\"RollingUpdate\":null}}: supported values: \"Recreate\", \
                 \"RollingUpdate\""
            );
            check.errors.push(FieldError::new("spec.strategy", "FieldValueNotSupported", message));
        }
    }
}

/// Checks surge and unavailability: numbers or percentages, not both zero.
fn rolling(path: &str, strategy: Option<&Value>, check: &mut Checker) {
    let Some(rolling) = strategy.and_then(|s| s.get("rollingUpdate")) else { return };
    let mut zeros = 0;
    for key in ["maxUnavailable", "maxSurge"] {
        let Some(value) = rolling.get(key) else { continue };
        int_or_percent(&format!("{path}.rollingUpdate.{key}"), value, key == "maxUnavailable", check);
        zeros += usize::from(matches!(value.as_str(), Some("0%")) || *value == Value::Int(0));
    }
    if zeros == 2 {
        let unavailable = rolling.get("maxUnavailable").cloned().unwrap_or_default();
        let field = format!("{path}.rollingUpdate.maxUnavailable");
        check.invalid(&field, unavailable, "may not be 0 when `maxSurge` is 0");
    }
}

/// Checks that a value is a percentage or a number that is not negative.
pub(super) fn int_or_percent(field: &str, value: &Value, at_most_all: bool, check: &mut Checker) {
    let Value::Str(percent) = value else { return check.not_negative(field, Some(value)) };
    let number = percent.strip_suffix('%').and_then(|digits| digits.parse::<u32>().ok());
    match number {
        None => {
            let why = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', \
                       regex used for validation is '[0-9]+%')";
            check.invalid(field, percent.as_str(), why);
        }
        Some(number) if at_most_all && number > 100 => {
            check.invalid(field, percent.as_str(), "must not be greater than 100%");
        }
        Some(_) => (),
    }
}

fn progress_deadline(new: &Value, check: &mut Checker) {
    let Some(deadline) = new.i64_at(&["spec", "progressDeadlineSeconds"]) else { return };
    check.not_negative("spec.progressDeadlineSeconds", Some(&Value::Int(deadline)));
    if deadline <= new.i64_at(&["spec", "minReadySeconds"]).unwrap_or(0) {
        check.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
    }
}

/// Checks the counts in a status: not negative, and none above `replicas`.
fn status(write: &PendingWrite<'_>, parts: &[&str], check: &mut Checker) {
    if write.subresource != "status" || !write.changes(&["status"]) {
        return;
    }
    let Some(status) = write.new.get("status") else { return };
    let of = |key: &str| status.get(key).and_then(Value::as_i64).unwrap_or(0);
    for part in ["replicas"].iter().chain(parts) {
        check.not_negative(format_args!("status.{part}"), status.get(part));
    }
    let replicas = of("replicas");
    for part in parts {
        if of(part) > replicas {
            check.invalid(format_args!("status.{part}"), of(part), "cannot be greater than status.replicas");
        }
    }
    if parts.contains(&"readyReplicas") && of("availableReplicas") > of("readyReplicas") {
        let why = "cannot be greater than readyReplicas";
        check.invalid("status.availableReplicas", of("availableReplicas"), why);
    }
}

/// Checks a domain-prefixed path: `acme.io/foo`.
pub(super) fn domain_prefixed(field: &str, name: &str, check: &mut Checker) {
    match name.split_once('/') {
        Some((domain, path)) if !path.is_empty() => check.names(field, name, names::subdomain(domain)),
        _ => check.invalid(field, name, "must be a domain-prefixed path (such as \"acme.io/foo\")"),
    }
}
