//! The result of a run, for tests.

use std::sync::Arc;

use wavetank_sim::engine::Time;
use wavetank_sim::explore;
use wavetank_sim::object::Object;
use wavetank_sim::oracles::Violation;
use wavetank_sim::scenario::Plan;
use wavetank_sim::wire::{Entry, History, ObjectKey, Resource, Verb, What};

/// A finished run.
#[derive(Debug)]
pub struct Run(pub(super) explore::Run);

/// Writes of a run.
#[derive(Clone, Debug)]
pub struct Writes<'a> {
    history: &'a History,
    entries: Vec<&'a Entry>,
}

impl Run {
    /// Whether all expectations and oracles held.
    pub fn verdict(&self) -> Result<(), &Violation> {
        self.0.violation.as_ref().map_or(Ok(()), Err)
    }

    /// The violation, if there is one.
    pub fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.0.violation.iter()
    }

    /// The record's hash.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint.to_string()
    }

    /// The planned faults.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// The record.
    pub fn record(&self) -> &History {
        &self.0.history
    }

    /// The objects of a kind at the end, sorted by key: `v1/Pod`.
    pub fn objects(&self, kind: &str) -> Vec<Arc<Object>> {
        self.objects_at(kind, self.0.end)
    }

    /// The objects of a kind at a time, sorted by key.
    pub fn objects_at(&self, kind: &str, time: Time) -> Vec<Arc<Object>> {
        let mut found = std::collections::BTreeMap::<(Resource, ObjectKey), Arc<Object>>::new();
        for entry in self.0.history.record.entries().iter().take_while(|entry| entry.time <= time) {
            let What::Commit(commit) = &entry.what else { continue };
            let key = (commit.resource, commit.key.clone());
            match &commit.new {
                Some(new) => found.insert(key, new.clone()),
                None => found.remove(&key),
            };
        }
        let (api_version, kind) = kind.rsplit_once('/').unwrap_or(("v1", kind));
        found.into_values().filter(|o| o.kind() == kind && o.api_version() == api_version).collect()
    }

    /// All write requests, also those that failed.
    pub fn writes(&self) -> Writes<'_> {
        let is_write = |entry: &&Entry| matches!(&entry.what, What::Request { verb, .. } if verb.is_write());
        let entries = self.0.history.record.entries().iter().filter(is_write).collect();
        Writes { history: &self.0.history, entries }
    }
}

impl Writes<'_> {
    /// The writes of an actor: a host's name, `kube-scheduler`, `user`.
    #[must_use]
    pub fn by(mut self, actor: &str) -> Self {
        let history = self.history;
        self.entries.retain(|entry| history.actor(entry.actor).name == actor);
        self
    }

    /// The writes with a verb, on a resource by its plural name.
    #[must_use]
    pub fn of(mut self, verb: Verb, plural: &str) -> Self {
        self.entries.retain(|entry| {
            matches!(&entry.what, What::Request { verb: v, resource: Some(r), .. } if *v == verb && r.plural() == plural)
        });
        self
    }

    /// The number of writes.
    pub fn count(&self) -> usize {
        self.entries.len()
    }
}
