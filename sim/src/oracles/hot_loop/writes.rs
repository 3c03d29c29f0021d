//! Counts the writes of each host to each object in the last window, against the limits.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Millis, SECOND, Time};
use crate::oracles::Violation;
use crate::scenario::oracle;
use crate::wire::{ActorClass, Addr, Entry, History, ObjectKey, Resource, Verb, What};

/// The time over which writes are counted, in ms. Our choice, because a minute tells a poller from a loop.
const WINDOW_MS: Millis = 60 * SECOND;
/// Writes that change an object, in the window. Our choice, because a status with a timestamp that is written every 7 s stays
/// below, and a reconciler that wakes itself by its own writes is above within a second.
const CHANGES: usize = 10;
/// Requests that write, in the window. Our choice, because a correct controller that applies every 5 s, mostly without effect,
/// sends 12.
const REQUESTS: usize = 30;
/// The writes of hosts in the last window.
#[derive(Debug, Default)]
pub(super) struct Writes(BTreeMap<(Addr, Resource, ObjectKey, Limit), VecDeque<Time>>);

/// What is counted of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Limit {
    Changes,
    Requests,
}

impl Writes {
    /// Counts what an entry of a host writes. None of its writes before `since` count. `although` says what is right instead.
    pub(super) fn count(
        &mut self,
        entry: &Entry,
        history: &History,
        since: Time,
        although: &str,
    ) -> Option<Violation> {
        let actor = history.actor(entry.actor);
        if actor.class != ActorClass::Host || entry.time < since {
            return None;
        }
        match &entry.what {
            What::Commit(commit) if counts(commit.resource) => {
                let born = commit.birth.as_ref().filter(|birth| birth.generated);
                if let Some(birth) = born {
                    let key = ObjectKey::new(commit.key.namespace.clone(), birth.prefix.clone());
                    let place = (entry.actor, commit.resource, key, Limit::Requests);
                    return self.add(place, entry.time, since, (&actor.name, although));
                }
                let place = (entry.actor, commit.resource, commit.key.clone(), Limit::Changes);
                self.add(place, entry.time, since, (&actor.name, although))
            }
            What::Request { verb: Verb::Create, code: 200..300, .. } => None,
            What::Request { verb, resource: Some(resource), key, .. }
                if verb.is_write() && counts(*resource) =>
            {
                let place = (entry.actor, *resource, key.clone(), Limit::Requests);
                self.add(place, entry.time, since, (&actor.name, although))
            }
            _ => None,
        }
    }

    fn add(
        &mut self,
        place: (Addr, Resource, ObjectKey, Limit),
        now: Time,
        since: Time,
        (who, although): (&str, &str),
    ) -> Option<Violation> {
        let (resource, key, limit) = (place.1, place.2.clone(), place.3);
        let recent = self.0.entry(place).or_default();
        recent.push_back(now);
        while recent.front().is_some_and(|first| *first < since || now.since(*first) >= WINDOW_MS) {
            recent.pop_front();
        }
        let (most, what) = match limit {
            Limit::Changes => (CHANGES, "changed"),
            Limit::Requests => (REQUESTS, "tried to write"),
        };
        if recent.len() < most {
            return None;
        }
        let (plural, window) = (resource.plural(), WINDOW_MS / SECOND);
        let message = format!("{who} {what} {plural} {key} {most} times in {window} s although {although}");
        Some(Violation::new(oracle::HOT_LOOP, now, message))
    }
}

/// Whether writes of this resource are counted.
pub(super) fn counts(resource: Resource) -> bool {
    !matches!(resource.plural(), "leases" | "events") && !resource.plural().ends_with("reviews")
}
