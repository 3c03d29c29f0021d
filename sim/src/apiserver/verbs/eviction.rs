//! The eviction subresource: a delete that disruption budgets may refuse (`budget`).
//!
//! Recorded in `eviction-no-pdb`: the pod first gets the condition DisruptionTarget, then it is deleted.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::tree::replace_condition;
use super::{VerbResult, body};
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::{Answer, Options, Request, Status};

impl ApiServer {
    pub(super) fn evict(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let eviction = body::object_of_any_kind(request)?;
        if !eviction.name().is_empty() && eviction.name() != request.name {
            let message = "name in URL does not match name in Eviction object";
            return Err(Box::new(Status::bad_request(message)));
        }
        let pod = self.stored(kind, request)?;
        let options = delete_options(request, eviction);
        super::delete::preconditions(kind, &pod, &options)?;
        self.check_budget(&pod, options.dry_run, out)?;
        let pod = if options.dry_run || pod.is_terminating() {
            pod
        } else {
            let root = with_disruption_target(&pod, &self.timestamp());
            self.put(kind, request.key(), root, pod.managed().clone(), None, out)
        };
        // The condition changed the version; the precondition was checked above.
        let options = Options { precondition_version: None, ..options };
        self.remove_one(kind, &pod, &options, out)?;
        Ok(Answer::Status(Box::new(Status::new(201, "", ""))))
    }
}

/// The delete options of an eviction.
fn delete_options(request: &Request, eviction: &Object) -> Options {
    let sent = eviction.at(&["deleteOptions"]).unwrap_or(&Value::Null);
    let text = |path: &[&str]| sent.str_at(path).map(Str::new);
    Options {
        dry_run: request.options.dry_run || !sent.items_at(&["dryRun"]).is_empty(),
        grace_s: sent.i64_at(&["gracePeriodSeconds"]),
        propagation: text(&["propagationPolicy"]).unwrap_or_default(),
        precondition_uid: text(&["preconditions", "uid"]),
        precondition_version: text(&["preconditions", "resourceVersion"]),
        ..Options::default()
    }
}

/// The pod with the condition that says why it is deleted.
fn with_disruption_target(pod: &Object, now: &str) -> Value {
    let condition = value!({
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"
    });
    let mut root = pod.root().clone();
    root.set_at(&["status", "conditions"], replace_condition(pod.conditions(), condition));
    root
}
