//! What a request or a watch event is to a pattern, and the wait for the n-th that a pattern means.

use crate::object::{LabelSelector, Object, Str};
use crate::scenario::{EventPattern, EventVerb, Moment};
use crate::wire::{Addr, Request, RequestId, Resource, Verb};

/// One request or watch event, as patterns see it.
#[derive(Debug)]
pub(super) struct Occurrence<'a> {
    pub(super) verb: EventVerb,
    pub(super) resource: Resource,
    pub(super) kind: &'a str,
    pub(super) subresource: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: Str,
    pub(super) object: Option<&'a Object>,
}

impl Occurrence<'_> {
    /// Whether this is one of the events that a pattern means, whoever takes part in it.
    pub(super) fn is(&self, pattern: &EventPattern) -> bool {
        let namespace = if self.namespace.is_empty() { EventPattern::CLUSTER } else { self.namespace };
        let (group, plural) = (self.resource.group(), self.resource.plural());
        let kind_fits = match &pattern.kind {
            // Leases and Events are written all the time: they count only where they are named.
            None => !matches!(plural, "leases" | "events"),
            Some(kind) => kind.matches(group, plural, self.kind),
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

/// The wait for the n-th occurrence of an event.
#[derive(Clone, Debug)]
pub(super) struct EventWait {
    pub(super) event: EventPattern,
    pub(super) moment: Moment,
    /// Which occurrence, from 1.
    nth: u64,
    seen: u64,
    /// The request that is the occurrence and is not through yet.
    chosen: Option<(Addr, RequestId)>,
}

impl EventWait {
    pub(super) fn new(event: EventPattern, moment: Moment, nth: u64) -> Self {
        debug_assert!(nth > 0, "occurrences count from 1: readers of files and plans refuse 0");
        Self { event, moment, nth, seen: 0, chosen: None }
    }

    /// Whether it waits for watch events.
    pub(super) fn is_for_watch_events(&self) -> bool {
        self.event.verb.class() == EventVerb::WatchEvent
    }

    /// Whether its occurrence has come as a request that is not through yet.
    pub(super) fn is_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Counts a request that is one of the events. True: it is the occurrence.
    pub(super) fn count_request(&mut self, request: &Request) -> bool {
        self.seen += 1;
        let is_it = self.seen == self.nth;
        if is_it {
            self.chosen = Some((request.from, request.id));
        }
        is_it
    }

    /// Counts so many watch events. True: the occurrence is among them.
    pub(super) fn count_watch_events(&mut self, count: u64) -> bool {
        let before = self.seen;
        self.seen += count;
        before < self.nth && self.seen >= self.nth
    }

    /// Whether its occurrence is this request, which has come to this moment.
    pub(super) fn is_at(&self, moment: Moment, request: &Request) -> bool {
        self.moment == moment && self.chosen == Some((request.from, request.id))
    }

    /// The occurrence is through.
    pub(super) fn is_through(&mut self) {
        self.chosen = None;
    }
}

/// The verb of a request, as patterns name it; none for what is no request for a resource.
pub(super) fn event_verb(verb: Verb) -> Option<EventVerb> {
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
