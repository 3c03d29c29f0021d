//! Delete: preconditions, finalizers, grace period, propagation policy.
//!
//! An object without finalizers and grace period is removed at once. Any other object becomes terminating: it gets a
//! deletionTimestamp. The garbage collector deletes dependents.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::{crd, errors};
use super::VerbResult;
use crate::engine::SECOND;
use crate::object::names::{DEFAULT_NAMESPACE, PUBLIC_NAMESPACE, SYSTEM_NAMESPACE};
use crate::object::{FieldError, Object, Value};
use crate::value;
use crate::wire::resource::{CRDS, NAMESPACES};
use crate::wire::{Answer, ObjectKey, Options, Request, Status};

/// The kinds for which a delete answers with the object, not with a Status (recorded in `delete-response-shapes`).
const ANSWER_WITH_OBJECT: &[&str] = &[
    "v1/persistentvolumeclaims",
    "v1/persistentvolumes",
    "v1/pods",
    "v1/podtemplates",
    "v1/resourcequotas",
    "v1/serviceaccounts",
    "v1/services",
];
/// The namespaces that cannot be deleted (admission plugin NamespaceLifecycle).
const IMMORTAL: [&str; 3] = [DEFAULT_NAMESPACE, PUBLIC_NAMESPACE, SYSTEM_NAMESPACE];
/// The grace period of a pod if neither the client nor the pod sets one (core `DefaultTerminationGracePeriodSeconds`).
const DEFAULT_GRACE_S: i64 = 30;
/// The finalizer of foreground deletion.
const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of orphaning.
const ORPHAN: &str = "orphan";

/// The effect of a delete, with the object.
enum Deletion {
    /// The object is removed.
    Removed(Arc<Object>),
    /// The object is terminating.
    Terminating(Arc<Object>),
}

impl ApiServer {
    pub(super) fn delete(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        check_options(&request.options)?;
        let stored = self.stored(kind, request)?;
        if kind.storage == *NAMESPACES && IMMORTAL.contains(&stored.name()) {
            let why = "this namespace may not be deleted";
            return Err(Box::new(Status::forbidden(kind.resource, stored.name(), why)));
        }
        let view = self.view(kind);
        let object = |object| {
            Ok(Answer::Object {
                code: 200,
                object: view.of(&object),
                warnings: warnings(kind, &request.options),
            })
        };
        match self.remove(kind, &stored, &request.options, out)? {
            Deletion::Terminating(kept) => object(kept),
            Deletion::Removed(last) if ANSWER_WITH_OBJECT.contains(&kind.resource.as_str()) => object(last),
            Deletion::Removed(last) => Ok(Answer::Status(success(kind, &last))),
        }
    }

    /// Deletes one object, for `deletecollection`, evictions and terminating definitions.
    pub(in super::super) fn remove_one(
        &mut self,
        kind: &Arc<Kind>,
        stored: &Arc<Object>,
        options: &Options,
        out: &mut Replies,
    ) -> Result<(), Box<Status>> {
        self.remove(kind, stored, options, out).map(drop)
    }

    fn remove(
        &mut self,
        kind: &Arc<Kind>,
        stored: &Arc<Object>,
        options: &Options,
        out: &mut Replies,
    ) -> Result<Deletion, Box<Status>> {
        preconditions(kind, stored, options)?;
        let key = ObjectKey::of(stored);
        let finalizers = finalizers(kind, stored, options);
        let grace_s = if kind.rules.graceful { grace_s(stored, options) } else { 0 };
        let is_held = !finalizers.is_empty()
            || kind.storage == *CRDS
            || (kind.storage == *NAMESPACES && !stored.items_at(&["spec", "finalizers"]).is_empty());
        if !is_held && !kind.rules.graceful {
            let dry = options.dry_run;
            return Ok(Deletion::Removed(if dry {
                stored.clone()
            } else {
                self.take(kind, key, stored, out)
            }));
        }
        let root = self.mark_terminating(kind, stored, finalizers, grace_s);
        let kept = if root == *stored.root() {
            stored.clone()
        } else if options.dry_run {
            Arc::new(stored.edited(|old| *old = root))
        } else {
            self.put(kind, key.clone(), root, stored.managed().clone(), None, out)
        };
        if is_held || remaining_grace_s(&kept) > 0 {
            return Ok(Deletion::Terminating(kept));
        }
        // As on a real server, a pod without a grace period is first marked as terminating, then removed.
        Ok(Deletion::Removed(if options.dry_run { kept } else { self.take(kind, key, &kept, out) }))
    }

