//! The lifecycle of a definition: its names are accepted, it is established; later it terminates with its instances.
//!
//! Real: three controllers inside kube-apiserver, each a moment behind. Modelled: one step after the other, [`STEP_MS`]
//! apart. Recorded in `crd-watch-while-established`. Not modelled: retries of instance deletions that fail.

use std::collections::BTreeSet;

use crate::engine::Millis;
use crate::object::{Str, Value};
use crate::value;

/// How long after a change the next step follows. Our choice, because recorded steps take some ten milliseconds each.
pub(crate) const STEP_MS: Millis = 10;

/// Keeps a definition until its instances are removed (apiextensions `CustomResourceCleanupFinalizer`).
pub(crate) const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// What to do next about a definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NextStep {
    /// Nothing.
    None,
    /// Store it with this status.
    Status(Value),
    /// Delete all its instances, and call [`next`] again if that changed anything.
    DeleteInstances,
    /// Remove its finalizer.
    RemoveFinalizer,
}

/// Whether its kinds are served.
pub(crate) fn is_established(crd: &Value) -> bool {
    condition(crd, "Established").and_then(|c| c.str_at(&["status"])) == Some("True")
}

/// What to do next about a definition. `others` are all definitions, `now` is the time as objects carry it.
pub(crate) fn next<'v>(
    crd: &Value,
    others: impl Iterator<Item = &'v Value>,
    has_instances: bool,
    now: &str,
) -> NextStep {
    if crd.at(&["metadata", "deletionTimestamp"]).is_some() {
        return next_of_terminating(crd, has_instances, now);
    }
    let taken = conflict(crd, others);
    let accepted = match &taken {
        None => condition_value("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        Some((reason, message)) => condition_value("NamesAccepted", "False", reason, message),
    };
    let established = match (&taken, condition(crd, "Established")) {
        (Some(_), Some(old)) if is_true(old) => old.clone(),
        (Some(_), _) => condition_value("Established", "False", "NotAccepted", "not all names are accepted"),
        (None, None) => condition_value("Established", "False", "Installing", ACCEPTED),
        (None, Some(old)) if is_true(old) => old.clone(),
        (None, Some(_)) => condition_value("Established", "True", "InitialNamesAccepted", ACCEPTED),
    };
    let mut status = crd.get("status").cloned().unwrap_or_else(Value::empty_map);
    set_condition(&mut status, accepted, now);
    set_condition(&mut status, established, now);
    if taken.is_none()
        && let Some(names) = crd.at(&["spec", "names"])
    {
        status.set_at(&["acceptedNames"], names.clone());
    }
    add_storage_version(crd, &mut status);
    if crd.get("status") == Some(&status) { NextStep::None } else { NextStep::Status(status) }
}

const ACCEPTED: &str = "the initial names have been accepted";

fn next_of_terminating(crd: &Value, has_instances: bool, now: &str) -> NextStep {
    let finalizers = crd.items_at(&["metadata", "finalizers"]);
    if !finalizers.iter().any(|f| f.as_str() == Some(FINALIZER)) {
        return NextStep::None;
    }
    let terminating = condition(crd, "Terminating");
    if terminating.and_then(|c| c.str_at(&["reason"])) != Some("InstanceDeletionInProgress") {
        let mut status = crd.get("status").cloned().unwrap_or_else(Value::empty_map);
        let in_progress = condition_value(
            "Terminating",
            "True",
            "InstanceDeletionInProgress",
            "CustomResource deletion is in progress",
        );
        set_condition(&mut status, in_progress, now);
        return NextStep::Status(status);
    }
    if has_instances { NextStep::DeleteInstances } else { NextStep::RemoveFinalizer }
}

/// Marks a definition on a delete request, in addition to the deletionTimestamp.
pub(crate) fn on_delete(crd: &mut Value, now: &str) {
    let finalizers = crd.items_at(&["metadata", "finalizers"]);
    if !finalizers.iter().any(|f| f.as_str() == Some(FINALIZER)) {
        let all: Vec<Value> = finalizers.iter().cloned().chain([FINALIZER.into()]).collect();
        crd.set_at(&["metadata", "finalizers"], all);
    }
    if condition(crd, "Terminating").is_none() {
        let pending = condition_value(
            "Terminating",
            "True",
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        );
        let mut status = crd.get("status").cloned().unwrap_or_else(Value::empty_map);
        set_condition(&mut status, pending, now);
        crd.set_at(&["status"], status);
    }
}

/// The first name that another definition of the same group already has, as reason and message of a condition.
fn conflict<'v>(crd: &Value, others: impl Iterator<Item = &'v Value>) -> Option<(Str, String)> {
    let name = |value: &Value| value.str_at(&["metadata", "name"]).unwrap_or_default().to_owned();
    let group = crd.str_at(&["spec", "group"]);
    let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for other in others.filter(|o| o.str_at(&["spec", "group"]) == group && name(o) != name(crd)) {
        let Some(names) = other.at(&["status", "acceptedNames"]) else { continue };
        let short = names.items_at(&["shortNames"]).iter().filter_map(Value::as_str);
        let both = ["plural", "singular"].into_iter().filter_map(|key| names.str_at(&[key]));
        resources.extend(short.chain(both).filter(|n| !n.is_empty()).map(str::to_owned));
        kinds.extend(
            ["kind", "listKind"].into_iter().filter_map(|key| names.str_at(&[key])).map(str::to_owned),
        );
    }
    let names = crd.at(&["spec", "names"])?;
    for (key, reason, taken) in [
        ("plural", "PluralConflict", &resources),
        ("singular", "SingularConflict", &resources),
        ("kind", "KindConflict", &kinds),
        ("listKind", "ListKindConflict", &kinds),
    ] {
        if let Some(own) = names.str_at(&[key]).filter(|own| taken.contains(*own)) {
            return Some((reason.into(), format!("{own:?} is already in use")));
        }
    }
    let short =
        names.items_at(&["shortNames"]).iter().filter_map(Value::as_str).find(|s| resources.contains(*s));
    short.map(|own| ("ShortNamesConflict".into(), format!("{own:?} is already in use")))
}

fn add_storage_version(crd: &Value, status: &mut Value) {
    let Some(name) = super::storage_version(crd) else { return };
    let stored = status.items_at(&["storedVersions"]);
    if !stored.contains(name) {
        let all: Vec<Value> = stored.iter().chain([name]).cloned().collect();
        status.set_at(&["storedVersions"], all);
    }
}

fn condition<'v>(crd: &'v Value, kind: &str) -> Option<&'v Value> {
    crd.items_at(&["status", "conditions"]).iter().find(|c| c.str_at(&["type"]) == Some(kind))
}

fn is_true(condition: &Value) -> bool {
    condition.str_at(&["status"]) == Some("True")
}

fn condition_value(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    value!({"type": kind, "status": status, "reason": reason, "message": message})
}

/// Sets a condition. Its time changes only with its status.
fn set_condition(status: &mut Value, mut new: Value, now: &str) {
    let mut conditions = status.items_at(&["conditions"]).to_vec();
    let place = conditions.iter().position(|c| c.get("type") == new.get("type"));
    let same = place.map(|i| &conditions[i]).filter(|old| old.get("status") == new.get("status"));
    let since = same.and_then(|old| old.get("lastTransitionTime").cloned());
    new.set_at(&["lastTransitionTime"], since.unwrap_or_else(|| now.into()));
    match place {
        Some(i) => conditions[i] = new,
        None => conditions.push(new),
    }
    status.set_at(&["conditions"], conditions);
}
