//! Defaults of the workload kinds that depend on other fields. Recorded in `defaulting-workloads`.

use super::super::tree::{default, edit_items, edited, text};
use super::pod::template;
use crate::object::Value;
use crate::value;

/// The default of `backoffLimit` for a Job that counts failures per index: no limit (`math.MaxInt32`).
const NO_LIMIT: i64 = 2_147_483_647;

pub(super) fn deployment(new: &mut Value) {
    template(new, &["spec", "template"]);
    if text(new, &["spec", "strategy", "type"]) == "RollingUpdate" {
        let rolling = value!({"maxUnavailable": "25%", "maxSurge": "25%"});
        default(new, &["spec", "strategy", "rollingUpdate"], rolling);
    }
}

pub(super) fn daemon_set(new: &mut Value) {
    template(new, &["spec", "template"]);
    if text(new, &["spec", "updateStrategy", "type"]) == "RollingUpdate" {
        let rolling = value!({"maxUnavailable": 1, "maxSurge": 0});
        default(new, &["spec", "updateStrategy", "rollingUpdate"], rolling);
    }
}

pub(super) fn stateful_set(new: &mut Value) {
    template(new, &["spec", "template"]);
    // A strategy that sets its type gets no further defaults.
    if new.get("spec").is_some() && text(new, &["spec", "updateStrategy", "type"]).is_empty() {
        new.set_at(&["spec", "updateStrategy", "type"], "RollingUpdate");
        default(new, &["spec", "updateStrategy", "rollingUpdate"], value!({"partition": 0}));
    }
    edit_items(new, &["spec", "volumeClaimTemplates"], |claim| {
        edited(claim, claim.get("kind").is_none(), |claim| {
            claim.set_at(&["kind"], "PersistentVolumeClaim");
            claim.set_at(&["apiVersion"], "v1");
        })
    });
}

pub(super) fn job(new: &mut Value) {
    template(new, &["spec", "template"]);
    let Some(spec) = new.get("spec") else { return };
    let has = |key: &str| spec.get(key).is_some();
    let (completions, parallelism) = (has("completions"), has("parallelism"));
    let backoff_limit = if has("backoffLimitPerIndex") { NO_LIMIT } else { 6 };
    let replacement = if has("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    if !completions && !parallelism {
        new.set_at(&["spec", "completions"], 1);
    }
    default(new, &["spec", "parallelism"], 1);
    default(new, &["spec", "backoffLimit"], backoff_limit);
    default(new, &["spec", "completionMode"], "NonIndexed");
    default(new, &["spec", "suspend"], false);
    default(new, &["spec", "manualSelector"], false);
    default(new, &["spec", "podReplacementPolicy"], replacement);
    labels_from_template(new);
}

pub(super) fn replication_controller(new: &mut Value) {
    template(new, &["spec", "template"]);
    let Some(labels) = template_labels(new) else { return };
    if new.at(&["spec", "selector"]).is_none() {
        new.set_at(&["spec", "selector"], labels);
    }
    labels_from_template(new);
}

/// An object without labels gets those of its template.
pub(in super::super) fn labels_from_template(new: &mut Value) {
    let Some(labels) = template_labels(new) else { return };
    if new.at(&["metadata", "labels"]).is_none() && new.get("metadata").is_some() {
        new.set_at(&["metadata", "labels"], labels);
    }
}

fn template_labels(new: &Value) -> Option<Value> {
    new.at(&["spec", "template", "metadata", "labels"]).cloned()
}
