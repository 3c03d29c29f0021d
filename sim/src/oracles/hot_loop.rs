//! `hot_loop`: a program that keeps writing while nothing changes, or never waits.
//!
//! Judged in the settle window only, on hosts only; Leases, Events and reviews are left out. An object is the same whatever
//! its uid, so that deleting and recreating it counts.

use std::collections::{BTreeMap, VecDeque};

use super::Violation;
use crate::engine::{Millis, SECOND, Time};
use crate::wire::{ActorClass, Addr, Entry, History, ObjectKey, Resource, What};

/// The time over which writes are counted, in ms (ORACLES).
const WINDOW_MS: Millis = 60 * SECOND;
/// Writes that change an object, in the window (ORACLES).
const CHANGES: usize = 10;
/// Mutating requests, no-ops and failures too, in the window (ORACLES).
const REQUESTS: usize = 30;

/// What is counted together.
type Place = (Addr, Resource, ObjectKey);

/// The first hot loop since `since`.
pub fn hot_loop(history: &History, since: Time) -> Option<Violation> {
    let mut changes = Counter::new(CHANGES);
    let mut requests = Counter::new(REQUESTS);
    let entries = history.record.entries();
    let start = entries.partition_point(|entry| entry.time < since);
    for entry in &entries[start..] {
        if history.actor(entry.actor).class != ActorClass::Host {
            continue;
        }
        let (place, counter, what) = match &entry.what {
            What::Commit(commit) if counts(commit.resource) => {
                ((entry.actor, commit.resource, commit.key.clone()), &mut changes, "changed")
            }
            What::Request { verb, resource: Some(resource), key, .. }
                if verb.is_write() && counts(*resource) =>
            {
                ((entry.actor, *resource, key.clone()), &mut requests, "tried to write")
            }
            _ => continue,
        };
        if counter.add(place, entry.time) {
            return Some(found(history, entry, what, counter.limit));
        }
    }
    None
}

fn counts(resource: Resource) -> bool {
    !matches!(resource.plural(), "leases" | "events") && !resource.plural().ends_with("reviews")
}

fn found(history: &History, entry: &Entry, what: &str, count: usize) -> Violation {
    let (resource, key) = match &entry.what {
        What::Commit(commit) => (Some(commit.resource), commit.key.clone()),
        What::Request { resource, key, .. } => (*resource, key.clone()),
        _ => (None, ObjectKey::default()),
    };
    let (who, plural) = (&history.actor(entry.actor).name, resource.map_or("", Resource::plural));
    let message = format!(
        "{who} {what} {plural} {key} {count} times in {} s although all had converged",
        WINDOW_MS / SECOND
    );
    Violation::new("hot_loop", entry.time, message)
}

/// A program that does not let time pass.
pub fn spinning(time: Time) -> Violation {
    let message =
        "a program does not let time pass: polled 1,000,000 times or sent 10,000 requests at one instant";
    Violation::new("hot_loop", time, message)
}

/// Counts events per place in a sliding window.
struct Counter {
    limit: usize,
    times: BTreeMap<Place, VecDeque<Time>>,
}

impl Counter {
    fn new(limit: usize) -> Self {
        Self { limit, times: BTreeMap::new() }
    }

    /// Counts one. True: the limit is reached.
    fn add(&mut self, place: Place, time: Time) -> bool {
        let times = self.times.entry(place).or_default();
        times.push_back(time);
        while times.front().is_some_and(|first| time.since(*first) >= WINDOW_MS) {
            times.pop_front();
        }
        times.len() >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::Object;
    use crate::value;
    use crate::wire::resource::{CONFIG_MAPS, LEASES};
    use crate::wire::{Actor, Commit};

    fn history(resource: Resource, class: ActorClass, every_ms: i64) -> History {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class });
        for i in 0..20 {
            let object = Object::shared(value!({"metadata": {"name": "a", "namespace": "default"}}));
            let key = ObjectKey::of(&object);
            let commit = Commit {
                revision: 1,
                resource,
                key,
                old: Some(object.clone()),
                new: Some(object),
                birth: None,
            };
            let what = What::Commit(Arc::new(commit));
            history.record.push(Entry { time: Time(i * every_ms), actor: Addr(0), what });
        }
        history
    }

    #[test]
    fn a_host_that_changes_an_object_ten_times_a_minute_is_found() {
        let found = hot_loop(&history(*CONFIG_MAPS, ActorClass::Host, 5000), Time::ZERO).unwrap();
        assert_eq!(found.time, Time(45_000));
        assert!(found.message.contains("op changed configmaps default/a 10 times"), "{found}");
    }

    #[test]
    fn slow_writers_leases_and_the_control_plane_are_not() {
        assert_eq!(hot_loop(&history(*CONFIG_MAPS, ActorClass::Host, 7000), Time::ZERO), None);
        assert_eq!(hot_loop(&history(*LEASES, ActorClass::Host, 1000), Time::ZERO), None);
        assert_eq!(hot_loop(&history(*CONFIG_MAPS, ActorClass::System, 1000), Time::ZERO), None);
    }
}
