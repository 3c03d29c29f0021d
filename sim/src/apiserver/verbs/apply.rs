//! Server-side apply to an object or its status. Applying an absent object creates it.
//!
//! `object::patch::apply` decides on field owners and conflicts. This file drops the parts of the config that the endpoint
//! ignores, and handles the result as a create or update.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::{VerbResult, body, write};
use crate::object::patch::apply::{self, ApplyError, Conflicts};
use crate::object::{Map, Object, Value};
use crate::value;
use crate::wire::{Request, Status};

impl ApiServer {
    pub(super) fn apply(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        sent: &Value,
        out: &mut Replies,
    ) -> VerbResult {
        body::of_kind(kind, sent)?;
        body::fits_url(request, sent)?;
        if !sent.items_at(&["metadata", "managedFields"]).is_empty() {
            return Err(Box::new(Status::bad_request("metadata.managedFields must be nil")));
        }
        let stored = self.store.get(kind.storage, &request.key()).cloned();
        if stored.is_none() && !request.subresource.is_empty() {
            return Err(errors::not_found(kind.resource, &request.name));
        }
        let shown = stored.as_ref().map(|object| self.view(kind).of(object));
        let live = shown.as_deref().map(|object| (object.root(), object.managed()));
        let writer = write::writer(kind, request, self.timestamp());
        let config = config(kind, request, sent);
        let applied = apply::apply(live, &config, &writer, request.options.force, kind.shape())
            .map_err(|error| refusal(&error))?;
        let old = shown.as_deref().map(Object::root);
        let decoded = write::decode(kind, request, &applied.root, old)
            .map_err(|why| Box::new(Status::new(500, "", why)))?;
        match stored {
            Some(stored) => self.replace(kind, request, &stored, decoded, Some(applied.managed), out),
            None => self.add(kind, request, decoded, applied.managed, out),
        }
    }
}

/// The parts of the sent config that count: without status for the object, only status for `/status`.
fn config(kind: &Kind, request: &Request, sent: &Value) -> Value {
    let mut config = sent.clone();
    config.set_at(&["metadata", "name"], request.name.clone());
    if request.subresource == "status" {
        let kept = |key: &str| matches!(key, "apiVersion" | "kind" | "metadata" | "status");
        let entries = config.as_map().into_iter().flatten();
        config = Value::Map(entries.filter(|(key, _)| kept(key.as_str())).cloned().collect::<Map>());
    } else if kind.drops_status() {
        config.remove_at(&["status"]);
    }
    config
}

fn refusal(error: &ApplyError) -> Box<Status> {
    match error {
        ApplyError::Untyped(why) => Box::new(Status::new(500, "", why.as_str())),
        ApplyError::Conflicts(conflicts) => conflict(conflicts),
    }
}

/// 409: other managers own fields that would change.
fn conflict(conflicts: &Conflicts) -> Box<Status> {
    let causes = conflicts.0.iter().map(|conflict| {
        let (message, path) = (conflict.message(), conflict.path.as_str());
        value!({"reason": "FieldManagerConflict", "message": message, "field": path})
    });
    let mut details = Value::empty_map();
    details.set_at(&["causes"], Value::list(causes));
    Box::new(Status::new(409, "Conflict", conflicts.to_string()).details(details))
}
