//! Which fields of a pod's spec an update may change. Recorded in `pod-update-restrictions`.
//!
//! Not modelled: the diff of Go structs at the end of the message.

use super::check::{Checker, text};
use crate::object::Value;

const FIELDS: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Checks the change from one spec to another.
pub(super) fn check(new: &Value, old: &Value, check: &mut Checker) {
    for list in ["containers", "initContainers"] {
        if new.items_at(&[list]).len() != old.items_at(&[list]).len() || names(new, list) != names(old, list)
        {
            check
                .forbidden(format_args!("spec.{list}"), &format!("pod updates may not add or remove {list}"));
            return;
        }
    }
    deadline(new, old, check);
    let gated = !old.items_at(&["schedulingGates"]).is_empty();
    tolerations(new, old, check);
    gates(new, old, check);
    if gated {
        node_selector(new, old, check);
    }
    let mut same = new.clone();
    for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
        restore(&mut same, old, field);
    }
    if gated {
        restore(&mut same, old, "nodeSelector");
        restore(&mut same, old, "affinity");
    }
    for list in ["containers", "initContainers"] {
        restore_images(&mut same, old, list);
    }
    let grace = |spec: &Value| spec.i64_at(&["terminationGracePeriodSeconds"]).unwrap_or(0);
    if grace(old) < 0 && grace(new) == 1 {
        restore(&mut same, old, "terminationGracePeriodSeconds");
    }
    if same != *old {
        check.forbidden("spec", FIELDS);
    }
}

fn names<'v>(spec: &'v Value, list: &str) -> Vec<&'v str> {
    spec.items_at(&[list]).iter().map(|container| text(container, "name")).collect()
}

fn restore(spec: &mut Value, old: &Value, field: &str) {
    match old.get(field) {
        Some(value) => spec.set_at(&[field], value.clone()),
        None => drop(spec.remove_at(&[field])),
    }
}

fn restore_images(spec: &mut Value, old: &Value, list: &str) {
    if spec.get(list) == old.get(list) {
        return;
    }
    let mut containers = spec.items_at(&[list]).to_vec();
    for (container, was) in containers.iter_mut().zip(old.items_at(&[list])) {
        if let Some(image) = was.get("image") {
            container.set_at(&["image"], image.clone());
        }
    }
    spec.set_at(&[list], containers);
}

fn deadline(new: &Value, old: &Value, check: &mut Checker) {
    let field = "spec.activeDeadlineSeconds";
    let of = |spec: &Value| spec.i64_at(&["activeDeadlineSeconds"]);
    match (of(new), of(old)) {
        (None, Some(_)) => {
            check.invalid(field, Value::Null, "must not update from a positive integer to nil value")
        }
        (Some(new), Some(old)) if new > old => {
            check.invalid(field, new, "must be less than or equal to previous value");
        }
        _ => (),
    }
}

fn tolerations(new: &Value, old: &Value, check: &mut Checker) {
    let all = new.items_at(&["tolerations"]);
    let ignoring_seconds = |toleration: &Value| {
        let mut toleration = toleration.clone();
        toleration.remove_at(&["tolerationSeconds"]);
        toleration
    };
    let kept = |was: &Value| all.iter().any(|is| ignoring_seconds(is) == ignoring_seconds(was));
    if !old.items_at(&["tolerations"]).iter().all(kept) {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        check.forbidden("spec.tolerations", why);
    }
}

fn gates(new: &Value, old: &Value, check: &mut Checker) {
    let had = old.items_at(&["schedulingGates"]);
    for (i, gate) in new.items_at(&["schedulingGates"]).iter().enumerate() {
        if !had.contains(gate) {
            let why =
                format!("only deletion is allowed, but found new scheduling gate '{}'", text(gate, "name"));
            check.forbidden(format_args!("spec.schedulingGates[{i}].name"), &why);
        }
    }
}

fn node_selector(new: &Value, old: &Value, check: &mut Checker) {
    let had = old.get("nodeSelector").and_then(Value::as_map);
    let has = |key: &str| new.at(&["nodeSelector", key]);
    if had.into_iter().flatten().any(|(key, value)| has(key.as_str()) != Some(value)) {
        let why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        check.invalid("spec.nodeSelector", new.get("nodeSelector").cloned().unwrap_or_default(), why);
    }
}
