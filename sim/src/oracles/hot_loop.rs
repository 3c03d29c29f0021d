//! `hot_loop`: a program writes one object again and again although nothing else happens, or does not let time pass.
//!
//! Counted, per host and object (resource, namespace and name, whatever its uid, so that deleting and creating again counts), in
//! any 60 s:
//! - [`CHANGES`] writes that changed the object's resourceVersion, or
//! - [`REQUESTS`] requests that write, among them those that change nothing and those that fail. A create that succeeds counts
//!   for the object that it made, or for the prefix of a generated name.
//!
//! They count at these times:
//! - from the moment since which the system is converged for good to the end of the settle window
//! - before the first fault strikes, also in setup ([`Loops`]): once nobody but the host has written anything for 60 s. A status
//!   that the control plane writes to an object which the host has just written is a consequence, and a node's heartbeat says
//!   nothing.
//!
//! At any time of a run, and counted over all programs together ([`spinning`]): [`REQUESTS_AT_ONCE`] answers at one instant, or a
//! million polls of programs at one instant (`programs::Stage` counts these).
//!
//! Not judged: users, faults and the control plane; Leases, Events and reviews, which correct programs write all the time; the
//! time of the faults. A program that never yields to the runtime is found by `stuck`.

use std::collections::{BTreeMap, VecDeque};

use super::{Observed, Violation};
use crate::engine::{Millis, SECOND, Time};
use crate::object::Object;
use crate::scenario::oracle;
use crate::wire::{ActorClass, Addr, Commit, Entry, History, ObjectKey, Resource, Verb, What, resource};

/// The time over which writes are counted, in ms. Our choice, because a minute tells a poller from a loop.
const WINDOW_MS: Millis = 60 * SECOND;
/// For how long nobody else may have written anything, in ms. Our choice: longer than what others do in reaction.
const QUIET_MS: Millis = 60 * SECOND;
/// Writes that change an object, in the window. Our choice, because a status with a timestamp that is written every 7 s stays
/// below, and a reconciler that wakes itself by its own writes is above within a second.
const CHANGES: usize = 10;
/// Requests that write, in the window. Our choice, because a correct controller that applies every 5 s, mostly without effect,
/// sends 12.
const REQUESTS: usize = 30;
/// Answers to all programs at one instant after which they count as a loop. Our choice, because latency spreads what programs
/// ask: thousands of answers in one millisecond are no traffic.
pub const REQUESTS_AT_ONCE: u32 = 10_000;

/// The first hot loop since the system is converged for good.
pub(super) fn hot_loop(run: &Observed<'_>) -> Option<Violation> {
    let since = run.converged?;
    let entries = run.history.record.entries();
    let start = entries.partition_point(|entry| entry.time < since);
    let mut writes = Writes::default();
    let mut entries = entries[start..].iter();
    entries.find_map(|entry| writes.count(entry, run.history, since, "all had converged"))
}

/// The writes of hosts in the last window.
#[derive(Debug, Default)]
struct Writes(BTreeMap<(Addr, Resource, ObjectKey, Limit), VecDeque<Time>>);

/// What is counted of an object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Limit {
    Changes,
    Requests,
}

impl Writes {
    /// Counts what an entry of a host writes. None of its writes before `since` count. `although` says what is right instead.
    fn count(&mut self, entry: &Entry, history: &History, since: Time, although: &str) -> Option<Violation> {
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

/// Follows a run entry by entry before its first fault, also through setup, and finds hosts that loop while nothing else changes.
#[derive(Debug, Default)]
pub struct Loops {
    writes: Writes,
    /// Who wrote last, and when.
    last: (Addr, Time),
    /// When somebody else than that wrote last.
    before: Time,
    /// The host that wrote an object last, and when.
    writers: BTreeMap<(Resource, ObjectKey), (Addr, Time)>,
}

impl Loops {
    /// Nobody has written anything since this time.
    pub fn new(start: Time) -> Self {
        Self { last: (Addr::default(), start), before: start, ..Self::default() }
    }

    /// Takes in the next entry of the record.
    pub fn on_entry(&mut self, entry: &Entry, history: &History) -> Option<Violation> {
        if let What::Commit(commit) = &entry.what
            && counts(commit.resource)
            && !is_heartbeat(commit)
        {
            self.note_writer(entry, commit, history);
        }
        let quiet_since = if self.last.0 == entry.actor { self.before } else { self.last.1 };
        self.writes.count(entry, history, quiet_since + QUIET_MS, "nothing else changed")
    }

    fn note_writer(&mut self, entry: &Entry, commit: &Commit, history: &History) {
        let is_host = history.actor(entry.actor).class == ActorClass::Host;
        let place = (commit.resource, commit.key.clone());
        let writer = if is_host {
            self.writers.insert(place, (entry.actor, entry.time));
            entry.actor
        } else {
            self.cause(entry, commit, history, &place).unwrap_or(entry.actor)
        };
        if self.last.0 != writer {
            self.before = self.last.1;
        }
        self.last = (writer, entry.time);
    }

    /// The host whose write the control plane reacts to, if it writes the status of an object that the host has just written.
    fn cause(
        &self,
        entry: &Entry,
        commit: &Commit,
        history: &History,
        place: &(Resource, ObjectKey),
    ) -> Option<Addr> {
        let (old, new) = (commit.old.as_ref()?, commit.new.as_ref()?);
        let is_status = old.at(&["spec"]) == new.at(&["spec"]) && old.generation() == new.generation();
        let (host, at) = self.writers.get(place)?;
        let is_reaction = history.actor(entry.actor).class == ActorClass::System && is_status;
        (is_reaction && entry.time.since(*at) < QUIET_MS).then_some(*host)
    }
}

/// Whether a kubelet has only said that its node is as before: it does so every five minutes.
fn is_heartbeat(commit: &Commit) -> bool {
    let (Some(old), Some(new)) = (&commit.old, &commit.new) else { return false };
    let same = |path: &[&str]| old.at(path) == new.at(path);
    let conditions = |object: &Object| -> Vec<(Option<String>, Option<String>)> {
        let text = |condition: &crate::object::Value, field| condition.str_at(&[field]).map(str::to_owned);
        object.conditions().iter().map(|c| (text(c, "type"), text(c, "status"))).collect()
    };
    commit.resource == *resource::NODES
        && same(&["spec"])
        && same(&["metadata", "labels"])
        && same(&["metadata", "annotations"])
        && conditions(old) == conditions(new)
}

/// Whether writes of this resource are counted.
fn counts(resource: Resource) -> bool {
    !matches!(resource.plural(), "leases" | "events") && !resource.plural().ends_with("reviews")
}

/// A program that does not let time pass.
pub fn spinning(time: Time) -> Violation {
    let message =
        "a program does not let time pass: polled 1,000,000 times or sent 10,000 requests at one instant";
    Violation::new(oracle::HOT_LOOP, time, message)
}

#[cfg(test)]
mod tests;
