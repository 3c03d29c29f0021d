//! Finds hot loops while a run goes, before its first fault.

use std::collections::BTreeMap;

use super::writes::{Writes, counts};
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Value};
use crate::oracles::Violation;
use crate::wire::{ActorClass, Addr, Commit, Entry, History, ObjectKey, Resource, What, resource};

/// For how long nobody else may have written anything, in ms. Our choice: longer than what others do in reaction.
const QUIET_MS: Millis = 60 * SECOND;
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
        let text = |condition: &Value, field| condition.str_at(&[field]).map(str::to_owned);
        object.conditions().iter().map(|c| (text(c, "type"), text(c, "status"))).collect()
    };
    commit.resource == *resource::NODES
        && same(&["spec"])
        && same(&["metadata", "labels"])
        && same(&["metadata", "annotations"])
        && conditions(old) == conditions(new)
}