    /// The object marked as terminating. An object that is terminating already gets a shorter grace period, never a longer one.
    fn mark_terminating(&self, kind: &Kind, stored: &Object, finalizers: Vec<Value>, grace_s: i64) -> Value {
        let mut root = stored.root().clone();
        if root.items_at(&["metadata", "finalizers"]) != finalizers {
            if finalizers.is_empty() {
                root.remove_at(&["metadata", "finalizers"]);
            } else {
                root.set_at(&["metadata", "finalizers"], finalizers);
            }
        }
        if stored.is_terminating() && grace_s >= remaining_grace_s(stored) {
            return root;
        }
        let at = if stored.is_terminating() {
            // The shorter grace period counts from the start of the deletion.
            let ends = crate::engine::Time::parse_rfc3339(stored.meta("deletionTimestamp"));
            let began = ends.map_or(self.now, |t| t - (remaining_grace_s(stored).unsigned_abs() * SECOND));
            debug_assert!(began <= self.now, "a deletion began in the past");
            began + grace_s.unsigned_abs() * SECOND
        } else {
            self.now + grace_s.unsigned_abs() * SECOND
        };
        root.set_at(&["metadata", "deletionTimestamp"], at.rfc3339());
        if !has_content(kind) {
            root.set_at(&["metadata", "deletionGracePeriodSeconds"], grace_s);
        }
        if !stored.is_terminating() {
            if kind.rules.deletion_raises_generation && !has_content(kind) && stored.generation() > 0 {
                root.set_at(&["metadata", "generation"], stored.generation() + 1);
            }
            if kind.storage == *NAMESPACES {
                root.set_at(&["status", "phase"], "Terminating");
            }
            if kind.storage == *CRDS {
                crd::on_delete(&mut root, &self.now.rfc3339());
            }
        }
        root
    }
}

/// 422 for invalid delete options.
fn check_options(options: &Options) -> Result<(), Box<Status>> {
    if matches!(options.propagation.as_str(), "" | "Background" | "Foreground" | "Orphan") {
        return Ok(());
    }
    let supported = ["Foreground", "Background", "Orphan", "nil"].map(Value::from);
    let error =
        FieldError::not_supported("propagationPolicy", &options.propagation.clone().into(), &supported);
    super::refuse_invalid_options("DeleteOptions", &[error])
}

/// 409 if the stored object does not meet the preconditions.
pub(super) fn preconditions(kind: &Kind, stored: &Object, options: &Options) -> Result<(), Box<Status>> {
    let fail =
        |why: String| Err(errors::precondition(kind.resource.group(), &kind.kind, stored.name(), &why));
    if let Some(uid) = &options.precondition_uid
        && uid != stored.uid()
    {
        return fail(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            stored.uid()
        ));
    }
    if let Some(version) = &options.precondition_version
        && version != stored.meta("resourceVersion")
    {
        return fail(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). \
             The object might have been modified",
            stored.meta("resourceVersion")
        ));
    }
    Ok(())
}

/// The finalizers that follow from the propagation policy (apiserver `deletionFinalizersForGarbageCollection`).
fn finalizers(kind: &Kind, stored: &Object, options: &Options) -> Vec<Value> {
    let has = |name| stored.finalizers().any(|f| f == name);
    let (orphan, foreground) = match options.propagation.as_str() {
        "Orphan" => (true, false),
        "Foreground" => (false, true),
        "Background" => (false, false),
        _ => (has(ORPHAN) || (kind.rules.orphan_by_default && !has(FOREGROUND)), has(FOREGROUND)),
    };
    let all = stored.items_at(&["metadata", "finalizers"]).iter();
    let mut kept: Vec<Value> = all
        .filter(|f| match f.as_str() {
            Some(ORPHAN) => orphan,
            Some(FOREGROUND) => foreground,
            _ => true,
        })
        .cloned()
        .collect();
    if orphan && !has(ORPHAN) {
        kept.push(ORPHAN.into());
    }
    if foreground && !has(FOREGROUND) {
        kept.push(FOREGROUND.into());
    }
    kept
}

/// The grace period of a pod (pod strategy `CheckGracefulDelete`).
fn grace_s(stored: &Object, options: &Options) -> i64 {
    let bound = !stored.str_at(&["spec", "nodeName"]).unwrap_or_default().is_empty();
    if !bound || stored.is_finished_pod() {
        return 0;
    }
    let own = stored.i64_at(&["spec", "terminationGracePeriodSeconds"]);
    match options.grace_s.or(own).unwrap_or(DEFAULT_GRACE_S) {
        negative if negative < 0 => 1,
        grace => grace,
    }
}

fn remaining_grace_s(object: &Object) -> i64 {
    object.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0)
}

/// Whether objects of the kind have content that must be deleted before them: namespaces and definitions.
fn has_content(kind: &Kind) -> bool {
    kind.storage == *NAMESPACES || kind.storage == *CRDS
}

fn warnings(kind: &Kind, options: &Options) -> Vec<String> {
    if kind.resource.as_str() != "batch/v1/jobs" || !options.propagation.is_empty() {
        return Vec::new();
    }
    vec![
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or \
         set propagationPolicy=Orphan to suppress this warning"
            .to_owned(),
    ]
}

fn success(kind: &Kind, last: &Object) -> Box<Status> {
    let mut details = value!({"name": (last.name()), "kind": (kind.resource.plural()), "uid": (last.uid())});
    if !kind.resource.group().is_empty() {
        details.set_at(&["group"], kind.resource.group());
    }
    Box::new(Status::new(200, "", "").details(details))
}
