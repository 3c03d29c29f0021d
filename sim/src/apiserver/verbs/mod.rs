//! The verbs, one per file. Each takes a request with the kind it names and answers it.
//!
//! - `get`, `list`, `watch`: reads; `page`: continue tokens; `versions`: the resourceVersion parameter
//! - `create`, `update`, `patch`, `delete`, `delete_collection`: writes
//! - `apply`: the patch that knows owners
//! - `binding`, `eviction`, `finalize`, `scale`: subresources
//! - `write`: what every write goes through
//! - `body`: what a request's object must be; `meta`: the fields of metadata that are the server's
//!
//! To add a subresource: one file here and one line in `subresource`.

mod apply;
mod binding;
mod body;
mod create;
mod delete;
mod delete_collection;
mod eviction;
mod finalize;
mod get;
mod list;
mod meta;
mod page;
mod patch;
mod scale;
mod update;
mod versions;
mod watch;
mod write;

use std::sync::Arc;

use super::discovery::page_not_found;
use super::errors;
use super::kind::Kind;
use super::server::{ApiServer, Replies};
use crate::object::FieldError;
use crate::wire::{Answer, Body, Request, Status, Verb};

/// An answer, or a failure to be answered.
pub(super) type Reply = Result<Answer, Box<Status>>;

impl ApiServer {
    /// Answers a request.
    pub(super) fn handle(&mut self, request: Request, out: &mut Replies) -> Reply {
        if request.verb == Verb::Raw {
            if let Body::Undecodable(status) = &request.body {
                return Err(status.clone());
            }
            return Ok(super::discovery(&self.registry, &request.path, "application/json"));
        }
        let kind = match self.kind_of(&request) {
            Ok(kind) => kind,
            Err(reply) => return reply,
        };
        if !request.subresource.is_empty() {
            return self.subresource(&kind, request, out);
        }
        allowed(&kind, &request)?;
        match request.verb {
            Verb::Get => self.read(&kind, &request),
            Verb::List => self.list(&kind, &request),
            Verb::Watch => self.watch(&kind, &request, out),
            Verb::Create if kind.resource.as_str() == binding::RESOURCE => self.bind_named(request, out),
            Verb::Create => self.create(&kind, &request, out),
            Verb::Update => self.update(&kind, &request, out),
            Verb::Patch => self.patch(&kind, &request, out),
            Verb::Delete => self.delete(&kind, &request, out),
            Verb::DeleteCollection => self.delete_collection(&kind, &request, out),
            Verb::Raw => unreachable!("answered above"),
        }
    }

    /// The kind that a request names. What is not served is a Status in a built-in group and plain text elsewhere.
    fn kind_of(&self, request: &Request) -> Result<Arc<Kind>, Reply> {
        let resource = request.resource.ok_or_else(|| Err(Box::new(Status::page_not_found())))?;
        let Some(kind) = self.registry.lookup(resource) else {
            let built_in = |kind: &&Arc<Kind>| !kind.custom && kind.api_version() == resource.api_version();
            return Err(match self.registry.iter().find(built_in) {
                Some(_) => Err(Box::new(Status::page_not_found())),
                None => Ok(page_not_found()),
            });
        };
        let one_namespace = !request.name.is_empty() || !matches!(request.verb, Verb::List | Verb::Watch);
        if kind.custom && kind.namespaced && request.namespace.is_empty() && one_namespace {
            return Err(Ok(page_not_found()));
        }
        if !kind.is_modelled() || kind.resource.as_str() == "autoscaling/v1/horizontalpodautoscalers" {
            return Err(Err(Box::new(Status::not_modelled(kind.resource.as_str()))));
        }
        Ok(kind.clone())
    }

    fn subresource(&mut self, kind: &Arc<Kind>, request: Request, out: &mut Replies) -> Reply {
        let Some(subresource) = kind.subresource(&request.subresource) else {
            // A custom resource without the subresource is as absent as its object.
            return Err(match kind.custom {
                true => errors::not_found(kind.resource, &request.name),
                false => Box::new(Status::page_not_found()),
            });
        };
        let verb = request.verb.as_str();
        if !subresource.verbs.iter().any(|known| known == verb) {
            return Err(match kind.custom {
                true => errors::not_supported(kind.resource, verb),
                false => errors::method_not_allowed(),
            });
        }
        match (request.subresource.as_str(), request.verb) {
            ("status", Verb::Get) => self.read(kind, &request),
            ("status", Verb::Update) => self.update(kind, &request, out),
            ("status", Verb::Patch) => self.patch(kind, &request, out),
            ("binding", Verb::Create) => self.bind(kind, &request, out),
            ("eviction", Verb::Create) => self.evict(kind, &request, out),
            ("finalize", Verb::Update) => self.finalize(kind, &request, out),
            ("scale", _) => self.scale(kind, &request, out),
            (name, verb) => {
                // A real server looks for the object first.
                self.stored(kind, &request)?;
                let what = format!("{} of {}/{name}", verb.as_str(), kind.resource.plural());
                Err(Box::new(Status::not_modelled(what)))
            }
        }
    }
}

/// Refuses verbs that the kind does not have, and writes to all namespaces at once.
fn allowed(kind: &Kind, request: &Request) -> Result<(), Box<Status>> {
    let everywhere = kind.namespaced && request.namespace.is_empty();
    let one_namespace = !matches!(request.verb, Verb::List | Verb::Watch);
    if !kind.has_verb(request.verb.as_str()) || (everywhere && one_namespace) {
        return Err(errors::method_not_allowed());
    }
    Ok(())
}

/// A complaint about a field that may not be there.
fn forbidden(field: &str, why: &str) -> FieldError {
    FieldError::new(field, "FieldValueForbidden", format!("Forbidden: {why}"))
}

/// 422 about query parameters or delete options, if there is anything to complain about.
fn options_hold(kind: &str, errors: &[FieldError]) -> Result<(), Box<Status>> {
    if errors.is_empty() { Ok(()) } else { Err(errors::invalid("meta.k8s.io", kind, "", errors)) }
}

#[cfg(test)]
mod tests;
