//! From a request to its verb. The server must serve the resource, and the resource must support the verb.

use std::sync::Arc;

use super::super::discovery::{discovery, page_not_found};
use super::super::errors;
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::{VerbResult, binding};
use crate::wire::{Body, Request, Status, Verb};

impl ApiServer {
    /// Answers a request.
    pub(in super::super) fn handle(&mut self, request: Box<Request>, out: &mut Replies) -> VerbResult {
        if request.verb == Verb::Raw {
            if let Body::Undecodable(status) = &request.body {
                return Err(status.clone());
            }
            return Ok(discovery(&self.registry, &request.path, "application/json"));
        }
        let kind = match self.kind_of(&request) {
            Ok(kind) => kind,
            Err(reply) => return reply,
        };
        if !request.subresource.is_empty() {
            return self.subresource(&kind, &request, out);
        }
        check_verb(&kind, &request)?;
        match request.verb {
            Verb::Get => self.read(&kind, &request),
            Verb::List => self.list(&kind, &request),
            Verb::Watch => self.watch(&kind, &request, out),
            Verb::Create if kind.resource.as_str() == binding::RESOURCE => self.bind_named(*request, out),
            Verb::Create => self.create(&kind, &request, out),
            Verb::Update => self.update(&kind, &request, out),
            Verb::Patch => self.patch(&kind, &request, out),
            Verb::Delete => self.delete(&kind, &request, out),
            Verb::DeleteCollection => self.delete_collection(&kind, &request, out),
            Verb::Raw => unreachable!("answered above"),
        }
    }

    /// The kind that a request names. An unknown resource gets a Status in built-in groups, and plain text elsewhere.
    fn kind_of(&self, request: &Request) -> Result<Arc<Kind>, VerbResult> {
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
        if !kind.modelled || kind.resource.as_str() == "autoscaling/v1/horizontalpodautoscalers" {
            return Err(Err(Box::new(Status::not_modelled(kind.resource.as_str()))));
        }
        Ok(kind.clone())
    }

    fn subresource(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let Some(subresource) = kind.subresource(&request.subresource) else {
            // For a custom resource, a missing subresource is reported like a missing object.
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
            ("status", Verb::Get) => self.read(kind, request),
            ("status", Verb::Update) => self.update(kind, request, out),
            ("status", Verb::Patch) => self.patch(kind, request, out),
            ("binding", Verb::Create) => self.bind(kind, request, out),
            ("eviction", Verb::Create) => self.evict(kind, request, out),
            ("finalize", Verb::Update) => self.finalize(kind, request, out),
            ("scale", _) => self.scale(kind, request, out),
            (name, verb) => {
                // As on a real server, a missing object is reported first.
                self.stored(kind, request)?;
                let what = format!("{} of {}/{name}", verb.as_str(), kind.resource.plural());
                Err(Box::new(Status::not_modelled(what)))
            }
        }
    }
}

/// Refuses verbs that the kind does not support, and writes to all namespaces at once.
fn check_verb(kind: &Kind, request: &Request) -> Result<(), Box<Status>> {
    let everywhere = kind.namespaced && request.namespace.is_empty();
    let one_namespace = !matches!(request.verb, Verb::List | Verb::Watch);
    if !kind.has_verb(request.verb.as_str()) || (everywhere && one_namespace) {
        return Err(errors::method_not_allowed());
    }
    Ok(())
}
