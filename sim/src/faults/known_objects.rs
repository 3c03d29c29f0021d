//! What the injector knows of objects: birth names and labels, learnt from commits. It tells which event a message is; what is
//! true the server says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::events::{Occurrence, event_verb};
use crate::object::{Object, Str};
use crate::scenario::{EventPattern, EventVerb};
use crate::wire::resource::LEASES;
use crate::wire::{Birth, Body, Commit, ObjectKey, Passing, Request, Resource, Streaming, Verb, WatchEvent};

/// All that was learnt.
#[derive(Debug, Default)]
pub(super) struct KnownObjects {
    objects: BTreeMap<(Resource, ObjectKey), (Str, Arc<Object>)>,
    creates: BTreeMap<(Resource, Str, Str), u64>,
}

impl KnownObjects {
    /// Learns from a commit.
    pub(super) fn learn(&mut self, commit: &Commit) {
        let at = (commit.resource, commit.key.clone());
        let Some(new) = &commit.new else {
            self.objects.remove(&at);
            return;
        };
        match (&commit.birth, self.objects.get_mut(&at)) {
            (Some(birth), _) => {
                if birth.generated {
                    let born = (commit.resource, commit.key.namespace.clone(), birth.prefix.clone());
                    self.creates.insert(born, birth.nth);
                }
                self.objects.insert(at, (birth.to_string().into(), new.clone()));
            }
            (None, Some(known)) => known.1 = new.clone(),
            (None, None) => {}
        }
    }

    /// The birth name of an object; its name if its birth was not seen.
    pub(super) fn birth(&self, resource: Resource, key: &ObjectKey) -> Str {
        self.objects
            .get(&(resource, key.clone()))
            .map_or_else(|| key.name.clone(), |(birth, _)| birth.clone())
    }

    /// Whether the process with this name holds a Lease. client-go appends `_` and a random part to the name.
    pub(super) fn holds_a_lease(&self, name: &str) -> bool {
        let leases = self.objects.range((*LEASES, ObjectKey::default())..);
        let leases = leases.take_while(|((resource, _), _)| *resource == *LEASES);
        leases.filter_map(|(_, (_, lease))| lease.str_at(&["spec", "holderIdentity"])).any(|holder| {
            holder.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        })
    }

    /// A request as patterns see it; none for what is no request for a resource.
    pub(super) fn request<'a>(&'a self, passing: Passing<'a>) -> Option<Occurrence<'a>> {
        let request = passing.request;
        let resource = request.resource?;
        let body = if let Body::Object(object) = &request.body { Some(&**object) } else { None };
        let known = self.objects.get(&(resource, request.key()));
        let name = match (&request.verb, known) {
            (Verb::Create, _) if request.subresource.is_empty() => self.name_to_be(resource, request, body),
            (Verb::List | Verb::Watch | Verb::DeleteCollection, _) => "*".into(),
            (_, Some((birth, _))) => birth.clone(),
            (_, None) => request.name.clone(),
        };
        Some(Occurrence {
            verb: event_verb(request.verb)?,
            resource,
            kind: passing.kind,
            subresource: &request.subresource,
            namespace: &request.namespace,
            name,
            object: body.or(known.map(|(_, object)| &**object)),
        })
    }

    /// The birth name that an object will have if this create succeeds.
    fn name_to_be(&self, resource: Resource, request: &Request, body: Option<&Object>) -> Str {
        let Some(body) = body else { return request.name.clone() };
        if !body.name().is_empty() {
            return body.name().into();
        }
        let prefix = Str::from(body.meta("generateName"));
        let before =
            self.creates.get(&(resource, request.namespace.clone(), prefix.clone())).copied().unwrap_or(0);
        Birth { prefix, nth: before + 1, generated: true }.to_string().into()
    }

    /// How many of the events of a stream a pattern means.
    pub(super) fn count(&self, stream: Streaming<'_>, events: &[WatchEvent], pattern: &EventPattern) -> u64 {
        let is = |event: &&WatchEvent| {
            let (verb, object) = match event {
                WatchEvent::Added(object) => (EventVerb::Added, object),
                WatchEvent::Modified(object) => (EventVerb::Modified, object),
                WatchEvent::Deleted(object) => (EventVerb::Deleted, object),
                WatchEvent::Bookmark { .. } | WatchEvent::Error(_) => return false,
            };
            self.watch_event(verb, stream.resource, object).is(pattern)
        };
        events.iter().filter(is).count() as u64
    }

    /// A watch event as patterns see it.
    fn watch_event<'a>(&'a self, verb: EventVerb, resource: Resource, object: &'a Object) -> Occurrence<'a> {
        let name = self.birth(resource, &ObjectKey::of(object));
        let (kind, namespace) = (object.kind(), object.namespace());
        Occurrence { verb, resource, kind, subresource: "", namespace, name, object: Some(object) }
    }
}
