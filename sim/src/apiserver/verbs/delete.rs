//! Delete: preconditions, finalizers, grace, propagation. What has a finalizer or grace only begins to go.
//!
//! Real: the object goes at once, or gets a deletionTimestamp; dependents are the garbage collector's matter.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::{crd, errors};
use super::Reply;
use crate::engine::SECOND;
use crate::object::names::{DEFAULT_NAMESPACE, PUBLIC_NAMESPACE, SYSTEM_NAMESPACE};
use crate::object::{FieldError, Object, Value};
use crate::value;
use crate::wire::resource::{CRDS, NAMESPACES};
use crate::wire::{Answer, ObjectKey, Options, Request, Status};

/// Kinds whose deletion answers with the object, not with a Status (recorded in `delete-response-shapes`).
const ANSWER_WITH_OBJECT: &[&str] = &[
    "v1/persistentvolumeclaims",
    "v1/persistentvolumes",
    "v1/pods",
    "v1/podtemplates",
    "v1/resourcequotas",
    "v1/serviceaccounts",
    "v1/services",
];
/// Namespaces that cannot be deleted (admission plugin NamespaceLifecycle).
const IMMORTAL: [&str; 3] = [DEFAULT_NAMESPACE, PUBLIC_NAMESPACE, SYSTEM_NAMESPACE];
/// A pod's grace where neither it nor the client names one, in seconds (`DefaultTerminationGracePeriodSeconds`).
const GRACE_S: i64 = 30;
/// The finalizer of foreground deletion.
const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer of orphaning.
const ORPHAN: &str = "orphan";

/// What became of an object.
enum Outcome {
    /// It is gone; this is what it was.
    Gone(Arc<Object>),
    /// It is still there.
    Kept(Arc<Object>),
}

impl ApiServer {
    pub(super) fn delete(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        check(&request.options)?;
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
            Outcome::Kept(kept) => object(kept),
            Outcome::Gone(gone) if ANSWER_WITH_OBJECT.contains(&kind.resource.as_str()) => object(gone),
            Outcome::Gone(gone) => Ok(Answer::Status(success(kind, &gone))),
        }
    }

    /// Deletes one object as far as it goes, for `deletecollection`, evictions and definitions.
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
    ) -> Result<Outcome, Box<Status>> {
        preconditions(kind, stored, options)?;
        let key = ObjectKey::of(stored);
        let finalizers = finalizers(kind, stored, options);
        let grace_s = if kind.rules.graceful { grace_s(stored, options) } else { 0 };
        let held = !finalizers.is_empty()
            || kind.storage == *CRDS
            || (kind.storage == *NAMESPACES && namespace_holds(stored));
        if !held && !kind.rules.graceful {
            if options.dry_run {
                return Ok(Outcome::Gone(stored.clone()));
            }
            return Ok(Outcome::Gone(self.take(kind, key, stored, out)));
        }
        let root = self.terminating(kind, stored, finalizers, grace_s);
        let kept = if root == *stored.root() {
            stored.clone()
        } else if options.dry_run {
            Arc::new(stored.edited(|old| *old = root))
        } else {
            self.put(kind, key.clone(), root, stored.managed().clone(), None, out)
        };
        if held || remaining_grace_s(&kept) > 0 {
            return Ok(Outcome::Kept(kept));
        }
        // Recorded: a pod that goes at once is first marked, then removed.
        Ok(Outcome::Gone(if options.dry_run { kept } else { self.take(kind, key, &kept, out) }))
    }

    /// The object with its deletion begun, or begun more sternly.
    fn terminating(&self, kind: &Kind, stored: &Object, finalizers: Vec<Value>, grace_s: i64) -> Value {
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
            // A shorter grace counts from when the first one began.
            let ends = crate::engine::Time::parse_rfc3339(stored.meta("deletionTimestamp"));
            let began = ends.map_or(self.now, |t| t - (remaining_grace_s(stored).unsigned_abs() * SECOND));
            began.max(began + grace_s.unsigned_abs() * SECOND)
        } else {
            self.now + grace_s.unsigned_abs() * SECOND
        };
        root.set_at(&["metadata", "deletionTimestamp"], at.rfc3339());
        if !self_ending(kind) {
            root.set_at(&["metadata", "deletionGracePeriodSeconds"], grace_s);
        }
        if !stored.is_terminating() {
            if kind.rules.deletion_raises_generation && !self_ending(kind) && stored.generation() > 0 {
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

/// What delete options may not ask for.
fn check(options: &Options) -> Result<(), Box<Status>> {
    if matches!(options.propagation.as_str(), "" | "Background" | "Foreground" | "Orphan") {
        return Ok(());
    }
    let supported = ["Foreground", "Background", "Orphan", "nil"].map(Value::from);
    let error =
        FieldError::not_supported("propagationPolicy", &options.propagation.clone().into(), &supported);
    super::options_hold("DeleteOptions", &[error])
}

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

/// The finalizers after the propagation policy had its say (apiserver `deletionFinalizersForGarbageCollection`).
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

/// A pod's grace (pod strategy `CheckGracefulDelete`).
fn grace_s(stored: &Object, options: &Options) -> i64 {
    let bound = !stored.str_at(&["spec", "nodeName"]).unwrap_or_default().is_empty();
    if !bound || stored.is_finished_pod() {
        return 0;
    }
    let own = stored.i64_at(&["spec", "terminationGracePeriodSeconds"]);
    match options.grace_s.or(own).unwrap_or(GRACE_S) {
        negative if negative < 0 => 1,
        grace => grace,
    }
}

fn remaining_grace_s(object: &Object) -> i64 {
    object.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0)
}

/// Whether the server itself empties what is deleted, and has it go when that is done.
fn self_ending(kind: &Kind) -> bool {
    kind.storage == *NAMESPACES || kind.storage == *CRDS
}

/// Whether a namespace waits for its content to go.
fn namespace_holds(namespace: &Object) -> bool {
    !namespace.items_at(&["spec", "finalizers"]).is_empty()
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

fn success(kind: &Kind, gone: &Object) -> Box<Status> {
    let mut details = value!({"name": (gone.name()), "kind": (kind.resource.plural()), "uid": (gone.uid())});
    if !kind.resource.group().is_empty() {
        details.set_at(&["group"], kind.resource.group());
    }
    Box::new(Status::new(200, "", "").details(details))
}
