//! What the injector knows of objects: birth names, kinds and labels, learnt from commits. Used to tell which event a
//! message is, not to decide what is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::{LabelSelector, Object, Str};
use crate::scenario::{EventPattern, EventVerb};
use crate::wire::{Birth, Body, Commit, ObjectKey, Request, Resource, Verb};

/// All that was learnt.
#[derive(Debug, Default)]
pub(super) struct Known {
    objects: BTreeMap<(Resource, ObjectKey), (Str, Arc<Object>)>,
    kinds: BTreeMap<Resource, Str>,
    creates: BTreeMap<(Resource, Str, Str), u64>,
}

/// One request or watch event, as patterns see it.
#[derive(Debug)]
pub(super) struct Happening<'a> {
    pub(super) verb: EventVerb,
    resource: Resource,
    kind: Str,
    subresource: &'a str,
    namespace: &'a str,
    name: Str,
    object: Option<&'a Object>,
}

impl Known {
    /// Learns from a commit.
    pub(super) fn learn(&mut self, commit: &Commit) {
        let at = (commit.resource, commit.key.clone());
        let Some(new) = &commit.new else {
            self.objects.remove(&at);
            return;
        };
        self.kinds.entry(commit.resource).or_insert_with(|| new.kind().into());
        match (&commit.birth, self.objects.get_mut(&at)) {
            (Some(birth), _) => {
                self.count(commit.resource, &commit.key.namespace, birth);
                self.objects.insert(at, (birth.to_string().into(), new.clone()));
            }
            (None, Some(known)) => known.1 = new.clone(),
            (None, None) => {}
        }
    }

    fn count(&mut self, resource: Resource, namespace: &Str, birth: &Birth) {
        if birth.generated {
            self.creates.insert((resource, namespace.clone(), birth.prefix.clone()), birth.nth);
        }
    }

    /// The birth name of an object; its name if its birth was not seen.
    pub(super) fn birth(&self, resource: Resource, key: &ObjectKey) -> Str {
        self.objects
            .get(&(resource, key.clone()))
            .map_or_else(|| key.name.clone(), |(birth, _)| birth.clone())
    }

    /// A request as patterns see it; none for what is no request for a resource.
    pub(super) fn request<'a>(&'a self, request: &'a Request) -> Option<Happening<'a>> {
        let resource = request.resource?;
        let body = if let Body::Object(object) = &request.body { Some(&**object) } else { None };
        let known = self.objects.get(&(resource, request.key()));
        let name = match (&request.verb, known) {
            (Verb::Create, _) if request.subresource.is_empty() => self.name_to_be(resource, request, body),
            (Verb::List | Verb::Watch | Verb::DeleteCollection, _) => "*".into(),
            (_, Some((birth, _))) => birth.clone(),
            (_, None) => request.name.clone(),
        };
        let object = body.or(known.map(|(_, object)| &**object));
        let kind = self.kinds.get(&resource).cloned();
        Some(Happening {
            verb: event_verb(request.verb)?,
            resource,
            kind: kind.or_else(|| body.map(|body| body.kind().into())).unwrap_or_default(),
            subresource: &request.subresource,
            namespace: &request.namespace,
            name,
            object,
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

    /// A watch event as patterns see it.
    pub(super) fn watch_event<'a>(
        &'a self,
        verb: EventVerb,
        resource: Resource,
        object: &'a Object,
    ) -> Happening<'a> {
        let name = self.birth(resource, &ObjectKey::of(object));
        let (kind, namespace) = (object.kind().into(), object.namespace());
        Happening { verb, resource, kind, subresource: "", namespace, name, object: Some(object) }
    }
}

impl Happening<'_> {
    /// Whether this is one of the events that a pattern means, whoever takes part in it.
    pub(super) fn is(&self, pattern: &EventPattern) -> bool {
        let namespace = if self.namespace.is_empty() { EventPattern::CLUSTER } else { self.namespace };
        let (group, plural) = (self.resource.group(), self.resource.plural());
        let kind_fits = match &pattern.kind {
            // Leases and Events are written all the time: they count only where they are named.
            None => !matches!(plural, "leases" | "events"),
            Some(kind) => kind.matches(group, plural, &self.kind),
        };
        kind_fits
            && pattern.verb.matches(self.verb)
            && pattern.subresource.as_deref().unwrap_or_default() == self.subresource
            && (pattern.namespace.matches(namespace) || pattern.namespace.matches(self.namespace))
            && pattern.name.matches(&self.name)
            && pattern.selector.as_deref().is_none_or(|selector| self.has_labels(selector))
    }

    fn has_labels(&self, selector: &str) -> bool {
        let labels = self.object.and_then(Object::labels);
        LabelSelector::parse(selector).is_ok_and(|selector| selector.matches(labels))
    }
}

fn event_verb(verb: Verb) -> Option<EventVerb> {
    Some(match verb {
        Verb::Get => EventVerb::Get,
        Verb::List => EventVerb::List,
        Verb::Watch => EventVerb::Watch,
        Verb::Create => EventVerb::Create,
        Verb::Update => EventVerb::Update,
        Verb::Patch => EventVerb::Patch,
        Verb::Delete => EventVerb::Delete,
        Verb::DeleteCollection => EventVerb::DeleteCollection,
        Verb::Raw => return None,
    })
}
