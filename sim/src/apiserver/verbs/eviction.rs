//! The eviction subresource: a deletion that disruption budgets may refuse.
//!
//! Recorded in `eviction-no-pdb`: the pod first gets the condition DisruptionTarget, then is deleted. What budgets say is in
//! `budget`.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::Reply;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::{Answer, Body, Options, Request, Status};

impl ApiServer {
    pub(super) fn evict(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        let eviction = match &request.body {
            Body::Object(eviction) => eviction,
            Body::Undecodable(status) => return Err(status.clone()),
            Body::None | Body::Patch(..) => return Err(Box::new(Status::bad_request("EOF"))),
        };
        if !eviction.name().is_empty() && eviction.name() != request.name {
            let message = "name in URL does not match name in Eviction object";
            return Err(Box::new(Status::bad_request(message)));
        }
        let pod = self.stored(kind, request)?;
        let options = delete_options(request, eviction);
        super::delete::preconditions(kind, &pod, &options)?;
        self.ask_budget(&pod, options.dry_run, out)?;
        let pod = if options.dry_run || pod.is_terminating() {
            pod
        } else {
            let root = marked(&pod, &self.timestamp());
            self.put(kind, request.key(), root, pod.managed().clone(), None, out)
        };
        // The condition has changed the version that the client knows.
        let options = Options { precondition_version: None, ..options };
        self.remove_one(kind, &pod, &options, out)?;
        Ok(Answer::Status(Box::new(Status::new(201, "", ""))))
    }
}

/// The delete options that an eviction carries.
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

/// The pod with the condition that tells why it goes.
fn marked(pod: &Object, now: &str) -> Value {
    let condition = value!({
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"
    });
    let conditions = pod.items_at(&["status", "conditions"]).iter();
    let others = conditions.filter(|c| c.str_at(&["type"]) != Some("DisruptionTarget")).cloned();
    let conditions: Vec<Value> = others.chain([condition]).collect();
    let mut root = pod.root().clone();
    root.set_at(&["status", "conditions"], conditions);
    root
}
